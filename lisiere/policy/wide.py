"""Allowing rules that let more pass than a need can be."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from lisiere.model.intent import PolicyRule, RuleSet, SiteIntent
from lisiere.model.words import LAN_ZONES, Action, Zone
from lisiere.policy.derived import NEIGHBOURS
from lisiere.policy.finding import Kind, PolicyFinding, Severity

MOST_PORTS = 256
"""Ports of a protocol that one allowing rule may open; a telephone needs a hundred for voice."""


def over_wide(intents: Iterable[SiteIntent]) -> Iterator[PolicyFinding]:
    """The rules that are wider than a need, with the sites that have them."""
    known: dict[int, tuple[RuleSet, tuple[tuple[str, Severity, str], ...]]] = {}
    sites: dict[tuple[str, Severity, str], dict[str, None]] = {}
    for intent in intents:
        for rules in intent.rule_sets:
            if id(rules) not in known:
                known[id(rules)] = (rules, tuple(_of_set(rules)))
            for found in known[id(rules)][1]:
                sites.setdefault(found, {})[intent.name] = None
    for (subject, severity, message), names in sites.items():
        yield PolicyFinding(
            severity=severity,
            kind=Kind.OVER_WIDE,
            subject=subject,
            message=message,
            sites=tuple(names),
        )


def _of_set(rules: RuleSet) -> Iterator[tuple[str, Severity, str]]:
    for rule in rules.rules:
        if rule.action is Action.ALLOW:
            for severity, message in _of_rule(rule, rules.from_zone, rules.to_zone):
                yield f"{rule.layer} rule {rule.id}", severity, message


@lru_cache(maxsize=1 << 14)
def _of_rule(rule: PolicyRule, from_zone: Zone, to_zone: Zone) -> tuple[tuple[Severity, str], ...]:
    found = []
    if from_zone is Zone.WAN:
        found += [(Severity.ERROR, message) for message in _from_outside(rule, to_zone)]
    if rule.source is None and rule.destination is None and from_zone in LAN_ZONES and to_zone is Zone.WAN:
        found.append((Severity.WARNING, f"lets all of {from_zone} reach any address of the Internet"))
    if rule.entry is None:
        found.append((Severity.ERROR, "allows any protocol"))
    elif sum(one.last - one.first + 1 for one in rule.entry.ports) > MOST_PORTS:
        found.append((Severity.WARNING, f"opens more than {MOST_PORTS} ports of {rule.entry.protocol}"))
    return tuple(found)


def _from_outside(rule: PolicyRule, to_zone: Zone) -> Iterator[str]:
    """What the Internet must not reach; neighbours on the link and known peers of tunnels may reach the appliance."""
    if to_zone is Zone.MGMT:
        yield "lets the Internet reach management"
    elif to_zone is Zone.SELF and rule.source is None and rule.entry not in NEIGHBOURS:
        yield "lets any address of the Internet reach the appliance itself"
    elif to_zone in LAN_ZONES | {Zone.VPN} and rule.source is None and rule.destination is None:
        yield f"lets any address of the Internet reach all of {to_zone}"
