"""A site and its appliance, as an inventory file writes them."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from lisiere.model.addresses import Ipv4Address, Ipv4Interface, Ipv6Address, Ipv6Interface
from lisiere.model.base import Model
from lisiere.model.calendar import Maintenance
from lisiere.model.traffic import DayWindow, SiteException
from lisiere.model.words import (
    HostName,
    Insee,
    Lifecycle,
    Line,
    Platform,
    Prefix,
    ProfileName,
    Release,
    Siren,
    Slug,
    Zone,
)

HostKey = Annotated[str, StringConstraints(pattern=r"^(ssh-ed25519|ecdsa-sha2-nistp(256|384)) [A-Za-z0-9+/=]{40,}$")]
"""An OpenSSH public host key without its comment, pinned."""


class DhcpRange(Model):
    """Addresses that a segment leases; both ends included and inside the segment."""

    start: Ipv4Address
    stop: Ipv4Address


class Segment(Model):
    """One LAN of a site, in one zone, behind one VLAN. The addresses are the appliance's own."""

    name: Slug
    zone: Zone
    vlan: int = Field(ge=2, le=4094)
    ipv4: Ipv4Interface
    ipv6: Ipv6Interface
    dhcp: DhcpRange | None = None


class Uplink(Model):
    """The way out over the operator's fibre: addresses with length, and the gateways."""

    ipv4: Ipv4Interface
    gateway_ipv4: Ipv4Address
    ipv6: Ipv6Interface
    gateway_ipv6: Ipv6Address


class ManagementLink(Uplink):
    """The management VLAN on the same fibre, routed to the operator's management prefixes only."""

    vlan: int = Field(ge=2, le=4094)


class Loopback(Model):
    """The appliance's management addresses, one of each family."""

    ipv4: Ipv4Address
    ipv6: Ipv6Address


class WebAccessKind(StrEnum):
    """How a site's users reach the web: a closed set. The first five are for schools, the last two for the others."""

    PARENT_PROXY = "parent-proxy"
    PAC = "pac"
    DNS = "dns"
    TUNNEL = "tunnel"
    LOCAL_FILTER = "local-filter"
    EXPLICIT = "explicit"
    NONE = "none"


SCHOOL_WEB_ACCESS = frozenset(
    {
        WebAccessKind.PARENT_PROXY,
        WebAccessKind.PAC,
        WebAccessKind.DNS,
        WebAccessKind.TUNNEL,
        WebAccessKind.LOCAL_FILTER,
    },
)


class Bypass(Model):
    """A destination that users reach without the proxy, with who wants it, why, and its last day."""

    destination: Slug
    owner: Line
    reason: Line
    until: date


class WebAccess(Model):
    """A site's web access and its dated bypass list (address sets)."""

    kind: WebAccessKind
    bypass: tuple[Bypass, ...] = ()


class BackupPlan(Model):
    """The nightly backup of a site's data to the data centre: from where, when, how fast."""

    segment: Slug
    window: DayWindow
    rate_mbit: int = Field(ge=1, le=1000)


class SiteData(Model):
    """What the `data` of a host in the inventory holds."""

    site: Line
    insee: Insee
    lifecycle: Lifecycle
    scheduled_on: date
    release: Release
    host_key: HostKey | None = None
    loopback: Loopback
    uplink: Uplink
    management: ManagementLink
    uplink_mbit: int = Field(ge=2, le=10000)
    segments: tuple[Segment, ...] = Field(min_length=1)
    web_access: WebAccess
    backup: BackupPlan | None = None
    exceptions: tuple[SiteException, ...] = ()


class Territory(Model):
    """An EPCI, known by its SIREN number, with the prefixes its sites are numbered from.

    Args:
        maintenance: Hours in which changes that it asks for are applied; None for those of the calendar.
        council_nights: Days on which its council sits, and nothing is applied.
    """

    siren: Siren
    name: Line
    kind: Annotated[str, StringConstraints(pattern=r"^(CC|CA|CU|ME)$")]
    ipv4: Prefix
    ipv6: Prefix
    maintenance: Maintenance | None = None
    council_nights: tuple[date, ...] = ()


class Profile(Model):
    """What a kind of site gets; `zones` are those that its segments may be in."""

    name: ProfileName
    title: Line
    zones: tuple[Zone, ...] = Field(min_length=1)
    web_access: tuple[WebAccessKind, ...] = Field(min_length=1)


class Appliance(Model):
    """One appliance of the fleet: a Nornir host with its data, territory and profile resolved."""

    name: HostName
    hostname: str
    port: int = Field(ge=1, le=65535)
    username: str
    platform: Platform
    territory: Siren
    profile: ProfileName
    data: SiteData
