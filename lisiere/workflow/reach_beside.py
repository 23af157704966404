"""What beside its rules decides what reaches what, and differs between two texts: interfaces, translation, tunnels.

None of it is read back as packets; where it differs, the difference of the rules alone is not the whole answer.
"""

import re
from collections.abc import Iterator

from lisiere.workflow.comparing import own_lines

SECTIONS = (
    "interfaces",
    "protocols",
    "nat",
    "nat64",
    "nat66",
    "vpn",
    "policy",
    "vrf",
    "load-balancing",
    "high-availability",
)
"""The parts of a `set` text that lead packets elsewhere, or make others of them."""
MEMBERS = "zone members"
_MEMBER = re.compile(r"set firewall zone (?:[^ ]+) (?:interface|member|local-zone)(?: |$)")


def differing_parts(running: str, intended: str) -> tuple[str, ...]:
    """The parts that differ, by name; what only describes does not count, nor does the order of lines."""
    before, after = _parts(running), _parts(intended)
    return tuple(name for name in (MEMBERS, *SECTIONS) if before.get(name) != after.get(name))


def _parts(text: str) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for name, line in _lines(text):
        found.setdefault(name, set()).add(line)
    return {name: frozenset(lines) for name, lines in found.items()}


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Each line that counts, with its part."""
    for line in own_lines(text):
        name = line.removeprefix("set ").partition(" ")[0]
        if name in SECTIONS and " description '" not in line:
            yield name, line
        elif name == "firewall" and _MEMBER.match(line):
            yield MEMBERS, line
