"""Configuration trees that are never changed in place: an edit copies the path to it and shares the rest."""

import re
import zlib
from functools import lru_cache

from lab.vyos.grammar import Def
from lisiere.configtree import Node, Path, parse_set

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


def names_in_order(node: Node) -> list[str]:
    """The children in the order in which VyOS shows them: by name, numbers by their size."""
    names = list(node.children)
    return sorted(names, key=natural_key) if len(names) > 1 else names


def set_lines(node: Node, prefix: str, out: list[str]) -> None:
    """Add the statements of a tree, in order, each behind a prefix that ends with a blank."""
    for name in names_in_order(node):
        child = node.children[name]
        if child.children:
            set_lines(child, f"{prefix}{name} ", out)
        elif child.values:
            out += [f"{prefix}{name} '{value}'" for value in child.values]
        else:
            out.append(f"{prefix}{name}")


def brace_lines(node: Node, known: Def, indent: str, out: list[str]) -> None:
    """Add a tree in braces, in order; `known` is the node of the grammar that it stands at."""
    for name in names_in_order(node):
        child, below = node.children[name], known.children.get(name, known)
        if below.is_tag:
            for tag in names_in_order(child):
                _block(f"{name} {tag}", child.children[tag], below, indent, out)
        elif child.values:
            out += [f'{indent}{name} "{_escaped(value)}"' for value in child.values]
        elif child.children:
            _block(name, child, below, indent, out)
        else:
            out.append(f"{indent}{name}")


def _block(title: str, node: Node, known: Def, indent: str, out: list[str]) -> None:
    out.append(f"{indent}{title} {{")
    brace_lines(node, known, f"{indent}    ", out)
    out.append(f"{indent}}}")


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"') if "\\" in value or '"' in value else value


@lru_cache(maxsize=65536)
def natural_key(text: str) -> tuple[tuple[int, int | str], ...]:
    """A key that sorts `rule 9` before `rule 10`."""
    return tuple((0, int(part)) if part.isdigit() else (1, part) for part in _NUMBER.split(text) if part)


def pack(node: Node) -> bytes:
    """A tree at rest: `set` text in order, compressed; a fraction of what the tree takes."""
    lines: list[str] = []
    set_lines(node, "set ", lines)
    return zlib.compress("".join(f"{line}\n" for line in lines).encode(), 1)


def unpack(packed: bytes) -> Node:
    """The tree that was packed."""
    return parse_set(set_text(packed))


def set_text(packed: bytes) -> str:
    """The `set` text of a packed tree."""
    return zlib.decompress(packed).decode()


def braces(node: Node, grammar: Def) -> str:
    """The tree as config.boot holds it."""
    lines: list[str] = []
    brace_lines(node, grammar, "", lines)
    return "".join(f"{line}\n" for line in lines)


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


def _copy(node: Node) -> Node:
    copy = Node()
    copy.values = list(node.values)
    copy.children = dict(node.children)
    return copy
