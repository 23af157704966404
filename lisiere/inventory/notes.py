"""Mistakes on their way to a person: noted by key path while checking, turned into lines when all is read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from lisiere.errors import Mistake

KeyPath = tuple[str | int, ...]
"""Keys and indexes from the root of a file down to a value."""


@dataclass(frozen=True, slots=True)
class Place:
    """A key or a value of a file of the inventory; `file` is relative to its root."""

    file: str
    path: KeyPath = ()

    def at(self, *steps: str | int) -> "Place":
        """A place further down in the same file."""
        return Place(self.file, self.path + steps)


class Notebook:
    """What is wrong so far. Lines cost a second reading of a file: only files with mistakes are read again."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._placed: dict[str, list[tuple[KeyPath, str, str]]] = {}
        self._lined: list[Mistake] = []

    def add(self, place: Place, message: str, advice: str = "") -> None:
        """Note a mistake at a key or a value."""
        self._placed.setdefault(place.file, []).append((place.path, message, advice))

    def add_line(self, file: str, line: int, message: str, advice: str = "") -> None:
        """Note a mistake at a line that is already known; 0 for the file as a whole."""
        self._lined.append(Mistake(str(self._root / file), line, message, advice))

    def mistakes(self, texts: Mapping[str, str]) -> tuple[Mistake, ...]:
        """Every mistake with its line, each once; `texts` holds the files by name."""
        found = list(self._lined)
        if not self._placed:
            return tuple(sorted(set(found)))
        from lisiere.inventory.positions import lines_of

        for file, notes in self._placed.items():
            lines = lines_of(texts.get(file, ""), [path for path, _, _ in notes])
            shown = str(self._root / file)
            found.extend(
                Mistake(shown, line, message, advice) for line, (_, message, advice) in zip(lines, notes, strict=True)
            )
        return tuple(sorted(set(found)))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question with the closest known word, or nothing."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.7)
    return f"did you mean {close[0]}?" if close else ""
