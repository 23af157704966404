"""The closed vocabularies and constrained names that every other model uses."""

from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Annotated

from pydantic import BeforeValidator, StringConstraints

HostName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")]
"""Name of an appliance, an RFC 1123 label: `<insee>-<kind>-<nn>`."""

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,47}$")]
"""Name of a set, a service, a flow, an overlay, a crypto profile, a segment: lower case, no dots."""

RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,47}$")]
Siren = Annotated[str, StringConstraints(pattern=r"^[0-9]{9}$")]
Insee = Annotated[str, StringConstraints(pattern=r"^[0-9][0-9AB][0-9]{3}$")]
SecretRef = Annotated[str, StringConstraints(pattern=r"^secret:[a-z0-9][a-z0-9._/-]*$")]
"""A reference to a secret; the value lives outside the inventory."""

Line = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^'\"\\\x00-\x1f\x7f]+$")]
"""One line of text that a device accepts as a value: no quotes, backslashes or control characters."""


def _written(value: object) -> object:
    """Refuse a bare number, which `ipaddress` would take for one: `10` is not 0.0.0.10."""
    if isinstance(value, int):
        raise ValueError(f"{value} is a number, not an address such as 10.0.0.1 or a prefix such as 10.0.0.0/24")
    return value


Prefix = Annotated[IPv4Network | IPv6Network, BeforeValidator(_written)]
Address = Annotated[IPv4Address | IPv6Address, BeforeValidator(_written)]


class Zone(StrEnum):
    """A security zone of an appliance. `self` is the appliance itself."""

    WAN = "wan"
    ADMIN = "admin"
    EDU = "edu"
    GUEST = "guest"
    VOICE = "voice"
    DMZ = "dmz"
    VPN = "vpn"
    MGMT = "mgmt"
    SELF = "self"


LAN_ZONES = frozenset({Zone.ADMIN, Zone.EDU, Zone.GUEST, Zone.VOICE, Zone.DMZ})
"""The zones that a segment of a site can be in."""


class Lifecycle(StrEnum):
    """Where an appliance stands in the replacement programme."""

    PLANNED = "planned"
    STAGED = "staged"
    ACTIVE = "active"
    RETIRED = "retired"


class ProfileName(StrEnum):
    """What a kind of site gets."""

    TOWN_HALL = "town-hall"
    SCHOOL = "school"
    COLLEGE = "college"
    EPCI_SEAT = "epci-seat"
    PUBLIC_ACCESS = "public-access"
    TECHNICAL = "technical"


SCHOOL_PROFILES = frozenset({ProfileName.SCHOOL, ProfileName.COLLEGE})


class Platform(StrEnum):
    """What an appliance runs."""

    VYOS = "vyos"


class Release(StrEnum):
    """A release of a platform that templates and drivers know."""

    VYOS_1_4 = "1.4"
    VYOS_1_5 = "1.5"


class Action(StrEnum):
    """What a rule does with a packet that it matches."""

    ALLOW = "allow"
    DENY = "deny"
