"""Where a key or a value stands in a YAML file: worked out by reading it again, with marks."""

from collections.abc import Iterable, Iterator, Sequence

import yaml

from lisiere.inventory.notes import KeyPath

Loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


def compose(text: str) -> yaml.Node | None:
    """The tree of nodes with marks; None for an empty file.

    Raises:
        yaml.YAMLError: The text is no YAML.
    """
    node: yaml.Node | None = yaml.compose(text, Loader=Loader)
    return node


def lines_of(text: str, paths: Sequence[KeyPath]) -> list[int]:
    """The line of each path: of the key for an entry of a mapping, of the item for a list; 0 where there is none.

    A path that leads further than the file goes has the line of the last step that exists.
    """
    try:
        root = compose(text)
    except yaml.YAMLError:
        root = None
    return [0 if root is None else _line(root, path) for path in paths]


def duplicate_keys(root: yaml.Node) -> Iterator[tuple[str, int, int]]:
    """(key, line, line of its first occurrence) for every key that a mapping holds again."""
    for node in _walk(root):
        if isinstance(node, yaml.MappingNode):
            seen: dict[str, int] = {}
            for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
                line = _start(key)
                first = seen.setdefault(str(key.value), line)
                if first != line:
                    yield str(key.value), line, first


def _walk(root: yaml.Node) -> Iterator[yaml.Node]:
    """Every node once, also where an alias names it again."""
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        waiting.extend(_children(node))


def _children(node: yaml.Node) -> Iterable[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return (value for _, value in node.value)
    return node.value if isinstance(node, yaml.SequenceNode) else ()


def _line(node: yaml.Node, path: KeyPath) -> int:
    line = _start(node)
    for step in path:
        found = _step(node, step)
        if found is None:
            return line
        line, node = found
    return line


def _step(node: yaml.Node, step: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        wanted = str(step)
        return next(((_start(key), value) for key, value in node.value if key.value == wanted), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        item = node.value[step]
        return _start(item), item
    return None


def _start(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
