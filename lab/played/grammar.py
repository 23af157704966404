"""What VyOS takes: paths and kinds of values, per release, out of `grammar.txt`."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from ipaddress import ip_address, ip_interface, ip_network


@dataclass(slots=True)
class Rule:
    """One node of the grammar. A tag takes any name of its kinds; a leaf takes a value unless it is valueless."""

    is_tag: bool = False
    is_leaf: bool = False
    is_multi: bool = False
    is_valueless: bool = False
    kinds: tuple[str, ...] = ()
    children: dict[str, "Rule"] = field(default_factory=dict)

    def accepts(self, value: str) -> bool:
        """Whether a value, or the name of a tag, fits one of the kinds."""
        return any(_fits(kind, value) for kind in self.kinds)


@cache
def grammar(release: str) -> Rule:
    """The grammar of one release."""
    root = Rule()
    stack: list[Rule] = [root]
    text = files("lab.played").joinpath("grammar.txt").read_text("utf-8")
    for line in text.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        depth = len(line) - len(line.lstrip(" "))
        only, words = release, line.split(maxsplit=1)
        if words[0].startswith("@"):
            only, words = words[0][1:], words[1].split(maxsplit=1)
        rule = _rule(words[1] if len(words) > 1 else "")
        del stack[depth + 1 :]
        if only == release:
            stack[depth].children[words[0]] = rule
        stack.append(rule)
    return root


def tag_paths(rule: Rule, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of all tags, with `*` for the names that users give."""
    for name, child in rule.children.items():
        here = (*path, name)
        if child.is_tag:
            yield here
        yield from tag_paths(child, (*here, "*") if child.is_tag else here)


@cache
def tags(release: str) -> frozenset[tuple[str, ...]]:
    """The paths of all tags of a release."""
    return frozenset(tag_paths(grammar(release)))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a path leads: the words of the tree, and the value for a leaf."""

    path: tuple[str, ...]
    value: str | None
    rule: Rule


class PathError(ValueError):
    """A path or value that VyOS refuses, in its own words."""


def place(root: Rule, words: Sequence[str], *, is_delete: bool = False, check_values: bool = True) -> Place:
    """Follow a path as `set` does.

    Raises:
        PathError: No such path, a value is missing, or it is refused.
    """
    rule = root
    path: list[str] = []
    rest = list(words)
    while rest:
        child = rule.children.get(rest[0])
        if child is None:
            raise PathError(f"Configuration path: {_marked(words, len(path))} is not valid\nSet failed")
        path.append(rest.pop(0))
        rule = child
        if child.is_leaf:
            return _leaf(child, path, rest, words, is_delete=is_delete, check_values=check_values)
        if child.is_tag:
            if not rest and is_delete:
                return Place(tuple(path), None, child)
            if not rest:
                raise PathError(f"Configuration path: [{' '.join(words)}] requires a value\nSet failed")
            if check_values and not child.accepts(rest[0]):
                raise PathError("\n  Invalid value\n  Value validation failed\n  Set failed")
            path.append(rest.pop(0))
    return Place(tuple(path), None, rule)


def _leaf(
    rule: Rule,
    path: list[str],
    rest: list[str],
    words: Sequence[str],
    *,
    is_delete: bool,
    check_values: bool,
) -> Place:
    if len(rest) > (0 if rule.is_valueless else 1):
        wrong = len(path) + (0 if rule.is_valueless else 1)
        raise PathError(f"Configuration path: {_marked(words, wrong)} is not valid\nSet failed")
    if rule.is_valueless or (is_delete and not rest):
        return Place(tuple(path), None, rule)
    if not rest:
        raise PathError(f"Configuration path: [{' '.join(words)}] requires a value\nSet failed")
    if check_values and not rule.accepts(rest[0]):
        raise PathError("\n  Invalid value\n  Value validation failed\n  Set failed")
    return Place(tuple(path), rest[0], rule)


def _marked(words: Sequence[str], at: int) -> str:
    """`system [hostname]`: the part that is wrong in brackets."""
    return " ".join([*words[:at], f"[{words[at]}]"])


def _rule(mark: str) -> Rule:
    if not mark:
        return Rule()
    kinds = tuple(mark.strip("<>=*!").split(","))
    if mark.startswith("<"):
        return Rule(is_tag=True, kinds=kinds)
    return Rule(is_leaf=True, is_multi=mark.startswith("*"), is_valueless=mark.startswith("!"), kinds=kinds)


def _fits(kind: str, value: str) -> bool:
    name, _, argument = kind.partition(":")
    try:
        return _CHECKS[name](value, argument)
    except ValueError:
        return False


def _is_host(value: str) -> bool:
    interface = ip_interface(value)
    network = interface.network
    return "/" in value and (interface.ip != network.network_address or network.num_addresses <= 2)


def _is_range(value: str) -> bool:
    first, dash, last = value.partition("-")
    low, high = ip_address(first), ip_address(last if dash else first)
    return bool(dash) and low.version == high.version and int(low) <= int(high)


def _is_integer(value: str, bounds: str) -> bool:
    first, _, last = bounds.partition("-")
    return value.isdecimal() and int(first) <= int(value) <= int(last)


_CHECKS: dict[str, Callable[[str, str], bool]] = {
    "text": lambda value, _: bool(value),
    "enum": lambda value, words: value in words.split("|"),
    "int": _is_integer,
    "ipv4": lambda value, _: ip_address(value).version == 4,
    "ipv6": lambda value, _: ip_address(value).version == 6,
    "ip": lambda value, _: bool(ip_address(value)),
    "net4": lambda value, _: "/" in value and ip_network(value).version == 4,
    "net6": lambda value, _: "/" in value and ip_network(value).version == 6,
    "net": lambda value, _: "/" in value and bool(ip_network(value)),
    "host4": lambda value, _: ip_interface(value).version == 4 and _is_host(value),
    "host6": lambda value, _: ip_interface(value).version == 6 and _is_host(value),
    "host": lambda value, _: _is_host(value),
    "range4": lambda value, _: _is_range(value),
    "range6": lambda value, _: _is_range(value),
    "base64": lambda value, _: len(value) % 4 == 0 and re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", value) is not None,
    "mac": lambda value, _: re.fullmatch(r"([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}", value) is not None,
}
