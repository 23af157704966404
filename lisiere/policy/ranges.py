"""Sets of whole numbers as ranges: addresses, services and moments of a day, exactly and without enumeration.

A set is written in one way only, ascending, without overlap and without two ranges that touch: equal sets are equal
tuples. Libraries for intervals know open ends and real numbers and are ten times slower; whole numbers need this page.
"""

from bisect import bisect_right
from collections.abc import Iterable

Range = tuple[int, int]
"""First and last number, both included."""

Ranges = tuple[Range, ...]
"""A set; the empty tuple is the empty set."""


def merged(ranges: Iterable[Range]) -> Ranges:
    """The union of ranges in any order."""
    found: list[Range] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            if last > found[-1][1]:
                found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return tuple(found)


def full(size: int) -> Ranges:
    """All numbers below a size."""
    return ((0, size - 1),)


def complement(ranges: Ranges, size: int) -> Ranges:
    """The numbers below a size that are not in a set."""
    found: list[Range] = []
    start = 0
    for first, last in ranges:
        if start < first:
            found.append((start, first - 1))
        start = last + 1
    if start < size:
        found.append((start, size - 1))
    return tuple(found)


def intersection(one: Ranges, other: Ranges) -> Ranges:
    """The numbers that are in both sets."""
    found: list[Range] = []
    here = there = 0
    while here < len(one) and there < len(other):
        first, last = max(one[here][0], other[there][0]), min(one[here][1], other[there][1])
        if first <= last:
            found.append((first, last))
        if one[here][1] < other[there][1]:
            here += 1
        else:
            there += 1
    return tuple(found)


def holds(ranges: Ranges, number: int) -> bool:
    """Whether a number is in a set."""
    place = bisect_right(ranges, number, key=lambda one: one[0]) - 1
    return place >= 0 and number <= ranges[place][1]


def is_within(inner: Ranges, outer: Ranges) -> bool:
    """Whether every number of the first set is in the second."""
    return intersection(inner, outer) == inner


def count(ranges: Ranges) -> int:
    """How many numbers a set has."""
    return sum(last - first + 1 for first, last in ranges)
