"""The rules of a VyOS rule set read back as packets that they match."""

import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_network

from lisiere.configtree import Node, Path
from lisiere.model.intent import Family
from lisiere.model.traffic import PortRange, Protocol, ServiceEntry
from lisiere.policy.frozen import Term, everything
from lisiere.policy.grid import Box
from lisiere.policy.lines import ADDRESSES, NUMBERS, entry_ranges, prefix_range, protocol_range, window_ranges
from lisiere.policy.ranges import Range, Ranges, full, merged
from lisiere.render.vyos import ICMP_TYPES, PROTOCOLS

ACTIONS = {"accept": True, "drop": False, "reject": False}
PROTOCOL_NAMES = {name: (protocol,) for protocol, name in PROTOCOLS.items()} | {
    "tcp_udp": (Protocol.TCP, Protocol.UDP),
    "icmpv6": (Protocol.ICMPV6,),
}
CLOCK = re.compile(r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$")


class UnreadError(Exception):
    """Something was not understood; it never leaves the reader."""


def only(node: Node, place: str, known: Iterable[str]) -> None:
    """Refuse what stands in a node and is not known."""
    unknown = sorted(set(node.children).difference(known))
    if unknown:
        raise UnreadError(f"{place} has {unknown[0]}, which is not understood")


def value_at(node: Node, path: Path, place: str) -> str | None:
    """The one value of a leaf; None where there is none."""
    found = (node.at(path) or Node()).values
    if len(found) > 1:
        raise UnreadError(f"{place} has several values for {path[-1]}")
    return found[0] if found else None


def address_range(value: str, family: Family) -> Range:
    """A prefix or an address of a family, as its first and its last address."""
    try:
        prefix = ip_network(value)
    except ValueError:
        raise UnreadError(f"{value} is no prefix") from None
    if (prefix.version == 4) is not (family is Family.IPV4):
        raise UnreadError(f"{value} is of the other family")
    return prefix_range(prefix)


def terms(node: Node, name: str, family: Family, groups: Mapping[str, Ranges]) -> Iterable[Term]:
    """The rules of a rule set, in order; a default that lets pass is a last rule."""
    only(node, f"rule set {name}", ("default-action", "default-log", "description", "rule"))
    rules = (node.at(("rule",)) or Node()).children
    if not all(number.isascii() and number.isdecimal() for number in rules):
        raise UnreadError(f"rule set {name} has a rule without a number")
    for number, rule in sorted(rules.items(), key=lambda one: int(one[0])):
        if "disable" not in rule.children:
            yield _term(rule, f"rule {number} of {name}", family, groups)
    if _action(node, "default-action", f"rule set {name}"):
        yield Term(allows=True, box=everything(family), rule=None)


def _term(rule: Node, place: str, family: Family, groups: Mapping[str, Ranges]) -> Term:
    known = ("action", "description", "log", "source", "destination", "protocol", "icmp", "icmpv6", "time")
    only(rule, place, known)
    source = _addresses(rule, "source", place, family, groups)
    destination = _addresses(rule, "destination", place, family, groups)
    box: Box = (source, destination, _services(rule, place, family), _moments(rule, place))
    return Term(_action(rule, "action", place), box, None)


def _action(node: Node, leaf: str, place: str) -> bool:
    value = value_at(node, (leaf,), place)
    if value is None or value not in ACTIONS:
        raise UnreadError(f"{place} has an action that is not understood")
    return ACTIONS[value]


def _addresses(rule: Node, side: str, place: str, family: Family, groups: Mapping[str, Ranges]) -> Ranges:
    node = rule.at((side,)) or Node()
    only(node, f"{place} {side}", ("group", "address", "port") if side == "destination" else ("group", "address"))
    only(node.at(("group",)) or Node(), f"{place} {side} group", ("network-group",))
    name, address = value_at(node, ("group", "network-group"), place), value_at(node, ("address",), place)
    if name is None:
        return full(ADDRESSES[family]) if address is None else (address_range(address, family),)
    if address is not None:
        raise UnreadError(f"{place} has a group and an address")
    if name not in groups:
        raise UnreadError(f"{place} names the group {name}, which is missing")
    return groups[name]


def _services(rule: Node, place: str, family: Family) -> Ranges:
    protocol, ports = value_at(rule, ("protocol",), place), value_at(rule, ("destination", "port"), place)
    types = tuple(_types(rule, place, family))
    if protocol in (None, "all"):
        if ports is not None or types:
            raise UnreadError(f"{place} has ports or types without a protocol")
        return entry_ranges(None)
    found = PROTOCOL_NAMES.get(protocol or "")
    if found is None:
        raise UnreadError(f"{place} has the protocol {protocol}, which is not understood")
    if ports is None and not types:
        return merged(protocol_range(NUMBERS[one]) for one in found)
    try:
        given = tuple(PortRange.model_validate(port) for port in ports.split(",")) if ports is not None else ()
        entries = [ServiceEntry(protocol=one, ports=given, icmp_types=types) for one in found]
    except ValueError:
        raise UnreadError(f"{place} has ports or types that are not understood") from None
    return merged(part for one in entries for part in entry_ranges(one))


def _types(rule: Node, place: str, family: Family) -> Iterable[int]:
    names = {name: str(number) for number, name in ICMP_TYPES[family].items()}
    for leaf in ("icmp", "icmpv6"):
        only(rule.at((leaf,)) or Node(), f"{place} {leaf}", ("type", "type-name"))
        name = value_at(rule, (leaf, "type-name"), place)
        for number in (value_at(rule, (leaf, "type"), place), None if name is None else names.get(name, name)):
            if number is None:
                continue
            if not (number.isascii() and number.isdecimal() and int(number) <= 255):
                raise UnreadError(f"{place} has the type {number}, which is not understood")
            yield int(number)


def _moments(rule: Node, place: str) -> Ranges:
    only(rule.at(("time",)) or Node(), f"{place} time", ("starttime", "stoptime"))
    clocks = []
    for leaf, usual in (("starttime", "00:00:00"), ("stoptime", "23:59:59")):
        value = value_at(rule, ("time", leaf), place) or usual
        if not CLOCK.match(value):
            raise UnreadError(f"{place} has the time {value}, which is not understood")
        clocks.append(value if value.count(":") == 2 else f"{value}:00")
    if clocks[0] > clocks[1]:
        raise UnreadError(f"{place} has hours over midnight")
    return window_ranges((clocks[0], clocks[1]))
