"""How `show` in configuration mode prints a candidate: braces with `+`, `-` or `>` before what changed."""

from collections.abc import Iterator

from lab.vyos.compare import starred
from lab.vyos.trees import natural_key
from lisiere.configtree import Node, Path


def show(before: Node | None, after: Node | None, path: Path, tags: frozenset[Path]) -> str:
    """The text at a path; empty when nothing stands there on either side."""
    if before is None and after is None:
        return ""
    here = starred(path, tags)
    return "".join(f"{line}\n" for line in _lines(before, after, here, tags, 0))


def plain(node: Node, tags: frozenset[Path]) -> str:
    """What `show configuration` prints: the same without the column of marks."""
    return "".join(f"{line[1:]}\n" for line in _lines(node, node, (), tags, 0))


def _lines(before: Node | None, after: Node | None, path: Path, tags: frozenset[Path], depth: int) -> Iterator[str]:
    old, new = (before.children if before else {}), (after.children if after else {})
    if path in tags:
        name = path[-1]
        for tag in sorted(old.keys() | new.keys(), key=natural_key):
            yield from _block(f"{name} {tag}", old.get(tag), new.get(tag), (*path, "*"), tags, depth)
        return
    for name in sorted(old.keys() | new.keys(), key=natural_key):
        here = (*path, name)
        one, other = old.get(name), new.get(name)
        if here in tags:
            yield from _lines(one, other, here, tags, depth)
        elif (one and one.values) or (other and other.values):
            yield from _leaf(name, one, other, depth)
        else:
            yield from _block(name, one, other, here, tags, depth)


def _block(
    title: str, old: Node | None, new: Node | None, path: Path, tags: frozenset[Path], depth: int
) -> Iterator[str]:
    mark = "-" if new is None else "+" if old is None else " "
    indent = "    " * depth
    if not (old and old.children) and not (new and new.children):
        yield f"{mark}{indent}{title}" + (" {" if path[-1] == "*" else "")
        if path[-1] == "*":
            yield f"{mark}{indent}}}"
        return
    yield f"{mark}{indent}{title} {{"
    yield from _lines(old, new, path, tags, depth + 1)
    yield f"{mark}{indent}}}"


def _leaf(name: str, old: Node | None, new: Node | None, depth: int) -> Iterator[str]:
    before, after = (old.values if old else []), (new.values if new else [])
    if len(before) == len(after) == 1 and before != after:
        yield f">{'    ' * depth}{name} {_quoted(after[0])}"
        return
    for value in dict.fromkeys((*before, *after)):
        mark = " " if value in before and value in after else "-" if value in before else "+"
        yield f"{mark}{'    ' * depth}{name} {_quoted(value)}"


def _quoted(value: str) -> str:
    return value if value and not any(char.isspace() or char in '{};*"' for char in value) else f'"{value}"'
