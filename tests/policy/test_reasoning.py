"""What policies mean: every answer against an evaluator that tries every rule on every packet of a small universe."""

from ipaddress import ip_address
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from lisiere.model.intent import Family, PolicyRule, ZoneMembers
from lisiere.model.packet import Packet, Reason
from lisiere.model.traffic import Protocol
from lisiere.model.words import Action, Zone
from lisiere.policy.asking import decisions, passing_all
from lisiere.policy.frozen import Chain, Policy, PolicyBook, everything
from lisiere.policy.grid import Box
from lisiere.policy.lines import service_number
from lisiere.policy.ranges import complement, holds, intersection, is_within, merged
from lisiere.policy.reach import Passage, difference, reachability
from lisiere.policy.shadows import redundant, shadowed
from lisiere.policy.verdicts import verdict
from tests.policy.brute import PACKETS, PAIR, Case, cases, edited, first_match, matches, passes

SOME = settings(max_examples=40, deadline=None)
"""Each example tries some thousands of packets."""


def is_in_one(packet: Packet, passages: tuple[Passage, ...]) -> bool:
    """Whether a packet is in one of some boxes."""
    return any(_is_in(packet, one.box) for one in passages if (one.from_zone, one.to_zone) == PAIR)


def _is_in(packet: Packet, box: Box) -> bool:
    assert packet.at is not None
    moment = (packet.at.hour * 60 + packet.at.minute) * 60 + packet.at.second
    service = service_number(packet.protocol, packet.port if packet.port is not None else packet.icmp_type or 0)
    points = (int(packet.source), int(packet.destination), service, moment)
    return all(holds(ranges, point) for ranges, point in zip(box, points, strict=True))


def chain_of(case: Case) -> Chain:
    """The one chain of a case."""
    return case.policy().chains[(*PAIR, case.family)]


# ---- verdicts --------------------------------------------------------------------------------------------------------


@SOME
@given(cases())
def test_the_verdict_is_that_of_the_first_rule_that_matches(case: Case) -> None:
    """Every packet of the universe, with the very rule that decided."""
    policy = case.policy()
    for packet in PACKETS[case.family]:
        found, wanted = verdict(policy, packet), first_match(case, packet)
        assert found.is_allowed == (wanted is not None and wanted.action is Action.ALLOW)
        assert found.reason is (Reason.DEFAULT if wanted is None else Reason.RULE)
        if wanted is not None:
            assert found.rule is not None
            assert case.rules[found.rule.number - 1] == wanted.model_copy(update={"number": 1})


@SOME
@given(cases())
def test_without_a_moment_rules_that_keep_hours_are_passed_over(case: Case) -> None:
    """The verdict is that of the policy without them."""
    timeless = case._replace(rules=tuple(rule for rule in case.rules if rule.window is None))
    for packet in PACKETS[case.family][:: len(PACKETS[case.family]) // 200]:
        found = verdict(case.policy(), packet.model_copy(update={"at": None}))
        assert found.is_allowed == passes(timeless, packet)


def packet(from_zone: Zone, to_zone: Zone) -> Packet:
    """A packet between two zones."""
    source, destination = ip_address("10.0.0.1"), ip_address("10.0.0.2")
    return Packet(
        from_zone=from_zone,
        to_zone=to_zone,
        source=source,
        destination=destination,
        protocol=Protocol.TCP,
        port=443,
    )


def test_inside_a_zone_all_passes_unless_it_is_isolated_and_an_absent_zone_reaches_nothing() -> None:
    """As every platform renders it: no rules inside a zone, no rules to what is not there."""
    open_zone = ZoneMembers(zone=Zone.ADMIN, interfaces=("one",), tunnels=())
    isolated = ZoneMembers(zone=Zone.GUEST, interfaces=("two",), tunnels=(), is_isolated=True)
    policy = PolicyBook().read([open_zone, isolated], [], [])
    inside = verdict(policy, packet(Zone.ADMIN, Zone.ADMIN))
    assert (inside.is_allowed, inside.reason) == (True, Reason.INSIDE)
    assert verdict(policy, packet(Zone.GUEST, Zone.GUEST)).reason is Reason.DEFAULT
    assert verdict(policy, packet(Zone.ADMIN, Zone.GUEST)).reason is Reason.DEFAULT
    assert verdict(policy, packet(Zone.ADMIN, Zone.VPN)).reason is Reason.NO_ZONE
    assert [(one.from_zone, one.to_zone, one.family) for one in reachability(policy)] == [
        (Zone.ADMIN, Zone.ADMIN, family) for family in Family
    ]


# ---- reachability and its difference ---------------------------------------------------------------------------------


@SOME
@given(cases())
def test_reachability_holds_what_passes_and_nothing_else(case: Case) -> None:
    """Packet by packet."""
    found = tuple(one for one in reachability(case.policy()) if one.from_zone != one.to_zone)
    for packet in PACKETS[case.family]:
        assert is_in_one(packet, found) == passes(case, packet)


@SOME
@given(edited())
def test_a_difference_is_what_passes_on_one_side_only(pair: tuple[Case, Case]) -> None:
    """After rules were inserted, deleted, moved, widened, narrowed or turned."""
    before, after = pair
    found = difference(before.policy(), after.policy())
    for packet in PACKETS[before.family]:
        was, is_now = passes(before, packet), passes(after, packet)
        assert is_in_one(packet, found.opened) == (is_now and not was)
        assert is_in_one(packet, found.closed) == (was and not is_now)


@SOME
@given(cases())
def test_reachability_is_the_same_however_the_policy_is_written(case: Case) -> None:
    """Each rule twice, and a last one that says what the default does: other parts, the same boxes."""
    again = case._replace(rules=tuple(rule for rule in case.rules for _ in range(2)))
    split = case._replace(rules=tuple(half for rule in case.rules for half in halves(case, rule)))
    assert reachability(again.policy()) == reachability(case.policy())
    assert reachability(split.policy()) == reachability(case.policy())
    assert difference(case.policy(), split.policy()).is_empty


def halves(case: Case, rule: PolicyRule) -> list[PolicyRule]:
    """A rule for one set first and for everything after: the same packets, cut elsewhere."""
    return [rule] if rule.source is not None else [rule.model_copy(update={"source": case.sets[0].name}), rule]


@SOME
@given(cases())
def test_no_box_of_a_reachability_says_what_the_others_say(case: Case) -> None:
    """Minimal: without one of them, or one of its services, something is missing; none has what does not pass."""
    chain = chain_of(case)
    regions = [region_of(chain, box) for box in chain.passing]
    for number, box in enumerate(chain.passing):
        others = 0
        for other, region in enumerate(regions):
            others |= region if other != number else 0
        assert regions[number] & ~others
        assert not regions[number] & ~chain.allowed
        for part in chain.grid.axes[2].parts:
            if is_within(part, box[2]):
                assert region_of(chain, (box[0], box[1], part, box[3])) & ~others


def region_of(chain: Chain, box: Box) -> int:
    """The cells of any box that is made of parts of the grid."""
    found = 0
    cells = product(*(enumerate(axis.parts) for axis in chain.grid.axes))
    for number, cell in enumerate(cells):
        if all(is_within(part, ranges) for (_, part), ranges in zip(cell, box, strict=True)):
            found |= 1 << number
    return found


def test_zones_that_come_and_go_are_differences_too() -> None:
    """A zone of its own is open inside; between zones nothing passes until a rule says so."""
    zones = [ZoneMembers(zone=zone, interfaces=(), tunnels=()) for zone in (Zone.ADMIN, Zone.VOICE)]
    before, after = PolicyBook().read(zones[:1], [], []), PolicyBook().read(zones, [], [])
    found = difference(before, after)
    assert {(one.from_zone, one.to_zone) for one in found.opened} == {(Zone.VOICE, Zone.VOICE)}
    assert not found.closed
    assert difference(after, before).closed == found.opened


# ---- questions about many packets ------------------------------------------------------------------------------------


@SOME
@given(cases())
def test_each_packet_of_a_question_is_in_the_decision_of_its_first_match(case: Case) -> None:
    """The decisions part the question: none is left out and none is in two."""
    question = everything(case.family)
    found = decisions(case.policy(), (*PAIR, case.family), question)
    for packet in PACKETS[case.family]:
        (one,) = [decision for decision in found if any(_is_in(packet, box) for box in decision.boxes)]
        rule = first_match(case, packet)
        assert (one.allows, one.rule is None) == (passes(case, packet), rule is None)
        assert rule is None or one.rule is None or one.rule.id == rule.id
    passing = passing_all(question, case.family, [found, found])
    for packet in PACKETS[case.family]:
        assert any(_is_in(packet, box) for box in passing) == passes(case, packet)


# ---- rules without effect --------------------------------------------------------------------------------------------


@SOME
@given(cases())
def test_a_shadowed_rule_is_one_that_decides_about_no_packet(case: Case) -> None:
    """None too many and none missing; those that take its packets are named."""
    found = {one.position: one for one in shadowed(chain_of(case))}
    deciding = {id(first_match(case, packet)) for packet in PACKETS[case.family]}
    sets = {one.name: one for one in case.sets}
    for position, rule in enumerate(case.rules):
        if position not in found:
            assert id(rule) in deciding
            continue
        taken = [packet for packet in PACKETS[case.family] if matches(rule, packet, sets)]
        takers = {id(first_match(case, packet)) for packet in taken}
        by = found[position].by
        assert takers == {id(case.rules[one]) for one in by}
        assert found[position].contrary == tuple(one for one in by if case.rules[one].action is not rule.action)


@SOME
@given(cases())
def test_a_redundant_rule_is_one_that_could_go(case: Case) -> None:
    """Every rule that is not shadowed is tried: the policy without it lets the same pass, or it is not redundant."""
    chain = chain_of(case)
    hidden = {one.position for one in shadowed(chain)}
    found = {one.position for one in redundant(chain)}
    assert not hidden & found
    for position in range(len(case.rules)):
        if position not in hidden:
            without = case._replace(rules=case.rules[:position] + case.rules[position + 1 :])
            assert difference(case.policy(), without.policy()).is_empty == (position in found)


# ---- ranges ----------------------------------------------------------------------------------------------------------

NUMBERS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)).map(lambda pair: (min(pair), max(pair))))


@given(NUMBERS, NUMBERS)
def test_sets_of_ranges_are_sets(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    """Union, complement, intersection and membership against Python's own sets."""
    mine, theirs = merged(one), merged(other)
    numbers = {number for first, last in one for number in range(first, last + 1)}
    others = {number for first, last in other for number in range(first, last + 1)}
    assert {number for number in range(21) if holds(mine, number)} == numbers
    assert {number for number in range(21) if holds(complement(mine, 21), number)} == set(range(21)) - numbers
    assert {number for number in range(21) if holds(intersection(mine, theirs), number)} == numbers & others
    assert is_within(mine, theirs) == (numbers <= others)
    assert (mine == theirs) == (numbers == others)
    assert merged([*mine, *theirs]) == merged([*one, *other])


def test_a_policy_without_rules_lets_nothing_pass() -> None:
    """The default denies, on an empty grid too."""
    empty = Case(Family.IPV6, (), ())
    policy: Policy = empty.policy()
    assert not [one for one in reachability(policy) if one.from_zone != one.to_zone]
