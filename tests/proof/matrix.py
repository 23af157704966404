"""What to try at a site.

For every rule its own packets, and each of them with one thing changed; between zones what no rule may know; every way
around the web access of schools; addresses that claim to be of another place.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from lisiere.model.intent import Family, PolicyRule, RuleSet, SiteIntent
from lisiere.model.traffic import ServiceEntry
from lisiere.model.words import Action, Zone
from lisiere.policy.lines import NUMBERS
from tests.proof.asking import OTHER, Try
from tests.proof.ground import Address, Ground
from tests.proof.speakers import ECHO, ICMP, ICMPV6, MOST_CLIENTS, TCP, UDP, Prefix, Speaker, places_in, speakers_in
from tests.proof.ways_around import bypasses, spoofed

OTHER_QUESTION = {ICMP: 13, ICMPV6: 139}
"""An ICMP question beside the echo that the tracking of connections knows."""
COMMON = [(TCP, 22), (TCP, 80), (TCP, 443), (TCP, 445), (TCP, 3389), (TCP, 8080), (UDP, 53), (UDP, 161), (UDP, 443)]
"""Services that are tried from every zone to every zone."""
MOST_PREFIXES = 3


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
    speakers = list(speakers_in(rules.from_zone, rules.to_zone, rules.family, intent, ground))
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
    possible = list(places_in(rules.to_zone, rules.family, speaker, intent, ground))
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
                for speaker in list(speakers_in(from_zone, to_zone, family, intent, ground))[:2]:
                    for there in list(places_in(to_zone, family, speaker, intent, ground))[:2]:
                        for protocol, number in (*COMMON, ECHO[family], (OTHER, 0)):
                            yield Try(
                                "default", speaker.site, speaker.zone, speaker.at, speaker.own, there, protocol, number
                            )
