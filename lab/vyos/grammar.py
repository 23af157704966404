"""The configuration grammar: which paths there are, of what kind, and what values they take. Data: grammar.txt."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from lab.vyos.values import complaint, fits

DATA = Path(__file__).with_name("grammar.txt")
RELEASES = ("1.4", "1.5")


@dataclass(slots=True, eq=False)
class Def:
    """One node of the grammar.

    `kinds` are the kinds of value of a leaf, or of the names below a tag node; empty where anything goes. `owner` is
    the priority of the script that carries out changes here, None where a node above has one.
    """

    is_leaf: bool = False
    is_tag: bool = False
    is_multi: bool = False
    is_valueless: bool = False
    kinds: tuple[str, ...] = ()
    owner: int | None = None
    children: dict[str, "Def"] = field(default_factory=dict)

    def accepts(self, value: str) -> bool:
        """Whether a value, or the name of a tag, is of one of the kinds."""
        return not self.kinds or any(fits(kind, value) for kind in self.kinds)

    def complaint(self, value: str) -> str:
        """What VyOS says of a value that is not accepted."""
        return complaint(self.kinds, value)


@dataclass(slots=True)
class _Reading:
    """What is known while the file is read: blocks that can be taken in, and where each level of indentation stands."""

    release: str
    root: Def = field(default_factory=Def)
    blocks: dict[str, Def] = field(default_factory=dict)
    stack: list[tuple[int, Def | None]] = field(default_factory=list)


@cache
def grammar(release: str) -> Def:
    """The grammar of a release, shared by every appliance that runs it."""
    reading = _Reading(release)
    for line in DATA.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            _read_line(reading, line)
    return reading.root


def _read_line(reading: _Reading, line: str) -> None:
    words = line.split()
    depth = len(line) - len(line.lstrip())
    if words[0] == "%block":
        block = reading.blocks[words[1]] = Def()
        reading.stack = [(-1, block)]
        return
    if words[0] == "%root":
        reading.stack = [(-1, reading.root)]
        return
    while reading.stack[-1][0] >= depth:
        reading.stack.pop()
    parent = reading.stack[-1][1]
    if parent is None or any(word.startswith("@") and word != f"@{reading.release}" for word in words):
        reading.stack.append((depth, None))
    elif words[0].startswith("&"):
        parent.children.update(reading.blocks[words[0][1:]].children)
    else:
        node = parent.children[words[0]] = _node(words[1:])
        reading.stack.append((depth, node))


def _node(words: Sequence[str]) -> Def:
    node = Def()
    for word in words:
        if word == "*":
            node.is_tag = True
        elif word == "+":
            node.is_multi = True
        elif word == "!":
            node.is_leaf = node.is_valueless = True
        elif word.startswith("^"):
            node.owner = int(word[1:])
        elif word.startswith("="):
            node.kinds = tuple(word[1:].split(",")) if word != "=text" else ()
            node.is_leaf = not node.is_tag
    return node


@cache
def tag_paths(release: str) -> frozenset[tuple[str, ...]]:
    """Paths of the tag nodes, `*` standing for a name given by the user."""
    return frozenset(_tags(grammar(release), ()))


def _tags(node: Def, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, child in node.children.items():
        here = (*path, name)
        if child.is_tag:
            yield here
        yield from _tags(child, (*here, "*") if child.is_tag else here)
