"""Sets of packets on the coarsest grid that tells the given boxes apart: exact algebra on one integer.

A packet is a point with a source, a destination, a service and a moment. Boxes cut each of these lines into few parts
that no box tells apart; a set of packets is then a set of cells, one bit each, and union, difference and equality are
those of integers. The grid, not the number of addresses, is what costs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from lisiere.policy.cover import Mask, Masks, cells, cover, places
from lisiere.policy.ranges import Range, Ranges, full, merged

Box = tuple[Ranges, Ranges, Ranges, Ranges]
"""Packets with one of these sources, destinations, services and moments."""

Sizes = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Axis:
    """One line, cut into parts that no given set tells apart, ordered by their least number."""

    parts: tuple[Ranges, ...]
    masks: dict[Ranges, Mask]

    def ranges(self, mask: Mask) -> Ranges:
        """The numbers of some parts."""
        return merged(one for part in places(mask) for one in self.parts[part])


@dataclass(frozen=True, eq=False)
class Grid:
    """The cells that given boxes are made of."""

    axes: tuple[Axis, Axis, Axis, Axis]

    @classmethod
    def of(cls, boxes: Iterable[Box], sizes: Sizes) -> "Grid":
        """The coarsest grid for boxes."""
        lines = tuple(zip(*boxes, strict=True)) or ((), (), (), ())
        source, destination, service, moment = (
            axis(tuple(dict.fromkeys(sets)), size) for sets, size in zip(lines, sizes, strict=True)
        )
        return cls((source, destination, service, moment))

    @property
    def lengths(self) -> Sizes:
        """How many parts each axis has."""
        source, destination, service, moment = (len(one.parts) for one in self.axes)
        return (source, destination, service, moment)

    def region(self, box: Box) -> int:
        """The cells of a box that the grid was made for."""
        source, destination, service, moment = (one.masks[ranges] for one, ranges in zip(self.axes, box, strict=True))
        return cells((source, destination, service, moment), self.lengths)

    def boxes(self, region: int) -> tuple[Box, ...]:
        """A set of cells as few boxes as can be had: none can be left out, none says what the others say already.

        They depend on the set alone, not on the boxes that the grid was made for.
        """
        return tuple(self._box(masks) for masks in cover(self.lengths, region))

    def _box(self, masks: Masks) -> Box:
        source, destination, service, moment = (one.ranges(mask) for one, mask in zip(self.axes, masks, strict=True))
        return (source, destination, service, moment)


@lru_cache(maxsize=1 << 14)
def axis(sets: tuple[Ranges, ...], size: int) -> Axis:
    """Cut a line so that each of the sets is some of its parts."""
    everything = full(size)
    told = [one for one in sets if one != everything]
    parts = _parts(told, size)
    ordered = sorted(parts, key=lambda one: parts[one][0])
    masks: dict[Ranges, Mask] = {everything: (1 << len(ordered)) - 1}
    for number, one in enumerate(told):
        masks[one] = sum(1 << place for place, key in enumerate(ordered) if key >> number & 1)
    return Axis(tuple(tuple(parts[one]) for one in ordered), masks)


def _parts(sets: Sequence[Ranges], size: int) -> dict[int, list[Range]]:
    """The numbers of a line by the sets that hold them, one bit each."""
    turns: dict[int, int] = {}
    for number, one in enumerate(sets):
        for first, last in one:
            turns[first] = turns.get(first, 0) ^ (1 << number)
            turns[last + 1] = turns.get(last + 1, 0) ^ (1 << number)
    found: dict[int, list[Range]] = {}
    start = inside = 0
    for here in (*sorted(turns), size):
        if here > start:
            found.setdefault(inside, []).append((start, here - 1))
        start, inside = here, inside ^ turns.get(here, 0)
    return found
