"""The rules that follow from what a site is: management first, then what every network needs to live at all.

Nobody writes these in a policy file, and no policy file can undo them. Each allowing rule points to a well-known flow.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_network

from lisiere.model.fleet import Fleet
from lisiere.model.intent import Layer, Tunnel
from lisiere.model.site import Appliance
from lisiere.model.traffic import PortRange, Protocol, ServiceEntry
from lisiere.model.words import LAN_ZONES, Action, Address, Prefix, Zone
from lisiere.policy.drafts import SHARED, Draft, SetBook

WELL_KNOWN_FLOWS = (
    "management",
    "network-control",
    "name-service",
    "time-service",
    "supervision",
    "address-service",
    "vpn-tunnels",
    "web-access",
    "backup",
)
"""Flows that derived rules point to; an inventory must declare them."""

ECHO = (
    ServiceEntry(protocol=Protocol.ICMP, icmp_types=(8,)),
    ServiceEntry(protocol=Protocol.ICMPV6, icmp_types=(128,)),
)
NEIGHBOURS = (ServiceEntry(protocol=Protocol.ICMPV6, icmp_types=(133, 134, 135, 136, 130, 131, 132, 143)),)
"""Neighbour discovery (RFC 4861) is untracked: without these a firewall that denies by default kills IPv6 on a link.

So are queries and reports of group members (RFC 2710, 3810; RFC 4890 4.4.1 has them never dropped on a link): where
switches listen to them, solicitations reach only who has reported. They come last, so that no rule is renumbered.
"""


@lru_cache(maxsize=256)
def ports(protocol: Protocol, *numbers: int) -> ServiceEntry:
    """A service entry for single ports."""
    return ServiceEntry(protocol=protocol, ports=tuple(PortRange(first=one, last=one) for one in numbers))


FLEET_SITES = "fleet-sites"
"""The set of all that sites of the fleet are numbered from."""

DNS = (ports(Protocol.UDP, 53), ports(Protocol.TCP, 53))
NTP = (ports(Protocol.UDP, 123),)
SSH = (ports(Protocol.TCP, 22),)
IKE = (ports(Protocol.UDP, 500, 4500), ServiceEntry(protocol=Protocol.ESP))
DHCP_REQUESTS, DHCP_ANSWERS = (ports(Protocol.UDP, 67),), (ports(Protocol.UDP, 68),)


def host_prefixes(addresses: Iterable[Address]) -> tuple[Prefix, ...]:
    """Single addresses as prefixes."""
    return tuple(map(_host_prefix, addresses))


@lru_cache(maxsize=SHARED)
def _host_prefix(address: Address) -> Prefix:
    return ip_network((int(address), address.max_prefixlen))


def way_to(address: Address, fleet: Fleet) -> Zone:
    """The zone behind which one of the operator's servers is reached."""
    inside = (address in prefix for prefix in fleet.operator.management_prefixes if prefix.version == address.version)
    return Zone.MGMT if any(inside) else Zone.WAN


@dataclass(frozen=True, slots=True)
class Common:
    """The derived rules that no site differs in, worked out once for the fleet, and the sets that they name."""

    drafts: tuple[Draft, ...]
    book: SetBook


def common_rules(fleet: Fleet) -> Common:
    """Administration, and what an appliance itself asks of the operator's servers; every set that has a name."""
    book = SetBook()
    drafts = (*_management(fleet, book), *_own_needs(fleet, book))
    pools = fleet.operator.pools
    book.add(FLEET_SITES, (pools.sites_ipv4, pools.sites_ipv6))
    for name, one in fleet.address_sets.items():
        book.add(name, one.prefixes)
    return Common(drafts, book)


def _management(fleet: Fleet, book: SetBook) -> Iterator[Draft]:
    """Administration from the operator's management prefixes only, before everything else (ANSSI PA-022 R19)."""
    operators = book.add("op-management", fleet.operator.management_prefixes)
    for position, (name, entries) in enumerate((("ssh", SSH), ("ping", ECHO))):
        yield Draft(
            id=f"management-{name}",
            layer=Layer.MANAGEMENT,
            position=position,
            from_zones=(Zone.MGMT,),
            to_zones=(Zone.SELF,),
            sources=(operators,),
            entries=entries,
            action=Action.ALLOW,
            log=name == "ssh",
            flow="management",
        )


def infrastructure(site: Appliance, *, tunnels: Sequence[Tunnel], book: SetBook) -> Iterator[Draft]:
    """What every site needs: neighbour discovery, addresses, names, time, logs, and the tunnels themselves."""
    lan = tuple(sorted({segment.zone for segment in site.data.segments}))
    every = (*lan, Zone.WAN, Zone.MGMT)
    yield _fleet(1, "neighbours-in", every, (Zone.SELF,), NEIGHBOURS, "network-control")
    yield _fleet(2, "neighbours-out", (Zone.SELF,), every, NEIGHBOURS, "network-control")
    yield _fleet(3, "ping-gateway", lan, (Zone.SELF,), ECHO, "network-control")
    yield _fleet(4, "ping-out", (Zone.SELF,), (*every, Zone.VPN), ECHO, "network-control")
    yield _fleet(5, "names-in", lan, (Zone.SELF,), DNS, "name-service")
    yield _fleet(6, "time-in", lan, (Zone.SELF,), NTP, "time-service")
    leased = tuple(sorted({segment.zone for segment in site.data.segments if segment.dhcp}))
    if leased:
        yield _fleet(7, "addresses-in", leased, (Zone.SELF,), DHCP_REQUESTS, "address-service")
        yield _fleet(8, "addresses-out", (Zone.SELF,), leased, DHCP_ANSWERS, "address-service")
    if tunnels:
        peers = book.add("vpn-peers", host_prefixes(tunnel.remote_address for tunnel in tunnels))
        yield _fleet(20, "tunnels-in", (Zone.WAN,), (Zone.SELF,), IKE, "vpn-tunnels", sources=(peers,))
        yield _fleet(21, "tunnels-out", (Zone.SELF,), (Zone.WAN,), IKE, "vpn-tunnels", destinations=(peers,))


def _own_needs(fleet: Fleet, book: SetBook) -> Iterator[Draft]:
    """What the appliance itself asks of the operator's servers, wherever they are reached."""
    operator = fleet.operator
    logs = tuple(
        dict.fromkeys(ports(Protocol(collector.protocol), collector.port) for collector in operator.collectors)
    )
    needs = (
        ("names", operator.resolvers, DNS, "name-service"),
        ("time", operator.time_servers, NTP, "time-service"),
        ("logs", tuple(collector.address for collector in operator.collectors), logs, "supervision"),
    )
    for order, (name, addresses, entries, flow) in enumerate(needs):
        for zone in (Zone.MGMT, Zone.WAN):
            behind = [address for address in addresses if way_to(address, fleet) is zone]
            if behind:
                servers = book.add(f"op-{name}-{zone}", host_prefixes(behind))
                yield _fleet(10 + order, f"{name}-out", (Zone.SELF,), (zone,), entries, flow, destinations=(servers,))


def no_clear_text(*, tunnels: Sequence[Tunnel], book: SetBook) -> Iterator[Draft]:
    """Nothing that belongs into a tunnel leaves outside it, nor comes in beside it (ANSSI DAT-NT-003 R5, R10)."""
    lan = (*sorted(LAN_ZONES), Zone.SELF)
    yield _fleet(30, "no-clear-text-out", lan, (Zone.WAN,), destinations=(FLEET_SITES,))
    yield _fleet(31, "no-clear-text-in", (Zone.WAN,), lan, sources=(FLEET_SITES,))
    partners = [prefix for tunnel in tunnels if tunnel.is_partner for prefix in tunnel.remote_prefixes]
    if partners:
        theirs = book.add("partner-sites", partners)
        yield _fleet(32, "no-clear-partner-out", lan, (Zone.WAN,), destinations=(theirs,))
        yield _fleet(33, "no-clear-partner-in", (Zone.WAN,), lan, sources=(theirs,))


def _fleet(
    position: int,
    name: str,
    from_zones: tuple[Zone, ...],
    to_zones: tuple[Zone, ...],
    entries: tuple[ServiceEntry | None, ...] = (None,),
    flow: str | None = None,
    *,
    sources: tuple[str | None, ...] = (None,),
    destinations: tuple[str | None, ...] = (None,),
) -> Draft:
    """A rule of the fleet layer: what serves a flow is allowed, what serves none is denied and logged."""
    return Draft(
        id=name,
        layer=Layer.FLEET,
        position=position,
        from_zones=from_zones,
        to_zones=to_zones,
        sources=sources,
        destinations=destinations,
        entries=entries,
        action=Action.DENY if flow is None else Action.ALLOW,
        log=flow is None,
        flow=flow,
    )
