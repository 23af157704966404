"""What a policy decides about many packets at once: each rule that has a say, and about which of them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lisiere.model.intent import Family, Layer, PolicyRule
from lisiere.model.packet import Reason
from lisiere.policy.frozen import Pair, Policy, sizes_of
from lisiere.policy.grid import Box, Grid


class Decision(NamedTuple):
    """What one rule, or what stands for none, decides about packets that were asked for.

    Args:
        allows: Whether they pass.
        reason: What decides.
        rule: The rule; None for what is no rule.
        boxes: The packets, as few boxes as can be had.
    """

    allows: bool
    reason: Reason
    rule: PolicyRule | None
    boxes: tuple[Box, ...]


def decisions(policy: Policy, pair: Pair, question: Box) -> tuple[Decision, ...]:
    """Who decides about the packets of a question, in order; every packet is in one decision.

    The rules that one written rule became are one decision.
    """
    from_zone, to_zone, family = pair
    if not {from_zone, to_zone} <= policy.zones:
        return (Decision(allows=False, reason=Reason.NO_ZONE, rule=None, boxes=(question,)),)
    chain = policy.chains.get(pair)
    if chain is None:
        is_open = from_zone == to_zone and from_zone in policy.open_zones
        reason = Reason.INSIDE if is_open else Reason.DEFAULT
        return (Decision(allows=is_open, reason=reason, rule=None, boxes=(question,)),)
    grid = Grid.of([question, *(term.box for term in chain.terms)], sizes_of(family))
    left = grid.region(question)
    found: dict[tuple[bool, Layer | None, str], tuple[PolicyRule | None, int]] = {}
    for term in chain.terms:
        taken = grid.region(term.box) & left
        left &= ~taken
        if taken:
            key = (term.allows, term.rule.layer if term.rule else None, term.rule.id if term.rule else "")
            rule, before = found.get(key, (term.rule, 0))
            found[key] = (rule, before | taken)
    made = [
        Decision(allows=allows, reason=Reason.RULE, rule=rule, boxes=grid.boxes(region))
        for (allows, _, _), (rule, region) in found.items()
    ]
    if left:
        made.append(Decision(allows=False, reason=Reason.DEFAULT, rule=None, boxes=grid.boxes(left)))
    return tuple(made)


def passing_all(question: Box, family: Family, hops: Iterable[Sequence[Decision]]) -> tuple[Box, ...]:
    """The packets of a question that every hop lets pass."""
    allowed = [[box for one in hop if one.allows for box in one.boxes] for hop in hops]
    grid = Grid.of([question, *(box for boxes in allowed for box in boxes)], sizes_of(family))
    left = grid.region(question)
    for boxes in allowed:
        here = 0
        for box in boxes:
            here |= grid.region(box)
        left &= here
    return grid.boxes(left)
