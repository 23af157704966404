"""Configuration trees that are never changed in place: an edit copies the path to it and shares the rest."""

import re
import zlib
from collections.abc import Iterator
from functools import lru_cache

from lab.vyos.grammar import Def
from lisiere.configtree import Node, Path, format_braces, format_set, parse_set

_NUMBER = re.compile(r"(\d+)")


def put(root: Node, path: Path, value: str | None = None, *, collect: bool = False) -> Node:
    """The tree with a node at a path, and a value in it: collected after those there are, or in their place."""
    copy = _copy(root)
    if path:
        head, *rest = path
        copy.children[head] = put(root.children.get(head) or Node(), tuple(rest), value, collect=collect)
    elif value is not None:
        copy.values = [*copy.values, value] if collect else [value]
    return copy


def drop(root: Node, path: Path, value: str | None = None) -> Node:
    """The tree without a node, or without one of its values (and without the node when that was the last)."""
    copy = _copy(root)
    head, *rest = path
    child = root.children[head]
    if rest:
        copy.children[head] = drop(child, tuple(rest), value)
    elif value is not None and len(child.values) > 1:
        copy.children[head] = _copy(child)
        copy.children[head].values.remove(value)
    else:
        del copy.children[head]
    return copy


def graft(root: Node, path: Path, branch: Node | None) -> Node:
    """The tree with another branch at a path; None takes it away."""
    if not path:
        return branch or Node()
    head, *rest = path
    child = root.children.get(head)
    if rest:
        below: Node | None = graft(child or Node(), tuple(rest), branch)
        if branch is None and (child is None or (below is not None and not below.children and not below.values)):
            below = None
    else:
        below = branch
    copy = _copy(root)
    if below is None:
        copy.children.pop(head, None)
    else:
        copy.children[head] = below
    return copy


def ordered(node: Node) -> Node:
    """The tree with children in the order in which VyOS shows them: by name, numbers by their size."""
    copy = Node()
    copy.values = node.values
    for name in sorted(node.children, key=natural_key):
        child = node.children[name]
        copy.children[name] = ordered(child) if child.children else child
    return copy


@lru_cache(maxsize=65536)
def natural_key(text: str) -> tuple[tuple[int, int | str], ...]:
    """A key that sorts `rule 9` before `rule 10`."""
    return tuple((0, int(part)) if part.isdigit() else (1, part) for part in _NUMBER.split(text) if part)


def pack(node: Node) -> bytes:
    """A tree at rest: ordered `set` text, compressed; a fraction of what the tree takes."""
    return zlib.compress(format_set(ordered(node)).encode(), 1)


def unpack(packed: bytes) -> Node:
    """The tree that was packed."""
    return parse_set(set_text(packed))


def set_text(packed: bytes) -> str:
    """The `set` text of a packed tree."""
    return zlib.decompress(packed).decode()


def braces(node: Node, tags: frozenset[Path]) -> str:
    """The tree as config.boot holds it."""
    return format_braces(ordered(node), tags=tags)


def pruned(node: Node, grammar: Def) -> Node:
    """The tree without what the grammar does not know, as `load` leaves it: no word about it, bad values kept."""
    copy = Node()
    for name, child in node.children.items():
        known = grammar.children.get(name)
        if known is None:
            continue
        if known.is_tag:
            entry = Node()
            entry.children = {tag: pruned(below, known) for tag, below in child.children.items()}
            if not entry.children:
                continue
        elif known.is_leaf:
            entry = _leaf(child, known)
            if not entry.values and not known.is_valueless:
                continue
        else:
            entry = pruned(child, known)
        copy.children[name] = entry
    return copy


def _leaf(node: Node, known: Def) -> Node:
    leaf = Node()
    if not known.is_valueless:
        values = [*node.values, *node.children]
        leaf.values = values if known.is_multi else values[-1:]
    return leaf


def leaves(node: Node, path: Path = ()) -> Iterator[tuple[Path, Node]]:
    """Every node without children, with its path."""
    for name, child in node.children.items():
        if child.children:
            yield from leaves(child, (*path, name))
        else:
            yield (*path, name), child


def _copy(node: Node) -> Node:
    copy = Node()
    copy.values = list(node.values)
    copy.children = dict(node.children)
    return copy
