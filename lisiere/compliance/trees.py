"""Configurations as one kind of tree, so that rules ask all platforms in the same way.

VyOS has its own tree. A bundle becomes one branch for each file, read in the way of its program. Pure; linear.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from lisiere import bundle
from lisiere.configtree import ConfigSyntaxError, Node, parse_set

_PAIRS = re.compile(r'([\w.]+)="([^"]*)"')


def parse(text: str, *, asked: tuple[str, ...] = ("",)) -> Node:
    """A configuration of any platform as a tree, as far as it is asked for.

    Args:
        text: The configuration.
        asked: How the paths begin that will be looked at; what begins in no such way is left out. By default, nothing.

    Raises:
        ConfigSyntaxError: It is none, or what is asked for cannot be read.
    """
    if not text.startswith(bundle.MARK):
        begins = tuple(f"set {path}" for path in asked)
        # A line that is no command of any kind is kept, so that it is refused.
        kept = [line for line in text.splitlines() if line.startswith(begins) or not line.startswith("set ")]
        return parse_set("\n".join(kept))
    root = Node()
    names = {path.partition(" ")[0] for path in asked}
    for one in bundle.parse(text):
        if one.path in names or any(one.path.startswith(path) for path in asked):
            READERS.get(one.path, _lines)(root.child(one.path), one.text)
    return root


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """The lines that say something, with their numbers."""
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line and not line.startswith("#"):
            yield number, line


def _lines(node: Node, text: str) -> None:
    """A file that is not looked into: its lines as values."""
    node.values.extend(line for _, line in _statements(text))


def _directives(node: Node, text: str) -> None:
    """`name rest`: squid, chrony, resolv.conf. A name that comes again has more values."""
    for _, line in _statements(text):
        name, _, rest = line.partition(" ")
        node.child(name).values.append(rest.strip())


def _assignments(node: Node, text: str) -> None:
    """`name = value` or `name`: sysctl, dnsmasq."""
    for _, line in _statements(text):
        name, mark, value = line.partition("=")
        found = node.child(name.strip())
        if mark:
            found.values.append(value.strip())


def _sshd(node: Node, text: str) -> None:
    """OpenSSH's server: keywords in small letters, lists cut at blanks and commas; of a keyword, the first line counts.

    What stands below a `Match` is below `match` and what it matches.
    """
    section = node
    for _, line in _statements(text):
        keyword, _, rest = line.replace("=", " ", 1).partition(" ")
        name, values = keyword.lower(), re.split(r"[\s,]+", rest.strip())
        if name == "match":
            section = node.child("match").child("-".join(values).lower())
        elif name in REPEATED or not section.child(name).values:
            section.child(name).values.extend(values)


REPEATED = frozenset({"listenaddress", "hostkey", "port", "allowusers", "denyusers", "allowgroups", "acceptenv"})
"""Keywords of sshd that add up; of all others the first line counts (sshd_config(5))."""


def _sections(node: Node, text: str) -> None:
    """strongSwan: `name {`, `}` and `key = value`; lists are cut at commas."""
    stack = [node]
    for number, line in _statements(text):
        if line.endswith("{"):
            stack.append(stack[-1].child(line[:-1].strip()))
        elif line == "}":
            if len(stack) == 1:
                raise ConfigSyntaxError(number, "a closing brace without an opening one")
            stack.pop()
        else:
            key, mark, value = line.partition("=")
            if not mark:
                raise ConfigSyntaxError(number, "neither a section nor an assignment")
            stack[-1].child(key.strip()).values.extend(one.strip() for one in value.split(","))
    if len(stack) > 1:
        raise ConfigSyntaxError(len(text.splitlines()), "a closing brace is missing")


def _nftables(node: Node, text: str) -> None:
    """nftables: `table FAMILY NAME`, below it `chain NAME` and `set NAME`.

    A chain has `type`, `hook` and `policy` where it is hooked, and its rules as values of `rule`, in order.
    """
    stack = [node]
    for number, line in _statements(text):
        if re.fullmatch(r"(table|chain|set|map) [^{}]+\{", line):
            below = stack[-1]
            for word in line[:-1].split():
                below = below.child(word)
            stack.append(below)
        elif line == "}":
            if len(stack) == 1:
                raise ConfigSyntaxError(number, "a closing brace without an opening one")
            stack.pop()
        elif line.endswith("{"):
            stack[-1].child("rule").values.append(line[:-1].strip())
            stack.append(Node())  # a map in place: what leads where is no rule of its own
        elif len(stack) > 1 and (match := re.fullmatch(r"type (\w+) hook (\w+) .*policy (\w+);", line)):
            for key, value in zip(("type", "hook", "policy"), match.groups(), strict=True):
                stack[-1].child(key).values.append(value)
        else:
            stack[-1].child("rule").values.append(line)
    if len(stack) > 1:
        raise ConfigSyntaxError(len(text.splitlines()), "a closing brace is missing")


def _rsyslog(node: Node, text: str) -> None:
    """rsyslog: each `action(…)` by its number below `action`, its parameters below that."""
    for number, found in enumerate(re.finditer(r"(\S+) action\(([^)]*)\)", text), 1):
        action = node.child("action").child(str(number))
        action.child("selector").values.append(found[1])
        for key, value in _PAIRS.findall(found[2]):
            action.child(key.lower()).values.append(value)


READERS: Mapping[str, Callable[[Node, str], None]] = MappingProxyType(
    {
        "chrony/chrony.conf": _directives,
        "dnsmasq/dnsmasq.conf": _assignments,
        "network/sysctl.conf": _assignments,
        "nftables.conf": _nftables,
        "resolv.conf": _directives,
        "rsyslog/rsyslog.conf": _rsyslog,
        "squid/squid.conf": _directives,
        "ssh/sshd_config": _sshd,
        "swanctl/swanctl.conf": _sections,
        "system.conf": _assignments,
    }
)
"""How each file is read; others are lines."""
