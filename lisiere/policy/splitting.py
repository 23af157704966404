"""A destination along the ways that lead to it: a wide prefix is split where links, routes and tunnels part it."""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_network, summarize_address_range

from lisiere.errors import UsageError
from lisiere.model.fleet import Fleet
from lisiere.model.intent import Port, SiteIntent
from lisiere.model.words import Address, Prefix, Zone
from lisiere.policy.lines import prefix_range
from lisiere.policy.ranges import Range, Ranges, merged
from lisiere.policy.ways import End, Hop, IntentOf, Way, way_between

MOST_WAYS = 32
"""Ways that one answer tells of; who asks about more gets no answer to read."""

MOST_PARTS = 512
"""Parts that a destination is split into."""

MOST_OWNERS = 16
"""Appliances behind the Internet that are told apart in one destination; of more only the number is told."""

OWNERS = ""
"""Stands for the appliances behind the Internet among the sites that a part was split by."""

Owners = Mapping[Address, str]
"""The appliance that has an address on the Internet's side."""


def owners_in(fleet: Fleet) -> Owners:
    """The addresses of the uplinks of a fleet."""
    return {
        address: site.name
        for site in fleet.in_service()
        for address in (site.data.uplink.ipv4.ip, site.data.uplink.ipv6.ip)
    }


class Splitter:
    """Splits destinations; knows the appliances behind the Internet."""

    def __init__(self, intent_of: IntentOf, owners: Owners) -> None:
        self._intent_of, self._owners = intent_of, owners
        self._numbers = {version: sorted(int(one) for one in owners if one.version == version) for version in (4, 6)}

    def ways(self, site: str, from_zone: Zone, source: Prefix, destination: Prefix) -> dict[Way, Ranges]:
        """The ways to a prefix, each with the addresses that lie there; every address is with one.

        Raises:
            UsageError: They are too many to be told.
        """
        found: dict[Way, list[Range]] = {}
        pending: deque[tuple[Range, frozenset[str]]] = deque([(prefix_range(destination), frozenset())])
        count = 0
        while pending:
            part, seen = pending.popleft()
            first = _first_prefix(part, destination)
            way = self._way(site, from_zone, source, first)
            fresh = _sites(site, way) - seen
            if fresh:
                pieces = _split(part, self._cuts(fresh, part, destination.version))
                pending.extendleft((piece, seen | fresh) for piece in reversed(pieces))
                count += len(pieces)
            else:
                found.setdefault(way, []).append(part)
            if len(found) > MOST_WAYS or count > MOST_PARTS:
                raise UsageError(f"{destination} is reached in too many ways to tell; ask narrower, or about a zone")
        return {way: merged(parts) for way, parts in found.items()}

    def owners_among(self, destinations: Ranges, version: int) -> int:
        """How many appliances have their address on the Internet's side there."""
        numbers = self._numbers[version]
        return sum(bisect_right(numbers, last) - bisect_left(numbers, first) for first, last in destinations)

    def _way(self, site: str, from_zone: Zone, source: Prefix, destination: Prefix) -> Way:
        """The way to a part, on to the appliance that has the address on the other side of the Internet."""
        way = way_between(site, from_zone, source, destination, intent_of=self._intent_of)
        owner = self._owners.get(destination.network_address) if _is_one(destination) else None
        if owner is None or not leaves(way):
            return way
        return Way((*way.hops, Hop(owner, Zone.WAN, Zone.SELF)), End.THERE, owner)

    def _cuts(self, sites: Iterable[str], part: Range, version: int) -> Iterator[Range]:
        for name in sites:
            if name == OWNERS:
                numbers = self._numbers[version]
                inside = numbers[bisect_left(numbers, part[0]) : bisect_right(numbers, part[1])]
                yield from ((one, one) for one in inside if len(inside) <= MOST_OWNERS)
            else:
                yield from map(prefix_range, _parting(self._intent_of(name), version))


def _parting(intent: SiteIntent, version: int) -> Iterator[Prefix]:
    """The prefixes that an appliance tells apart when it sends a packet on."""
    for one in intent.interfaces:
        address, network = (one.ipv4.ip, one.ipv4.network) if version == 4 else (one.ipv6.ip, one.ipv6.network)
        if one.port is not Port.LAN:
            yield ip_network(address)
        if one.port is not Port.LOOPBACK:
            yield network
    routed = (
        *(one.prefix for one in intent.tunnel_routes),
        *(prefix for one in intent.tunnels for prefix in one.remote_prefixes),
        *(one.prefix for one in intent.gateways),
        *intent.unreachable,
    )
    yield from (one for one in routed if one.version == version)


def _sites(origin: str, way: Way) -> frozenset[str]:
    """Who decides about a way."""
    found = {origin, *(hop.site for hop in way.hops)}
    if way.end in {End.NO_OVERLAY, End.CIRCLE}:
        found.add(way.end_at)
    return frozenset(found | {OWNERS} if leaves(way) else found)


def leaves(way: Way) -> bool:
    """Whether it ends somewhere on the Internet."""
    return way.end is End.OUTSIDE and way.hops[-1].to_zone is Zone.WAN


def _split(part: Range, cuts: Iterable[Range]) -> list[Range]:
    """A part at both ends of each cut that has an end inside it."""
    first, last = part
    turns = {turn for cut in cuts for turn in (cut[0], cut[1] + 1) if first < turn <= last}
    starts = [first, *sorted(turns)]
    return list(zip(starts, [*(one - 1 for one in starts[1:]), last], strict=True))


def _first_prefix(part: Range, like: Prefix) -> Prefix:
    """A prefix that stands for a part: nothing on its way tells the addresses of a part apart."""
    if like.version == 4:
        return next(summarize_address_range(IPv4Address(part[0]), IPv4Address(part[1])))
    return next(summarize_address_range(IPv6Address(part[0]), IPv6Address(part[1])))


def _is_one(prefix: Prefix) -> bool:
    return prefix.prefixlen == prefix.max_prefixlen
