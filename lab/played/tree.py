"""Trees that share what did not change: a change copies the nodes on its way and nothing else."""

from collections.abc import Iterator, Sequence
from sys import intern

from lab.played.grammar import Rule
from lisiere.configtree import Node


def copied(node: Node) -> Node:
    """A copy of one node; its children are shared."""
    found = Node()
    found.values = list(node.values)
    found.children = dict(node.children)
    return found


def with_set(root: Node, path: Sequence[str], value: str | None, *, is_multi: bool) -> Node:
    """The tree with a leaf set: a single value is replaced, of several one is added."""
    new = copied(root)
    node = new
    for word in path:
        child = node.children.get(word)
        node.children[intern(word)] = child = copied(child) if child is not None else Node()
        node = child
    if value is not None and value not in node.values:
        node.values = [*node.values, intern(value)] if is_multi else [intern(value)]
    return new


def with_delete(root: Node, path: Sequence[str], value: str | None) -> Node | None:
    """The tree without a path, or without one value of a leaf; empty nodes above go too. None when nothing is there."""
    word, rest = path[0], path[1:]
    child = root.children.get(word)
    if child is None:
        return None
    if rest:
        below = with_delete(child, rest, value)
        if below is None:
            return None
    elif value is not None:
        if value not in child.values:
            return None
        below = copied(child)
        below.values.remove(value)
    else:
        below = Node()
    new = copied(root)
    if below.values or below.children:
        new.children[word] = below
    else:
        del new.children[word]
    return new


def with_subtree(root: Node, path: Sequence[str], subtree: Node | None) -> Node:
    """The tree with one subtree in place of what is there; None takes it away."""
    new = copied(root)
    if len(path) == 1:
        new.children.pop(path[0], None)
        if subtree is not None:
            new.children[path[0]] = subtree
        return new
    below = with_subtree(root.children.get(path[0], Node()), path[1:], subtree)
    new.children.pop(path[0], None)
    if below.children or below.values:
        new.children[path[0]] = below
    return new


def known_part(node: Node, rule: Rule) -> Node:
    """What the grammar knows of a tree, as `load` does: unknown nodes vanish, values are taken as they are."""
    found = Node()
    found.values = [intern(value) for value in node.values]
    for name, child in node.children.items():
        if rule.is_tag:
            found.children[intern(name)] = _below_tag(child, rule)
        elif (below := rule.children.get(name)) is not None:
            found.children[intern(name)] = _tag_or_node(child, below)
    return found


def _tag_or_node(node: Node, rule: Rule) -> Node:
    if not rule.is_tag:
        return known_part(node, rule)
    found = Node()
    found.children = {intern(name): _below_tag(child, rule) for name, child in node.children.items()}
    found.children |= {intern(name): Node() for name in node.values if name not in found.children}
    return found


def _below_tag(node: Node, rule: Rule) -> Node:
    return known_part(node, Rule(children=rule.children))


def in_order(node: Node) -> Node:
    """The tree as VyOS lists it: children by name, numbers by value; the order of values stays."""
    found = Node()
    found.values = node.values
    found.children = {name: in_order(node.children[name]) for name in sorted(node.children, key=_natural)}
    return found


def _natural(name: str) -> tuple[int, int, str]:
    return (0, int(name), name) if name.isdecimal() else (1, 0, name)


def comparison(before: Node, after: Node, rule: Rule) -> str:
    """What `compare` prints: headers of paths, then lines and blocks with a mark."""
    blocks = list(_blocks(before, after, rule, ()))
    return "\n".join(f"[{' '.join(path)}]\n" + "\n".join(lines) for path, lines in blocks)


def _blocks(
    before: Node, after: Node, rule: Rule, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    lines: list[str] = []
    deeper: list[str] = []
    for name in sorted({*before.children, *after.children}, key=_natural):
        old, new = before.children.get(name), after.children.get(name)
        if old == new:
            continue
        below = _rule_below(rule, name)
        if old is not None and new is not None and not (below.is_leaf or old.values or new.values):
            deeper.append(name)
            continue
        if old is not None and new is not None and sorted(old.values) != sorted(new.values):
            lines += [f'- {name} "{value}"' for value in old.values if value not in new.values]
            lines += [f'+ {name} "{value}"' for value in new.values if value not in old.values]
            continue
        lines += _marked("-", name, old, below)
        lines += _marked("+", name, new, below)
    if lines:
        yield path, lines
    for name in deeper:
        old, new = before.children[name], after.children[name]
        yield from _blocks(old, new, _rule_below(rule, name), (*path, name))


def _rule_below(rule: Rule, name: str) -> Rule:
    if rule.is_tag:
        return Rule(children=rule.children)
    return rule.children.get(name, Rule())


def _marked(mark: str, name: str, node: Node | None, rule: Rule) -> list[str]:
    return [] if node is None else [f"{mark} {line}" for line in braces(name, node, rule)]


def braces(name: str, node: Node, rule: Rule, depth: int = 0) -> Iterator[str]:
    """A node as lines in braces."""
    indent = "    " * depth
    if rule.is_tag:
        for tag, child in sorted(node.children.items(), key=lambda item: _natural(item[0])):
            yield from _braced(f"{name} {tag}", child, Rule(children=rule.children), depth)
    elif node.values:
        yield from (f'{indent}{name} "{value}"' for value in node.values)
    elif node.children:
        yield from _braced(name, node, rule, depth)
    else:
        yield f"{indent}{name}" + ("" if rule.is_leaf else " {\n" + indent + "}")


def _braced(title: str, node: Node, rule: Rule, depth: int) -> Iterator[str]:
    indent = "    " * depth
    yield f"{indent}{title} {{"
    for name, child in sorted(node.children.items(), key=lambda item: _natural(item[0])):
        yield from braces(name, child, _rule_below(rule, name), depth + 1)
    yield f"{indent}}}"
