"""Whether rules let something pass: the first rule that could, looked for in their order."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from types import MappingProxyType

from lisiere.model.intent import NamedSet, PolicyRule, PrefixGiven, RuleSet, SiteIntent
from lisiere.model.traffic import Protocol, ServiceEntry
from lisiere.model.words import Action, Zone

Service = tuple[str, int]
"""Protocol and port."""


ADDRESS_BITS: Mapping[int, int] = MappingProxyType({4: 32, 6: 128})
MOST_NAMED: Mapping[int, int] = MappingProxyType({4: 1 << 24, 6: 1 << 112})
"""So many addresses at most are named ones, by family: a /8, a /16. Half of the Internet twice is all of it."""


def parse_service(text: str) -> Service:
    """`tcp/443`.

    Raises:
        ValueError: It is not written so.
    """
    protocol, mark, port = text.partition("/")
    if protocol not in {Protocol.TCP, Protocol.UDP} or not mark or not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise ValueError(f"{text!r} is no service such as tcp/443")
    return protocol, int(port)


def sets_between(intent: SiteIntent, from_zone: Zone, to_zone: Zone) -> Iterator[RuleSet]:
    """The rules from one zone to another, of both families."""
    return (one for one in intent.rule_sets if one.from_zone is from_zone and one.to_zone is to_zone)


def open_way(rules: RuleSet, sets: Mapping[str, NamedSet], service: Service) -> PolicyRule | None:
    """The rule that lets a service pass to any address; None when it is closed or open to named addresses only.

    Addresses are no longer named ones when all that rules allow is more than `MOST_NAMED` of them together.
    """
    version, opened = int(rules.family.removeprefix("ipv")), frozenset[PrefixGiven]()
    for rule in rules.rules:
        if not _touches(rule.entry, service):
            continue
        known = None if rule.destination is None else _prefixes(sets[rule.destination], version)
        if rule.action is Action.ALLOW:
            opened = opened.union(known or ())
            if known is None or _share(opened) > MOST_NAMED[version]:
                return rule
        elif (known is None or _share(frozenset(known)) == 1 << ADDRESS_BITS[version]) and _is_for_all(rule):
            return None
    return None


def _is_for_all(rule: PolicyRule) -> bool:
    return rule.source is None and rule.window is None


def way_to(rules: RuleSet, sets: Mapping[str, NamedSet], prefix: PrefixGiven) -> PolicyRule | None:
    """The rule that lets anything pass to a part of a prefix; None when none does before one closes all of it."""
    for rule in rules.rules:
        known = None if rule.destination is None else _prefixes(sets[rule.destination], prefix.version)
        if rule.action is Action.ALLOW and (known is None or any(_overlap(one, prefix) for one in known)):
            return rule
        is_whole = rule.entry is None and rule.source is None and rule.window is None
        if rule.action is Action.DENY and is_whole and (known is None or any(_holds(one, prefix) for one in known)):
            return None
    return None


def allowing(rules: RuleSet, service: Service | None = None) -> Iterator[PolicyRule]:
    """The rules that allow anything, or a service."""
    for rule in rules.rules:
        if rule.action is Action.ALLOW and (service is None or _touches(rule.entry, service)):
            yield rule


@lru_cache(maxsize=1 << 14)
def _touches(entry: ServiceEntry | None, service: Service) -> bool:
    if entry is None:
        return True
    return entry.protocol == service[0] and any(one.first <= service[1] <= one.last for one in entry.ports)


@lru_cache(maxsize=1 << 12)
def _share(prefixes: frozenset[PrefixGiven]) -> int:
    """How many addresses of one family prefixes hold together, each counted once."""
    fours = collapse_addresses(one for one in prefixes if isinstance(one, IPv4Network))
    sixes = collapse_addresses(one for one in prefixes if isinstance(one, IPv6Network))
    return sum(one.num_addresses for one in fours) + sum(one.num_addresses for one in sixes)


def _prefixes(one: NamedSet, version: int) -> tuple[PrefixGiven, ...]:
    return one.ipv4 if version == 4 else one.ipv6


def _overlap(one: PrefixGiven, other: PrefixGiven) -> bool:
    return one.overlaps(other)


def _holds(one: PrefixGiven, other: PrefixGiven) -> bool:
    """Whether all of the other prefix is in the one; both are of one family."""
    free_bits = one.max_prefixlen - one.prefixlen
    return one.prefixlen <= other.prefixlen and (int(one[0]) >> free_bits) == (int(other[0]) >> free_bits)
