"""Demands on a configuration tree."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from fnmatch import fnmatchcase

from lisiere.compliance.demands import complaint
from lisiere.configtree import Node
from lisiere.model.phrases import Glue, Part, joined, together
from lisiere.model.rule_pack import Condition

MOST_TOLD = 3
"""Places that a reason spells out; the evidence holds all of them."""

Found = Iterator[tuple[tuple[str, ...], Node]]


def judge(conditions: Sequence[Condition], root: Node, *, as_of: date, expected: Collection[str] = ()) -> str | None:
    """Why a configuration does not meet conditions; empty when it does, None when none of them had anything to ask.

    Args:
        conditions: What must be.
        root: The configuration.
        as_of: The day on which dates are judged.
        expected: How paths begin below which the site must have something: where `each` finds nothing there, that is
            told, for what is gone keeps no rule.
    """
    complaints: list[str] = []
    is_asked = False
    for one in conditions:
        places = list(find(root, one.each.split()) if one.each else [((), root)])
        if not places and one.each and one.each.startswith(tuple(expected)):
            is_asked = True
            complaints.append(Part.GONE(path=one.each))
        for place, node in places:
            is_asked = True
            if told := _ask(one, node, as_of=as_of):
                complaints.append(Glue.BELOW(path=place, told=told) if place else told)
    if not is_asked:
        return None
    return together(complaints, most=MOST_TOLD)


def asked_by(conditions: Iterable[Condition]) -> Iterator[str]:
    """How the paths begin that conditions look at, up to the first word that may be any."""
    for one in conditions:
        for path in [one.each] if one.each else [inner.path for inner in (one, *one.any_of)]:
            if path is not None:
                yield re.split(r"[*?]", path, maxsplit=1)[0]


def find(node: Node, words: Sequence[str], above: tuple[str, ...] = ()) -> Found:
    """The nodes at a path with `*` and `**` in it, in the order of the tree."""
    if not words:
        yield above, node
        return
    word, rest = words[0], words[1:]
    if word == "**":
        yield from find(node, rest, above)
        for name, child in node.children.items():
            yield from find(child, words, (*above, name))
    elif "*" in word or "?" in word:
        for name, child in node.children.items():
            if fnmatchcase(name, word):
                yield from find(child, rest, (*above, name))
    elif word in node.children:
        yield from find(node.children[word], rest, (*above, word))


def _ask(condition: Condition, node: Node, *, as_of: date) -> str:
    """What one node lacks."""
    if condition.any_of:
        complaints = [_ask(one, node, as_of=as_of) for one in condition.any_of]
        return "" if "" in complaints else joined(Glue.BOTH, complaints)
    path = condition.path or ""
    found = list(find(node, path.split()))
    if condition.absent:
        return Part.PRESENT(path=found[0][0]) if found else ""
    if not found:
        return "" if condition.optional else Part.MISSING(path=path)
    for place, one in found:
        if told := complaint(condition, values_of(one), as_of=as_of):
            return Glue.BELOW(path=place, told=told)
    return ""


def values_of(node: Node) -> list[str]:
    """What a node says: its values, or the names below it where it has none."""
    return node.values or list(node.children)
