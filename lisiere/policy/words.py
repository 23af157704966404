"""Sets of packets in words: names where a set has one, what is left out where that is shorter, prefixes otherwise."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, summarize_address_range

from lisiere.model.intent import Family
from lisiere.model.words import Prefix
from lisiere.policy.lines import (
    ADDRESSES,
    ANY_SERVICE,
    DAY_S,
    NUMBERS,
    SERVICES,
    STARTS,
    is_always,
    protocol_range,
)
from lisiere.policy.ranges import Ranges, complement, full, intersection, is_within, merged

Names = Mapping[str, Ranges]
"""Named sets of one family."""

MOST_PREFIXES = 6
"""How many prefixes words spell out."""

_PROTOCOLS = {number: str(protocol) for protocol, number in NUMBERS.items()}


def addresses(ranges: Ranges, family: Family, names: Names) -> str:
    """Addresses in words: `any`, names of sets, `any but …`, or prefixes."""
    if ranges == full(ADDRESSES[family]):
        return "any"
    named = _named(ranges, names)
    if named:
        return named
    others = complement(ranges, ADDRESSES[family])
    named = _named(others, names)
    if named:
        return f"any but {named}"
    inside, outside = prefixes(ranges, family), prefixes(others, family)
    return _listed(inside) if len(inside) <= len(outside) else f"any but {_listed(outside)}"


def prefixes(ranges: Ranges, family: Family) -> list[Prefix]:
    """Addresses as the fewest prefixes."""
    if family is Family.IPV4:
        return [one for first, last in ranges for one in summarize_address_range(IPv4Address(first), IPv4Address(last))]
    return [one for first, last in ranges for one in summarize_address_range(IPv6Address(first), IPv6Address(last))]


def _named(ranges: Ranges, names: Names) -> str:
    """The set of that content, or the fewest found that make it up; empty when there are none."""
    same = sorted(name for name, content in names.items() if content and content == ranges)
    if same:
        return same[0]
    within = sorted(name for name, content in names.items() if content and is_within(content, ranges))
    if merged(one for name in within for one in names[name]) != ranges or not within:
        return ""
    kept = list(within)
    for name in within:
        others = [one for one in kept if one != name]
        if merged(one for other in others for one in names[other]) == ranges:
            kept = others
    return ", ".join(kept)


def _listed(found: Iterable[Prefix]) -> str:
    words = [str(one.network_address) if one.prefixlen == one.max_prefixlen else str(one) for one in found]
    more = len(words) - MOST_PREFIXES
    return ", ".join(words[:MOST_PREFIXES]) + (f" and {more} more prefixes" if more > 0 else "")


def services(ranges: Ranges) -> str:
    """Services in words: `any service`, `tcp/80,443`, `icmp/8`, `esp`, or what is left out."""
    if ranges == ANY_SERVICE:
        return "any service"
    inside = _by_protocol(ranges)
    if len(inside) <= len(NUMBERS) * 2:
        return " ".join(inside)
    return f"any service but {' '.join(_by_protocol(complement(ranges, SERVICES)))}"


def _by_protocol(ranges: Ranges) -> list[str]:
    found = []
    seen: dict[int, None] = {}
    for first, last in ranges:
        seen.update(dict.fromkeys(range(bisect_right(STARTS, first) - 1, bisect_right(STARTS, last))))
    for number in seen:
        here = (protocol_range(number),)
        part = intersection(ranges, here)
        name = _PROTOCOLS.get(number, f"protocol-{number}")
        start = here[0][0]
        details = (f"{one - start}" if one == other else f"{one - start}-{other - start}" for one, other in part)
        found.append(name if part == here else f"{name}/{','.join(details)}")
    return found


def hours(moments: Ranges) -> str:
    """Moments of the day in words; empty for always."""
    if is_always(moments):
        return ""
    return ", ".join(f"{_clock(first)}-{_clock(last)}" for first, last in _over_midnight(moments))


def _over_midnight(moments: Ranges) -> Ranges:
    """Hours before and after midnight as one span."""
    if len(moments) > 1 and moments[0][0] == 0 and moments[-1][1] == DAY_S - 1:
        return (*moments[1:-1], (moments[-1][0], moments[0][1]))
    return moments


def _clock(second: int) -> str:
    hour, rest = divmod(second, 3600)
    minute, left = divmod(rest, 60)
    return f"{hour:02}:{minute:02}" + (f":{left:02}" if left else "")
