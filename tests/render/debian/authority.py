"""A throwaway authority, for programs that look into certificates."""

from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

BEGUN_AT = datetime(2026, 1, 1, tzinfo=UTC)


def pem_of(reference: str) -> str:
    """What a reference of a certificate or a key stands for; a word for any other secret."""
    authority_key, authority = _authority()
    if reference == "pki/authority/certificate":
        return _pem(authority)
    if not reference.startswith("pki/"):
        return "not-a-secret"
    site = reference.split("/")[1]
    key = _key(site)
    if reference.endswith("/key"):
        form = serialization.PrivateFormat.PKCS8
        return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
    return _pem(_certificate(site, key, issuer=authority.subject, signed_by=authority_key))


@cache
def _key(name: str) -> ec.EllipticCurvePrivateKey:
    """One key for each name."""
    return ec.generate_private_key(ec.SECP256R1())


@cache
def _authority() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = _key("authority")
    return key, _certificate("authority", key, issuer=_name("authority"), signed_by=key, is_authority=True)


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    *,
    issuer: x509.Name,
    signed_by: ec.EllipticCurvePrivateKey,
    is_authority: bool = False,
) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGUN_AT)
        .not_valid_after(BEGUN_AT + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .sign(signed_by, hashes.SHA256())
    )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
