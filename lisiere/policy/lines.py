"""Addresses, services and moments as numbers on a line, so that sets of them are ranges.

Services share one line: a protocol with ports takes one number for each port, ICMP one for each type, any other
protocol a single one. A set that has all of the line is any protocol; no number stands for what no packet can have.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import accumulate

from lisiere.model.intent import Family
from lisiere.model.traffic import Protocol, ServiceEntry
from lisiere.model.words import Address, Prefix
from lisiere.policy.ranges import Range, Ranges, full, merged

ADDRESSES = {Family.IPV4: 1 << 32, Family.IPV6: 1 << 128}
"""How many addresses a family has."""

NUMBERS = {Protocol.ICMP: 1, Protocol.TCP: 6, Protocol.UDP: 17, Protocol.ESP: 50, Protocol.ICMPV6: 58}
"""IANA protocol numbers."""

_WIDTHS = [1] * 256
for _one in (Protocol.TCP, Protocol.UDP):
    _WIDTHS[NUMBERS[_one]] = 1 << 16
for _one in (Protocol.ICMP, Protocol.ICMPV6):
    _WIDTHS[NUMBERS[_one]] = 1 << 8
STARTS = tuple(accumulate(_WIDTHS, initial=0))
"""The first number of each protocol, by its IANA number, and after them the end of the line."""

SERVICES = STARTS[-1]
"""How many services there are."""

DAY_S = 86_400
"""How many moments a day has: seconds."""

ANY_SERVICE, ANY_MOMENT = full(SERVICES), full(DAY_S)


def family_of(value: Address | Prefix) -> Family:
    """The family of an address or a prefix."""
    return Family.IPV4 if value.version == 4 else Family.IPV6


def prefix_range(prefix: Prefix) -> Range:
    """A prefix as its first and its last address."""
    first = int(prefix.network_address)
    return first, first | int(prefix.hostmask)


def prefix_ranges(prefixes: Iterable[Prefix]) -> Ranges:
    """The addresses of prefixes of one family."""
    return merged(map(prefix_range, prefixes))


def protocol_range(number: int) -> Range:
    """All services of a protocol, by its IANA number."""
    return STARTS[number], STARTS[number + 1] - 1


@lru_cache(maxsize=4096)
def entry_ranges(entry: ServiceEntry | None) -> Ranges:
    """The services that an entry stands for; None for any protocol."""
    if entry is None:
        return ANY_SERVICE
    first, last = protocol_range(NUMBERS[entry.protocol])
    if entry.ports:
        return merged((first + one.first, first + one.last) for one in entry.ports)
    if entry.icmp_types:
        return merged((first + one, first + one) for one in entry.icmp_types)
    return ((first, last),)


def service_number(protocol: Protocol, detail: int) -> int:
    """One service: a protocol with a port or an ICMP type; 0 for a protocol that has neither."""
    return protocol_range(NUMBERS[protocol])[0] + detail


def window_ranges(window: tuple[str, str] | None) -> Ranges:
    """The moments of a rule's window, both ends included; None for always.

    VyOS leaves out the last second of a window: what passes there is this much or one second less, never more.
    """
    return ANY_MOMENT if window is None else ((_second(window[0]), _second(window[1])),)


def _second(clock: str) -> int:
    hours, minutes, seconds = (int(part) for part in clock.split(":"))
    return (hours * 60 + minutes) * 60 + seconds


def is_always(moments: Ranges) -> bool:
    """Whether moments are all of the day."""
    return moments == ANY_MOMENT
