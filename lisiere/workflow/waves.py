"""The order of a rollout: few and different appliances first, then more at a time, never a whole territory.

Appliances between which tunnels change move as a block, through one to three waves that follow each other; the others
fill the waves up. Pure and deterministic: the same plan has the same waves.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from math import ceil

from lisiere.model.pacing import Pacing, WaveNote
from lisiere.model.site import Appliance
from lisiere.workflow.blocks import FIRST, LAST, MIDDLE, Block, blocks_of, spread
from lisiere.workflow.canaries import canary_names
from lisiere.workflow.pairing import Pair
from lisiere.workflow.terrain import Terrain, territory_caps
from lisiere.workflow.wave_notes import notes_of


@dataclass(frozen=True, slots=True)
class Schedule:
    """The wave of each appliance, from 1, and why each wave is what it is."""

    wave_of: Mapping[str, int]
    notes: tuple[WaveNote, ...]


def schedule(
    appliances: Sequence[Appliance], *, terrain: Terrain, pairs: Iterable[Pair] = (), pacing: Pacing | None = None
) -> Schedule:
    """Put appliances into waves.

    Args:
        appliances: Those that a plan changes.
        terrain: What surrounds them.
        pairs: Those of them between which a tunnel changes at both ends.
        pacing: How large the waves are.
    """
    pacing = pacing or Pacing()
    ordered = sorted(appliances, key=lambda one: one.name)
    blocks = blocks_of(pairs, hubs=terrain.all_hubs())
    made = _Scheduler(ordered, blocks, terrain, pacing)
    made.run()
    notes = notes_of(made.wave_of, ordered, blocks=blocks, terrain=terrain, pacing=pacing)
    return Schedule(wave_of=made.wave_of, notes=notes)


@dataclass(slots=True)
class _Waiting:
    """The appliances of one territory that no tunnel ties to a block, by name; the last one is the next.

    Hubs that stand in for each other wait apart: they go neither first nor last, where one would need its own wave.
    """

    territory: str
    names: list[str] = field(default_factory=list)
    hubs: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.names) + len(self.hubs)


class _Scheduler:
    """Fills one wave after the other."""

    def __init__(
        self, appliances: Sequence[Appliance], blocks: Sequence[Block], terrain: Terrain, pacing: Pacing
    ) -> None:
        self.wave_of: dict[str, int] = {}
        self._appliances, self._pacing = appliances, pacing
        self._territory = {one.name: one.territory for one in appliances}
        self._caps, self._mates = territory_caps(terrain, appliances, pacing), terrain.mates()
        self._counts: Counter[int] = Counter()
        self._in_territory: Counter[tuple[int, str]] = Counter()
        self._blocks = list(blocks)
        self._tied = frozenset(name for block in blocks for name in block.neighbours)

    def run(self) -> None:
        """Place every appliance."""
        self._canaries()
        first, wave = max(1, self._counts[1]), 1
        waiting = self._waiting()
        while len(self.wave_of) < len(self._appliances):
            wave += 1
            size = min(first * self._pacing.growth ** (wave - 1), self._pacing.max_wave or len(self._appliances))
            self._open_blocks(wave, size)
            self._fill(wave, size, waiting)

    def _canaries(self) -> None:
        """Choose the first wave. One block begins with it, where there are any, and not with its centre."""
        pilot = self._pilot()
        free = [one for one in self._appliances if one.name not in self._tied]
        if pilot is None and not free and self._blocks:
            self._open(min(self._blocks, key=lambda block: len(block.neighbours)), 1)
            return
        begins = frozenset(pilot.neighbours) - {pilot.centre} if pilot else frozenset()
        candidates = [one for one in self._appliances if one.name not in self._tied or one.name in begins]
        count = min(self._pacing.canaries, self._pacing.max_wave or len(candidates), max(1, len(self._appliances) // 2))
        chosen = canary_names(candidates, count=count, first=begins, fits=self._is_canary_beside)
        for name in chosen:
            self._place(name, 1)
        if pilot and (begun := [name for name in chosen if name in begins]):
            rest = len(pilot.neighbours) - len(begun)
            levels = (MIDDLE,) if rest <= self._room(pilot) else (MIDDLE, LAST)
            found = spread(pilot, levels=levels, fixed=dict.fromkeys(begun, FIRST), mates=self._mates)
            self._lay(pilot, found, middle=2)

    def _pilot(self) -> Block | None:
        """The block that begins with the canaries: the smallest that is no smaller than they are, else the largest.

        None with hubs that stand in for each other: a spoke of both would bring both into the second wave.
        """
        blocks = [block for block in self._blocks if not self._has_mates(block)]
        large = [block for block in blocks if len(block.neighbours) >= self._pacing.canaries]
        if large:
            return min(large, key=lambda block: len(block.neighbours))
        return max(blocks, key=lambda block: len(block.neighbours), default=None)

    def _is_canary_beside(self, name: str, chosen: Sequence[str]) -> bool:
        territory = self._territory[name]
        beside = sum(self._territory[other] == territory for other in chosen)
        return beside < self._caps[territory] and not self._mates.get(name, frozenset()).intersection(chosen)

    def _waiting(self) -> list[tuple[float, str, _Waiting]]:
        """The territories with free appliances, as a heap: that which needs most waves comes first."""
        queues: dict[str, _Waiting] = {}
        for one in reversed(self._appliances):
            if one.name not in self.wave_of and one.name not in self._tied:
                queue = queues.setdefault(one.territory, _Waiting(one.territory))
                (queue.hubs if one.name in self._mates else queue.names).append(one.name)
        heap = [(self._urgency(queue), queue.territory, queue) for queue in queues.values()]
        heapify(heap)
        return heap

    def _urgency(self, queue: _Waiting) -> float:
        return -len(queue) / self._caps[queue.territory]

    def _open_blocks(self, wave: int, size: int) -> None:
        """Begin with the blocks for which there is room in this wave and those that they go on in."""
        for block in list(self._blocks):
            levels = self._spread(block)
            begun = sum(level == min(levels.values()) for level in levels.values())
            has_room = self._counts[wave] + begun <= size or not self._counts[wave]
            if has_room and self._fits(levels, wave - min(levels.values())):
                self._open(block, wave)

    def _open(self, block: Block, wave: int) -> None:
        levels = self._spread(block)
        self._lay(block, levels, middle=wave - min(levels.values()))

    def _spread(self, block: Block) -> dict[str, int]:
        """A block in the fewest waves in which it keeps to the limits of its territories, three at most."""
        room, size = self._room(block), len(block.neighbours)
        levels: tuple[int, ...] = (FIRST, MIDDLE, LAST)
        if size <= room and not self._has_mates(block):
            levels = (MIDDLE,)
        elif ceil(size / 2) <= room:
            levels = (FIRST, MIDDLE)
        return spread(block, levels=levels, fixed={}, mates=self._mates)

    def _has_mates(self, block: Block) -> bool:
        """Whether hubs that stand in for each other are in a block."""
        return any(self._mates.get(name, frozenset()) & block.neighbours.keys() for name in block.neighbours)

    def _room(self, block: Block) -> int:
        """How many of a block may change in one wave; its territories count together."""
        room = sum(self._caps[territory] for territory in {self._territory[name] for name in block.neighbours})
        return min(room, self._pacing.max_wave or room)

    def _fits(self, levels: Mapping[str, int], middle: int) -> bool:
        """Whether a block keeps to the limits of its territories, or is alone there; and meets no hub's stand-in."""
        wanted = Counter((middle + level, self._territory[name]) for name, level in levels.items())
        keeps = all(self._in_territory[key] + count <= max(self._caps[key[1]], count) for key, count in wanted.items())
        return keeps and not any(self._has_mate(name, middle + level) for name, level in levels.items())

    def _lay(self, block: Block, levels: Mapping[str, int], *, middle: int) -> None:
        """Put the members of a block into their waves, those that are not yet in one."""
        self._blocks.remove(block)
        for name, level in levels.items():
            if name not in self.wave_of:
                self._place(name, middle + level)

    def _fill(self, wave: int, size: int, waiting: list[tuple[float, str, _Waiting]]) -> None:
        """Add free appliances, of the territories that need most waves first."""
        full: list[tuple[float, str, _Waiting]] = []
        while waiting and self._counts[wave] < size:
            entry = heappop(waiting)
            queue = entry[2]
            name = self._take(queue, wave)
            if name is None:
                full.append(entry)
                continue
            self._place(name, wave)
            if len(queue):
                heappush(waiting, (self._urgency(queue), queue.territory, queue))
        for entry in full:
            heappush(waiting, entry)

    def _take(self, queue: _Waiting, wave: int) -> str | None:
        """The next appliance of a territory that may change in a wave, out of its queue; None when none may."""
        cap = self._caps[queue.territory]
        if self._in_territory[wave, queue.territory] >= cap:
            return None
        if len(queue) <= 2 * cap or not queue.names:
            for at in range(len(queue.hubs) - 1, -1, -1):
                if not self._has_mate(queue.hubs[at], wave):
                    return queue.hubs.pop(at)
        return queue.names.pop() if queue.names else None

    def _has_mate(self, name: str, wave: int) -> bool:
        return any(self.wave_of.get(mate) == wave for mate in self._mates.get(name, ()))

    def _place(self, name: str, wave: int) -> None:
        self.wave_of[name] = wave
        self._counts[wave] += 1
        self._in_territory[wave, self._territory[name]] += 1
