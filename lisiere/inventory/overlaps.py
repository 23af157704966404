"""Overlaps among many prefixes in one sweep, and the prefixes that sites claim."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_network

from lisiere.inventory.nornir_shape import Host
from lisiere.inventory.notes import KeyPath, Place
from lisiere.inventory.sections import Item
from lisiere.model.words import Prefix


@dataclass(frozen=True, slots=True)
class Claim:
    """A prefix, whose it is, and where that is written: `path` below `source`."""

    prefix: Prefix
    owner: str
    source: Item[object]
    path: KeyPath

    @property
    def place(self) -> Place:
        """Where the prefix is written; worked out only for a mistake."""
        return self.source.at(*self.path)


def site_claims(hosts: Iterable[Host]) -> Iterator[Claim]:
    """Every prefix that a site has: segments, links and loopbacks, of retired appliances too."""
    for host in hosts:
        data, name = host.value.data, host.value.name
        for index, segment in enumerate(data.segments):
            owner = f"segment {segment.name} of {name}"
            yield Claim(segment.ipv4.network, owner, host, ("segments", index, "ipv4"))
            yield Claim(segment.ipv6.network, owner, host, ("segments", index, "ipv6"))
        for key, link in (("uplink", data.uplink), ("management", data.management)):
            yield Claim(link.ipv4.network, f"{key} of {name}", host, (key, "ipv4"))
            yield Claim(link.ipv6.network, f"{key} of {name}", host, (key, "ipv6"))
        yield Claim(ip_network(data.loopback.ipv4), f"loopback of {name}", host, ("loopback", "ipv4"))
        yield Claim(ip_network(data.loopback.ipv6), f"loopback of {name}", host, ("loopback", "ipv6"))


def overlaps(claims: Iterable[Claim]) -> Iterator[tuple[Claim, Claim]]:
    """(later, earlier) for claims that overlap, each later one once. Prefixes overlap only by nesting.

    Sorted by first address, a prefix overlaps one that went before exactly when it begins before the furthest end so
    far: one sort and one pass. Of two, the one that was claimed later is the one to change.
    """
    numbered = sorted(enumerate(claims), key=lambda one: _order(one[1].prefix))
    reach: dict[int, tuple[int, int, Claim]] = {}
    for number, claim in numbered:
        version, first, length = _order(claim.prefix)
        last = first + (1 << (claim.prefix.max_prefixlen - length)) - 1
        held = reach.get(version)
        if held is not None and first <= held[0]:
            _, other_number, other = held
            yield (claim, other) if number > other_number else (other, claim)
            if last <= held[0]:
                continue
        reach[version] = (last, number, claim)


def _order(prefix: Prefix) -> tuple[int, int, int]:
    return prefix.version, int(prefix.network_address), prefix.prefixlen
