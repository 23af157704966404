"""Findings counted and ordered, for whoever shows them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from lisiere.compliance.topics import WAYS
from lisiere.model.base import Model
from lisiere.model.compliance_words import Severity, State, Topic
from lisiere.model.finding import FLEET, Finding, StateCounts
from lisiere.model.fleet import Fleet
from lisiere.model.rule_pack import GettersCheck, StateCheck
from lisiere.model.words import Platform
from lisiere.workflow.packs import Packs

WEIGHT: Mapping[str, int] = {one: number for number, one in enumerate(reversed(Severity))}
"""The worst first."""


class RuleCounts(Model):
    """How a rule is kept."""

    rule: str
    severity: Severity
    family: str
    title: str
    source: str
    counts: StateCounts


class TerritoryCounts(Model):
    """How a territory stands; `territory` is empty for the fleet as a whole."""

    territory: str
    name: str
    counts: StateCounts
    failing: dict[str, int]
    """The rules that are not kept there, by how many appliances."""


def count(findings: Iterable[Finding]) -> StateCounts:
    """How many findings are in each state."""
    counts = Counter(one.state for one in findings)
    return StateCounts(
        passed=counts[State.PASSED],
        failed=counts[State.FAILED],
        not_evaluated=counts[State.NOT_EVALUATED],
        waived=counts[State.WAIVED],
    )


def by_rule(findings: Iterable[Finding], packs: Packs, *, language: str = "en") -> tuple[RuleCounts, ...]:
    """Rules with their counts, the worst that are not kept first."""
    grouped: dict[str, list[Finding]] = {}
    for one in findings:
        grouped.setdefault(one.rule, []).append(one)
    found = [_rule_counts(name, some, packs, language) for name, some in grouped.items() if name in packs.rules]
    return tuple(sorted(found, key=lambda one: (not one.counts.failed, WEIGHT[one.severity], one.rule)))


def _rule_counts(name: str, findings: Sequence[Finding], packs: Packs, language: str) -> RuleCounts:
    rule = packs.rules[name].rule
    return RuleCounts(
        rule=name,
        severity=rule.severity,
        family=rule.family,
        title=rule.title.fr if language == "fr" else rule.title.en,
        source=cited(name, packs),
        counts=count(findings),
    )


def cited(name: str, packs: Packs) -> str:
    """Where a rule comes from: document, version, number; and whether that document was read by who wrote the rule."""
    told = []
    for source, number in packs.source(packs.rules[name].rule):
        is_unread = " (not read)" if source.read_as == "unread" else ""
        told.append(f"{source.document} v. {source.version} [{source.language}], {number}{is_unread}")
    return "; ".join(told)


def by_territory(findings: Iterable[Finding], fleet: Fleet) -> tuple[TerritoryCounts, ...]:
    """Territories with their counts, by name; the fleet as a whole last."""
    grouped: dict[str, list[Finding]] = {}
    for one in findings:
        appliance = fleet.appliances.get(one.host)
        grouped.setdefault("" if one.host == FLEET or appliance is None else appliance.territory, []).append(one)
    found = []
    for siren, some in grouped.items():
        failing = Counter(one.rule for one in some if one.state is State.FAILED)
        name = fleet.territories[siren].name if siren else "the fleet"
        found.append(
            TerritoryCounts(territory=siren, name=name, counts=count(some), failing=dict(failing.most_common()))
        )
    return tuple(sorted(found, key=lambda one: (not one.territory, one.name)))


def topics_asked(packs: Packs) -> dict[Platform, tuple[Topic, ...]]:
    """The topics that some rule asks, of each platform that can tell them."""
    checks = [one.rule.check for one in packs.rules.values()]
    wanted = {check.topic for check in checks if isinstance(check, StateCheck)}
    return {platform: tuple(sorted(topic for topic in wanted if (topic, platform) in WAYS)) for platform in Platform}


def getters_asked(packs: Packs) -> dict[Platform, tuple[str, ...]]:
    """The getters that some rule asks, of each platform that it concerns."""
    found: dict[Platform, set[str]] = {platform: set() for platform in Platform}
    for one in packs.rules.values():
        if isinstance(one.rule.check, GettersCheck):
            for platform in one.rule.applies_to.platforms or tuple(Platform):
                found[platform].update(getter for entry in one.expected for getter in entry)
    return {platform: tuple(sorted(names)) for platform, names in found.items()}
