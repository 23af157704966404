"""Configurations as one kind of tree, so that rules ask all platforms in the same way.

VyOS has its own tree. A bundle becomes one branch for each file, read in the way of its program. Pure; linear.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from lisiere import bundle
from lisiere.configtree import ConfigSyntaxError, Node, parse_set
from lisiere.model.phrases import Unread

_COMES_IN = re.compile(r'iifname "([^"]+)" (.+)')
_QUOTED = re.compile(r'"([^"]+)"')
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


def _squid(node: Node, text: str) -> None:
    """Squid: directives, and below `unauthenticated` the accesses that it allows to who has not said who they are."""
    _directives(node, text)
    acls = [value.split() for value in _values(node, "acl")]
    proofs = {words[0] for words in acls if len(words) > 2 and words[1] == "proxy_auth"}
    for value in _values(node, "http_access"):
        action, *names = value.split()
        if action == "deny" and len(names) == 1 and names[0] in {f"!{proof}" for proof in proofs}:
            return
        if action == "allow" and not proofs.intersection(names):
            node.child("unauthenticated").values.append(value)


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
                raise ConfigSyntaxError(number, Unread.CLOSED_TWICE())
            stack.pop()
        else:
            key, mark, value = line.partition("=")
            if not mark:
                raise ConfigSyntaxError(number, Unread.NEITHER())
            stack[-1].child(key.strip()).values.extend(one.strip() for one in value.split(","))
    if len(stack) > 1:
        raise ConfigSyntaxError(len(text.splitlines()), Unread.NOT_CLOSED())


def _nftables(node: Node, text: str) -> None:
    """nftables: `table FAMILY NAME`, below it `chain NAME` and `set NAME`.

    A chain has `type`, `hook` and `policy` where it is hooked, its rules as values of `rule`, in order, and what its
    maps lead to as values of `dispatch`. Below `interface NAME` stand by chain the rules for what comes in there, for
    each interface that a rule or the map of a hooked chain names.
    """
    stack, is_map = [node], False
    for number, line in _statements(text):
        if line == "}":
            if len(stack) == 1:
                raise ConfigSyntaxError(number, Unread.CLOSED_TWICE())
            if not is_map:
                stack.pop()
            is_map = False
        elif is_map:
            stack[-1].child("dispatch").values.append(line.removesuffix(","))
        elif re.fullmatch(r"(table|chain|set|map) [^{}]+\{", line):
            stack.append(_opened(stack[-1], line))
        else:
            is_map = line.endswith("{")
            _said(stack[-1], line.removesuffix("{").strip())
    if len(stack) > 1 or is_map:
        raise ConfigSyntaxError(len(text.splitlines()), Unread.NOT_CLOSED())
    _interfaces(node)


def _opened(above: Node, line: str) -> Node:
    for word in line[:-1].split():
        above = above.child(word)
    return above


def _said(section: Node, line: str) -> None:
    """Where a chain is hooked, or one of its rules."""
    if match := re.fullmatch(r"type (\w+) hook (\w+) .*policy (\w+);", line):
        for key, value in zip(("type", "hook", "policy"), match.groups(), strict=True):
            section.child(key).values.append(value)
    else:
        section.child("rule").values.append(line)


def _interfaces(node: Node) -> None:
    """Note by interface what the chains of all tables say of it."""
    tables = [table for family in _below(node, "table") for table in family.children.values()]
    chains = [
        pair for table in tables if "chain" in table.children for pair in table.children["chain"].children.items()
    ]
    for name, chain in chains:
        for match in filter(None, map(_COMES_IN.fullmatch, _values(chain, "rule"))):
            node.child("interface").child(match[1]).child(name).values.append(match[2])
        for match in filter(None, map(_QUOTED.match, _values(chain, "dispatch") if "hook" in chain.children else ())):
            node.child("interface").child(match[1])


def _values(node: Node, name: str) -> list[str]:
    return node.children[name].values if name in node.children else []


def _below(node: Node, name: str) -> list[Node]:
    return list(node.children[name].children.values()) if name in node.children else []


def _rsyslog(node: Node, text: str) -> None:
    """rsyslog: each `action(…)` by its number below `action`, its parameters below that; `sent-to` where they send."""
    for number, found in enumerate(re.finditer(r"(\S+) action\(([^)]*)\)", text), 1):
        action = node.child("action").child(str(number))
        action.child("selector").values.append(found[1])
        for key, value in _PAIRS.findall(found[2]):
            action.child(key.lower()).values.append(value)
        if action.child("type").values[:1] in (["omfwd"], ["omrelp"]):
            node.child("sent-to").values.extend(action.child("target").values)


READERS: Mapping[str, Callable[[Node, str], None]] = MappingProxyType(
    {
        "chrony/chrony.conf": _directives,
        "dnsmasq/dnsmasq.conf": _assignments,
        "network/sysctl.conf": _assignments,
        "nftables.conf": _nftables,
        "resolv.conf": _directives,
        "rsyslog/rsyslog.conf": _rsyslog,
        "squid/squid.conf": _squid,
        "ssh/sshd_config": _sshd,
        "swanctl/swanctl.conf": _sections,
        "system.conf": _assignments,
    }
)
"""How each file is read; others are lines."""
