"""The difference of two configurations as VyOS prints it, once in blocks under their path and once as commands.

What VyOS compares are sets: values in another order are no difference here. In commands, removed branches come leaf by
leaf.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from lab.vyos.trees import leaves, natural_key, ordered
from lisiere.configtree import Node, Path, format_braces


@dataclass(slots=True)
class _Found:
    """Changes in the order of VyOS's walk: the mark, the path, and the branch or leaf that came or went."""

    changes: list[tuple[str, Path, Node]] = field(default_factory=list)


def blocks(before: Node, after: Node, *, tags: frozenset[Path], level: Path = ()) -> str:
    """What `compare` prints; empty when there is nothing to tell."""
    found = _changes(before, after, level)
    lines: list[str] = []
    above: Path = ()
    for mark, path, node in found:
        if path[:-1] != above:
            above = path[:-1]
            lines.append(f"[{' '.join(above)}]")
        lines += [f"{mark} {line}" for line in _rendered(path, node, tags) if line]
    return "".join(f"{line}\n" for line in lines)


def commands(before: Node, after: Node) -> str:
    """What `compare commands` prints: deletions, then settings, each part followed by an end of line of its own."""
    deletions: list[str] = []
    settings: list[str] = []
    for mark, path, node in _changes(before, after, ()):
        lines, verb = (deletions, "delete") if mark == "-" else (settings, "set")
        lines += [f"{verb} {line}" for line in _written(path, ordered(node))]
    return "\n".join(deletions) + "\n" + "\n".join(settings) + "\n"


def _changes(before: Node, after: Node, level: Path) -> list[tuple[str, Path, Node]]:
    old, new = before.at(level), after.at(level)
    found = _Found()
    _walk(old or Node(), new or Node(), level, found)
    return found.changes


def _walk(before: Node, after: Node, path: Path, found: _Found) -> None:
    for name in sorted(before.children):
        old, new = before.children[name], after.children.get(name)
        here = (*path, name)
        if new is None:
            found.changes.append(("-", here, old))
        elif new is not old and new != old:
            if old.values != new.values:
                _compare_values(here, old, new, found)
            else:
                _walk(old, new, here, found)
    for name in sorted(after.children.keys() - before.children.keys()):
        found.changes.append(("+", (*path, name), after.children[name]))


def _compare_values(path: Path, old: Node, new: Node, found: _Found) -> None:
    for mark, values in (("-", set(old.values) - set(new.values)), ("+", set(new.values) - set(old.values))):
        if values:
            leaf = Node()
            leaf.values = sorted(values, key=natural_key)
            found.changes.append((mark, path, leaf))


def _rendered(path: Path, node: Node, tags: frozenset[Path]) -> list[str]:
    """One branch in braces, without what is above it."""
    tree = Node()
    tree.children[path[-1]] = ordered(node)
    here = starred(path, tags)
    depth = len(here) - 1
    below = frozenset(
        tag[depth:] for tag in tags if tag[:depth] == here[:depth] and (here[-1] != "*" or tag != here[:-1])
    )
    if here[-1] == "*":
        below = frozenset((path[-1], *tag[1:]) for tag in below if tag[:1] == ("*",))
    return format_braces(tree, tags=below).splitlines()


def starred(path: Path, tags: frozenset[Path]) -> Path:
    """The path with `*` for every name that a user gave."""
    found: Path = ()
    for word in path:
        found = (*found, "*" if found in tags else word)
    return found


def _written(path: Path, node: Node) -> Iterator[str]:
    if not node.children:
        yield from _leaf(path, node)
    for below, leaf in leaves(node, path):
        yield from _leaf(below, leaf)


def _leaf(path: Path, leaf: Node) -> Iterator[str]:
    words = " ".join(path)
    yield from (f"{words} '{value}'" for value in leaf.values) if leaf.values else (words,)
