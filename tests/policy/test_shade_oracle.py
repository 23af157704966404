"""Shadowing by one earlier rule, against Aerleon's shade check.

Aerleon compares pairs of terms; what several rules take together it does not see, nor does it compare ICMP types. Where
it can say anything, both must say the same.
"""

from functools import cache
from itertools import combinations
from typing import NamedTuple

from aerleon.lib import naming, policy
from hypothesis import given, settings
from hypothesis import strategies as st

from lisiere.model.intent import Family, Layer, NamedSet, PolicyRule
from lisiere.model.traffic import PortRange, Protocol, ServiceEntry
from lisiere.model.words import Action
from lisiere.policy.shadows import shadowed
from tests.policy.brute import NAMES, PAIR, Case, cases

PORTS = ((1, 1), (1, 5), (3, 5), (7, 7), (3, 9))


class Shape(NamedTuple):
    """What of a rule Aerleon compares."""

    source: str | None
    destination: str | None
    protocol: Protocol | None
    ports: tuple[tuple[int, int], ...]
    action: Action

    def rule(self) -> PolicyRule:
        """As the product sees it."""
        ports = tuple(PortRange(first=first, last=last) for first, last in self.ports)
        return PolicyRule(
            number=1,
            id="tried",
            layer=Layer.PROFILE,
            source=self.source,
            destination=self.destination,
            entry=None if self.protocol is None else ServiceEntry(protocol=self.protocol, ports=ports),
            action=self.action,
            log=False,
            flow=None,
        )

    def term(self, number: int) -> str:
        """As Aerleon reads it."""
        lines = [f"action:: {'accept' if self.action is Action.ALLOW else 'deny'}"]
        if self.source is not None:
            lines.append(f"source-address:: {self.source.upper()}")
        if self.destination is not None:
            lines.append(f"destination-address:: {self.destination.upper()}")
        if self.protocol is not None:
            lines.append(f"protocol:: {self.protocol}")
            lines.append(f"destination-port:: {' '.join(_port_name(one) for one in self.ports)}")
        return f"term t{number} {{\n  " + "\n  ".join(lines) + "\n}\n"


def _port_name(ports: tuple[int, int]) -> str:
    return f"P{ports[0]}-{ports[1]}"


SHAPES = st.builds(
    Shape,
    source=st.sampled_from((None, *NAMES)),
    destination=st.sampled_from((None, None, *NAMES)),
    protocol=st.sampled_from((None, Protocol.TCP, Protocol.UDP)),
    ports=st.lists(st.sampled_from(PORTS), min_size=1, max_size=2, unique=True).map(tuple),
    action=st.sampled_from(Action),
)


@cache
def services() -> tuple[str, ...]:
    """The definitions of the port ranges, for both protocols."""
    return tuple(f"{_port_name(one)} = {one[0]}-{one[1]}/tcp {one[0]}-{one[1]}/udp" for one in PORTS)


def shaded(shapes: list[Shape], sets: tuple[NamedSet, ...]) -> set[tuple[int, int]]:
    """The pairs (earlier, later) of which Aerleon says that the earlier term shades the later one."""
    definitions = naming.Naming()
    definitions.ParseNetworkList(
        [f"{one.name.upper()} = {' '.join(map(str, (*one.ipv4, *one.ipv6)))}" for one in sets],
    )
    definitions.ParseServiceList(list(services()))
    text = "header {\n  target:: demo tried\n}\n" + "".join(one.term(number) for number, one in enumerate(shapes))
    terms = policy.ParsePolicy(text, definitions).filters[0][1]
    pairs = combinations(range(len(terms)), 2)
    return {(earlier, later) for earlier, later in pairs if terms[later] in terms[earlier]}


@settings(max_examples=150, deadline=None)
@given(cases(most=0), st.lists(SHAPES, min_size=2, max_size=6))
def test_one_rule_shades_another_where_aerleon_says_so(case: Case, shapes: list[Shape]) -> None:
    """Both ways, pair by pair; and a rule that Aerleon calls shaded is reported as shadowed in the whole chain."""
    whole = case._replace(rules=tuple(one.rule() for one in shapes))
    pairs = shaded(shapes, case.sets)
    for earlier, later in combinations(range(len(shapes)), 2):
        two = case._replace(rules=(whole.rules[earlier], whole.rules[later]))
        found = shadowed(two.policy().chains[(*PAIR, case.family)])
        assert bool(found) == ((earlier, later) in pairs), (shapes[earlier], shapes[later])
    reported = {one.position for one in shadowed(whole.policy().chains[(*PAIR, case.family)])}
    assert {later for _, later in pairs} <= reported


def test_what_two_rules_take_together_is_seen_too() -> None:
    """Aerleon does not: it looks at one earlier term at a time."""
    first, second = (NamedSet(name=name, ipv4=(), ipv6=()) for name in NAMES[:2])
    shapes = [
        Shape(None, None, Protocol.TCP, ((1, 5),), Action.DENY),
        Shape(None, None, Protocol.TCP, ((7, 7),), Action.DENY),
        Shape(None, None, Protocol.TCP, ((3, 5), (7, 7)), Action.ALLOW),
    ]
    case = Case(Family.IPV4, tuple(one.rule() for one in shapes), (first, second))
    (found,) = shadowed(case.policy().chains[(*PAIR, Family.IPV4)])
    assert (found.position, found.by, found.is_contrary) == (2, (0, 1), True)
    assert not shaded(shapes, ())
