"""What commands print: text for people, one JSON document for programs, progress on standard error."""

import json
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime

import typer


def print_json(content: object) -> None:
    """Print one JSON document; instants in ISO 8601, paths and enumerations as text."""
    typer.echo(json.dumps(content, indent=1, sort_keys=False, ensure_ascii=False, default=_plain))


def print_table(headers: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Print aligned columns without decoration, so that they can be cut and grepped; `empty` when there is no row."""
    lines = [tuple(str(cell) for cell in row) for row in rows]
    if not lines:
        typer.echo(empty)
        return
    widths = [max(map(len, column)) for column in zip(headers, *lines, strict=True)]
    for line in (tuple(headers), *lines):
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def shown(text: str) -> str:
    """Text that came from elsewhere, for a terminal: what would steer it, or turn its direction, is spelled out."""
    if text.isprintable():
        return text
    return "".join(char if _is_harmless(char) else char.encode("unicode_escape").decode() for char in text)


def note(text: str) -> None:
    """Say something to the person on standard error, away from the result."""
    typer.echo(text, err=True)


@contextmanager
def progress(title: str, total: int) -> Iterator[Callable[[str], None]]:
    """Show progress of long work: a bar on a terminal, a line at each quarter elsewhere. Yields `advance(name)`."""
    if sys.stderr.isatty():
        yield from _bar(title, total)
        return
    done = 0
    marks = {max(1, total * part // 4) for part in (1, 2, 3, 4)}

    def advance(_: str) -> None:
        nonlocal done
        done += 1
        if done in marks:
            note(f"{title}: {done}/{total}")

    yield advance


def local_time(at: datetime | None) -> str:
    """An instant for people, to the minute, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if at else "never"


def _bar(title: str, total: int) -> Iterator[Callable[[str], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=False) as bar:
        task = bar.add_task(title, total=total)
        yield lambda _: bar.advance(task)


def _is_harmless(char: str) -> bool:
    return char.isprintable() or unicodedata.category(char) == "Zs"


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, frozenset | set | tuple):
        return sorted(value) if isinstance(value, frozenset | set) else list(value)
    return str(value)
