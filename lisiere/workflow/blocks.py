"""Blocks: appliances that hang together by tunnels that change, spread over at most three waves that follow each other.

Whatever its shape, a block has a valid spread: a member may always stand beside the centre, in the middle wave.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from lisiere.workflow.pairing import Pair

FIRST, MIDDLE, LAST = -1, 0, 1


@dataclass(frozen=True, slots=True)
class Block:
    """Appliances between which tunnels change. The centre has most of them: a hub, where there is one."""

    centre: str
    neighbours: Mapping[str, frozenset[str]]

    @property
    def members(self) -> tuple[str, ...]:
        """All of them, by name."""
        return tuple(sorted(self.neighbours))

    def outwards(self) -> Iterator[str]:
        """All of them from the centre outwards, neighbours by name."""
        return _outwards(self.centre, self.neighbours)


def blocks_of(pairs: Iterable[Pair], *, hubs: frozenset[str]) -> tuple[Block, ...]:
    """The blocks that pairs make, by the name of their first member."""
    neighbours: dict[str, set[str]] = {}
    for pair in pairs:
        neighbours.setdefault(pair.one, set()).add(pair.other)
        neighbours.setdefault(pair.other, set()).add(pair.one)
    found: list[Block] = []
    seen: set[str] = set()
    for name in sorted(neighbours):
        if name not in seen:
            members = tuple(_outwards(name, neighbours))
            seen.update(members)
            found.append(_block(members, neighbours, hubs))
    return tuple(found)


def spread(
    block: Block,
    *,
    levels: Sequence[int],
    fixed: Mapping[str, int],
    mates: Mapping[str, frozenset[str]],
) -> dict[str, int]:
    """The level of each member of a block: the wave before its centre, that of its centre, or the one after.

    Args:
        block: The block.
        levels: Those that may be used; the middle one is among them.
        fixed: Members whose level is known already.
        mates: Hubs that stand in for each other; they share no level where that can be had.
    """
    found = dict(fixed)
    loads = Counter(found.values())
    outwards = list(block.outwards())
    order = sorted(outwards, key=lambda name: (name != block.centre, name not in mates))
    for name in order:
        if name not in found:
            level = MIDDLE if name == block.centre else _level(name, block, found, loads, levels, mates)
            found[name] = level
            loads[level] += 1
    return found


def _level(
    name: str,
    block: Block,
    found: Mapping[str, int],
    loads: Mapping[int, int],
    levels: Sequence[int],
    mates: Mapping[str, frozenset[str]],
) -> int:
    """The emptiest level that is no more than one away from each neighbour's, without a mate if that can be had."""
    near = [found[other] for other in block.neighbours[name] if other in found]
    fitting = [level for level in levels if all(abs(level - other) <= 1 for other in near)]
    taken = {found[mate] for mate in mates.get(name, ()) if mate in found}
    apart = [level for level in fitting if level not in taken]
    return min(apart or fitting, key=lambda level: (loads[level], level))


def _outwards(start: str, neighbours: Mapping[str, AbstractSet[str]]) -> Iterator[str]:
    seen, queue = {start}, deque([start])
    while queue:
        name = queue.popleft()
        yield name
        fresh = sorted(neighbours[name] - seen)
        seen.update(fresh)
        queue.extend(fresh)


def _block(members: Sequence[str], neighbours: Mapping[str, set[str]], hubs: frozenset[str]) -> Block:
    centre = min(members, key=lambda name: (-len(neighbours[name]), name not in hubs, name))
    return Block(centre, {name: frozenset(neighbours[name]) for name in members})
