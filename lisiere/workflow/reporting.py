"""Reports: what is on record of a part of the fleet, put in order for a reader. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from lisiere.model.compliance_words import ScopeKind, State
from lisiere.model.days import PARIS
from lisiere.model.finding import FLEET, Finding, Waiver
from lisiere.model.report import (
    Cited,
    Comparison,
    FindingLine,
    Report,
    RuleLine,
    SeenOn,
    Share,
    TrendPoint,
    WaiverLine,
    WaiverState,
)
from lisiere.model.rule_pack import PackRule
from lisiere.workflow.report_parts import MOST_URGENT_FIRST, counts_of, grouped, programme, shares
from lisiere.workflow.scene import Scene
from lisiere.workflow.waiving import covers

WORST_FIRST = (State.FAILED, State.NOT_EVALUATED, State.WAIVED, State.PASSED)


@dataclass(frozen=True, slots=True)
class Told:
    """What the records tell: findings with waivers counted, the waivers, the way there, and what changed."""

    findings: Sequence[Finding]
    waivers: Sequence[Waiver] = ()
    trend: Sequence[TrendPoint] = ()
    comparison: Comparison | None = None


def in_view(scene: Scene, findings: Sequence[Finding]) -> list[Finding]:
    """The findings that the reader may see and asked for; those of a rule that nobody asks any more are left out."""
    return [
        one
        for one in findings
        if one.host in scene.hosts and one.rule in scene.packs.rules and scene.view.rule in ("", one.rule)
    ]


def make_report(
    scene: Scene, told: Told, *, version: str, every_result: bool = False, on: date | None = None, is_lab: bool = False
) -> Report:
    """Put a report together.

    Args:
        scene: What it is about.
        told: What the records tell; more than what is in view does no harm.
        version: Of Lisière.
        every_result: Tell what is kept, too, with its evidence.
        on: The day in the past that was asked for.
        is_lab: All of it was seen on the lab.
    """
    found = in_view(scene, told.findings)
    audited = {one.host for one in found} - {FLEET}
    day = scene.at.astimezone(PARIS).date()
    shown = [one for one in found if every_result or one.state is not State.PASSED]
    return Report(
        version=version,
        language=scene.language,
        view=scene.view,
        title=_title(scene),
        at=scene.at,
        on=on,
        is_lab=is_lab,
        audited_at=_ends(one.seen_at for one in found),
        read_at=_ends(one.evidence.seen_at for one in found if one.evidence.seen_at is not None),
        packs_sha256=scene.packs.sha256,
        refused_packs=tuple(scene.reasons.shown(str(one)) for one in scene.packs.mistakes),
        appliances=len(audited),
        unaudited=len(scene.hosts - {FLEET} - audited),
        counts=counts_of(Counter(one.state for one in found)),
        territories=_territories(scene, found),
        sites=_sites(scene, found),
        families=_families(scene, found),
        severities=_severities(scene, found),
        trend=tuple(told.trend),
        programme=() if scene.view.site else programme(scene.fleet, scene.names, day=day),
        rules=_rules(scene, found),
        has_every_result=every_result,
        findings=_lines(scene, shown, SeenOn.LAB if is_lab else SeenOn.APPLIANCES),
        waivers=_waivers(scene, told.waivers, found),
        comparison=told.comparison,
    )


def finding_line(scene: Scene, one: Finding, rule: PackRule, seen_on: SeenOn) -> FindingLine:
    """One site against one rule, in the words of the report."""
    site = scene.fleet.appliances.get(one.host)
    return FindingLine(
        host=one.host,
        site=site.data.site if site else "",
        territory=site.territory if site else "",
        territory_name=scene.fleet.territories[site.territory].name if site else "",
        rule=one.rule,
        title=scene.words(rule.title),
        severity=rule.severity,
        family=rule.family,
        state=one.state,
        reason=scene.reasons.recorded(one.reason),
        reason_fr=scene.reasons.translated(one.reason),
        entered_at=one.entered_at,
        failed_at=one.failed_at,
        seen_at=one.seen_at,
        read_at=one.evidence.seen_at,
        evidence=one.evidence.what,
        evidence_sha256=one.evidence.sha256,
        seen_on=seen_on,
        waiver=one.waiver,
        source=scene.sources[rule.id],
    )


# ---- inside ----------------------------------------------------------------------------------------------------------


def _ends(moments: Iterable[datetime]) -> tuple[datetime, datetime] | None:
    """The oldest and the newest of some moments."""
    found = set(moments)
    return (min(found), max(found)) if found else None


def _title(scene: Scene) -> str:
    view, parts = scene.view, []
    if view.site:
        parts.append(f"{scene.fleet.appliances[view.site].data.site} ({view.site})")
    elif view.territory:
        parts.append(scene.fleet.territories[view.territory].name)
    if view.rule and (rule := scene.rule(view.rule)) is not None:
        parts.append(scene.words(rule.title))
    return ", ".join(parts)


def _territories(scene: Scene, found: Sequence[Finding]) -> tuple[Share, ...]:
    if scene.view.site:
        return ()
    appliances, territories = scene.fleet.appliances, scene.fleet.territories
    counts = grouped((one for one in found if one.host != FLEET), lambda one: appliances[one.host].territory)
    return shares(counts, {siren: one.name for siren, one in territories.items()})


def _sites(scene: Scene, found: Sequence[Finding]) -> tuple[Share, ...]:
    counts = grouped((one for one in found if one.host != FLEET), lambda one: one.host)
    return shares(counts, {name: scene.fleet.appliances[name].data.site for name in scene.names})


def _families(scene: Scene, found: Sequence[Finding]) -> tuple[Share, ...]:
    rules = scene.packs.rules
    counts = grouped(found, lambda one: rules[one.rule].rule.family)
    return shares(counts, {str(key): str(key) for key in counts})


def _severities(scene: Scene, found: Sequence[Finding]) -> tuple[Share, ...]:
    rules = scene.packs.rules
    counts = grouped(found, lambda one: rules[one.rule].rule.severity)
    return tuple(Share(key=one, title=one, counts=counts[one]) for one in MOST_URGENT_FIRST if one in counts)


def _rules(scene: Scene, found: Sequence[Finding]) -> tuple[RuleLine, ...]:
    counts = grouped(found, lambda one: one.rule)
    lines = []
    for name in counts:
        rule = scene.packs.rules[str(name)].rule
        cited = tuple(
            Cited(
                document=one.document,
                version=one.version,
                dated=one.dated,
                language=one.language,
                number=number,
                force=one.force,
                read_as=one.read_as,
            )
            for one, number in scene.cited[rule.id]
        )
        lines.append(
            RuleLine(
                id=rule.id,
                title=scene.words(rule.title),
                severity=rule.severity,
                family=rule.family,
                remedy=scene.words(rule.remedy),
                sources=cited,
                counts=counts[name],
            )
        )
    return tuple(sorted(lines, key=lambda one: (MOST_URGENT_FIRST.index(one.severity), one.family, one.id)))


def _lines(scene: Scene, shown: Sequence[Finding], seen_on: SeenOn) -> tuple[FindingLine, ...]:
    lines = (finding_line(scene, one, scene.packs.rules[one.rule].rule, seen_on) for one in shown)
    return tuple(sorted(lines, key=_urgency))


def _urgency(one: FindingLine) -> tuple[int, int, str, str]:
    return WORST_FIRST.index(one.state), MOST_URGENT_FIRST.index(one.severity), one.rule, one.host


def _waivers(scene: Scene, waivers: Sequence[Waiver], found: Sequence[Finding]) -> tuple[WaiverLine, ...]:
    """The waivers of rules in view; of a scope that is, or holds what is."""
    territories = {name: one.territory for name, one in scene.fleet.appliances.items()}
    asked: Mapping[str, set[str]] = _hosts_by_rule(found)
    lines = []
    for one in waivers:
        hosts = asked.get(one.rule, set())
        if not any(covers(one, host, territories.get(host, "")) for host in hosts):
            continue
        lines.append(
            WaiverLine(
                number=one.number,
                rule=one.rule,
                scope=ScopeKind.FLEET if one.scope.kind is ScopeKind.FLEET else str(one.scope),
                state=_state(one, scene.at),
                until=one.until,
                reason=scene.reasons.shown(one.reason),
                measure=scene.reasons.shown(one.measure),
                asked_by=one.asked_by,
                approved_by=one.approved_by,
            )
        )
    return tuple(lines)


def _hosts_by_rule(found: Sequence[Finding]) -> dict[str, set[str]]:
    asked: dict[str, set[str]] = {}
    for one in found:
        asked.setdefault(one.rule, set()).add(one.host)
    return asked


def _state(waiver: Waiver, at: datetime) -> WaiverState:
    if waiver.stop_at <= at:
        return WaiverState.ENDED
    return WaiverState.IN_FORCE if waiver.is_in_force(at) else WaiverState.ASKED
