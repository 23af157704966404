"""The constrained names that every other model uses, and the closed vocabularies beside them."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Annotated

from pydantic import BeforeValidator, StringConstraints

from lisiere.model.vocabulary import (
    LAN_ZONES,
    SCHOOL_PROFILES,
    Action,
    Lifecycle,
    Platform,
    ProfileName,
    Release,
    Zone,
)

__all__ = [
    "LAN_ZONES",
    "SCHOOL_PROFILES",
    "Action",
    "Address",
    "HostName",
    "Insee",
    "Lifecycle",
    "Line",
    "Platform",
    "Prefix",
    "ProfileName",
    "Prose",
    "Release",
    "RuleId",
    "SecretRef",
    "Siren",
    "Slug",
    "Zone",
]

HostName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")]
"""Name of an appliance, an RFC 1123 label: `<insee>-<kind>-<nn>`."""

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,47}$")]
"""Name of a set, a service, a flow, an overlay, a crypto profile, a segment: lower case, no dots."""

RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,47}$")]
Siren = Annotated[str, StringConstraints(pattern=r"^[0-9]{9}$")]
Insee = Annotated[str, StringConstraints(pattern=r"^[0-9][0-9AB][0-9]{3}$")]
SecretRef = Annotated[str, StringConstraints(pattern=r"^secret:[a-z0-9][a-z0-9._/-]*$")]
"""A reference to a secret; the value lives outside the inventory."""

Line = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=255,
        pattern=r"^[^'\"\\\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+$",
    ),
]
"""One line of text that a device accepts as a value: no quotes, backslashes or controls, nothing that nobody sees."""

Prose = Annotated[str, StringConstraints(min_length=1, max_length=600, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]+$")]
"""Text for people, of several lines if need be."""


def _written(value: object) -> object:
    """Refuse a bare number, which `ipaddress` would take for one: `10` is not 0.0.0.10."""
    if isinstance(value, int):
        raise ValueError(f"{value} is a number, not an address such as 10.0.0.1 or a prefix such as 10.0.0.0/24")
    return value


Prefix = Annotated[IPv4Network | IPv6Network, BeforeValidator(_written)]
Address = Annotated[IPv4Address | IPv6Address, BeforeValidator(_written)]
