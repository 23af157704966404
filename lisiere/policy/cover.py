"""A set of cells as the fewest boxes that can be found, canonically.

Parts of an axis that the set does not tell apart are joined first, so that the result depends on the set alone and not
on the grid. Then the first cell without a box gets the largest box around it that lies in the set, until there is none;
boxes that others make up for are left out, and of the rest the services that others say for all of the box. To find the
true minimum is hard (NP), and rarely differs.
"""

from collections.abc import Iterator
from functools import lru_cache, reduce
from itertools import permutations
from math import prod
from operator import and_
from typing import NamedTuple

Mask = int
"""Parts of an axis, one bit each."""

Masks = tuple[Mask, Mask, Mask, Mask]
Lengths = tuple[int, int, int, int]

SERVICE = 2
"""The axis of services."""

ORDERS = tuple((*one, 3) for one in permutations((0, 1, 2))) + tuple((3, *one) for one in permutations((0, 1, 2)))
"""In which orders a box is made larger: along source, destination, service, moment."""


def places(mask: Mask) -> Iterator[int]:
    """The numbers of the bits that are set."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


@lru_cache(maxsize=1 << 16)
def spread(mask: Mask, width: int) -> int:
    """The bits of a mask, so many apart."""
    return sum(1 << place * width for place in places(mask))


def cells(masks: Masks, lengths: Lengths) -> int:
    """The cells of a box of parts; the last axis varies fastest."""
    found, width = 1, 1
    for mask, length in zip(reversed(masks), reversed(lengths), strict=True):
        if mask & (mask - 1):
            found *= spread(mask, width)
        else:
            found = found << (mask.bit_length() - 1) * width if mask else 0
        width *= length
    return found


@lru_cache(maxsize=1 << 14)
def cover(lengths: Lengths, region: int) -> tuple[Masks, ...]:
    """The boxes of a set of cells; the same for every grid on which it can be drawn."""
    if not region:
        return ()
    joined = _joined(lengths, region)
    primes = Rows(joined.lengths, joined.region).primes()
    boxes = _said_once(_irredundant(primes, joined.lengths), joined.lengths)
    return tuple(_in_parts(box, joined) for box in boxes)


class Joined(NamedTuple):
    """A set on the grid of parts that it tells apart; `classes` are the old parts of each new one, axis by axis."""

    lengths: Lengths
    region: int
    classes: tuple[tuple[Mask, ...], ...]


def _joined(lengths: Lengths, region: int) -> Joined:
    sizes = list(lengths)
    classes: list[tuple[Mask, ...]] = []
    text = _written(region, prod(lengths))
    for number in range(len(sizes)):
        text, found = _join(text, sizes, number)
        sizes[number] = len(found)
        classes.append(found)
    return Joined((sizes[0], sizes[1], sizes[2], sizes[3]), int(text[::-1], 2), tuple(classes))


def _written(bits: int, length: int) -> str:
    """Bits as ones and noughts, the lowest first: a part of a text costs its length, a part of a number all of it."""
    return f"{bits:0{length}b}"[::-1]


def _join(text: str, sizes: list[int], number: int) -> tuple[str, tuple[Mask, ...]]:
    """Join the parts of one axis that have the same cells; the region on the new grid, and the old parts."""
    inner, length = prod(sizes[number + 1 :]), sizes[number]
    starts = range(0, len(text), length * inner)
    classes: dict[str, Mask] = {}
    for part in range(length):
        if inner == 1:
            cut = text[part::length]
        else:
            cut = "".join(text[start + part * inner : start + (part + 1) * inner] for start in starts)
        classes[cut] = classes.get(cut, 0) | 1 << part
    if len(classes) == length:
        return text, tuple(classes.values())
    blocks = range(len(starts))
    joined = "".join(cut[block * inner : (block + 1) * inner] for block in blocks for cut in classes)
    return joined, tuple(classes.values())


class Rows:
    """A set of cells as a row of services and moments for each source and destination, which is small."""

    def __init__(self, lengths: Lengths, region: int) -> None:
        self._lengths = lengths
        text, size = _written(region, prod(lengths)), lengths[2] * lengths[3]
        rows = [int(text[start : start + size][::-1], 2) for start in range(0, len(text), size)]
        self._rows = [rows[start : start + lengths[1]] for start in range(0, len(rows), lengths[1])]

    def primes(self) -> list[Masks]:
        """Boxes that lie in the set, cannot be larger, and together are the set."""
        found: list[Masks] = []
        left = [list(row) for row in self._rows]
        for source, row in enumerate(left):
            for destination in range(len(row)):
                while row[destination]:
                    lowest = (row[destination] & -row[destination]).bit_length() - 1
                    service, moment = divmod(lowest, self._lengths[3])
                    best = self._best((1 << source, 1 << destination, 1 << service, 1 << moment), left)
                    found.append(best)
                    self._take(best, left)
        return found

    def _best(self, seed: Masks, left: list[list[int]]) -> Masks:
        """The box around a cell that has most of what is left, the largest of these."""
        grown = {self._grown(seed, order): None for order in ORDERS}
        return max(grown, key=lambda box: (self._fresh(box, left), prod(mask.bit_count() for mask in box)))

    def _fresh(self, box: Masks, left: list[list[int]]) -> int:
        need, destinations = self._need(box), list(places(box[1]))
        return sum((left[source][one] & need).bit_count() for source in places(box[0]) for one in destinations)

    def _take(self, box: Masks, left: list[list[int]]) -> None:
        need, destinations = self._need(box), list(places(box[1]))
        for source in places(box[0]):
            for one in destinations:
                left[source][one] &= ~need

    def _need(self, box: Masks) -> int:
        """The services and moments of a box as a row."""
        return cells((1, 1, box[2], box[3]), (1, 1, self._lengths[2], self._lengths[3]))

    def _grown(self, box: Masks, order: tuple[int, ...]) -> Masks:
        """The box with every part of each axis that fits, axis after axis."""
        for number in order:
            box = _with(box, number, box[number] | self._fitting(box, number))
        return box

    def _fitting(self, box: Masks, number: int) -> Mask:
        """The parts of an axis that have all that a box has along the other axes."""
        sources, destinations = list(places(box[0])), list(places(box[1]))
        if number == 0:
            need = self._need(box)
            fits = (all(not need & ~row[one] for one in destinations) for row in self._rows)
        elif number == 1:
            need, rows = self._need(box), [self._rows[one] for one in sources]
            fits = (all(not need & ~row[one] for row in rows) for one in range(self._lengths[1]))
        else:
            common = reduce(and_, (self._rows[one][other] for one in sources for other in destinations))
            axis = (_with(box, number, 1 << one) for one in range(self._lengths[number]))
            fits = (not self._need(one) & ~common for one in axis)
        return sum(1 << place for place, is_fitting in enumerate(fits) if is_fitting)


def _with(box: Masks, number: int, mask: Mask) -> Masks:
    found = [*box[:number], mask, *box[number + 1 :]]
    return (found[0], found[1], found[2], found[3])


def _irredundant(boxes: list[Masks], lengths: Lengths) -> list[Masks]:
    """Without those that the others make up for, the last ones first."""
    kept: list[Masks] = []
    after = 0
    for box, before in reversed(list(zip(boxes, _before(boxes, lengths), strict=True))):
        here = cells(box, lengths)
        if here & ~(before | after):
            kept.append(box)
            after |= here
    return kept[::-1]


def _said_once(boxes: list[Masks], lengths: Lengths) -> list[Masks]:
    """Without the services of a box that the others have for all of it, the last boxes first."""
    found: list[Masks] = []
    after = 0
    for box, before in reversed(list(zip(boxes, _before(boxes, lengths), strict=True))):
        own = cells(box, lengths) & ~(before | after)
        needed = [one for one in places(box[SERVICE]) if own & cells(_with(box, SERVICE, 1 << one), lengths)]
        said = _with(box, SERVICE, sum(1 << one for one in needed))
        found.append(said)
        after |= cells(said, lengths)
    return found[::-1]


def _before(boxes: list[Masks], lengths: Lengths) -> list[int]:
    """For each box, the cells of those in front of it."""
    found = [0]
    for box in boxes[:-1]:
        found.append(found[-1] | cells(box, lengths))
    return found


def _in_parts(box: Masks, joined: Joined) -> Masks:
    """A box of joined parts in the parts of the grid."""
    found = []
    for mask, classes in zip(box, joined.classes, strict=True):
        parts = 0
        for place in places(mask):
            parts |= classes[place]
        found.append(parts)
    return (found[0], found[1], found[2], found[3])
