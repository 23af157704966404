"""Intended against running: the one comparison that planning, applying and verification share."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from lisiere.configtree import Difference, difference, parse_set
from lisiere.workflow import bundles
from lisiere.workflow.bundles import Changes

OWN_LEAVES = (("interfaces", "ethernet", "*", "hw-id"),)
"""What an appliance writes into its configuration by itself; no intent speaks of it (VyOS: the MAC of each port)."""
_OWN_WORDS = tuple(path[-1] for path in OWN_LEAVES)
_OWN_LINE = re.compile(
    "|".join(
        f"set {' '.join(r'[^ ]+' if word == '*' else re.escape(word) for word in path)}(?: |$)" for path in OWN_LEAVES
    )
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far a running configuration is from the intended one."""

    is_empty: bool
    deleted_share: float
    summary: str


def compare(*, running: str, intended: str) -> Comparison:
    """Compare two configurations; what appliances write by themselves does not count."""
    found = changes(running=running, intended=intended)
    if found is None:
        return Comparison(is_empty=True, deleted_share=0.0, summary="")
    commands = found.commands()
    shown = "; ".join(commands[:3]) + ("; …" if len(commands) > 3 else "")
    return Comparison(is_empty=found.is_empty, deleted_share=found.deleted_share, summary=shown)


def changes(*, running: str, intended: str) -> Difference | Changes | None:
    """What turns a running text into the intended one; None when they say the same.

    The trees are made of the lines that differ, and of those that stand beside them; the answer is that of whole trees,
    and mostly thirty times as fast.

    Raises:
        ConfigSyntaxError: A line that matters is no `set` command, or only one of them is a bundle of files.
    """
    if bundles.is_bundle(running) or bundles.is_bundle(intended):
        return None if running == intended else bundles.changes(running=running, intended=intended)
    old, new = own_lines(running), intended.splitlines()
    if old == new:
        return None
    before, after = frozenset(old), frozenset(new)
    common = before & after
    if not _keeps_order(old, new, common):
        return difference(parse_set("\n".join(old)), parse_set(intended))
    if before == after:
        return None
    kept = _beside(before ^ after, common)
    trees = (parse_set("\n".join(line for line in lines if line in kept)) for lines in (old, new))
    return replace(difference(*trees), lines_before=len(old))


def is_same(*, running: str, intended: str) -> bool:
    """Whether two texts say the same, line for line; far faster than their trees, and never wrongly True.

    Lines may come in any order, but the values of one leaf must keep theirs.
    """
    if bundles.is_bundle(running) or bundles.is_bundle(intended):
        return running == intended
    old, new = own_lines(running), intended.splitlines()
    if old == new:
        return True
    return len(old) == len(new) and set(old) == set(new) and _in_order(old) == _in_order(new)


def is_saved(*, running: str, saved: str) -> bool:
    """Whether the configuration that the next start takes is the one that runs."""
    if bundles.is_bundle(running):
        return bundles.meant(running) == saved
    return difference(parse_set(saved), parse_set(running)).is_empty


def own_lines(running: str) -> list[str]:
    """The lines of a running `set` text without what its appliance writes by itself."""
    lines = running.splitlines()
    for word in _OWN_WORDS:
        if word in running:
            lines = [line for line in lines if word not in line or not _OWN_LINE.match(line)]
    return lines


def without_own(running: str) -> str:
    """A running text without what its appliance writes by itself: what could be intended."""
    if bundles.is_bundle(running):
        return bundles.meant(running)
    return "".join(f"{line}\n" for line in own_lines(running))


def _keeps_order(old: Sequence[str], new: Sequence[str], common: frozenset[str]) -> bool:
    """Whether the values that leaves have on both sides come in the same order."""
    before = [line for line in old if line in common]
    after = [line for line in new if line in common]
    return before == after or _in_order(before) == _in_order(after)


def _in_order(lines: Sequence[str]) -> list[str]:
    """The lines of leaves with several values, leaf by leaf, the values of each as they come."""
    paths = [_path(line) for line in lines]
    several = {path for path, count in Counter(paths).items() if count > 1}
    return sorted((line for line, path in zip(lines, paths, strict=True) if path in several), key=_path)


def _beside(differing: frozenset[str], common: frozenset[str]) -> frozenset[str]:
    """The lines that differ, the other values of their leaves, and for each node above them one line that stays in it.

    That is all that decides what of a tree is gone, has come or has changed: no other node holds a difference.
    """
    ordered = sorted(common)
    kept = set(differing)
    paths = {_path(line) for line in differing}
    for path in paths:
        kept.update(_below(f"{path} '", ordered))
    for node in {path[: at.start()] for path in paths for at in re.finditer(" ", path)} | paths:
        if node in common:
            kept.add(node)
        kept.update(islice(_below(f"{node} ", ordered), 1))
    return frozenset(kept)


def _below(stem: str, ordered: Sequence[str]) -> Iterator[str]:
    """The lines that begin with a stem."""
    at = bisect_left(ordered, stem)
    while at < len(ordered) and ordered[at].startswith(stem):
        yield ordered[at]
        at += 1


def _path(line: str) -> str:
    return line.partition(" '")[0]
