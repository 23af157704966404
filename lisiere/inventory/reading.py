"""Files of the inventory: bytes to text to plain values, fast where all is well and exact where it is not."""

import re
from pathlib import Path

import ryaml
import yaml

from lisiere.inventory.notes import Notebook, Place
from lisiere.inventory.positions import compose, duplicate_keys

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


class Unread:
    """Stands for the content of a file that could not be read; the mistake is noted already."""


UNREAD = Unread()


class Reader:
    """Reads files under the root of an inventory and keeps their texts for the lines of mistakes."""

    def __init__(self, root: Path, notes: Notebook) -> None:
        self._root, self._notes = root, notes
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
            return self._read_slowly(name, text, problem=str(exc))

    def _text(self, name: str) -> str | None:
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

    def _read_slowly(self, name: str, text: str, *, problem: str) -> object:
        """Say what is wrong with a file. One whose only fault is a doubled key is still checked further."""
        try:
            root = compose(text)
        except yaml.MarkedYAMLError as exc:
            self._notes.add_line(name, _problem_line(exc), f"not YAML: {exc.problem or 'syntax error'}", _advice(exc))
            return UNREAD
        except yaml.YAMLError:
            self._notes.add_line(name, 0, "holds a character that YAML forbids", "remove control characters")
            return UNREAD
        doubles = [] if root is None else list(duplicate_keys(root))
        for key, line, first in doubles:
            self._notes.add_line(name, line, f"key {key!r} stands in line {first} already", "keep one of the two")
        if root is None or not doubles:
            self._notes.add(Place(name), f"not YAML: {problem}", "correct the syntax")
            return UNREAD
        return _plain(root)


def _problem_line(exc: yaml.MarkedYAMLError) -> int:
    mark = exc.problem_mark or exc.context_mark
    return mark.line + 1 if mark else 0


def _advice(exc: yaml.MarkedYAMLError) -> str:
    if "tab" in (exc.problem or "") or "\\t" in (exc.problem or ""):
        return "indent with spaces"
    if exc.context_mark and exc.problem_mark and exc.context_mark.line != exc.problem_mark.line:
        return f"what is read here begins in line {exc.context_mark.line + 1}"
    return "correct the syntax; indentation, quotes and brackets are the usual suspects"


def _plain(node: yaml.Node) -> object:
    """Nodes to plain values the way the fast reader does it: dates and odd numbers stay text, later keys win."""
    if isinstance(node, yaml.MappingNode):
        return {_plain(key): _plain(value) for key, value in node.value if isinstance(key, yaml.ScalarNode)}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    text = str(node.value)
    if not isinstance(node, yaml.ScalarNode) or node.style in {"'", '"', "|", ">"}:
        return text
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    return int(text) if _INTEGER.fullmatch(text) else text
