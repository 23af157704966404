"""Edits of the long lists that all territories share: entries come and go, and every other one stays byte for byte.

Such a list is never written anew as a whole: whoever reads the difference of one entry would read all the others.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from io import StringIO
from itertools import accumulate

import yaml
from ruamel.yaml import YAML

from lisiere.errors import DataError, Mistake
from lisiere.inventory.positions import Loader, compose

Entry = str | Mapping[str, object]
"""A name, or a mapping that has one in `id`."""


class UneditableError(DataError):
    """A file is written in a way in which one entry of it cannot be changed alone."""

    def __init__(self, file: str) -> None:
        message = "its entries cannot be changed one by one"
        super().__init__([Mistake(file, 0, message, "write each on lines of its own, without anchors or tags")])
        self.file = file


def edit_entries(text: str, key: str, *, gone: Collection[str], new: Mapping[str, Entry]) -> str:
    """The text of a file whose top-level list at a key loses entries and gets others, each after those before it.

    Args:
        text: The file.
        key: The name of the list; the file is `<key>.yaml`.
        gone: The names of entries that go.
        new: Entries that come, by name.

    Raises:
        UneditableError: That cannot be done without touching another entry.
    """
    try:
        before = _loaded(text)
        wanted = _wanted(before[key], gone, new)
        after = text
        for name in sorted(gone):
            after = _cut(after, key, name)
        for name in sorted(new):
            after = _put(after, key, new[name])
        is_said = _loaded(after) == {**before, key: wanted}
    except (yaml.YAMLError, LookupError, TypeError, ValueError) as exc:
        raise UneditableError(f"{key}.yaml") from exc
    if not is_said:
        raise UneditableError(f"{key}.yaml")
    return after


def entry_lines(entry: Entry, *, before: str = "  - ") -> list[str]:
    """An entry as the lines of a list, the first of which begins with a dash."""
    written = [entry] if isinstance(entry, str) else _dumped(entry).splitlines()
    return [f"{' ' * len(before) if at else before}{line}" for at, line in enumerate(written)]


def _loaded(text: str) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = yaml.load(text, Loader=Loader)  # noqa: S506 - one of the safe loaders
    return found


def _wanted(entries: Sequence[Entry], gone: Collection[str], new: Mapping[str, Entry]) -> list[Entry]:
    found = [one for one in entries if name_of(one) not in gone]
    for name in sorted(new):
        found.insert(_position([name_of(one) for one in found], name), new[name])
    return found


def _position(names: Sequence[str], name: str) -> int:
    """Where a name belongs: after the last one that comes before it."""
    return max((at + 1 for at, other in enumerate(names) if other < name), default=0)


def name_of(entry: Entry) -> str:
    """The name of an entry."""
    return str(entry if isinstance(entry, str) else entry["id"])


class _List:
    """The list at a key as it is written: each entry with where it begins and ends in the text."""

    def __init__(self, text: str, key: str) -> None:
        root = compose(text)
        if not isinstance(root, yaml.MappingNode):
            raise TypeError(key)
        name, self.node = next((name, value) for name, value in root.value if name.value == key)
        if not isinstance(self.node, yaml.SequenceNode):
            raise TypeError(key)
        self.text, self.lines = text, text.splitlines(keepends=True)
        self._starts = [0, *accumulate(map(len, self.lines))]
        self.names = [_named(one) for one in self.node.value]
        self.is_inline = bool(self.node.flow_style)
        self.key_end = self.index(name.end_mark)

    def index(self, mark: yaml.Mark) -> int:
        """Where a mark is in the text."""
        found: int = self._starts[mark.line] + mark.column
        return found

    def between(self) -> str:
        """What stands between the key's colon and the list, comments and all."""
        found = self.text[self.key_end : self.index(self.node.start_mark)]
        return found.removeprefix(":").rstrip(" ")

    def dash(self, at: int) -> str:
        """What stands before an entry on its line: indent, dash, space."""
        mark = self.node.value[at].start_mark
        before: str = self.lines[mark.line][: mark.column]
        if before.strip() != "-":
            raise ValueError(before)
        return before

    def span(self, at: int) -> tuple[int, int]:
        """The lines of an entry that stands on lines of its own, without the comments that follow it."""
        self.dash(at)
        first: int = self.node.value[at].start_mark.line
        follows: int = self.node.value[at + 1].start_mark.line if at + 1 < len(self.names) else self._end()
        while follows > first + 1 and self.lines[follows - 1].strip()[:1] in {"", "#"}:
            follows -= 1
        return first, follows

    def _end(self) -> int:
        line, column = int(self.node.end_mark.line), int(self.node.end_mark.column)
        return min(len(self.lines), line + (column > 0))


def _named(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return next(str(value.value) for name, value in node.value if name.value == "id")
    return str(node.value)


def _cut(text: str, key: str, name: str) -> str:
    here = _List(text, key)
    at = here.names.index(name)
    nodes = here.node.value
    if not here.is_inline:
        first, last = here.span(at)
        rest = "".join(here.lines[last:])
        if len(nodes) == 1:
            return f"{text[: here.key_end]}: []{here.between()}{rest}"
        return "".join(here.lines[:first]) + rest
    if len(nodes) == 1:
        return f"{text[: here.index(here.node.start_mark)]}[]{text[here.index(here.node.end_mark) :]}"
    if at + 1 < len(nodes):
        return text[: here.index(nodes[at].start_mark)] + text[here.index(nodes[at + 1].start_mark) :]
    return text[: here.index(nodes[at - 1].end_mark)] + text[here.index(nodes[at].end_mark) :]


def _put(text: str, key: str, entry: Entry) -> str:
    here = _List(text, key)
    at = _position(here.names, name_of(entry))
    nodes = here.node.value
    if here.is_inline:
        written = entry if isinstance(entry, str) else _inline(entry)
        if not nodes:
            place = here.index(here.node.start_mark) + 1
            return f"{text[:place]}{written}{text[place:]}"
        place = here.index(nodes[at - 1].end_mark if at else nodes[0].start_mark)
        return f"{text[:place]}{f', {written}' if at else f'{written}, '}{text[place:]}"
    line = here.span(at - 1)[1] if at else here.span(0)[0]
    added = [f"{one}{_break(text)}" for one in entry_lines(entry, before=here.dash(max(at - 1, 0)))]
    before = here.lines[:line]
    if before and not before[-1].endswith(("\n", "\r")):
        before[-1] += _break(text)
    return "".join([*before, *added, *here.lines[line:]])


def _break(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _dumped(entry: Mapping[str, object]) -> str:
    writer, out = YAML(), StringIO()
    writer.width = 4096
    writer.dump(entry, out)
    return out.getvalue()


def _inline(entry: Mapping[str, object]) -> str:
    """A mapping on one line; text in double quotes is the same to every reader."""
    words = (
        f"{key}: {json.dumps(one, ensure_ascii=False) if isinstance(one, str) else one}" for key, one in entry.items()
    )
    return "{" + ", ".join(words) + "}"
