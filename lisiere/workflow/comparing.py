"""Intended against running: the one comparison that planning, applying and verification share."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from operator import itemgetter

from lisiere.configtree import difference, parse_set, without

OWN_LEAVES = (("interfaces", "ethernet", "*", "hw-id"),)
"""What an appliance writes into its configuration by itself; no intent speaks of it (VyOS: the MAC of each port)."""


_OWN_LINE = re.compile(
    "|".join(
        f"set {' '.join(r'[^ ]+' if word == '*' else re.escape(word) for word in path)}(?: |$)" for path in OWN_LEAVES
    )
)
_OWN_STARTS = tuple(f"set {' '.join(path[: path.index('*')])} " for path in OWN_LEAVES)


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far a running configuration is from the intended one."""

    is_empty: bool
    deleted_share: float
    summary: str


def compare(*, running: str, intended: str) -> Comparison:
    """Compare two `set` texts as trees; what appliances write by themselves does not count."""
    if is_same(running=running, intended=intended):
        return Comparison(is_empty=True, deleted_share=0.0, summary="")
    found = difference(without(parse_set(running), OWN_LEAVES), parse_set(intended))
    commands = found.commands()
    shown = "; ".join(commands[:3]) + ("; …" if len(commands) > 3 else "")
    return Comparison(is_empty=found.is_empty, deleted_share=found.deleted_share, summary=shown)


def is_same(*, running: str, intended: str) -> bool:
    """Whether two `set` texts say the same, line for line; ten times faster than their trees, and never wrongly True.

    Lines may come in any order, but the values of one leaf must keep theirs.
    """
    own = [line for line in running.splitlines() if not (line.startswith(_OWN_STARTS) and _OWN_LINE.match(line))]
    wanted = intended.splitlines()
    if len(own) != len(wanted) or set(own) != set(wanted):
        return False
    paths = [line.partition(" '")[0] for line in own]
    several = {path for path, count in Counter(paths).items() if count > 1}
    return not several or _values_of(several, own) == _values_of(several, wanted)


def without_own(text: str) -> str:
    """A running `set` text without what its appliance wrote by itself: what could be intended."""
    return "".join(f"{line}\n" for line in text.splitlines() if not _OWN_LINE.match(line))


def _values_of(paths: AbstractSet[str], lines: Sequence[str]) -> list[tuple[str, str]]:
    """The lines of some leaves, leaf by leaf, the values of each in their order."""
    split = ((line.partition(" '")[0], line) for line in lines)
    return sorted((one for one in split if one[0] in paths), key=itemgetter(0))


def sha256_of(text: str) -> str:
    """SHA-256 of a configuration text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
