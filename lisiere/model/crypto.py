"""Cryptographic profiles of tunnels, and the dates at which algorithms end.

Sources: ANSSI, "Guide des mécanismes cryptographiques" v2.04 for sizes and dates; ANSSI DAT-NT-003 v1.1 (2015-08-03) R8
(IKEv2), R12 (PFS), R13 (renewal of keys), R14 to R16 (algorithms, groups); RFC 8221 and RFC 8247 for what exists.
"""

from datetime import date
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from lisiere.model.base import Model
from lisiere.model.words import Line, Slug


class Encryption(StrEnum):
    """ESP and IKEv2 encryption (names as in swanctl and VyOS)."""

    AES256GCM = "aes256gcm128"
    AES192GCM = "aes192gcm128"
    AES128GCM = "aes128gcm128"
    CHACHA20POLY1305 = "chacha20poly1305"
    AES256 = "aes256"
    AES128 = "aes128"
    TRIPLE_DES = "3des"


class Hash(StrEnum):
    """Integrity algorithm beside a cipher that is not AEAD, or pseudo-random function of IKEv2."""

    SHA512 = "sha512"
    SHA384 = "sha384"
    SHA256 = "sha256"
    SHA1 = "sha1"
    MD5 = "md5"


AEAD = frozenset(
    {Encryption.AES256GCM, Encryption.AES192GCM, Encryption.AES128GCM, Encryption.CHACHA20POLY1305},
)

LAST_DAY: dict[str, date] = {
    Encryption.TRIPLE_DES: date(2025, 12, 31),
    Hash.MD5: date(2010, 12, 31),
    Hash.SHA1: date(2020, 12, 31),
    "dh2": date(2010, 12, 31),
    "dh5": date(2020, 12, 31),
    "dh14": date(2030, 12, 31),
}
"""Last day on which an algorithm may be used; what is not listed has no known end. 64-bit blocks end with 2025 and
2048-bit moduli with 2030 (guide v2.04); MD5 and group 2 are refused by DAT-NT-003 R14 and R16, SHA-1 by R15."""

DH_GROUPS = frozenset({2, 5, 14, 15, 16, 17, 18, 19, 20, 21, 31, 32})
"""IANA IKEv2 transform type 4 numbers that the platforms implement."""

EXPECTED = frozenset({"mlkem768", "mlkem1024"})
"""Algorithms that rules may ask for already, and that no platform of ours has yet."""

ALGORITHMS = frozenset(map(str, (*Encryption, *Hash, *(f"dh{one}" for one in DH_GROUPS)))) | EXPECTED
"""Every algorithm by the name that `CryptoProfile.algorithms` gives it."""


class Source(Model):
    """Where a choice comes from."""

    document: Line
    version: Line
    number: Line


class CryptoWaiver(Model):
    """Who accepts an algorithm past its end, why, and until when."""

    approver: Line
    reason: Line
    until: date


class IkeProposal(Model):
    """IKE_SA: with an AEAD cipher there is no integrity algorithm; the PRF is always named (RFC 5282)."""

    encryption: Encryption
    integrity: Hash | None = None
    prf: Hash
    dh_group: int
    lifetime_s: int = Field(ge=600, le=86400)

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        _check_integrity(self.encryption, self.integrity)
        _check_group(self.dh_group)
        return self


class EspProposal(Model):
    """CHILD_SA: always with PFS (DAT-NT-003 R12); renewed by time and by volume (R13)."""

    encryption: Encryption
    integrity: Hash | None = None
    pfs_group: int
    lifetime_s: int = Field(ge=300, le=28800)
    lifetime_bytes: int = Field(ge=1_000_000_000, le=100_000_000_000)

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        _check_integrity(self.encryption, self.integrity)
        _check_group(self.pfs_group)
        return self


class CryptoProfile(Model):
    """How tunnels are protected, on whose advice, and until when that holds."""

    name: Slug
    title: Line
    source: Source
    valid_until: date
    ike: IkeProposal
    esp: EspProposal
    waiver: CryptoWaiver | None = None

    def algorithms(self) -> tuple[str, ...]:
        """Every algorithm in use, under the names of `LAST_DAY`."""
        named = (self.ike.encryption, self.ike.integrity, self.ike.prf, f"dh{self.ike.dh_group}")
        esp = (self.esp.encryption, self.esp.integrity, f"dh{self.esp.pfs_group}")
        return tuple(dict.fromkeys(str(one) for one in named + esp if one is not None))

    def ended(self, as_of: date) -> tuple[str, ...]:
        """The algorithms that may no longer be used on that day, whatever a waiver says."""
        return tuple(one for one in self.algorithms() if as_of > LAST_DAY.get(one, date.max))

    def is_accepted(self, as_of: date) -> bool:
        """True when nothing has ended, or a waiver covers what has."""
        is_covered = self.waiver is not None and as_of <= self.waiver.until
        return is_covered or (as_of <= self.valid_until and not self.ended(as_of))


def _check_integrity(encryption: Encryption, integrity: Hash | None) -> None:
    if encryption in AEAD and integrity is not None:
        raise ValueError(f"{encryption} is an AEAD cipher: it has no separate integrity (RFC 5116)")
    if encryption not in AEAD and integrity is None:
        raise ValueError(f"{encryption} needs an integrity algorithm (DAT-NT-003 R4)")


def _check_group(number: int) -> None:
    if number not in DH_GROUPS:
        raise ValueError(f"Diffie-Hellman group {number} is not one of {', '.join(map(str, sorted(DH_GROUPS)))}")
