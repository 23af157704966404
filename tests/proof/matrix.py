"""What to try at a site.

For every rule its own packets, and each of them with one thing changed; between zones what no rule may know; every way
around the web access of schools; addresses that claim to be of another place.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network, ip_address

from lisiere.model.intent import Family, Interface, PolicyRule, RuleSet, SiteIntent
from lisiere.model.site import SCHOOL_WEB_ACCESS
from lisiere.model.traffic import ServiceEntry
from lisiere.model.words import Action, Zone
from lisiere.policy.lines import NUMBERS
from tests.proof.asking import OTHER, Try, is_at_home
from tests.proof.ground import Address, Ground, address_of, segment_of

Prefix = IPv4Network | IPv6Network
TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
ECHO = {Family.IPV4: (ICMP, 8), Family.IPV6: (ICMPV6, 128)}
OTHER_QUESTION = {ICMP: 13, ICMPV6: 139}
"""An ICMP question beside the echo that the tracking of connections knows."""
OUTSIDE = {Family.IPV4: ip_address("192.0.2.201"), Family.IPV6: ip_address("2001:db8:5555::1")}
"""Somebody on the Internet who is in no set."""
COMMON = [(TCP, 22), (TCP, 80), (TCP, 443), (TCP, 445), (TCP, 3389), (TCP, 8080), (UDP, 53), (UDP, 161), (UDP, 443)]
"""Services that are tried from every zone to every zone."""
BYPASSES = [
    (TCP, 80), (TCP, 443), (UDP, 80), (UDP, 443), (UDP, 53), (TCP, 53), (TCP, 853), (UDP, 853),
    (TCP, 3128), (TCP, 8080),
]  # fmt: skip
MOST_PREFIXES, MOST_CLIENTS = 3, 4


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who sends: a spot, and the address that it has there; `network` bounds what it can be called."""

    site: str
    zone: Zone
    at: str
    own: Address
    network: Prefix | None


def tries(name: str, ground: Ground) -> Iterator[Try]:
    """All that is tried at a site."""
    intent = ground.intents[name]
    for rules in intent.rule_sets:
        yield from _of_rules(rules, intent, ground)
    yield from _of_pairs(intent, ground)
    yield from bypasses(intent, ground)
    yield from spoofed(intent, ground)


# ---- rules and their neighbours ----------------------------------------------------------------------------------


def _of_rules(rules: RuleSet, intent: SiteIntent, ground: Ground) -> Iterator[Try]:
    sets: dict[str, tuple[Prefix, ...]] = {
        one.name: one.ipv4 if rules.family is Family.IPV4 else one.ipv6 for one in intent.sets
    }
    speakers = list(_speakers(rules.from_zone, rules.to_zone, rules.family, intent, ground))
    for rule in rules.rules:
        if rule.entry is not None and rule.entry.icmp_types and ECHO[rules.family][1] not in rule.entry.icmp_types:
            continue  # Neighbour discovery: every packet of IPv6 in the lab needs it.
        for speaker in speakers:
            yield from _of_rule(rule, rules, speaker, intent, ground, sets)


def _of_rule(
    rule: PolicyRule,
    rules: RuleSet,
    speaker: Speaker,
    intent: SiteIntent,
    ground: Ground,
    sets: dict[str, tuple[Prefix, ...]],
) -> Iterator[Try]:
    inside, outside = _sources(speaker, sets[rule.source] if rule.source else None)
    there, beside = _destinations(rules, speaker, intent, ground, sets[rule.destination] if rule.destination else None)
    services, near = _services(rule.entry, rules.family)
    if not there:
        return
    why, about = "flow" if rule.action is Action.ALLOW else "inside a deny", f"{rule.layer}:{rule.id}"
    first = Try(why, speaker.site, speaker.zone, speaker.at, speaker.own, there[0], *services[0], about=about)
    yield from (replace(first, why="neighbour", source=one) for one in outside)
    for source in inside:
        for destination in there if source == inside[0] else there[:1]:
            for protocol, number in services:
                yield replace(first, source=source, destination=destination, protocol=protocol, number=number)
    for source in inside[:1]:
        first = replace(first, why="neighbour", source=source)
        yield from (replace(first, protocol=protocol, number=number) for protocol, number in near)
        yield from (replace(first, destination=one) for one in beside)


def _speakers(from_zone: Zone, to_zone: Zone, family: Family, intent: SiteIntent, ground: Ground) -> Iterator[Speaker]:
    """Who can send from a zone of a site."""
    name = intent.name
    if from_zone is Zone.SELF:
        own = _own_address(to_zone, family, intent, ground)
        yield Speaker(name, from_zone, f"{name}:self", own, None)
    elif from_zone is Zone.WAN:
        yield Speaker(name, from_zone, f"{name}:uplink", OUTSIDE[family], None)
    elif from_zone is Zone.MGMT:
        version = 4 if family is Family.IPV4 else 6
        prefix = next(one for one in intent.ssh.allow_from if one.version == version)
        yield Speaker(name, from_zone, f"{name}:management", prefix.network_address + 77, prefix)
        yield Speaker(name, from_zone, f"{name}:management", ground.sites[name].management.far[version == 6], None)
    elif from_zone is Zone.VPN:
        yield from _behind_tunnels(family, intent, ground)
    else:
        for one in ground.segments(name, from_zone):
            yield _client(name, one, family, ground)


def _client(site: str, interface: Interface, family: Family, ground: Ground) -> Speaker:
    own = ground.client(site, interface, family)
    network = interface.ipv4.network if family is Family.IPV4 else interface.ipv6.network
    return Speaker(site, interface.zone, f"{site}:{segment_of(interface)}", own, network)


def _own_address(to_zone: Zone, family: Family, intent: SiteIntent, ground: Ground) -> Address:
    """The address that the appliance has towards a zone."""
    zone = to_zone if to_zone in {Zone.WAN, Zone.MGMT} else None
    if zone is None:
        lan = ground.segments(intent.name, to_zone) or ground.segments(intent.name)
        return address_of(lan[0], family)
    return address_of(next(one for one in intent.interfaces if one.zone is zone and one.name != "loopback"), family)


def _behind_tunnels(family: Family, intent: SiteIntent, ground: Ground) -> Iterator[Speaker]:
    """Clients at the other ends of tunnels, directly or over a hub."""
    version = 4 if family is Family.IPV4 else 6
    remote = {one for tunnel in intent.tunnels for one in tunnel.remote_prefixes if one.version == version}
    found = 0
    for site in ground.sites:
        for one in ground.segments(site):
            speaker = _client(site, one, family, ground)
            if site != intent.name and speaker.network in remote and found < MOST_CLIENTS:
                found += 1
                yield speaker
    for tunnel in intent.tunnels:
        for address in ground.partners.get(tunnel.peer, ()):
            if tunnel.is_partner and address.version == version:
                yield Speaker(intent.name, Zone.VPN, f"partner:{tunnel.peer}", address, None)


def _sources(speaker: Speaker, prefixes: tuple[Prefix, ...] | None) -> tuple[list[Address], list[Address]]:
    """Addresses that a rule's source holds and the speaker can have, and such that it does not hold."""
    if prefixes is None:
        return [speaker.own], []
    if speaker.zone is not Zone.WAN:
        return ([speaker.own], []) if _holds(prefixes, speaker.own) else ([], [speaker.own])
    inside = [one[1] if one.num_addresses > 2 else one[0] for one in prefixes[:MOST_PREFIXES]]
    beside = [one[-1] + 1 for one in prefixes[:MOST_PREFIXES]]
    return inside, [one for one in (*beside, speaker.own) if not _holds(prefixes, one)]


def _holds(prefixes: Iterable[Prefix], address: Address) -> bool:
    return any(address in one for one in prefixes)


def _destinations(
    rules: RuleSet,
    speaker: Speaker,
    intent: SiteIntent,
    ground: Ground,
    prefixes: tuple[Prefix, ...] | None,
) -> tuple[list[Address], list[Address]]:
    """Addresses that a rule's destination holds where its zone is, and such that it does not hold."""
    possible = list(_places(rules.to_zone, rules.family, speaker, intent, ground))
    if prefixes is None:
        return possible[:MOST_CLIENTS], []
    if rules.to_zone in {Zone.WAN, Zone.MGMT}:
        inside = [end for one in prefixes[:MOST_PREFIXES] for end in _ends(one)]
        edges = [edge for one in prefixes[:MOST_PREFIXES] for edge in (one[0] - 1, one[-1] + 1)]
        return inside, [one for one in (*edges, *possible) if not _holds(prefixes, one)]
    return [one for one in possible if _holds(prefixes, one)][:MOST_CLIENTS], [
        one for one in possible if not _holds(prefixes, one)
    ]


def _ends(prefix: Prefix) -> list[Address]:
    if prefix.num_addresses == 1:
        return [prefix[0]]
    return [prefix[1] if prefix.num_addresses > 2 else prefix[0], prefix[-1]]


def _places(zone: Zone, family: Family, speaker: Speaker, intent: SiteIntent, ground: Ground) -> Iterator[Address]:
    """Addresses of a zone that something is behind."""
    name, version = intent.name, 4 if family is Family.IPV4 else 6
    if zone is Zone.SELF:
        links = [one for one in intent.interfaces if f"{name}:{segment_of(one)}" == speaker.at]
        uplink = next(one for one in intent.interfaces if one.zone is Zone.WAN)
        loopback = next(one for one in intent.interfaces if one.name == "loopback")
        yield from (
            address_of(one, family) for one in (*links, *((loopback,) if speaker.zone is Zone.MGMT else ()), uplink)
        )
    elif zone is Zone.WAN:
        yield OUTSIDE[family]
    elif zone is Zone.MGMT:
        yield next(one for one in intent.ssh.allow_from if one.version == version).network_address + 77
    elif zone is Zone.VPN:
        yield from (one.own for one in _behind_tunnels(family, intent, ground) if one.at != speaker.at)
    else:
        for one in ground.segments(name, zone):
            if f"{name}:{segment_of(one)}" != speaker.at:
                yield ground.client(name, one, family)


def _services(entry: ServiceEntry | None, family: Family) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Services of a rule, and those just beside it."""
    if entry is None:
        return [(TCP, 443), (UDP, 53), ECHO[family], (OTHER, 0)], []
    protocol = NUMBERS[entry.protocol]
    if entry.ports:
        edges = sorted({end for one in entry.ports for end in (one.first, one.last)})
        near = {(protocol, edge + step) for edge in edges for step in (-1, 1) if 0 < edge + step < 65_536}
        near |= {({TCP: UDP, UDP: TCP}[protocol], edge) for edge in edges}
        return [(protocol, edge) for edge in edges], sorted(near)
    if entry.icmp_types:
        return [ECHO[family]], [(protocol, OTHER_QUESTION[protocol])]
    return [(protocol, 0)], [(OTHER, 0)]


# ---- what joins no rule ------------------------------------------------------------------------------------------


def _of_pairs(intent: SiteIntent, ground: Ground) -> Iterator[Try]:
    """From every zone to every zone, what is common."""
    zones = [one.zone for one in intent.zones]
    for family in Family:
        for from_zone in zones:
            for to_zone in zones:
                if Zone.SELF in (from_zone, to_zone) and from_zone == to_zone:
                    continue
                for speaker in list(_speakers(from_zone, to_zone, family, intent, ground))[:2]:
                    for there in list(_places(to_zone, family, speaker, intent, ground))[:2]:
                        for protocol, number in (*COMMON, ECHO[family], (OTHER, 0)):
                            yield Try(
                                "default", speaker.site, speaker.zone, speaker.at, speaker.own, there, protocol, number
                            )


# ---- schools -----------------------------------------------------------------------------------------------------


def bypasses(intent: SiteIntent, ground: Ground) -> Iterator[Try]:
    """Every way around the web access of a school: direct, QUIC, names and DNS over TLS of others, DoH by address."""
    if intent.web.kind not in SCHOOL_WEB_ACCESS:
        return
    doh = next((one for one in intent.sets if one.name == "public-doh"), None)
    for zone in intent.web.zones:
        for family in Family:
            resolvers = () if doh is None else doh.ipv4 if family is Family.IPV4 else doh.ipv6
            for speaker in _speakers(zone, Zone.WAN, family, intent, ground):
                first = Try("by-pass", speaker.site, zone, speaker.at, speaker.own, OUTSIDE[family], TCP, 443)
                yield from (replace(first, protocol=one, number=number) for one, number in BYPASSES)
                for prefix in resolvers:
                    for one, number in ((TCP, 443), (UDP, 443), (UDP, 53), (TCP, 853)):
                        yield replace(first, destination=prefix[0], protocol=one, number=number, about="public-doh")


# ---- addresses of other places -----------------------------------------------------------------------------------


def spoofed(intent: SiteIntent, ground: Ground) -> Iterator[Try]:
    """Packets that some rule would let pass, with a source that does not belong where they come in."""
    elsewhere = next((site for site in ground.sites if site != intent.name), None)
    for family in Family:
        own = [address_of(one, family) for one in intent.interfaces]
        clients = [ground.client(intent.name, one, family) for one in ground.segments(intent.name)]
        far = [ground.client(elsewhere, one, family) for one in ground.segments(elsewhere)][:1] if elsewhere else []
        claimed = [*clients, *own, *far, OUTSIDE[family], ip_address("127.0.0.1" if family is Family.IPV4 else "::1")]
        for zone in {one.zone for one in intent.interfaces}:
            for speaker in _speakers(zone, Zone.SELF, family, intent, ground):
                for source in claimed:
                    if not is_at_home(source, zone, speaker.at, intent):
                        yield from _claims(replace_source(speaker, source), intent, family)


def replace_source(speaker: Speaker, source: Address) -> Speaker:
    """The same speaker under another address."""
    return replace(speaker, own=source)


def _claims(speaker: Speaker, intent: SiteIntent, family: Family) -> Iterator[Try]:
    here = next((one for one in intent.interfaces if f"{intent.name}:{segment_of(one)}" == speaker.at), None)
    near = here or next(one for one in intent.interfaces if one.zone is speaker.zone and one.name != "loopback")
    first = Try("spoofed", speaker.site, speaker.zone, speaker.at, speaker.own, address_of(near, family), *ECHO[family])
    yield first
    yield replace(first, protocol=UDP, number=53)
    yield replace(first, protocol=TCP, number=22)
    yield replace(first, destination=OUTSIDE[family], protocol=TCP, number=443)
