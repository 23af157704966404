"""Charts as numbers on a canvas: where each bar and each point is drawn; a template writes them as SVG."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

LABELS, PLOT, END, ROW = 250, 400, 110, 26
WIDTH = LABELS + PLOT + END
LINES_HEIGHT, MARGIN = 220, 34
NARROWEST_WITH_NUMBER = 9
"""Pixels that a digit needs."""
LONGEST_TITLE = 32
NAME = 15
"""Pixels between the names of two lines."""


class Part(NamedTuple):
    """A part of a bar; `kind` is the class of its look. `has_room` for the number inside."""

    kind: str
    x: float
    width: float
    value: int
    has_room: bool


class Bar(NamedTuple):
    """A row of a chart: its title as far as there is room, its parts, and what is said at its end."""

    title: str
    y: int
    parts: tuple[Part, ...]
    end: str


class BarChart(NamedTuple):
    """Bars below each other. `kinds` are the looks with their names, for the legend and the table."""

    id: str
    title: str
    kinds: tuple[tuple[str, str], ...]
    bars: tuple[Bar, ...]
    rows: tuple[tuple[str, tuple[int, ...], str], ...]

    @property
    def height(self) -> int:
        """Of the canvas."""
        return ROW * len(self.bars) + 8


class Row(NamedTuple):
    """What a bar is made of: a value for each kind."""

    title: str
    values: tuple[int, ...]
    end: str


def bar_chart(
    id: str, title: str, kinds: Sequence[tuple[str, str]], rows: Iterable[Row], *, is_share: bool
) -> BarChart:
    """Draw bars.

    Args:
        id: Of the chart on its page.
        title: What it shows.
        kinds: The looks with their names, one for each value of a row.
        rows: The bars.
        is_share: Give every bar the same length, so that parts can be compared; else lengths can be.
    """
    rows = tuple(rows)
    most = max((sum(row.values) for row in rows), default=0)
    bars = tuple(
        Bar(_short(row.title), ROW * place, _parts(row, kinds, sum(row.values) if is_share else most), row.end)
        for place, row in enumerate(rows)
    )
    return BarChart(id, title, tuple(kinds), bars, tuple((row.title, row.values, row.end) for row in rows))


def _short(title: str) -> str:
    return title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1].rstrip()}…"


def _parts(row: Row, kinds: Sequence[tuple[str, str]], whole: int) -> tuple[Part, ...]:
    found, x = [], float(LABELS)
    for (kind, _), value in zip(kinds, row.values, strict=True):
        if value:
            width = PLOT * value / whole
            has_room = width >= NARROWEST_WITH_NUMBER * len(str(value)) + 6
            found.append(Part(kind, round(x, 1), round(width, 1), value, has_room))
            x += width
    return tuple(found)


class Line(NamedTuple):
    """One line of a chart: where its points are, what they stand for, and where its name has room."""

    kind: str
    title: str
    points: tuple[tuple[float, float], ...]
    last: int
    label_y: float

    @property
    def path(self) -> str:
        """The points as SVG wants them."""
        return " ".join(f"{x},{y}" for x, y in self.points)


class LineChart(NamedTuple):
    """Lines over the same moments. `marks` are heights with their values, `days` places with their days."""

    id: str
    title: str
    lines: tuple[Line, ...]
    marks: tuple[tuple[float, int], ...]
    days: tuple[tuple[float, str], ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]


def line_chart(
    id: str, title: str, kinds: Sequence[tuple[str, str]], rows: Sequence[tuple[str, tuple[int, ...]]]
) -> LineChart:
    """Draw a line for each kind over the same moments, evenly spaced."""
    top = _round_up(max((max(values) for _, values in rows), default=0))
    width, height = WIDTH - 2 * MARGIN - END, LINES_HEIGHT - 2 * MARGIN
    step = width / max(1, len(rows) - 1)

    def x(place: int) -> float:
        return round(MARGIN * 1.5 + place * step, 1)

    def y(value: int) -> float:
        return round(MARGIN + height * (1 - value / top), 1)

    last = rows[-1][1]
    labels = _apart([y(value) + 4 for value in last])
    lines = tuple(
        Line(kind, name, tuple((x(place), y(row[1][index])) for place, row in enumerate(rows)), last[index], label)
        for index, ((kind, name), label) in enumerate(zip(kinds, labels, strict=True))
    )
    marks = tuple((y(value), value) for value in dict.fromkeys((0, top // 2, top)))
    every = max(1, -(-len(rows) // 6))
    days = tuple((x(place), day) for place, (day, _) in enumerate(rows) if place % every == 0)
    return LineChart(id, title, lines, marks, days, tuple(name for _, name in kinds), tuple(rows))


def _apart(heights: Sequence[float]) -> list[float]:
    """Heights of names, moved up so that none covers another."""
    found = list(heights)
    order = sorted(range(len(found)), key=lambda index: -found[index])
    for before, after in pairwise(order):
        found[after] = min(found[after], found[before] - NAME)
    return found


def _round_up(value: int) -> int:
    """The next number that reads well on an axis."""
    digits = int(10 ** max(0, len(str(value)) - 1))
    return max(2, -(-value // digits) * digits)
