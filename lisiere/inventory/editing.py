"""Edits of inventory files that keep comments, order and formatting: of a text, only the lines that say something else.

ruamel.yaml writes both the file as it is and the file as it should be; the difference of the two is carried over to the
text itself. What was written by hand in another way than ruamel.yaml would is thereby left alone.
"""

import re
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from io import StringIO
from itertools import pairwise

import yaml as plain
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from lisiere.inventory.positions import Loader, compose

Change = Callable[[CommentedMap], None]
"""What is done to the tree of a file."""


def rewrite(text: str, change: Change) -> str:
    """The text of a file after a change, all lines that it does not concern as they were."""
    if "\r\n" in text:
        return rewrite(text.replace("\r\n", "\n"), change).replace("\n", "\r\n")
    if not text.endswith("\n"):
        return rewrite(f"{text}\n", change).removesuffix("\n")
    yaml = _yaml(has_start=text.startswith("---"), offset=_offset(text))
    tree = yaml.load(text)
    before = _dump(yaml, tree)
    change(tree)
    after = _dump(yaml, tree)
    if before == after:
        return text
    found = _carried(text.splitlines(keepends=True), before.splitlines(keepends=True), after.splitlines(keepends=True))
    return found if found is not None and _says(found, _value(after)) else after


def rewrite_entry(text: str, key: str, change: Change) -> str:
    """The text after a change to one top-level entry of a mapping; nothing else of a long file is looked at."""
    root = compose(text)
    starts = [node.start_mark.line for node, _ in root.value] if isinstance(root, plain.MappingNode) else []
    names = [node.value for node, _ in root.value] if isinstance(root, plain.MappingNode) else []
    at = names.index(key)
    lines = text.splitlines(keepends=True)
    first, last = starts[at], starts[at + 1] if at + 1 < len(starts) else len(lines)
    return "".join([*lines[:first], rewrite("".join(lines[first:last]), change), *lines[last:]])


def _offset(text: str) -> int:
    """How far the items of a list stand to the right of its key: as in the first list of the text."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for key, item in pairwise(lines):
        if key.rstrip().endswith(":") and (found := re.match(r" *(?=- )", item)) is not None:
            return 0 if len(found[0]) <= len(key) - len(key.lstrip(" -")) else 2
    return 2


def _yaml(*, has_start: bool, offset: int) -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.explicit_start = has_start
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=offset + 2, offset=offset)
    return yaml


def _dump(yaml: YAML, tree: CommentedMap) -> str:
    out = StringIO()
    yaml.dump(tree, out)
    return out.getvalue()


def _value(text: str) -> object:
    return plain.load(text, Loader=Loader)  # noqa: S506 - one of the safe loaders


def _says(text: str, value: object) -> bool:
    """Whether a text says this; one that cannot be read says nothing."""
    try:
        return _value(text) == value
    except plain.YAMLError:
        return False


def _carried(text: Sequence[str], before: Sequence[str], after: Sequence[str]) -> str | None:
    """The text with what differs between two writings of it; None where the text cannot be told apart there."""
    places = _places(text, before)
    found: list[str] = []
    at = 0
    for tag, first, last, start, stop in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        begin, end = places(first), places(last)
        if begin is None or end is None or begin < at:
            return None
        new = list(after[start:stop])
        found += [*text[at:begin], *new, *_comments_left(before[first:last], new)]
        at = end
    return "".join([*found, *text[at:]])


def _comments_left(gone: Sequence[str], new: Sequence[str]) -> list[str]:
    """The comments at the end of lines that go: they speak of what follows."""
    kept: list[str] = []
    for line in reversed(gone):
        if not line.lstrip().startswith("#") or line in new:
            break
        kept.insert(0, line)
    return kept


def _places(text: Sequence[str], before: Sequence[str]) -> Callable[[int], int | None]:
    """Where a border between two lines of the one text is in the other."""
    if list(text) == list(before):
        return lambda border: border
    text, before = ([" ".join(line.split()) for line in lines] for lines in (text, before))
    line_of: dict[int, int] = {-1: -1, len(before): len(text)}
    for block in SequenceMatcher(None, before, text, autojunk=False).get_matching_blocks():
        line_of.update({block.a + step: block.b + step for step in range(block.size)})

    def place(border: int) -> int | None:
        if border - 1 in line_of:
            return line_of[border - 1] + 1
        return line_of.get(border)

    return place
