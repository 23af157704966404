"""The closed vocabularies that every other model and the command line use; this module imports nothing heavy."""

from enum import StrEnum


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
    DEBIAN = "debian"


class Release(StrEnum):
    """A release of a platform that templates and drivers know."""

    VYOS_1_4 = "1.4"
    VYOS_1_5 = "1.5"
    DEBIAN_12 = "12"


RELEASES = {
    Platform.VYOS: frozenset({Release.VYOS_1_4, Release.VYOS_1_5}),
    Platform.DEBIAN: frozenset({Release.DEBIAN_12}),
}
"""The releases of each platform."""


class Action(StrEnum):
    """What a rule does with a packet that it matches."""

    ALLOW = "allow"
    DENY = "deny"
