"""Who can send a packet from a zone of a site, and where one can be sent: the ends of what is tried."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

from lisiere.model.intent import Family, Interface, SiteIntent
from lisiere.model.words import Zone
from tests.proof.ground import Address, Ground, address_of, segment_of

Prefix = IPv4Network | IPv6Network
TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
ECHO = {Family.IPV4: (ICMP, 8), Family.IPV6: (ICMPV6, 128)}
OUTSIDE = {Family.IPV4: ip_address("192.0.2.201"), Family.IPV6: ip_address("2001:db8:5555::1")}
"""Somebody on the Internet who is in no set."""
MOST_CLIENTS = 4


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who sends: a spot, and the address that it has there; `network` bounds what it can be called."""

    site: str
    zone: Zone
    at: str
    own: Address
    network: Prefix | None


def speakers_in(
    from_zone: Zone, to_zone: Zone, family: Family, intent: SiteIntent, ground: Ground
) -> Iterator[Speaker]:
    """Who can send from a zone of a site."""
    name = intent.name
    if from_zone is Zone.SELF:
        own = _own_address(to_zone, family, intent, ground)
        yield Speaker(name, from_zone, f"{name}:self", own, None)
    elif from_zone is Zone.WAN:
        yield Speaker(name, from_zone, f"{name}:uplink", OUTSIDE[family], None)
    elif from_zone is Zone.MGMT:
        version = 4 if family is Family.IPV4 else 6
        prefix = next(one for one in intent.ssh.allow_from if one.version == version)
        yield Speaker(name, from_zone, f"{name}:management", prefix.network_address + 77, prefix)
        yield Speaker(name, from_zone, f"{name}:management", ground.sites[name].management.far[version == 6], None)
    elif from_zone is Zone.VPN:
        yield from behind_tunnels(family, intent, ground)
    else:
        for one in ground.segments(name, from_zone):
            yield client_on(name, one, family, ground)


def client_on(site: str, interface: Interface, family: Family, ground: Ground) -> Speaker:
    """The client on a segment."""
    own = ground.client(site, interface, family)
    network = interface.ipv4.network if family is Family.IPV4 else interface.ipv6.network
    return Speaker(site, interface.zone, f"{site}:{segment_of(interface)}", own, network)


def _own_address(to_zone: Zone, family: Family, intent: SiteIntent, ground: Ground) -> Address:
    """The address that the appliance has towards a zone."""
    zone = to_zone if to_zone in {Zone.WAN, Zone.MGMT} else None
    if zone is None:
        lan = ground.segments(intent.name, to_zone) or ground.segments(intent.name)
        return address_of(lan[0], family)
    return address_of(next(one for one in intent.interfaces if one.zone is zone and one.name != "loopback"), family)


def behind_tunnels(family: Family, intent: SiteIntent, ground: Ground) -> Iterator[Speaker]:
    """Clients at the other ends of tunnels, directly or over a hub."""
    version = 4 if family is Family.IPV4 else 6
    remote = {one for tunnel in intent.tunnels for one in tunnel.remote_prefixes if one.version == version}
    found = 0
    for site in ground.sites:
        for one in ground.segments(site):
            speaker = client_on(site, one, family, ground)
            if site != intent.name and speaker.network in remote and found < MOST_CLIENTS:
                found += 1
                yield speaker
    for tunnel in intent.tunnels:
        for address in ground.partners.get(tunnel.peer, ()):
            if tunnel.is_partner and address.version == version:
                yield Speaker(intent.name, Zone.VPN, f"partner:{tunnel.peer}", address, None)


def places_in(zone: Zone, family: Family, speaker: Speaker, intent: SiteIntent, ground: Ground) -> Iterator[Address]:
    """Addresses of a zone that something is behind."""
    name, version = intent.name, 4 if family is Family.IPV4 else 6
    if zone is Zone.SELF:
        links = [one for one in intent.interfaces if f"{name}:{segment_of(one)}" == speaker.at]
        uplink = next(one for one in intent.interfaces if one.zone is Zone.WAN)
        loopback = next(one for one in intent.interfaces if one.name == "loopback")
        yield from (
            address_of(one, family) for one in (*links, *((loopback,) if speaker.zone is Zone.MGMT else ()), uplink)
        )
    elif zone is Zone.WAN:
        yield OUTSIDE[family]
    elif zone is Zone.MGMT:
        yield next(one for one in intent.ssh.allow_from if one.version == version).network_address + 77
    elif zone is Zone.VPN:
        yield from (one.own for one in behind_tunnels(family, intent, ground) if one.at != speaker.at)
    else:
        for one in ground.segments(name, zone):
            if f"{name}:{segment_of(one)}" != speaker.at:
                yield ground.client(name, one, family)
