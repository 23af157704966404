"""Reports out of the records: what is to be read for one, and nothing that is not in view."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from lisiere.errors import UsageError
from lisiere.model.compliance_words import State
from lisiere.model.days import PARIS
from lisiere.model.finding import Span, Waiver
from lisiere.model.report import Comparison, Report, TrendPoint
from lisiere.workflow.auditing import standing_at
from lisiere.workflow.report_changes import compare
from lisiere.workflow.report_parts import counts_of
from lisiere.workflow.reporting import Told, make_report
from lisiere.workflow.scene import Scene
from lisiere.workflow.waiving import covers, last_moment

if TYPE_CHECKING:
    from lisiere.store.records import Records

POINTS = 13
"""Moments on the way of a year: one a month, and the last."""

LONGEST = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a report is to hold besides the state of its moment; `on` is the day in the past that was asked for."""

    version: str
    days: tuple[date, date] | None = None
    every_result: bool = False
    on: date | None = None
    is_lab: bool = False


def report_of(records: "Records", scene: Scene, wish: Wish) -> Report:
    """Make a report.

    Raises:
        UsageError: Days to compare are in the wrong order, or have not come.
    """
    waivers = records.compliance.waivers()
    names = None if scene.view.is_fleet else sorted(scene.hosts)
    told = Told(
        findings=standing_at(records, scene.fleet, names, at=scene.at),
        waivers=waivers,
        trend=_trend(records, scene, waivers),
        comparison=None if wish.days is None else _comparison(records, scene, wish.days),
    )
    return make_report(
        scene, told, version=wish.version, every_result=wish.every_result, on=wish.on, is_lab=wish.is_lab
    )


def moment_of(day: date, *, now: datetime) -> datetime:
    """The moment that a report on a day tells of: its last one in Paris, or now.

    Raises:
        UsageError: The day has not come.
    """
    if day > now.astimezone(PARIS).date():
        raise UsageError(f"{day} has not come; `lisiere audit --as-of {day}` tells what will fail then")
    return min(last_moment(day), now)


def _comparison(records: "Records", scene: Scene, days: tuple[date, date]) -> Comparison:
    if days[0] >= days[1]:
        raise UsageError(f"{days[0]} is not before {days[1]}")
    since, until = (moment_of(day, now=scene.at) for day in days)
    names = None if scene.view.is_fleet else sorted(scene.hosts)
    changes = records.compliance.changes(since=since, until=until, hosts=names)
    return compare(
        scene,
        standing_at(records, scene.fleet, names, at=since),
        standing_at(records, scene.fleet, names, at=until),
        days=days,
        changes=changes,
        plans={run: records.load_run(run).plan_id for run in {one.run_id for one in changes if one.run_id}},
    )


def _trend(records: "Records", scene: Scene, waivers: Sequence[Waiver]) -> tuple[TrendPoint, ...]:
    first = records.compliance.first_audit_at()
    if first is None or first >= scene.at:
        return ()
    moments = _moments(max(first, scene.at - LONGEST), scene.at)
    hosts = None if scene.view.is_fleet else scene.hosts
    known = frozenset(name for name in scene.packs.rules if scene.view.rule in ("", name))
    counted = records.compliance.counts_at(moments, hosts=hosts, rules=known)
    waived = known.intersection(one.rule for one in waivers)
    spans = records.compliance.failed_spans(waived, since=moments[0], hosts=hosts)
    territories = {name: one.territory for name, one in scene.fleet.appliances.items()}
    points = []
    for moment, states in zip(moments, counted, strict=True):
        covered = sum(_is_waived(one, waivers, moment, territories.get(one.host, "")) for one in spans)
        failed = states.get(State.FAILED, 0) - covered
        counts = counts_of({**states, State.FAILED: failed, State.WAIVED: covered})
        points.append(TrendPoint(at=moment, counts=counts))
    return tuple(points)


def _moments(first: datetime, last: datetime) -> tuple[datetime, ...]:
    """Moments of different days, evenly spread, the last one among them."""
    spread = (last - (last - first) * place / (POINTS - 1) for place in range(POINTS))
    by_day: dict[date, datetime] = {}
    for moment in spread:
        by_day.setdefault(moment.astimezone(PARIS).date(), moment)
    return tuple(sorted(by_day.values()))


def _is_waived(span: Span, waivers: Iterable[Waiver], moment: datetime, territory: str) -> bool:
    if span.entered_at > moment or (span.left_at is not None and span.left_at <= moment):
        return False
    return any(
        one.rule == span.rule and one.is_in_force(moment) and covers(one, span.host, territory) for one in waivers
    )
