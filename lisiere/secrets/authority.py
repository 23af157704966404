"""The operator's own certificate authority: keys and certificates of appliances, as the values that a store keeps.

Values are DER in base64 on one line, the form in which appliances take them. Keys are P-384 and signatures ECDSA with
SHA-384 (ANSSI, guide des mécanismes cryptographiques 2.04).
"""

import base64
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lisiere.errors import SecretError

AUTHORITY_CERTIFICATE = "pki/authority/certificate"
AUTHORITY_KEY = "pki/authority/key"
AUTHORITY_DAYS = 3650
CERTIFICATE_DAYS = 1095
_HASH = hashes.SHA384()


class Authority:
    """Signs the certificates of appliances."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self._certificate, self._key = certificate, key

    def __repr__(self) -> str:
        return f"Authority({self._certificate.subject.rfc4514_string()!r})"

    @classmethod
    def create(cls, title: str, *, now: datetime) -> "Authority":
        """A new authority with a key of its own."""
        key = ec.generate_private_key(ec.SECP384R1())
        name = _name(title)
        builder = _builder(name, name, key.public_key(), now=now, days=AUTHORITY_DAYS)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(signs=True), critical=True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        return cls(builder.sign(key, _HASH), key)

    @classmethod
    def from_values(cls, values: Mapping[str, str]) -> "Authority":
        """The authority whose certificate and key a store keeps.

        Raises:
            SecretError: They are missing, or are no certificate and key.
        """
        try:
            certificate = x509.load_der_x509_certificate(base64.b64decode(values[AUTHORITY_CERTIFICATE]))
            key = serialization.load_der_private_key(base64.b64decode(values[AUTHORITY_KEY]), password=None)
        except (KeyError, ValueError):
            # Not chained: the cause could carry a value.
            raise SecretError(f"{AUTHORITY_CERTIFICATE} and {AUTHORITY_KEY} do not hold an authority") from None
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise SecretError(f"{AUTHORITY_KEY} is no key of an elliptic curve")
        return cls(certificate, key)

    def values(self) -> dict[str, str]:
        """The authority's own entries of a store."""
        return {
            AUTHORITY_CERTIFICATE: _certificate_text(self._certificate),
            AUTHORITY_KEY: _key_text(self._key),
        }

    def issue(self, appliance: str, *, identity: str, now: datetime) -> dict[str, str]:
        """A new key and certificate of one appliance, as entries of a store.

        Args:
            appliance: Its name, which names the entries.
            identity: The name by which its peers know it.
            now: When the certificate begins to be valid.
        """
        key = ec.generate_private_key(ec.SECP384R1())
        public = key.public_key()
        builder = _builder(_name(identity), self._certificate.subject, public, now=now, days=CERTIFICATE_DAYS)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(signs=False), critical=True)
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(identity)]), critical=False)
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        certificate = builder.sign(self._key, _HASH)
        return {
            f"pki/{appliance}/certificate": _certificate_text(certificate),
            f"pki/{appliance}/key": _key_text(key),
        }


def missing_values(
    wanted: Iterable[str],
    *,
    held: Mapping[str, str],
    identity_of: Mapping[str, str],
    title: str,
    now: datetime,
) -> dict[str, str]:
    """The entries under `pki/` that are wanted and not held, new authority included when there is none.

    Args:
        wanted: Names of secrets; those not under `pki/` are passed over.
        held: What the store holds.
        identity_of: Appliance to the name by which its peers know it.
        title: The authority's name, should it be made.
        now: When what is made begins to be valid.
    """
    names = sorted(name for name in set(wanted) - held.keys() if name.startswith("pki/"))
    if not names:
        return {}
    is_new = AUTHORITY_KEY not in held
    authority = Authority.create(title, now=now) if is_new else Authority.from_values(held)
    made = authority.values() if is_new else {}
    appliances = sorted({name.split("/")[1] for name in names} - {"authority"})
    for appliance in appliances:
        made |= authority.issue(appliance, identity=identity_of[appliance], now=now)
    return made


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, *, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:64])])


def _certificate_text(certificate: x509.Certificate) -> str:
    return base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()


def _key_text(key: ec.EllipticCurvePrivateKey) -> str:
    plain = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return base64.b64encode(plain).decode()
