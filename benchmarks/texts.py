"""Configurations of about 350 lines for the lab: cut out of the rendered reference fleet, each in two variants.

Every round moves each appliance from one variant to the other, so that there is always a real change to push.
"""

import re
from collections.abc import Iterable, Sequence

LINES = 350
"""About how long a configuration is."""
RENUMBERED, REWORDED = 5, 12
"""Rules that have another number in the second variant, and rules that have another description."""

MEMBERS = 2
"""Members that a group keeps."""

_LEFT_OUT = ("set vpn ", "set pki ", "set qos ", "set service webproxy ", "set firewall zone VPN ")
_RULE_SETS = ("set firewall ipv4 name ", "set firewall ipv6 name ")
_GROUPS = "set firewall group "
_CHOSEN = (*_RULE_SETS, _GROUPS)
_QUOTE = "'"
_OWN = " hw-id "
_WORDS = re.compile(r"'[^']*'|\S+")
_STEP = 7
"""How far a rule is moved: the rules of a rendered policy stand 40 numbers apart."""


def condense(rendered: str, *, lines: int = LINES) -> str:
    """A configuration of about `lines` lines: the base of a rendered one, and as many of its rules as fit.

    A rule comes with the groups that it refers to, a rule set with its place between two zones. Tunnels are left out:
    they hold secrets.
    """
    statements = [line for line in rendered.splitlines() if not _is_left_out(line)]
    places = {name: line for line in statements if (name := _placed(line))}
    members = _members(statements)
    chosen = [line for line in statements if not line.startswith(_CHOSEN) and not _placed(line)]
    taken: set[str] = set()
    for parts in _rule_sets(statements).values():
        for part in parts:
            groups = {name for line in part if (name := _group_in(line))} - taken
            place = places.get(" ".join(part[0].split()[1:5])) if part is parts[0] else None
            more = [*part, *(line for name in sorted(groups) for line in members[name]), *([place] if place else [])]
            if len(chosen) + len(more) > lines:
                return _text(chosen)
            chosen += more
            taken |= groups
    return _text(chosen)


def vary(text: str) -> str:
    """The second variant: some rules have another number, some another description."""
    rules = [key for key, _ in _groups(text.splitlines()) if key is not None]
    moved = frozenset(rules[-RENUMBERED:])
    reworded = frozenset(rules[-RENUMBERED - REWORDED : -RENUMBERED])
    changed: list[str] = []
    for line in text.splitlines():
        key = _rule_of(line)
        if key in moved:
            line = line.replace(f"{key} ", f"{_renumbered(key)} ", 1)
        elif key in reworded and line.startswith(f"{key} description "):
            line = f"{line[:-1]}, reviewed'"
        changed.append(line)
    return _text(changed)


def deletions(before: str, after: str) -> list[str]:
    """`delete` commands for what `after` does not hold any more: the highest node that is gone as a whole."""
    kept = {path for line in after.splitlines() for path in _prefixes(line)}
    found: dict[str, None] = {}
    for line in before.splitlines():
        gone = next((path for path in _prefixes(line) if path not in kept), None)
        if gone is not None:
            found["delete " + gone.removeprefix("set ")] = None
    return list(found)


def changes(before: str, after: str) -> list[str]:
    """Commands that bring one configuration to another: the least that does."""
    held = frozenset(before.splitlines())
    return [*deletions(before, after), *(line for line in after.splitlines() if line not in held)]


def is_run(text: str, *, running: str) -> bool:
    """Whether an appliance runs a text; what it knows of its own network cards is no part of it."""
    return sorted(text.splitlines()) == sorted(line for line in running.splitlines() if _OWN not in line)


# ---- inside ----------------------------------------------------------------------------------------------------------


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in sorted(lines))


def _is_left_out(line: str) -> bool:
    return line.startswith(_LEFT_OUT) or " from VPN " in line or " vti" in line


def _placed(line: str) -> str:
    """`firewall ipv4 name X` when the line gives the rule set X its place between two zones, else nothing."""
    words = line.split()
    if words[1:3] != ["firewall", "zone"] or words[-2] not in ("name", "ipv6-name"):
        return ""
    return f"firewall {'ipv4' if words[-2] == 'name' else 'ipv6'} name {words[-1].strip(_QUOTE)}"


def _group_in(line: str) -> str:
    """`network-group X` or `ipv6-network-group X` when a rule refers to it, else nothing."""
    words = line.split()
    if words[-3] != "group":
        return ""
    kind = words[-2] if words[2] == "ipv4" else f"ipv6-{words[-2]}"
    return f"{kind} {words[-1].strip(_QUOTE)}"


def _members(lines: Iterable[str]) -> dict[str, list[str]]:
    """The first members of every group, as lines."""
    found: dict[str, list[str]] = {}
    for line in lines:
        if line.startswith(_GROUPS):
            known = found.setdefault(" ".join(line.split()[3:5]), [])
            known += [line] if len(known) < MEMBERS else []
    return found


def _rule_sets(lines: Sequence[str]) -> dict[str, list[list[str]]]:
    """The rule sets, IPv4 first: the lines of their own first, then those of each rule."""
    found: dict[str, list[list[str]]] = {}
    for start in _RULE_SETS:
        for _, group in _groups([line for line in lines if line.startswith(start)]):
            found.setdefault(" ".join(group[0].split()[1:5]), []).append(group)
    return found


def _groups(lines: Sequence[str]) -> list[tuple[str | None, list[str]]]:
    """Neighbouring lines of one rule together; the key is the path of the rule, None for lines outside of rules."""
    found: list[tuple[str | None, list[str]]] = []
    for line in lines:
        key, name = _rule_of(line), " ".join(line.split()[1:5])
        last = found[-1] if found else None
        if last is not None and last[0] == key and (key is not None or " ".join(last[1][0].split()[1:5]) == name):
            last[1].append(line)
        else:
            found.append((key, [line]))
    return found


def _rule_of(line: str) -> str | None:
    """`set firewall ipv4 name X rule 7` for a line below it."""
    words = line.split(" ", 7)
    is_rule = len(words) == 8 and words[1] == "firewall" and words[3] == "name" and words[5] == "rule"
    return " ".join(words[:7]) if is_rule else None


def _renumbered(rule: str) -> str:
    path, _, number = rule.rpartition(" ")
    return f"{path} {int(number) + _STEP}"


def _prefixes(line: str) -> list[str]:
    """The paths of the nodes that a `set` line makes, the shortest first."""
    words = _WORDS.findall(line)
    return [" ".join(words[:count]) for count in range(2, len(words) + 1)]
