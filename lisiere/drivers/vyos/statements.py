"""VyOS configuration as statements: the words after `set`, and what changes do to a set of them. Pure."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

Path = tuple[str, ...]

_WORD = re.compile(r"'([^']*)'|\"([^\"]*)\"|([^\s'\"]+)")
_LINE = re.compile(r"(?:set|delete)(?: (?:'[^']*'|\"[^\"]*\"|[^\s'\"]+))+")

DEVICE_OWNED = (("interfaces", "ethernet", "*", "hw-id"),)
"""Statements that an appliance adds by itself: intended configurations lack them, and replacing keeps them."""


class Change(NamedTuple):
    """One line of a difference: what it says, and the line itself as it was written."""

    verb: Literal["set", "delete"]
    path: Path
    line: str


@lru_cache(maxsize=32_768)
def parse_line(line: str) -> Change:
    """Read one `set` or `delete` line. Remembered, since the appliances of a fleet share most of their lines.

    Raises:
        ValueError: It is neither; the message does not repeat the line, which may hold a secret.
    """
    head, quote, value = line.partition(" '")
    if head[:4] == "set " and "'" not in head and '"' not in line and head.split() == (plain := head.split(" ")):
        # Nearly every line: plain words, and at most one value in quotes at the end.
        if not quote:
            return Change("set", tuple(plain[1:]), line)
        if value.find("'") == len(value) - 1:
            return Change("set", (*plain[1:], value[:-1]), line)
    if not _LINE.fullmatch(line):
        raise ValueError("a line is neither `set …` nor `delete …` with words and quoted values")
    verb: Literal["set", "delete"] = "set" if line.startswith("set ") else "delete"
    return Change(verb, words(line)[1:], line)


def words(line: str) -> tuple[str, ...]:
    """The words of a line, quotes taken off, whatever it says."""
    return tuple(single or double or bare for single, double, bare in _WORD.findall(line))


def parse_changes(text: str) -> list[Change]:
    """Read a difference, line by line; blank lines are skipped."""
    return [parse_line(line) for line in text.splitlines() if line.strip()]


def parse_statements(text: str) -> list[Path]:
    """Read a configuration; comments and blank lines are skipped.

    Raises:
        ValueError: A line is no `set` line; the message tells its number.
    """
    paths: list[Path] = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        try:
            change = parse_line(line)
        except ValueError as exc:
            raise ValueError(f"line {number}: {exc}") from None
        if change.verb != "set":
            raise ValueError(f"line {number}: a configuration holds `set` lines only")
        paths.append(change.path)
    return paths


def lines_of(text: str, paths: Iterable[Path]) -> list[str]:
    """The lines of a configuration that state these paths, as they are written there."""
    wanted = set(paths)
    return (
        [line for line in text.splitlines() if line.startswith("set ") and parse_line(line).path in wanted]
        if wanted
        else []
    )


def lines_with(text: str, words: Iterable[str]) -> list[tuple[int, int]]:
    """Where the lines begin and end that hold one of some words, in their order. Quick when they are few."""
    found: set[tuple[int, int]] = set()
    for word in words:
        at = text.find(word)
        while at >= 0:
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            found.add((text.rfind("\n", 0, at) + 1, end))
            at = text.find(word, end)
    return sorted(found)


def write(path: Sequence[str]) -> str:
    """A statement for people: every word that is not plain is quoted."""
    return " ".join(["set", *(word if re.fullmatch(r"[\w.:/@%+,=-]+", word) else f"'{word}'" for word in path)])


def after(statements: Iterable[Path], changes: Sequence[Change]) -> set[Path]:
    """The statements once a difference was applied to them."""
    deleted = {change.path for change in changes if change.verb == "delete"}
    depths = sorted({len(path) for path in deleted})
    kept = set(statements)
    if deleted:
        kept = {path for path in kept if not any(path[:depth] in deleted for depth in depths)}
    return kept | {change.path for change in changes if change.verb == "set"}


def missing(meant: Iterable[Path], held: Iterable[Path], changes: Sequence[Change] = ()) -> list[Path]:
    """What is meant and not held, in the order of `meant`.

    A node without children is written as a statement only while it is empty, so it counts as held when something
    below it is held, or when `changes` emptied it.
    """
    kept = held if isinstance(held, set) else set(held)
    absent = [path for path in meant if path not in kept]
    if not absent:
        return []
    present = with_parents(kept) | {change.path[:-1] for change in changes if change.verb == "delete"}
    return [path for path in absent if path not in present]


def surplus(meant: Iterable[Path], held: Iterable[Path]) -> list[Path]:
    """What is held and not meant, sorted."""
    stated = set(meant)
    unstated = [path for path in held if path not in stated]
    wanted = with_parents(stated) if unstated else stated
    return sorted(path for path in unstated if path not in wanted)


def with_parents(statements: Iterable[Path]) -> set[Path]:
    """Statements and all nodes above them."""
    nodes: set[Path] = set()
    for path in statements:
        depth = len(path)
        while depth and path[:depth] not in nodes:
            nodes.add(path[:depth])
            depth -= 1
    return nodes


def device_owned(running: str, meant: Iterable[Path]) -> list[str]:
    """Lines of what runs that the appliance added by itself and that `meant` does not state otherwise."""
    spans = lines_with(running, [f" {pattern[-1]} " for pattern in DEVICE_OWNED])
    found = [(line, parse_line(line).path) for line in (running[begin:end] for begin, end in spans)]
    owned = {path[:-1]: line for line, path in found if any(_matches(path[:-1], pattern) for pattern in DEVICE_OWNED)}
    depths = {len(path) for path in owned}
    stated = {path[:depth] for path in meant for depth in depths} if owned else set()
    return [line for path, line in owned.items() if path not in stated]


def _matches(path: Path, pattern: Path) -> bool:
    return len(path) == len(pattern) and all(want in ("*", word) for word, want in zip(path, pattern, strict=True))
