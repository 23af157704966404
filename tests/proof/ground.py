"""The ground that the proof stands on: sites of the lab, what they should be, and where a packet can be put or seen."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface

from lab.real import kernel, world
from lab.real.places import CORE
from lab.real.probing import Spot, hardware
from lab.real.site import MANAGEMENT, WAN, Site
from lisiere.model.intent import Family, Interface, Port, SiteIntent
from lisiere.model.words import Zone
from lisiere.policy.frozen import Policy, PolicyBook

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner whose far end the lab plays: where its tunnels end, and an address behind each of its prefixes."""

    name: str
    namespace: str
    outer: Address
    addresses: tuple[Address, ...]


@dataclass(frozen=True)
class Ground:
    """The sites of a lab that is up.

    Args:
        sites: What the lab knows of them.
        intents: What they should be.
        spots: Where packets can be put and seen, by name: `SITE:segment`, `SITE:uplink`, `SITE:management`,
            `SITE:self`, `partner:NAME`.
        partners: Addresses behind each partner.
        policies: The sites' policies.
        clients: The address of the client on a segment, by site, interface and family.
        outer: The partner's spot, by the address that its tunnels end at.
    """

    sites: Mapping[str, Site]
    intents: Mapping[str, SiteIntent]
    spots: Mapping[str, Spot]
    partners: Mapping[str, tuple[Address, ...]] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    clients: Mapping[tuple[str, str, Family], Address] = field(default_factory=dict)
    outer: Mapping[Address, str] = field(default_factory=dict)

    @cached_property
    def own_addresses(self) -> frozenset[Address]:
        """What clients are really called."""
        return frozenset(self.clients.values())

    def client(self, site: str, interface: Interface, family: Family) -> Address:
        """The address of the client on a segment."""
        return self.clients[site, interface.name, family]

    def around(self, spots: Collection[str]) -> "Ground":
        """The same with fewer eyes: at these spots, and at all others of their sites."""
        near = {spot.partition(":")[0] for spot in spots}
        return replace(self, spots={name: one for name, one in self.spots.items() if name.partition(":")[0] in near})

    def segments(self, site: str, zone: Zone | None = None) -> list[Interface]:
        """The segments of a site, of one zone perhaps."""
        found = (one for one in self.intents[site].interfaces if one.port is Port.LAN)
        return [one for one in found if zone is None or one.zone is zone]


def segment_of(interface: Interface) -> str:
    """The name of a segment."""
    return interface.name.removeprefix("segment-")


def address_of(interface: Interface, family: Family) -> Address:
    """The appliance's own address on a link."""
    return interface.ipv4.ip if family is Family.IPV4 else interface.ipv6.ip


def lay_out(
    sites: Mapping[str, Site],
    intents: Mapping[str, SiteIntent],
    partners: Sequence[Partner],
) -> Ground:
    """The ground of a lab that is up."""
    wires = _wires()
    spots: dict[str, Spot] = {}
    for name, site in sites.items():
        inside = f"{kernel.PREFIX}{name}"
        spots[f"{name}:self"] = Spot(f"{name}:self", inside)
        for what, wire, device in (("uplink", site.uplink, WAN), ("management", site.management, MANAGEMENT)):
            spot = f"{name}:{what}"
            spots[spot] = Spot(spot, CORE, wires[str(wire.far[0])], hardware(inside, device))
        segments = [one for one in intents[name].interfaces if one.port is Port.LAN]
        devices = {lan.gateway[0].ip: lan.device for lan in site.lans}
        for one in segments:
            spot, device = f"{name}:{segment_of(one)}", devices[one.ipv4.ip]
            spots[spot] = Spot(spot, world.client(name, device), "lan0", hardware(inside, device))
    spots |= {f"partner:{one.name}": Spot(f"partner:{one.name}", one.namespace) for one in partners}
    book = PolicyBook()
    policies = {name: book.policy(intent) for name, intent in intents.items()}
    return Ground(
        sites,
        intents,
        spots,
        partners={one.name: one.addresses for one in partners},
        policies=policies,
        clients=dict(_clients(sites, intents)),
        outer={one.outer: f"partner:{one.name}" for one in partners},
    )


def _clients(
    sites: Mapping[str, Site], intents: Mapping[str, SiteIntent]
) -> Iterator[tuple[tuple[str, str, Family], Address]]:
    for name, site in sites.items():
        lans = {lan.gateway[0].ip: lan for lan in site.lans}
        for one in intents[name].interfaces:
            if one.port is Port.LAN:
                ipv4, ipv6 = lans[one.ipv4.ip].client_addresses()
                yield (name, one.name, Family.IPV4), IPv4Interface(ipv4).ip
                yield (name, one.name, Family.IPV6), IPv6Interface(ipv6).ip


def _wires() -> dict[str, str]:
    """The core's devices by their IPv4 addresses."""
    said = kernel.run("ip", "-j", "-4", "-n", CORE, "address", "show")
    return {one["local"]: link["ifname"] for link in json.loads(said) for one in link.get("addr_info", [])}
