"""Intended against running where a configuration is a bundle of files: differences, shares, and typed deviations.

What an appliance tells of its effect stands in files below `effective/`: a running text with such a file is never the
intended one, and each of its lines is a deviation.
"""

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lisiere import bundle
from lisiere.bundle import File
from lisiere.configtree import ConfigSyntaxError, Deviation, Reason

EFFECTIVE = "effective/"
"""Below this an appliance tells what is in force and does not go by its files."""
KEYS = ("swanctl/private/", "swanctl/x509")
"""Files of one value each, which appliances show as a whole."""
CONTEXT = 2


@dataclass(frozen=True, slots=True)
class Changes:
    """What turns one bundle into another, as the lines of a unified difference."""

    lines: tuple[str, ...]
    deleted_share: float

    @property
    def is_empty(self) -> bool:
        """Whether both say the same."""
        return not self.lines

    def commands(self) -> tuple[str, ...]:
        """The difference as an appliance shows it."""
        return self.lines


def is_bundle(text: str) -> bool:
    """Whether a configuration is made of files."""
    return text.startswith(bundle.MARK)


def changes(*, running: str, intended: str) -> Changes:
    """What turns a running bundle into the intended one.

    Raises:
        ConfigSyntaxError: One of them is no bundle.
    """
    old, new = _by_path(running), _by_path(intended)
    lines = tuple(line for path in sorted({*old, *new}) for line in _file_change(path, old.get(path), new.get(path)))
    return Changes(lines, deleted_share(running, "\n".join(lines)))


def deleted_share(running: str, difference: str) -> float:
    """Part of the lines of a running bundle that a difference takes away and does not bring again, 0 to 1."""
    gone: Counter[str] = Counter()
    path = ""
    for line in difference.splitlines():
        if line.startswith(("--- ", "+++ ")):
            path = path if line.endswith("/dev/null") else line[4:]
        elif line.startswith("-") and not path.startswith(EFFECTIVE):
            gone[line[1:]] += 1
    lines = sum(one.text.count("\n") for one in _by_path(running).values() if not one.path.startswith(EFFECTIVE))
    return min(gone.total() / lines, 1.0) if lines else 0.0


def meant(running: str) -> str:
    """A running bundle without what its appliance tells of its effect: what could be intended."""
    return bundle.write(one for one in bundle.parse(running) if not one.path.startswith(EFFECTIVE))


def deviations(intended: str, running: str) -> tuple[Deviation, ...]:
    """Every deviation of a running bundle from the intended one, by file and section.

    Raises:
        ConfigSyntaxError: The intended text cannot be read.
    """
    new = _by_path(intended)
    try:
        old = _by_path(running)
    except ConfigSyntaxError as exc:
        return (Deviation(Reason.UNPARSABLE, (), "", str(exc)),)
    found = [one for path in sorted({*old, *new}) for one in _deviations(path, new.get(path), old.get(path))]
    return tuple(sorted(found, key=lambda one: one.path))


def _by_path(text: str) -> dict[str, File]:
    return {one.path: one for one in bundle.parse(text)}


def _file_change(path: str, one: File | None, other: File | None) -> Iterator[str]:
    """A file's part of a difference, in the words of the appliances' script."""
    old, new = (file.text.splitlines() if file else [] for file in (one, other))
    names = (path if one else "/dev/null", path if other else "/dev/null")
    if path.startswith(KEYS) and old != new:
        yield from (f"--- {names[0]}", f"+++ {names[1]}")
        yield from (*(f"-{line}" for line in old), *(f"+{line}" for line in new))
        return
    yield from difflib.unified_diff(old, new, *names, n=CONTEXT, lineterm="")
    if one and other and one.mode != other.mode:
        yield f"=== {path}: mode {one.mode} becomes {other.mode}"


def _deviations(path: str, intended: File | None, running: File | None) -> Iterator[Deviation]:
    if path.startswith(EFFECTIVE) and running is not None:
        yield from map(_effect, running.text.splitlines())
    elif running is None and intended is not None:
        yield Deviation(Reason.MISSING, (path,), _lines(intended), "")
    elif intended is None and running is not None:
        yield Deviation(Reason.EXTRA, (path,), "", _lines(running))
    elif intended is not None and running is not None:
        if intended.mode != running.mode:
            yield Deviation(Reason.CHANGED, (path, "mode"), intended.mode, running.mode)
        yield from _line_deviations(path, intended.text, running.text)


def _effect(line: str) -> Deviation:
    """A line that an appliance tells of its effect."""
    kind, _, what = line.partition(": ")
    if kind == "lacks":
        return Deviation(Reason.MISSING, ("in force", *what.split(": ")[:-1]), what, "")
    if kind == "adds":
        return Deviation(Reason.EXTRA, ("in force", *what.split(": ")[:-1]), "", what)
    return Deviation(Reason.REORDERED if "order" in line else Reason.CHANGED, ("in force",), "", line)


def _line_deviations(path: str, intended: str, running: str) -> Iterator[Deviation]:
    """The lines of a file that differ, each under its section; lines that only moved are told once a section."""
    wanted, found = _sectioned(intended), _sectioned(running)
    if wanted == found:
        return
    absent, surplus = Counter(wanted) - Counter(found), Counter(found) - Counter(wanted)
    if not absent and not surplus:
        moved = next(one[0] for one, other in zip(wanted, found, strict=True) if one != other)
        yield Deviation(Reason.REORDERED, (path, *moved), "the order of its lines", "another order")
        return
    by_key: dict[tuple[tuple[str, ...], str], tuple[list[str], list[str]]] = {}
    for side, lines in enumerate((absent, surplus)):
        for section, line in lines.elements():
            by_key.setdefault((section, _key(line)), ([], []))[side].append(line)
    for (section, key), (one, other) in by_key.items():
        place = (path, *section, key)
        if one and other:
            yield Deviation(Reason.CHANGED, place, "; ".join(one), "; ".join(other))
        elif one:
            yield Deviation(Reason.MISSING, place, "; ".join(one), "")
        else:
            yield Deviation(Reason.EXTRA, place, "", "; ".join(other))


def _sectioned(text: str) -> list[tuple[tuple[str, ...], str]]:
    """The lines of a file, each with the sections that it stands in."""
    found: list[tuple[tuple[str, ...], str]] = []
    section: tuple[str, ...] = ()
    for line in map(str.strip, text.splitlines()):
        if re.fullmatch(r"[^={}]+\{", line):
            section = (*section, line.removesuffix("{").strip())
        elif line == "}" and section:
            section = section[:-1]
        elif line:
            found.append((section, line))
    return found


def _key(line: str) -> str:
    """What a line is about: its words up to where values begin."""
    words: Sequence[str] = re.split(r"[ =(]", line, maxsplit=1)
    return words[0]


def _lines(one: File) -> str:
    count = one.text.count("\n")
    return f"a file of {count} line{'s' if count > 1 else ''}"
