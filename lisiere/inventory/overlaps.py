"""Overlaps among many prefixes in one sweep, and the prefixes that sites claim."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple

from lisiere.inventory.nornir_shape import Host
from lisiere.inventory.notes import KeyPath, Place
from lisiere.inventory.sections import Item
from lisiere.model.words import Prefix


class Claim(NamedTuple):
    """A prefix, whose it is, and where that is written: `path` below `source`."""

    prefix: Prefix
    what: str
    source: Item[object]
    path: KeyPath
    of: str = ""

    @property
    def owner(self) -> str:
        """Whose the prefix is, in words."""
        return f"{self.what} of {self.of}" if self.of else self.what

    @property
    def place(self) -> Place:
        """Where the prefix is written; worked out only for a mistake."""
        return self.source.at(*self.path)


def site_claims(hosts: Iterable[Host]) -> Iterator[Claim]:
    """Every prefix that a site has: segments, links and loopbacks, of retired appliances too."""
    for host in hosts:
        data, name = host.value.data, host.value.name
        for index, segment in enumerate(data.segments):
            yield Claim(segment.ipv4.network, f"segment {segment.name}", host, ("segments", index, "ipv4"), name)
            yield Claim(segment.ipv6.network, f"segment {segment.name}", host, ("segments", index, "ipv6"), name)
        for key, link in (("uplink", data.uplink), ("management", data.management)):
            yield Claim(link.ipv4.network, key, host, (key, "ipv4"), name)
            yield Claim(link.ipv6.network, key, host, (key, "ipv6"), name)
        yield Claim(IPv4Network((int(data.loopback.ipv4), 32)), "loopback", host, ("loopback", "ipv4"), name)
        yield Claim(IPv6Network((int(data.loopback.ipv6), 128)), "loopback", host, ("loopback", "ipv6"), name)


def overlaps(claims: Iterable[Claim]) -> Iterator[tuple[Claim, Claim]]:
    """(later, earlier) for claims that overlap, each later one once. Prefixes overlap only by nesting.

    Sorted by first address, a prefix overlaps one that went before exactly when it begins before the furthest end so
    far: one sort and one pass. Of two, the one that was claimed later is the one to change.
    """
    numbered = sorted((*_order(claim.prefix), number, claim) for number, claim in enumerate(claims))
    reach: dict[int, tuple[int, int, Claim]] = {}
    for version, first, length, number, claim in numbered:
        last = first + (1 << ((32 if version == 4 else 128) - length)) - 1
        held = reach.get(version)
        if held is not None and first <= held[0]:
            _, other_number, other = held
            yield (claim, other) if number > other_number else (other, claim)
            if last <= held[0]:
                continue
        reach[version] = (last, number, claim)


def _order(prefix: Prefix) -> tuple[int, int, int]:
    return prefix.version, int(prefix.network_address), prefix.prefixlen
