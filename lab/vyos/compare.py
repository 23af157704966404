"""The difference of two configurations as VyOS prints it, once in blocks under their path and once as commands.

What VyOS compares are sets: values in another order are no difference here. In commands, removed branches come leaf by
leaf.
"""

from dataclasses import dataclass, field

from lab.vyos.grammar import Def
from lab.vyos.trees import brace_lines, natural_key, set_lines
from lisiere.configtree import Node, Path


@dataclass(slots=True)
class _Found:
    """Changes in the order of VyOS's walk: the mark, the path, and the branch or leaf that came or went."""

    changes: list[tuple[str, Path, Node]] = field(default_factory=list)


def blocks(before: Node, after: Node, *, grammar: Def, level: Path = ()) -> str:
    """What `compare` prints; empty when there is nothing to tell."""
    found = _changes(before, after, level)
    lines: list[str] = []
    above: Path = ()
    for mark, path, node in found:
        if path[:-1] != above:
            above = path[:-1]
            lines.append(f"[{' '.join(above)}]")
        lines += [f"{mark} {line}" for line in _rendered(path, node, grammar)]
    return "".join(f"{line}\n" for line in lines)


def commands(before: Node, after: Node) -> str:
    """What `compare commands` prints: deletions, then settings, each part followed by an end of line of its own."""
    deletions: list[str] = []
    settings: list[str] = []
    for mark, path, node in _changes(before, after, ()):
        lines, verb = (deletions, "delete") if mark == "-" else (settings, "set")
        set_lines(_alone(path, node), f"{verb} {' '.join((*path[:-1], ''))}", lines)
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


def _rendered(path: Path, node: Node, grammar: Def) -> list[str]:
    """One branch in braces, without what is above it."""
    known = grammar
    is_name = False
    for word in path[:-1]:
        is_name = known.is_tag and not is_name
        known = known if is_name else known.children.get(word, known)
    lines: list[str] = []
    if known.is_tag and not is_name:
        known = Def(children={path[-1]: Def(children=known.children)})
    brace_lines(_alone(path, node), known, "", lines)
    return lines


def _alone(path: Path, node: Node) -> Node:
    tree = Node()
    tree.children[path[-1]] = node
    return tree


def starred(path: Path, tags: frozenset[Path]) -> Path:
    """The path with `*` for every name that a user gave."""
    found: Path = ()
    for word in path:
        found = (*found, "*" if found in tags else word)
    return found
