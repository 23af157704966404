"""Files of the inventory: bytes to text to plain values, fast where all is well and exact where it is not."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import ryaml

from lisiere.inventory.notes import Notebook


class Unread:
    """Stands for the content of a file that could not be read; the mistake is noted already."""


UNREAD = Unread()
UNCHANGED: Mapping[str, str] = MappingProxyType({})


class Reader:
    """Reads files under the root of an inventory and keeps their texts for the lines of mistakes.

    `changed` holds the texts of files that are to be read as if they had been changed already.
    """

    def __init__(self, root: Path, notes: Notebook, *, changed: Mapping[str, str] = UNCHANGED) -> None:
        self._root, self._notes, self._changed = root, notes, changed
        self.texts: dict[str, str] = {}

    def names(self, folder: str) -> list[str]:
        """The YAML files of a folder, by name relative to the root; a file with another suffix is a mistake."""
        found = []
        for path in sorted((self._root / folder).iterdir() if (self._root / folder).is_dir() else ()):
            name = f"{folder}/{path.name}"
            if path.suffix == ".yaml":
                found.append(name)
            elif path.suffix in {".yml", ".json"}:
                self._notes.add_line(name, 0, "is not read", "rename it to end in .yaml, or move it elsewhere")
        return found

    def read(self, name: str) -> object:
        """The plain value of a file, or `UNREAD`."""
        text = self._text(name)
        if text is None:
            return UNREAD
        self.texts[name] = text
        try:
            value: object = ryaml.loads(text)  # type: ignore[attr-defined]
            return value
        except ValueError as exc:
            from lisiere.inventory.syntax import read_slowly

            value = read_slowly(name, text, str(exc), self._notes)
            return UNREAD if value is None else value[0]

    def _text(self, name: str) -> str | None:
        if name in self._changed:
            return self._changed[name]
        try:
            content = (self._root / name).read_bytes()
        except FileNotFoundError:
            self._notes.add_line(name, 0, "the file is missing", "every inventory has it, even if its list is empty")
            return None
        except OSError as exc:
            self._notes.add_line(name, 0, f"cannot be read: {exc.strerror}", "check its type and permissions")
            return None
        try:
            return content.decode()
        except UnicodeDecodeError as exc:
            line = content.count(b"\n", 0, exc.start) + 1
            self._notes.add_line(name, line, "this line is not UTF-8 text", "save the file in the encoding UTF-8")
            return None
