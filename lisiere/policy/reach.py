"""What a policy lets pass, and how that differs between two policies, as few boxes that people can read.

Hours are a dimension like addresses and services: what passes at night only is a box with the hours of that night. A
difference is exact: a packet that passes after and not before is in `opened`, and nothing else is.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from lisiere.model.intent import Family
from lisiere.policy.frozen import Chain, Pair, Policy, everything, sizes_of
from lisiere.policy.grid import Box, Grid


class Passage(NamedTuple):
    """Packets from one zone to another that pass: any of the sources to any of the destinations, and so on."""

    from_zone: str
    to_zone: str
    family: Family
    box: Box


class ReachDifference(NamedTuple):
    """What becomes newly reachable, and what is no longer reachable."""

    opened: tuple[Passage, ...]
    closed: tuple[Passage, ...]

    @property
    def is_empty(self) -> bool:
        """True when both policies let the same pass."""
        return not (self.opened or self.closed)


def reachability(policy: Policy) -> tuple[Passage, ...]:
    """All that passes, by zones and family; the same for every policy that lets the same pass."""
    return tuple(Passage(*pair, box) for pair in _pairs(policy) for box in passing(policy, pair))


def passing(policy: Policy, pair: Pair) -> tuple[Box, ...]:
    """What passes between two zones in a family."""
    chain = policy.chains.get(pair)
    if chain is not None and {pair[0], pair[1]} <= policy.zones:
        return chain.passing
    is_open = pair[0] == pair[1] and pair[0] in policy.open_zones
    return (everything(pair[2]),) if is_open else ()


def difference(before: Policy, after: Policy) -> ReachDifference:
    """What passes after and not before, and before and not after; zones may come and go."""
    opened: list[Passage] = []
    closed: list[Passage] = []
    for pair in sorted({*_pairs(before), *_pairs(after)}):
        if before.chains.get(pair) is after.chains.get(pair) is not None and before.zones == after.zones:
            continue
        old, new = passing(before, pair), passing(after, pair)
        if old != new:
            fresh, gone = _compared(old, new, pair[2])
            opened += [Passage(*pair, box) for box in fresh]
            closed += [Passage(*pair, box) for box in gone]
    return ReachDifference(tuple(opened), tuple(closed))


def _pairs(policy: Policy) -> list[Pair]:
    inside = ((zone, zone, family) for zone in policy.open_zones for family in Family)
    return sorted({*policy.chains, *inside})


def _compared(old: Sequence[Box], new: Sequence[Box], family: Family) -> tuple[tuple[Box, ...], tuple[Box, ...]]:
    grid = Grid.of([*old, *new], sizes_of(family))
    before, after = _union(grid, old), _union(grid, new)
    return grid.boxes(after & ~before), grid.boxes(before & ~after)


def _union(grid: Grid, boxes: Iterable[Box]) -> int:
    found = 0
    for box in boxes:
        found |= grid.region(box)
    return found


def chains_of(policies: Iterable[Policy]) -> Iterator[Chain]:
    """Every chain of some policies, each object once."""
    seen: set[int] = set()
    for policy in policies:
        for chain in policy.chains.values():
            if id(chain) not in seen:
                seen.add(id(chain))
                yield chain
