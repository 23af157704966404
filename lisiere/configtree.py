"""Configuration text as a tree: `set` commands and braces in, ordered differences and typed deviations out.

The shape is that of VyOS: nodes have children by name, a leaf has values. In `set` text values stand in single quotes;
names of tags and leaves without a value stand bare. Pure; linear in the length of the text.
"""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from lisiere.errors import DataError, Mistake

Path = tuple[str, ...]
SHOWN_LINES = 3
"""How many statements of a part that is missing or extra a deviation spells out."""

TagPaths = AbstractSet[Path]
"""Paths of the nodes whose children are named by the user, with `*` for such a name on the way."""


class ConfigSyntaxError(DataError):
    """A configuration text is not what it claims to be; `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__([Mistake("configuration", line, message)])
        self.line = line

    def __reduce__(self) -> tuple[type["ConfigSyntaxError"], tuple[int, str]]:
        """Rebuild from the two arguments."""
        return (ConfigSyntaxError, (self.line, self.mistakes[0].message))


class Node:
    """A node: children by name in order of appearance, or the values of a leaf; an empty node is a valueless leaf."""

    __slots__ = ("children", "values")

    def __init__(self) -> None:
        self.children: dict[str, Node] = {}
        self.values: list[str] = []

    def __eq__(self, other: object) -> bool:
        """Equal when every path and the order of values are; the order of children says nothing."""
        return isinstance(other, Node) and self.values == other.values and self.children == other.children

    __hash__ = None  # type: ignore[assignment]

    def child(self, name: str) -> "Node":
        """The child of that name, made when it is missing."""
        found = self.children.get(name)
        if found is None:
            found = self.children[name] = Node()
        return found

    def at(self, path: Path) -> "Node | None":
        """The node at a path, or None."""
        node: Node | None = self
        for word in path:
            node = node.children.get(word) if node is not None else None
        return node


def parse_set(text: str) -> Node:
    """Read `set` commands; blank lines and lines that begin with `#` are passed over.

    Raises:
        ConfigSyntaxError: A line is no `set` command, or its quotes are not closed.
    """
    root = Node()
    parents: dict[str, Node] = {}
    several: list[Node] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("set "):
            if not line or line.isspace() or line.startswith("#"):
                continue
            raise ConfigSyntaxError(number, f"not a set command: {line[:60]!r}")
        path, quote, tail = line.partition("'")
        above, last = _last_word(path)
        if not last:
            raise ConfigSyntaxError(number, "a set command without a path")
        parent = parents.get(above)
        if parent is None:
            parent = parents[above] = _descend(root, above)
        node = parent.child(last)
        if quote:
            value, closing, rest = tail.partition("'")
            if not closing or (rest and not rest.isspace()):
                raise ConfigSyntaxError(number, "a quoted value must end the line")
            _add_value(node, value, several)
    _forget_repeated(several)
    return root


def _last_word(path: str) -> tuple[str, str]:
    """What stands before the last word of a path, and that word; no word when there is only `set`."""
    if not path.isprintable():
        path = " ".join(path.split())  # A tab, say, parts words as a blank does.
    above, _, last = path.rstrip().rpartition(" ")
    return above, last if above else ""


def _descend(root: Node, path: str) -> Node:
    """The node at the path of a `set` command, made when it is missing."""
    node = root
    for word in path.split()[1:]:
        node = node.child(word)
    return node


def _add_value(node: Node, value: str, several: list[Node]) -> None:
    """Add a value to a leaf; leaves with more than one are noted, so that repeated ones can be forgotten at the end."""
    node.values.append(value)
    if len(node.values) == 2:
        several.append(node)


def _forget_repeated(several: list[Node]) -> None:
    for node in several:
        node.values = list(dict.fromkeys(node.values))


def format_set(node: Node) -> str:
    """`set` commands in order of appearance, one per line, ending with a newline; empty text for an empty tree."""
    return "".join(f"{line}\n" for line in set_lines(node))


def set_lines(node: Node, prefix: str = "set") -> Iterator[str]:
    """The `set` commands of a tree."""
    for name, child in node.children.items():
        path = f"{prefix} {name}"
        if child.values:
            for value in child.values:
                yield f"{path} '{value}'"
        elif not child.children:
            yield path
        if child.children:
            yield from set_lines(child, path)


def parse_braces(text: str) -> Node:
    """Read a configuration in braces, as `show configuration` prints it; comments are passed over.

    Raises:
        ConfigSyntaxError: Braces do not match, or a line says nothing.
    """
    root = Node()
    stack = [root]
    several: list[Node] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("//") or (line.startswith("/*") and line.endswith("*/")):
            continue
        if line == "}":
            if len(stack) == 1:
                raise ConfigSyntaxError(number, "a closing brace without an opening one")
            stack.pop()
        elif line.endswith("{"):
            node = stack[-1]
            for word in _unquoted_words(line[:-1], number):
                node = node.child(word)
            stack.append(node)
        else:
            _add_leaf(stack[-1], line, number, several)
    if len(stack) > 1:
        raise ConfigSyntaxError(len(text.splitlines()), f"{len(stack) - 1} closing brace(s) missing at the end")
    _forget_repeated(several)
    return root


def _add_leaf(parent: Node, line: str, number: int, several: list[Node]) -> None:
    name, _, rest = line.partition(" ")
    node = parent.child(name)
    value = rest.strip()
    if not value:
        return
    if value.startswith('"'):
        if len(value) < 2 or not value.endswith('"'):
            raise ConfigSyntaxError(number, "a quoted value must end the line")
        value = value[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    _add_value(node, value, several)


def _unquoted_words(text: str, number: int) -> list[str]:
    words = [word.strip('"') for word in text.split()]
    if not words:
        raise ConfigSyntaxError(number, "an opening brace without a name")
    return words


def format_braces(node: Node, *, tags: TagPaths) -> str:
    """The tree in braces, as a config.boot holds it; `tags` tells which nodes have children named by the user."""
    lines: list[str] = []
    _brace_lines(node, _tag_tree(frozenset(tags)), "", lines)
    return "\n".join([*lines, ""])


class _Tags:
    """What is known of a node: whether its children are named by the user, and what is known of its children."""

    __slots__ = ("children", "is_tag")

    def __init__(self) -> None:
        self.children: dict[str, _Tags] = {}
        self.is_tag = False


_UNKNOWN = _Tags()


@lru_cache(maxsize=8)
def _tag_tree(tags: frozenset[Path]) -> _Tags:
    root = _Tags()
    for path in tags:
        node = root
        for word in path:
            node = node.children.setdefault(word, _Tags())
        node.is_tag = True
    return root


def _brace_lines(node: Node, known: _Tags, indent: str, out: list[str]) -> None:
    for name, child in node.children.items():
        below = known.children.get(name, _UNKNOWN)
        if below.is_tag:
            entries = below.children.get("*", _UNKNOWN)
            for tag, entry in child.children.items():
                _block(f"{name} {tag}", entry, entries, indent, out)
        elif child.values:
            out += [f'{indent}{name} "{_escaped(value)}"' for value in child.values]
        elif child.children:
            _block(name, child, below, indent, out)
        else:
            out.append(f"{indent}{name}")


def _block(title: str, node: Node, known: _Tags, indent: str, out: list[str]) -> None:
    out.append(f"{indent}{title} {{")
    if node.children:
        _brace_lines(node, known, f"{indent}    ", out)
    out.append(f"{indent}}}")


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"') if "\\" in value or '"' in value else value


@dataclass(frozen=True, slots=True)
class Change:
    """A leaf that both sides have, with other values or another order; no values means a leaf without a value."""

    path: Path
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def is_reordered(self) -> bool:
        """The same values in another order."""
        return self.before != self.after and sorted(self.before) == sorted(self.after)


@dataclass(frozen=True, slots=True)
class Part:
    """A subtree that only one side has, at its highest path."""

    path: Path
    node: Node = field(repr=False)

    def lines(self, depth: int = 0) -> tuple[str, ...]:
        """Its statements, without the first words of the path; a part is never empty."""
        stem = " ".join(self.path[depth:])
        return tuple(set_lines(self.node, stem)) if self.node.children else tuple(_leaf_lines(stem, self.node.values))


@dataclass(frozen=True, slots=True)
class Difference:
    """What turns one tree into another: parts that go, parts that come, leaves that change."""

    removed: tuple[Part, ...]
    added: tuple[Part, ...]
    changes: tuple[Change, ...]
    lines_before: int

    @property
    def is_empty(self) -> bool:
        """True when the trees are equal."""
        return not (self.removed or self.added or self.changes)

    @property
    def deleted_share(self) -> float:
        """Part of the lines before that are gone after, 0 to 1."""
        gone = sum(len(part.lines()) for part in self.removed)
        gone += sum(len(set(one.before) - set(one.after)) or (not one.before) for one in self.changes)
        return min(gone / self.lines_before, 1.0) if self.lines_before else 0.0

    def commands(self) -> tuple[str, ...]:
        """The fewest `delete` and `set` commands that turn before into after; deletions first."""
        removed = (f"delete {' '.join(part.path)}" for part in self.removed)
        added = (f"set {line}" for part in self.added for line in part.lines())
        return (*removed, *self._deletions(), *self._settings(), *added)

    def text(self) -> str:
        """For people: `[path]` headers with `- ` and `+ ` lines, in the manner of VyOS' compare. Empty when equal."""
        blocks: dict[Path, list[str]] = {}
        for mark, parts in (("-", self.removed), ("+", self.added)):
            for part in parts:
                depth = len(part.path) - 1
                blocks.setdefault(part.path[:-1], []).extend(f"{mark} {line}" for line in part.lines(depth))
        for one in self.changes:
            lines = blocks.setdefault(one.path[:-1], [])
            lines += _marked("-", one.path[-1], one.before, besides=one.after)
            lines += _marked("+", one.path[-1], one.after, besides=one.before)
        shown = (f"[{' '.join(path)}]\n" + "".join(f"{line}\n" for line in lines) for path, lines in blocks.items())
        return "\n".join(shown)

    def _deletions(self) -> Iterator[str]:
        for one in self.changes:
            path = " ".join(one.path)
            if _is_rewritten(one) or not one.before:
                yield f"delete {path}"
            else:
                yield from (f"delete {path} '{value}'" for value in _besides(one.before, one.after))

    def _settings(self) -> Iterator[str]:
        for one in self.changes:
            path = " ".join(one.path)
            if not one.after:
                yield f"set {path}"
            fresh = one.after if _is_rewritten(one) else _besides(one.after, one.before)
            yield from (f"set {path} '{value}'" for value in fresh)


def _is_rewritten(one: Change) -> bool:
    """True when appending the new values after those that stay would not give the wanted order."""
    if not (one.before and one.after):
        return False
    gone = set(one.before).difference(one.after)
    kept = tuple(value for value in one.before if value not in gone)
    fresh = _besides(one.after, one.before)
    return kept + fresh != one.after


def _leaf_lines(stem: str, values: Sequence[str]) -> Iterator[str]:
    if not values:
        yield stem
    yield from (f"{stem} '{value}'" for value in values)


def _marked(mark: str, name: str, values: Sequence[str], *, besides: Sequence[str]) -> list[str]:
    if not values:
        return [f"{mark} {name}"]
    is_order_only = sorted(values) == sorted(besides)
    shown = values if is_order_only else _besides(values, besides)
    return [f"{mark} {name} '{value}'" for value in shown]


def _besides(values: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    """The values that are not among the others, in their order."""
    known = set(others)
    return tuple(value for value in values if value not in known)


def difference(before: Node, after: Node) -> Difference:
    """The exact difference of two trees, in the order of `before` for what goes and of `after` for what comes."""
    removed: list[Part] = []
    added: list[Part] = []
    changes: list[Change] = []
    _walk(before, after, (), removed, added, changes)
    return Difference(tuple(removed), tuple(added), tuple(changes), sum(1 for _ in set_lines(before)))


def _walk(
    before: Node,
    after: Node,
    path: Path,
    removed: list[Part],
    added: list[Part],
    changes: list[Change],
) -> None:
    for name, old in before.children.items():
        new = after.children.get(name)
        if new is None:
            removed.append(Part((*path, name), old))
        elif old != new:
            here = (*path, name)
            if old.values != new.values or _is_bare(old) or _is_bare(new):
                changes.append(Change(here, tuple(old.values), tuple(new.values)))
            _walk(old, new, here, removed, added, changes)
    added += [Part((*path, name), new) for name, new in after.children.items() if name not in before.children]


def _is_bare(node: Node) -> bool:
    return not node.values and not node.children


class Reason(StrEnum):
    """Why a running configuration is not as intended."""

    MISSING = "missing"
    EXTRA = "extra"
    CHANGED = "changed"
    REORDERED = "reordered"
    UNPARSABLE = "unparsable"


@dataclass(frozen=True, slots=True)
class Deviation:
    """One place where the running configuration deviates, at its highest path; "" on a side that has nothing there."""

    reason: Reason
    path: Path
    intended: str
    running: str


def deviations(intended: str, running: str, *, ignore: Iterable[Path] = ()) -> tuple[Deviation, ...]:
    """Every deviation of a running `set` text from the intended one, by path.

    Args:
        intended: What should run.
        running: What runs.
        ignore: Paths that no intent speaks of; `*` stands for any word.

    Returns:
        Empty when nothing deviates; a single `unparsable` when the running text cannot be read.

    Raises:
        ConfigSyntaxError: The intended text cannot be read.
    """
    wanted = parse_set(intended)
    try:
        found = parse_set(running)
    except ConfigSyntaxError as exc:
        return (Deviation(Reason.UNPARSABLE, (), "", str(exc)),)
    difference_found = difference(without(found, ignore), wanted)
    extra = (Deviation(Reason.EXTRA, part.path, "", _summary(part)) for part in difference_found.removed)
    missing = (Deviation(Reason.MISSING, part.path, _summary(part), "") for part in difference_found.added)
    changed = map(_deviation, difference_found.changes)
    return tuple(sorted((*extra, *missing, *changed), key=lambda one: one.path))


def _deviation(one: Change) -> Deviation:
    reason = Reason.REORDERED if one.is_reordered else Reason.CHANGED
    return Deviation(reason, one.path, ", ".join(one.after), ", ".join(one.before))


def _summary(part: Part) -> str:
    """The values of a leaf, or the first statements below a path and how many there are."""
    if not part.node.children:
        return ", ".join(part.node.values)
    lines = part.lines(len(part.path))
    shown = "; ".join(line.strip() for line in lines[:SHOWN_LINES])
    return shown if len(lines) <= SHOWN_LINES else f"{shown}; … ({len(lines)} statements)"


def without(node: Node, patterns: Iterable[Path]) -> Node:
    """The tree without the paths that match a pattern; untouched parts are shared, the given tree is not changed."""
    found = node
    for pattern in patterns:
        found = _without(found, pattern)
    return found


def _without(node: Node, pattern: Path) -> Node:
    head, rest = pattern[0], pattern[1:]
    names = [name for name in node.children if head in ("*", name)]
    if not names:
        return node
    copy = Node()
    copy.values = node.values
    copy.children = dict(node.children)
    for name in names:
        if rest:
            copy.children[name] = _without(node.children[name], rest)
        else:
            del copy.children[name]
    return copy
