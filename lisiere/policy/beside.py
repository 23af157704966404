"""What a site's users reach beside its proxy: what its own rules let them reach inside, and nothing of the Internet.

A proxy fetches nothing from inside: it refuses such addresses, or its parent does not reach them.
"""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, collapse_addresses

from lisiere.model.intent import Family, Interface, NamedSet, PolicyRule, RuleSet, Tunnel, WebAccessIntent
from lisiere.model.traffic import Protocol
from lisiere.model.words import LAN_ZONES, Action, Zone

SHORTEST_PREFIX = 8
"""A tunnel that selects more is a way to the Internet, which is reached by the proxy."""


def with_inside(
    web: WebAccessIntent,
    *,
    interfaces: Sequence[Interface],
    tunnels: Sequence[Tunnel],
    sets_of_rules: Sequence[RuleSet],
    sets: Sequence[NamedSet],
) -> WebAccessIntent:
    """The same web access, its PAC file with the IPv4 prefixes that browsers reach inside, without the proxy."""
    if web.pac is None:
        return web
    behind = {zone: [one.ipv4.network for one in interfaces if one.zone is zone] for zone in LAN_ZONES}
    behind[Zone.VPN] = [
        prefix
        for tunnel in tunnels
        for prefix in tunnel.remote_prefixes
        if isinstance(prefix, IPv4Network) and prefix.prefixlen >= SHORTEST_PREFIX
    ]
    prefixes = {one.name: one.ipv4 for one in sets}
    found = [network for zone in web.zones for network in behind[zone]]
    for one in sets_of_rules:
        if one.family is Family.IPV4 and one.from_zone in web.zones and one.to_zone in behind:
            found += _allowed(one.rules, behind[one.to_zone], prefixes)
    pac = web.pac.model_copy(update={"inside": tuple(collapse_addresses(found))})
    return web.model_copy(update={"pac": pac})


def _allowed(
    rules: Sequence[PolicyRule],
    behind: Sequence[IPv4Network],
    sets: dict[str, tuple[IPv4Network, ...]],
) -> Iterator[IPv4Network]:
    """Of the prefixes behind a zone those that a rule lets a browser reach and that none before denies altogether."""
    denied: list[IPv4Network] = []
    for rule in rules:
        there = behind if rule.destination is None else _common(behind, sets[rule.destination])
        if rule.action is Action.ALLOW and (rule.entry is None or rule.entry.protocol is Protocol.TCP):
            yield from (one for one in there if not any(one.subnet_of(other) for other in denied))
        elif rule.action is Action.DENY and (rule.source, rule.entry, rule.window) == (None, None, None):
            denied += there


def _common(some: Sequence[IPv4Network], others: Sequence[IPv4Network]) -> list[IPv4Network]:
    """What lies in a prefix of both: of two that overlap, one is part of the other."""
    pairs = ((one, other) for one in some for other in others if one.overlaps(other))
    return [max(pair, key=lambda one: one.prefixlen) for pair in pairs]
