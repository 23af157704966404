"""A set of cells as the fewest boxes that can be found, canonically.

Parts of an axis that the set does not tell apart are joined first, so that the result depends on the set alone and not
on the grid. Then the first cell without a box gets the largest box around it that lies in the set, until there is none;
boxes that others make up for are left out, and of the rest the services that others say for all of the box. To find the
true minimum is hard (NP), and rarely differs.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import permutations
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
        found *= spread(mask, width)
        width *= length
    return found


@lru_cache(maxsize=1 << 14)
def cover(lengths: Lengths, region: int) -> tuple[Masks, ...]:
    """The boxes of a set of cells; the same for every grid on which it can be drawn."""
    if not region:
        return ()
    joined = _joined(lengths, region)
    boxes = _said_once(_irredundant(_primes(joined.lengths, joined.region), joined.lengths), joined.lengths)
    return tuple(_in_parts(box, joined) for box in boxes)


class Joined(NamedTuple):
    """A set on the grid of parts that it tells apart; `classes` are the old parts of each new one, axis by axis."""

    lengths: Lengths
    region: int
    classes: tuple[tuple[Mask, ...], ...]


def _joined(lengths: Lengths, region: int) -> Joined:
    sizes = list(lengths)
    classes: list[tuple[Mask, ...]] = []
    for number in range(len(sizes)):
        region, found = _join(region, sizes, number)
        sizes[number] = len(found)
        classes.append(found)
    return Joined((sizes[0], sizes[1], sizes[2], sizes[3]), region, tuple(classes))


def _join(region: int, sizes: list[int], number: int) -> tuple[int, tuple[Mask, ...]]:
    """Join the parts of one axis that have the same cells; the region on the new grid, and the old parts."""
    outer = inner = 1
    for size in sizes[:number]:
        outer *= size
    for size in sizes[number + 1 :]:
        inner *= size
    length, ones = sizes[number], (1 << inner) - 1
    slices = [
        tuple((region >> (block * length + part) * inner) & ones for block in range(outer)) for part in range(length)
    ]
    classes: dict[tuple[int, ...], Mask] = {}
    for part, one in enumerate(slices):
        classes[one] = classes.get(one, 0) | 1 << part
    found = 0
    for place, one in enumerate(classes):
        for block, bits in enumerate(one):
            found |= bits << (block * len(classes) + place) * inner
    return found, tuple(classes.values())


def _primes(lengths: Lengths, region: int) -> list[Masks]:
    """Boxes that lie in the set, cannot be larger, and together are the set."""
    found: list[Masks] = []
    left = region
    while left:
        seed = _cell((left & -left).bit_length() - 1, lengths)
        grown = {_grown(seed, order, lengths, region): None for order in ORDERS}
        best = max(grown, key=lambda box: ((cells(box, lengths) & left).bit_count(), cells(box, lengths).bit_count()))
        found.append(best)
        left &= ~cells(best, lengths)
    return found


def _cell(number: int, lengths: Lengths) -> Masks:
    found = []
    for length in reversed(lengths):
        number, place = divmod(number, length)
        found.append(1 << place)
    return (found[3], found[2], found[1], found[0])


def _grown(box: Masks, order: tuple[int, ...], lengths: Lengths, region: int) -> Masks:
    """The box with every part of each axis that fits, axis after axis."""
    for number in order:
        for place in range(lengths[number]):
            if not box[number] >> place & 1:
                wider = _with(box, number, 1 << place)
                if not cells(wider, lengths) & ~region:
                    box = _with(box, number, box[number] | 1 << place)
    return box


def _with(box: Masks, number: int, mask: Mask) -> Masks:
    found = [*box[:number], mask, *box[number + 1 :]]
    return (found[0], found[1], found[2], found[3])


def _irredundant(boxes: list[Masks], lengths: Lengths) -> list[Masks]:
    """Without those that the others make up for, the last ones first."""
    kept = list(boxes)
    for box in reversed(boxes):
        others = 0
        for other in kept:
            if other is not box:
                others |= cells(other, lengths)
        if not cells(box, lengths) & ~others:
            kept.remove(box)
    return kept


def _said_once(boxes: list[Masks], lengths: Lengths) -> list[Masks]:
    """Without the services of a box that the others have for all of it, the last boxes first."""
    found = list(boxes)
    for number in reversed(range(len(found))):
        others = 0
        for other, box in enumerate(found):
            others |= cells(box, lengths) if other != number else 0
        for place in places(found[number][SERVICE]):
            if not cells(_with(found[number], SERVICE, 1 << place), lengths) & ~others:
                found[number] = _with(found[number], SERVICE, found[number][SERVICE] & ~(1 << place))
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
