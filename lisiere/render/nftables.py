"""nftables' words for a site's policy: names of chains and sets, matches, and where a packet goes by its interfaces."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from itertools import product
from types import MappingProxyType
from typing import TypeVar

from lisiere.model.intent import Family, Interface, PolicyRule, Port, RuleSet, SiteIntent, ZoneMembers
from lisiere.model.traffic import ServiceEntry
from lisiere.model.words import Action, Zone
from lisiere.render.guard import CACHE_SIZE, Checked, UnsafeValueError, guard, text

ADDRESSES = {Family.IPV4: "ip", Family.IPV6: "ip6"}
VERDICTS = {Action.ALLOW: "accept", Action.DENY: "drop"}

Devices = tuple[str, ...]
N = TypeVar("N", IPv4Network, IPv6Network)

LONGEST_PREFIX_BYTES, LONGEST_COMMENT_BYTES = 127, 127
"""What nft takes for a log prefix and for the comment of a rule, less one."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where packets of one family go that come in or leave by one interface, or pass from one to another.

    Args:
        key: The interface, or the two joined by a dot, as the key of a verdict map.
        verdict: `accept`, or the chain that decides.
    """

    key: Checked
    verdict: Checked


@dataclass(frozen=True, slots=True)
class Hook:
    """One of the three ways of a packet, its key in the words of nft, and where it leads, by family."""

    name: str
    key: Checked
    ipv4: tuple[Way, ...]
    ipv6: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """What may come in by one interface: the prefixes behind it, or everything but those that are behind others."""

    device: str
    ipv4: tuple[IPv4Network, ...]
    ipv6: tuple[IPv6Network, ...]
    is_open: bool = False


def view(intent: SiteIntent, device: Mapping[str, str]) -> dict[str, object]:
    """What the templates of the firewall see beside the intent."""
    members = {zone.zone: _devices(zone, device) for zone in intent.zones}
    return {
        "hooks": (
            _own(
                "input", Checked("iifname"), ((one.from_zone, one) for one in intent.rule_sets if is_in(one)), members
            ),
            _own(
                "output", Checked("oifname"), ((one.to_zone, one) for one in intent.rule_sets if is_out(one)), members
            ),
            _forward(intent, members),
        ),
        "sources": tuple(_sources(intent, device)),
        "translated": tuple(collapse_addresses(one.source for one in intent.masquerades)),
        "kept": tuple(collapse_addresses(one.destination for one in intent.exemptions)),
    }


def is_in(rule_set: RuleSet) -> bool:
    """True for what reaches the appliance itself."""
    return rule_set.to_zone is Zone.SELF


def is_out(rule_set: RuleSet) -> bool:
    """True for what the appliance itself sends."""
    return rule_set.from_zone is Zone.SELF


def _devices(zone: ZoneMembers, device: Mapping[str, str]) -> Devices:
    return tuple(dict.fromkeys(device[name] for name in zone.interfaces + zone.tunnels))


def _own(name: str, key: Checked, sets: Iterable[tuple[Zone, RuleSet]], members: Mapping[Zone, Devices]) -> Hook:
    """The ways to or from the appliance itself, by the interface of the other side; the loopback has no other side."""
    found: dict[Family, list[Way]] = {Family.IPV4: [], Family.IPV6: []}
    for far, one in sets:
        found[one.family] += (Way(_key(device), _goto(one)) for device in members[far] if device != "lo")
    return Hook(name, key, tuple(found[Family.IPV4]), tuple(found[Family.IPV6]))


def _forward(intent: SiteIntent, members: Mapping[Zone, Devices]) -> Hook:
    """Every pair of interfaces between which something may pass; inside a zone that is not isolated, all of it."""
    inside = [
        Way(_key(*pair), Checked("accept"))
        for zone in intent.zones
        if not zone.is_isolated and zone.zone not in {Zone.VPN, Zone.SELF}
        for pair in product(members[zone.zone], repeat=2)
    ]
    found: dict[Family, list[Way]] = {Family.IPV4: list(inside), Family.IPV6: list(inside)}
    for one in intent.rule_sets:
        if Zone.SELF not in {one.from_zone, one.to_zone}:
            pairs = product(members[one.from_zone], members[one.to_zone])
            found[one.family] += (Way(_key(*pair), _goto(one)) for pair in pairs if "lo" not in pair)
    return Hook("forward", Checked("iifname . oifname"), tuple(found[Family.IPV4]), tuple(found[Family.IPV6]))


def _key(*devices: str) -> Checked:
    return Checked(" . ".join(f'"{guard(name)}"' for name in devices))


def _goto(rule_set: RuleSet) -> Checked:
    return Checked(f"goto {chain(rule_set)}")


def chain(rule_set: RuleSet) -> Checked:
    """Name of the chain of a rule set: no word of nft's own, for it ends in a family."""
    return guard(f"{rule_set.from_zone}-{rule_set.to_zone}-{rule_set.family}")


def set_name(name: str, family: str) -> Checked:
    """Name of one family of a set: no word of nft's own, whatever the inventory calls it."""
    return Checked(f"{family}-{guard(name)}")


def _sources(intent: SiteIntent, device: Mapping[str, str]) -> Iterator[Source]:
    """Who may send from where, by interface.

    A segment sends from its own prefixes, the management link from where management is; what is behind a segment or on
    the loopback never comes in by the uplink.
    """
    lan = [one for one in intent.interfaces if one.port is Port.LAN]
    own = [one for one in intent.interfaces if one.port is not Port.UPLINK]
    for one in lan:
        yield _source(device[one.name], [one])
    for one in intent.interfaces:
        if one.port is Port.UPLINK and one.zone is Zone.MGMT:
            behind = [
                way.prefix for way in intent.gateways if way.via in one.ipv4.network or way.via in one.ipv6.network
            ]
            yield _source(device[one.name], [one], behind)
        elif one.port is Port.UPLINK:
            yield _source(device[one.name], own, is_open=True)


def _source(
    device: str,
    interfaces: Iterable[Interface],
    behind: Iterable[IPv4Network | IPv6Network] = (),
    *,
    is_open: bool = False,
) -> Source:
    prefixes = [*behind, *(net for one in interfaces for net in (one.ipv4.network, one.ipv6.network))]
    ipv4 = collapse_addresses(one for one in prefixes if isinstance(one, IPv4Network))
    ipv6 = collapse_addresses(one for one in prefixes if isinstance(one, IPv6Network))
    return Source(device, tuple(ipv4), tuple(ipv6), is_open)


@lru_cache(maxsize=CACHE_SIZE)
def match(rule: PolicyRule, family: Family) -> Checked:
    """All that a rule asks of a packet, ready to stand before its verdict; nothing when every packet will do."""
    address = ADDRESSES[family]
    parts = []
    if rule.source is not None:
        parts.append(f"{address} saddr @{set_name(rule.source, family)}")
    if rule.destination is not None:
        parts.append(f"{address} daddr @{set_name(rule.destination, family)}")
    if rule.entry is not None:
        parts.append(service(rule.entry))
    if rule.window is not None:
        first, last = map(guard, rule.window)
        parts.append(f'meta hour "{first}"-"{last}"')
    return Checked("".join(f"{part} " for part in parts))


@lru_cache(maxsize=CACHE_SIZE)
def service(entry: ServiceEntry) -> Checked:
    """A protocol with its destination ports or its types."""
    name = entry.protocol
    if entry.ports:
        return Checked(f"{name} dport {{ {', '.join(_merged(entry))} }}")
    if entry.icmp_types:
        return Checked(f"{name} type {{ {', '.join(str(int(one)) for one in entry.icmp_types)} }}")
    return Checked(f"meta l4proto {'ipv6-icmp' if name == 'icmpv6' else name}")


def _merged(entry: ServiceEntry) -> Iterator[str]:
    """Port ranges in order, none overlapping another: nft takes no interval twice."""
    merged: list[tuple[int, int]] = []
    for one in sorted(entry.ports, key=lambda each: (each.first, each.last)):
        if merged and one.first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], one.last))
        else:
            merged.append((one.first, one.last))
    return (str(first) if first == last else f"{first}-{last}" for first, last in merged)


def log_prefix(rule_set: RuleSet, rule: PolicyRule) -> Checked:
    """What begins the log line of a rule: its pair of zones, its id (or number where that is too long), its verdict."""
    pair, verdict = f"{rule_set.from_zone}-{rule_set.to_zone}", VERDICTS[rule.action]
    found = f"lisiere {pair} {rule.id} {verdict}: "
    return text(found if len(found) <= LONGEST_PREFIX_BYTES else f"lisiere {pair} {rule.number} {verdict}: ")


@lru_cache(maxsize=CACHE_SIZE)
def comment(rule: PolicyRule) -> Checked:
    """Where a rule comes from and for which flow it stands; the flow is left out where both have no room."""
    start = f"{rule.number} {rule.layer} {rule.id}"
    whole = f"{start}, flow {rule.flow}" if rule.flow else start
    return text(next(one for one in (whole, start, str(rule.number)) if len(one) <= LONGEST_COMMENT_BYTES))


def verdict(rule: PolicyRule) -> Checked:
    """What becomes of a packet that a rule matches."""
    return Checked(VERDICTS[rule.action])


def collapsed(prefixes: Iterable[N]) -> list[N]:
    """The prefixes of a set as disjoint intervals; nft takes no address twice.

    Raises:
        UnsafeValueError: There is none: an empty set matches nothing and hides a mistake.
    """
    found = list(collapse_addresses(prefixes))
    if not found:
        raise UnsafeValueError("a set without a prefix matches nothing")
    return found


FILTERS: Mapping[str, Callable[..., object]] = MappingProxyType(
    {
        "collapsed": collapsed,
        "log_prefix": log_prefix,
        "nft_chain": chain,
        "nft_comment": comment,
        "nft_match": match,
        "nft_set": set_name,
        "nft_verdict": verdict,
    }
)
