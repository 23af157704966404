"""A first-match evaluator that tries every rule on every packet of a small universe, and makes such policies.

The universe has a packet on each side of every edge that a rule made here can have.
"""

from collections.abc import Sequence
from datetime import time
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from itertools import product
from typing import NamedTuple

from hypothesis import strategies as st

from lisiere.model.intent import Family, Layer, NamedSet, PolicyRule, RuleSet, ZoneMembers
from lisiere.model.packet import Packet
from lisiere.model.traffic import PortRange, Protocol, ServiceEntry
from lisiere.model.words import Action, Zone
from lisiere.policy.frozen import Policy, PolicyBook

PAIR = (Zone.ADMIN, Zone.WAN)
NAMES = ("left", "right", "both", "all")
WINDOWS = (None, ("00:00:00", "05:00:00"), ("04:00:00", "06:00:00"), ("22:00:00", "23:59:59"))
MOMENTS = (time(0), time(5), time(5, 0, 1), time(12), time(23, 59, 59))
SERVICES: dict[Family, tuple[tuple[Protocol, int | None, int | None], ...]] = {
    family: (
        *((one, port, None) for one in (Protocol.TCP, Protocol.UDP) for port in (0, 1, 2, 3, 4, 65535)),
        *((icmp, None, number) for number in (0, 2, 255)),
        (Protocol.ESP, None, None),
    )
    for family, icmp in ((Family.IPV4, Protocol.ICMP), (Family.IPV6, Protocol.ICMPV6))
}
HOMES: dict[Family, str] = {Family.IPV4: "10.0.0.0/30", Family.IPV6: "fd80::/126"}
OUTSIDE = {Family.IPV4: ip_address("192.0.2.1"), Family.IPV6: ip_address("2001:db8::1")}


class Case(NamedTuple):
    """A policy of one pair of zones: rules, and what their sets hold."""

    family: Family
    rules: tuple[PolicyRule, ...]
    sets: tuple[NamedSet, ...]

    def policy(self) -> Policy:
        """As the product sees it."""
        rules = tuple(rule.model_copy(update={"number": place + 1}) for place, rule in enumerate(self.rules))
        rule_set = RuleSet(name="tried", from_zone=PAIR[0], to_zone=PAIR[1], family=self.family, rules=rules)
        zones = [ZoneMembers(zone=zone, interfaces=(), tunnels=()) for zone in PAIR]
        return PolicyBook().read(zones, self.sets, [rule_set])


def packets(family: Family) -> list[Packet]:
    """Every packet of the small universe."""
    addresses = [*ip_network(HOMES[family]), OUTSIDE[family]]
    return [
        Packet(
            from_zone=PAIR[0],
            to_zone=PAIR[1],
            source=source,
            destination=destination,
            protocol=protocol,
            port=port,
            icmp_type=icmp_type,
            at=at,
        )
        for source, destination, (protocol, port, icmp_type), at in product(
            addresses, addresses, SERVICES[family], MOMENTS
        )
    ]


PACKETS = {family: packets(family) for family in Family}


def first_match(case: Case, packet: Packet) -> PolicyRule | None:
    """The first rule that matches, tried one by one; None for the default."""
    sets = {one.name: one for one in case.sets}
    return next((rule for rule in case.rules if matches(rule, packet, sets)), None)


def passes(case: Case, packet: Packet) -> bool:
    """Whether a packet passes."""
    rule = first_match(case, packet)
    return rule is not None and rule.action is Action.ALLOW


def matches(rule: PolicyRule, packet: Packet, sets: dict[str, NamedSet]) -> bool:
    """Whether a rule matches a packet."""
    return (
        _is_in(packet.source, rule.source, sets)
        and _is_in(packet.destination, rule.destination, sets)
        and _is_served(rule.entry, packet)
        and _is_timely(rule.window, packet.at)
    )


def _is_in(address: IPv4Address | IPv6Address, name: str | None, sets: dict[str, NamedSet]) -> bool:
    if name is None:
        return True
    prefixes: Sequence[IPv4Network | IPv6Network] = (*sets[name].ipv4, *sets[name].ipv6)
    return any(address in prefix for prefix in prefixes)


def _is_served(entry: ServiceEntry | None, packet: Packet) -> bool:
    if entry is None:
        return True
    if entry.protocol is not packet.protocol:
        return False
    if entry.ports:
        return any(one.first <= (packet.port or 0) <= one.last for one in entry.ports)
    return not entry.icmp_types or packet.icmp_type in entry.icmp_types


def _is_timely(window: tuple[str, str] | None, at: time | None) -> bool:
    if window is None:
        return True
    return at is not None and time.fromisoformat(window[0]) <= at <= time.fromisoformat(window[1])


@st.composite
def entries(draw: st.DrawFn, family: Family) -> ServiceEntry | None:
    """Services at and around the edges of one another."""
    kind = draw(st.sampled_from(("any", "ports", "types", "all types", "esp")))
    if kind == "any":
        return None
    if kind == "esp":
        return ServiceEntry(protocol=Protocol.ESP)
    icmp = Protocol.ICMP if family is Family.IPV4 else Protocol.ICMPV6
    if kind == "all types":
        return ServiceEntry(protocol=icmp)
    if kind == "types":
        return ServiceEntry(protocol=icmp, icmp_types=tuple(draw(st.sets(st.sampled_from((0, 2)), min_size=1))))
    edges = st.tuples(st.sampled_from((1, 2, 3)), st.sampled_from((1, 2, 3, 65535)))
    bounds = [sorted(draw(edges)) for _ in range(2)]
    ports = tuple(PortRange(first=first, last=last) for first, last in bounds[: draw(st.integers(1, 2))])
    return ServiceEntry(protocol=draw(st.sampled_from((Protocol.TCP, Protocol.UDP))), ports=ports)


@st.composite
def rules(draw: st.DrawFn, family: Family) -> PolicyRule:
    """One rule."""
    action = draw(st.sampled_from(Action))
    return PolicyRule(
        number=1,
        id=draw(st.sampled_from(("one", "two", "three"))),
        layer=Layer.PROFILE,
        source=draw(st.sampled_from((None, None, *NAMES))),
        destination=draw(st.sampled_from((None, None, *NAMES))),
        entry=draw(entries(family)),
        action=action,
        log=False,
        flow="tried" if action is Action.ALLOW else None,
        window=draw(st.sampled_from((None, None, *WINDOWS))),
    )


@st.composite
def cases(draw: st.DrawFn, most: int = 6) -> Case:
    """A policy over the small universe."""
    family = draw(st.sampled_from(Family))
    home = ip_network(HOMES[family])
    choices = [*home.subnets(new_prefix=home.max_prefixlen), *home.subnets(prefixlen_diff=1), home]
    sets = []
    for name in NAMES:
        found = tuple(draw(st.lists(st.sampled_from(choices), min_size=1, max_size=2, unique=True)))
        is_ipv4 = family is Family.IPV4
        sets.append(
            NamedSet.model_construct(name=name, ipv4=found if is_ipv4 else (), ipv6=() if is_ipv4 else found),
        )
    return Case(family, tuple(draw(st.lists(rules(family), max_size=most))), tuple(sets))


@st.composite
def edited(draw: st.DrawFn) -> tuple[Case, Case]:
    """A policy, and what became of it: a rule inserted, deleted, moved, widened or narrowed, once or more often."""
    before = draw(cases())
    found = list(before.rules)
    for _ in range(draw(st.integers(1, 3))):
        edit = draw(st.sampled_from(("insert", "delete", "reorder", "widen", "narrow", "action")))
        if edit == "insert":
            found.insert(draw(st.integers(0, len(found))), draw(rules(before.family)))
        elif found:
            place = draw(st.integers(0, len(found) - 1))
            rule = found.pop(place)
            if edit == "reorder":
                found.insert(draw(st.integers(0, len(found))), rule)
            elif edit != "delete":
                found.insert(place, _changed(draw, edit, rule, before.family))
    return before, before._replace(rules=tuple(found))


def _changed(draw: st.DrawFn, edit: str, rule: PolicyRule, family: Family) -> PolicyRule:
    if edit == "action":
        return rule.model_copy(update={"action": Action.DENY if rule.action is Action.ALLOW else Action.ALLOW})
    field = draw(st.sampled_from(("source", "destination", "entry", "window")))
    if edit == "widen":
        return rule.model_copy(update={field: None})
    narrowed: dict[str, st.SearchStrategy[object]] = {
        "source": st.sampled_from(NAMES),
        "destination": st.sampled_from(NAMES),
        "entry": entries(family),
        "window": st.sampled_from(WINDOWS),
    }
    return rule.model_copy(update={field: draw(narrowed[field])})
