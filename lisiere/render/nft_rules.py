"""The rules of a chain of nftables, as templates write them, read back as packets that they match."""

import re
from collections.abc import Iterator, Mapping, Sequence

from lisiere.model.intent import Family
from lisiere.model.traffic import PortRange, Protocol, ServiceEntry
from lisiere.policy.frozen import Term
from lisiere.policy.grid import Box
from lisiere.policy.lines import ADDRESSES, entry_ranges, window_ranges
from lisiere.policy.ranges import Ranges, full
from lisiere.render.nftables import ADDRESSES as WORDS
from lisiere.render.vyos_rules import UnreadError

LIMIT = r"limit rate 10/second burst 20 packets log prefix \"[^\"\n]*\""
LOG = re.compile(rf"(?P<match>.*? )?{LIMIT}")
RULE = re.compile(
    r'(?P<match>.*? )?counter (?:log prefix "[^"\n]*" )?(?P<verdict>accept|drop)(?: comment "(?P<comment>[^"\n]*)")?'
)
ADDRESS = re.compile(r"(ip6?) (saddr|daddr) @(\S+) ")
PORTS = re.compile(r"(tcp|udp) dport \{ ([0-9, -]+) \} ")
TYPES = re.compile(r"(icmp|icmpv6) type \{ ([0-9, ]+) \} ")
PROTOCOL = re.compile(r"meta l4proto (tcp|udp|esp|icmp|ipv6-icmp) ")
HOURS = re.compile(r'meta hour "(\d\d:\d\d:\d\d)"-"(\d\d:\d\d:\d\d)" ')


def terms(name: str, lines: Sequence[str], family: Family, sets: Mapping[str, Ranges]) -> Iterator[Term]:
    """The rules of a chain, in order; its end has to be that of the template, which drops what is left.

    A line that only logs is read like any other: what it asks of a packet could as well decide on it.
    """
    if len(lines) < 2 or lines[-1] != "counter drop" or not re.fullmatch(LIMIT, lines[-2]):
        raise UnreadError(f"chain {name} does not end as ours do")
    for line in lines[:-2]:
        if match := RULE.fullmatch(line):
            yield Term(match["verdict"] == "accept", _box(name, match["match"] or "", family, sets), None)
        elif match := LOG.fullmatch(line):
            _box(name, match["match"] or "", family, sets)
        else:
            raise UnreadError(f"chain {name} has a rule that is not understood: {line[:80]}")


def _box(name: str, match: str, family: Family, sets: Mapping[str, Ranges]) -> Box:
    """All that a rule asks of a packet: each thing once, and in the order of the template."""
    found: dict[str, Ranges] = {}
    rest = match
    while one := ADDRESS.match(rest):
        word, side, held = one.groups()
        if word != WORDS[family] or side in found or held not in sets:
            raise UnreadError(f"chain {name} has addresses that are not understood: {one[0]}")
        found[side], rest = sets[held], rest[one.end() :]
    services, rest = _services(name, rest)
    hours, rest = _hours(name, rest)
    if rest:
        raise UnreadError(f"chain {name} has a match that is not understood: {rest[:80]}")
    everywhere = full(ADDRESSES[family])
    return (found.get("saddr", everywhere), found.get("daddr", everywhere), services, hours)


def _services(name: str, rest: str) -> tuple[Ranges, str]:
    """What a rule asks of protocol and port, and what follows."""
    try:
        if one := PORTS.match(rest):
            ports = tuple(PortRange.model_validate(port) for port in one[2].split(", "))
            return entry_ranges(ServiceEntry(protocol=Protocol(one[1]), ports=ports)), rest[one.end() :]
        if one := TYPES.match(rest):
            types = tuple(int(number) for number in one[2].split(", "))
            return entry_ranges(ServiceEntry(protocol=Protocol(one[1]), icmp_types=types)), rest[one.end() :]
    except ValueError:
        raise UnreadError(f"chain {name} has ports or types that are not understood: {rest[:80]}") from None
    if one := PROTOCOL.match(rest):
        entry = ServiceEntry(protocol=Protocol(one[1].replace("ipv6-icmp", "icmpv6")))
        return entry_ranges(entry), rest[one.end() :]
    return entry_ranges(None), rest


def _hours(name: str, rest: str) -> tuple[Ranges, str]:
    one = HOURS.match(rest)
    if one is None:
        return window_ranges(None), rest
    first, last = one.groups()
    if not first <= last <= "23:59:59" or any(int(part) > 59 for part in (*first[3:].split(":"), *last[3:].split(":"))):
        raise UnreadError(f"chain {name} has hours that are not understood: {one[0]}")
    return window_ranges((first, last)), rest[one.end() :]
