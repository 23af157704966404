"""Broken inventories: the good one with edits, in a folder of its own, and what must be said about it."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml

HERE = Path(__file__).parent
GOOD, BROKEN = HERE / "good", HERE / "broken"


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of a file: `find` (the first after `after`) becomes `replace`, or what the other fields say."""

    file: str
    find: str = ""
    replace: str = ""
    after: str = ""
    append: str = ""
    write: str | None = None
    encoding: str = ""
    delete: bool = False

    def apply(self, root: Path) -> None:
        """Make the change below a root; a text that is not there to be changed is a mistake of the case."""
        path = root / self.file
        if self.delete:
            path.unlink()
        elif self.write is not None:
            path.write_text(self.write, encoding="utf-8")
        elif self.encoding:
            path.write_bytes(path.read_text(encoding="utf-8").encode(self.encoding))
        else:
            path.write_text(self._changed(path.read_text(encoding="utf-8")), encoding="utf-8")

    def _changed(self, text: str) -> str:
        if self.append:
            return text + self.append
        start = text.index(self.find, text.index(self.after))
        return text[:start] + self.replace + text[start + len(self.find) :]


@dataclass(frozen=True, slots=True)
class Expected:
    """One mistake that must be reported: where, and words that its message or advice holds."""

    file: str
    line: int
    contains: str


@dataclass(frozen=True, slots=True)
class Case:
    """A broken inventory: why it is wrong, how it comes to be, and everything that must be said."""

    why: str
    edits: tuple[Edit, ...]
    expected: tuple[Expected, ...]

    def build(self, root: Path) -> None:
        """Write the broken inventory below a root."""
        shutil.copytree(GOOD, root)
        for edit in self.edits:
            edit.apply(root)


def read_case(folder: Path) -> Case:
    """The case in a folder; a key that nobody knows is refused by the classes."""
    raw = yaml.safe_load((folder / "case.yaml").read_text(encoding="utf-8"))
    return Case(
        why=raw["why"],
        edits=tuple(Edit(**edit) for edit in raw["edits"]),
        expected=tuple(Expected(**one) for one in raw["expected"]),
    )
