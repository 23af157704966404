"""Predicates about what a site's rules let pass."""

from collections.abc import Iterator, Mapping
from datetime import time
from ipaddress import IPv4Network
from typing import Annotated

from pydantic import AfterValidator, Field

from lisiere.compliance.predicates.base import IntentPredicate, Told
from lisiere.compliance.predicates.ways import (
    allowing,
    open_way,
    parse_service,
    sets_between,
    way_to,
)
from lisiere.compliance.subject import Setting, Subject
from lisiere.model.intent import Family, NamedSet, PolicyRule, PrefixGiven, RuleSet, SiteIntent
from lisiere.model.packet import Packet
from lisiere.model.phrases import Part
from lisiere.model.words import LAN_ZONES, Action, Zone
from lisiere.policy.frozen import policy_of
from lisiere.policy.verdicts import verdict


def _sound(text: str) -> str:
    parse_service(text)
    return text


ServiceText = Annotated[str, AfterValidator(_sound)]


class ServicesClosed(IntentPredicate):
    """No user of some zones reaches any address of a zone by some services; named addresses may be open."""

    from_zones: tuple[Zone, ...] = Field(min_length=1)
    to_zone: Zone = Zone.WAN
    services: tuple[ServiceText, ...] = Field(min_length=1)

    def ask(self, subject: Subject, setting: Setting) -> Told:
        """The services that are open, and by which rule; not concerned without such zones."""
        intent = subject.intent
        zones = [zone for zone in self.from_zones if _has(intent, zone)]
        return list(self._open(intent, zones)) if zones else None

    def _open(self, intent: SiteIntent, zones: list[Zone]) -> Iterator[str]:
        sets = {one.name: one for one in intent.sets}
        for zone in zones:
            for rules in sets_between(intent, zone, self.to_zone):
                for service in self.services:
                    if rule := open_way(rules, sets, parse_service(service)):
                        ways = {"zone": zone, "other": self.to_zone, "family": rules.family}
                        yield _by(Part.OPEN, rule, service=service, **ways)


class ZonesApart(IntentPredicate):
    """Nothing is allowed from one zone to others."""

    from_zone: Zone
    to_zones: tuple[Zone, ...] = Field(min_length=1)

    def ask(self, subject: Subject, setting: Setting) -> Told:
        """The rules that let something pass; not concerned without the zone."""
        intent = subject.intent
        if not _has(intent, self.from_zone):
            return None
        pairs = (rules for zone in self.to_zones for rules in sets_between(intent, self.from_zone, zone))
        return [
            _by(Part.REACHES, rule, zone=rules.from_zone, other=rules.to_zone)
            for rules in pairs
            for rule in allowing(rules)
        ]


class SelfGuarded(IntentPredicate):
    """A service of the appliance itself is open to some zones only, and there to named sources only."""

    services: tuple[ServiceText, ...] = Field(min_length=1)
    from_zones: tuple[Zone, ...] = Field(min_length=1)

    def ask(self, subject: Subject, setting: Setting) -> Told:
        """The rules that open it to others."""
        return list(self._open(subject.intent))

    def _open(self, intent: SiteIntent) -> Iterator[str]:
        for rules in intent.rule_sets:
            if rules.to_zone is not Zone.SELF:
                continue
            for service in self.services:
                for rule in allowing(rules, parse_service(service)):
                    if rules.from_zone not in self.from_zones:
                        yield _by(Part.OPEN_TO_ZONE, rule, service=service, zone=rules.from_zone)
                    elif rule.source is None:
                        yield _by(Part.OPEN_TO_ANY, rule, service=service, zone=rules.from_zone)


class NothingInClear(IntentPredicate):
    """What belongs into a tunnel does not leave outside of it."""

    def ask(self, subject: Subject, setting: Setting) -> Told:
        """The protected prefixes that a rule lets leave in clear; not concerned without tunnels."""
        intent = subject.intent
        if not intent.tunnels:
            return None
        sets = {one.name: one for one in intent.sets}
        prefixes = tuple(dict.fromkeys(one for tunnel in intent.tunnels for one in tunnel.remote_prefixes))
        leaving = [one for one in intent.rule_sets if one.to_zone is Zone.WAN and one.from_zone in LAN_ZONES]
        return [
            _by(Part.CLEAR, rule, prefix=prefix, zone=rules.from_zone)
            for rules in leaving
            for prefix in prefixes
            if prefix.version == int(rules.family.removeprefix("ipv")) and (rule := way_to(rules, sets, prefix))
        ]


class RulesHaveFlow(IntentPredicate):
    """Every allowing rule serves a declared flow that has not ended."""

    def ask(self, subject: Subject, setting: Setting) -> Told:
        """The rules that serve none."""
        flows = setting.fleet.flows
        told: dict[str, None] = {}
        for rules in subject.intent.rule_sets:
            for rule in rules.rules:
                if rule.action is not Action.ALLOW:
                    continue
                flow = flows.get(rule.flow or "")
                if flow is None:
                    told[_by(Part.RULE_WITHOUT_FLOW, rule)] = None
                elif flow.until is not None and flow.until < setting.as_of:
                    told[_by(Part.RULE_FLOW_ENDED, rule, flow=flow.id, day=flow.until)] = None
        return list(told)


class RulesNotWide(IntentPredicate):
    """No allowing rule is wider than a need can be."""

    ports_at_most: int = Field(ge=1, le=65535)

    def ask(self, subject: Subject, setting: Setting) -> Told:
        """The rules that are."""
        told = (found for rules in subject.intent.rule_sets for found in self._of(rules))
        return list(dict.fromkeys(told))

    def _of(self, rules: RuleSet) -> Iterator[str]:
        for rule in allowing(rules):
            if rule.entry is None:
                yield _by(Part.RULE_ANY_PROTOCOL, rule)
            elif sum(one.last - one.first + 1 for one in rule.entry.ports) > self.ports_at_most:
                yield _by(Part.RULE_MANY_PORTS, rule, limit=self.ports_at_most)
            if rules.from_zone is Zone.WAN and rule.source is None and rules.to_zone in LAN_ZONES | {Zone.MGMT}:
                yield _by(Part.RULE_FROM_INTERNET, rule, zone=rules.to_zone)


class ZonesIsolated(IntentPredicate):
    """Inside some zones nothing passes from one member to another."""

    zones: tuple[Zone, ...] = Field(min_length=1)

    def ask(self, subject: Subject, setting: Setting) -> Told:
        """The zones that are open inside; not concerned without any of them."""
        found = [one for one in subject.intent.zones if one.zone in self.zones and one.interfaces]
        return [Part.ZONE_OPEN_INSIDE(zone=one.zone) for one in found if not one.is_isolated] if found else None


class BackupFlow(IntentPredicate):
    """A site's data is backed up, and a rule lets it pass."""

    def ask(self, subject: Subject, setting: Setting) -> Told:
        """What of it is missing."""
        intent = subject.intent
        if intent.backup is None:
            return [Part.BACKUP_UNPLANNED()]
        return [] if any(self._passes(intent, rules) for rules in intent.rule_sets) else [Part.BACKUP_BLOCKED()]

    def _passes(self, intent: SiteIntent, rules: RuleSet) -> bool:
        """Whether a rule of the backup stands there for all its destinations, and none before it denies the same."""
        if intent.backup is None or rules.from_zone not in LAN_ZONES or rules.family != Family.IPV4:
            return False
        sets = {one.name: one for one in intent.sets}
        wanted = [one for one in intent.backup.destinations if one.version == 4]
        found = [
            rule
            for rule in allowing(rules)
            if rule.flow == "backup"
            and rule.destination is not None
            and set(wanted) <= set(sets[rule.destination].ipv4)
        ]
        if not found:
            return False
        policy = policy_of(intent.model_copy(update={"rule_sets": (rules,)}))
        packets = [packet for rule in found for one in wanted for packet in _samples(rule, rules, sets, one)]
        return bool(packets) and all(verdict(policy, packet).action is Action.ALLOW for packet in packets)


def _samples(
    rule: PolicyRule, rules: RuleSet, sets: Mapping[str, NamedSet], destination: PrefixGiven
) -> Iterator[Packet]:
    """A packet of a rule from each of its sources, in its hours."""
    entry = rule.entry
    sources = sets[rule.source].ipv4 if rule.source is not None else (IPv4Network("192.0.2.0/24"),)
    if entry is None or not entry.ports:
        return
    for source in sources:
        yield Packet(
            from_zone=rules.from_zone,
            to_zone=rules.to_zone,
            source=source[0],
            destination=destination[0],
            protocol=entry.protocol,
            port=entry.ports[0].first,
            at=None if rule.window is None else time.fromisoformat(rule.window[0]),
        )


def _has(intent: SiteIntent, zone: Zone) -> bool:
    return any(one.zone is zone and (one.interfaces or one.tunnels) for one in intent.zones)


def _by(phrase: Part, rule: PolicyRule, **places: object) -> str:
    """A phrase that names a rule."""
    return phrase(layer=rule.layer, rule=rule.id, **places)
