"""Sets of cells as few boxes: the work grows with what there is to say, not with the grid that it is said on."""

from collections import Counter

import pytest

from lisiere.model.intent import Family
from lisiere.policy import cover
from lisiere.policy.frozen import Chain, Term
from lisiere.policy.grid import Box
from lisiere.policy.lines import ANY_MOMENT

FIRST = 10 << 24


def needs(count: int) -> list[Box]:
    """Needs that have nothing in common: each its own source, destination and port."""
    return [
        (
            ((FIRST + one * 512, FIRST + one * 512 + 255),),
            ((FIRST + one * 512 + (1 << 22), FIRST + one * 512 + (1 << 22) + 255),),
            ((1000 + 2 * one, 1000 + 2 * one),),
            ANY_MOMENT,
        )
        for one in range(count)
    ]


def work(count: int, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often sets as large as the grid, and rows of it, were made, to say what so many needs let pass."""
    made: Counter[str] = Counter()
    whole = cover.cells

    def counted(masks: cover.Masks, lengths: cover.Lengths) -> int:
        made["rows" if lengths[:2] == (1, 1) else "grids"] += 1
        return whole(masks, lengths)

    with monkeypatch.context() as patch:
        patch.setattr(cover, "cells", counted)
        said = Chain(Family.IPV4, tuple(Term(True, box, None) for box in needs(count))).passing
    assert set(said) == set(needs(count))
    return made


def test_work_grows_with_the_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice the needs are twice the sets as large as the grid, and four times the rows at most."""
    few, many = work(12, monkeypatch), work(24, monkeypatch)
    assert many["grids"] <= 2 * few["grids"] + 24
    assert many["rows"] <= 4 * few["rows"]


def test_a_hundred_needs_are_said_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A grid of a million cells, and as many boxes as needs."""
    assert work(100, monkeypatch)["grids"] <= 100 * 6
