"""The page that a demonstration leaves: what was done, in waves and territories, as one HTML file."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lisiere.model.fleet import Fleet
    from lisiere.model.plan import ApplianceStatus, Drift, Plan, Run

TEMPLATE = "rollout.html.j2"


@dataclass(frozen=True, slots=True)
class Fact:
    """One number with its name in two languages."""

    french: str
    english: str
    value: str


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step of the demonstration."""

    french: str
    english: str
    result: str
    result_french: str
    seconds: float


@dataclass(frozen=True, slots=True)
class WaveLine:
    """One wave of the first rollout."""

    number: int
    appliances: int
    applied: int
    others: int
    territories: int


@dataclass(frozen=True, slots=True)
class TerritoryLine:
    """One territory after the last reading."""

    siren: str
    name: str
    appliances: int
    conforming: int
    drifted: int

    @property
    def percent(self) -> int:
        """Conforming appliances in percent, rounded down: 100 only when all conform."""
        return 100 * self.conforming // self.appliances


@dataclass(frozen=True, slots=True)
class ProgrammeLine:
    """Appliances scheduled in one year, by lifecycle."""

    year: int
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ChangeShown:
    """The one flow that was changed, in two languages, and what it did to one appliance."""

    french: str
    english: str
    host: str
    difference: str


@dataclass(frozen=True, slots=True)
class DriftLine:
    """One deviation."""

    host: str
    reason: str
    path: str
    intended: str
    running: str
    since: str


@dataclass(frozen=True, slots=True)
class Page:
    """All that the template shows."""

    appliances: int
    started_at: str
    facts: tuple[Fact, ...]
    steps: tuple[StepLine, ...]
    waves: tuple[WaveLine, ...]
    territories: tuple[TerritoryLine, ...]
    lifecycles: tuple[Fact, ...]
    programme: tuple[ProgrammeLine, ...]
    change: ChangeShown
    drift: tuple[DriftLine, ...]
    version: str
    as_of: str
    plan_id: str
    plan_sha256: str


LIFECYCLES = (
    Fact("Prévus", "planned", "planned"),
    Fact("Préparés", "staged", "staged"),
    Fact("En service", "active", "active"),
    Fact("Retirés", "retired", "retired"),
)


def write_page(path: Path, page: Page) -> None:
    """Write the page as one file."""
    from cli.files import write_whole
    from lisiere.render.report import render_page

    write_whole(path, render_page(TEMPLATE, {"page": page}))


def wave_lines(plan: "Plan", run: "Run", fleet: "Fleet") -> tuple[WaveLine, ...]:
    """The waves of a plan with what became of them."""
    outcomes = {one.host: one.outcome for one in run.outcomes}
    lines = []
    for number in sorted({change.wave for change in plan.changes}):
        hosts = [change.host for change in plan.changes if change.wave == number]
        applied = sum(outcomes.get(host) in ("applied", "unchanged") for host in hosts)
        territories = {fleet.appliances[host].territory for host in hosts}
        lines.append(WaveLine(number, len(hosts), applied, len(hosts) - applied, len(territories)))
    return tuple(lines)


def territory_lines(statuses: Sequence["ApplianceStatus"], fleet: "Fleet") -> tuple[TerritoryLine, ...]:
    """Each territory with how its appliances stand."""
    found: dict[str, Counter[str]] = {}
    for one in statuses:
        found.setdefault(fleet.appliances[one.host].territory, Counter())[one.conformity] += 1
    return tuple(
        TerritoryLine(siren, fleet.territories[siren].name, count.total(), count["conforms"], count["drifted"])
        for siren, count in sorted(found.items(), key=lambda item: fleet.territories[item[0]].name)
    )


def programme_lines(fleet: "Fleet") -> tuple[ProgrammeLine, ...]:
    """The whole fleet by scheduled year and lifecycle."""
    found: dict[int, Counter[str]] = {}
    for one in fleet.appliances.values():
        found.setdefault(one.data.scheduled_on.year, Counter())[one.data.lifecycle] += 1
    return tuple(
        ProgrammeLine(year, tuple(counts[word.value] for word in LIFECYCLES)) for year, counts in sorted(found.items())
    )


def drift_lines(drift: Sequence["Drift"]) -> tuple[DriftLine, ...]:
    """Deviations as text."""
    return tuple(
        DriftLine(one.host, one.reason, one.path, one.intended, one.running, minute(one.entered_at)) for one in drift
    )


def minute(at: datetime) -> str:
    """An instant to the minute, in UTC."""
    return at.strftime("%Y-%m-%d %H:%M UTC")


def counted(words: Mapping[str, int]) -> str:
    """`8 applied, 1 stale`."""
    return ", ".join(f"{count} {word}" for word, count in sorted(words.items())) or "nothing"
