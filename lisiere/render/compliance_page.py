"""The compliance report as one HTML file: no script, no request to anywhere, printable, in one language."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
from itertools import groupby
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

from jinja2 import Environment
from markupsafe import Markup, escape

from lisiere.model.compliance_words import State
from lisiere.model.finding import StateCounts
from lisiere.model.report import FindingLine, Language, Report, RuleLine, Share
from lisiere.render.charts import BarChart, LineChart, Row, bar_chart, line_chart
from lisiere.render.languages import Words, catalogue
from lisiere.render.report import html_environment

TEMPLATE = "report/compliance.html.j2"
PARIS = ZoneInfo("Europe/Paris")
STATES = (State.PASSED, State.WAIVED, State.FAILED, State.NOT_EVALUATED)
SIGNS: Mapping[str, str] = MappingProxyType(
    {State.PASSED: "✔", State.WAIVED: "◷", State.FAILED: "✘", State.NOT_EVALUATED: "?"}
)
"""Beside the words, so that colour is never the only sign."""

_TICKED = re.compile(r"`([^`]+)`")
MOST_NAMED = 60
"""Sites named in one line of a page; the tables name them all."""


class Group(NamedTuple):
    """Sites that stand alike against a rule: the same state for the same reason since the same minute."""

    first: FindingLine
    sites: tuple[FindingLine, ...]

    @property
    def shown(self) -> tuple[FindingLine, ...]:
        """Those that are named."""
        return self.sites[:MOST_NAMED]


@dataclass(frozen=True, slots=True)
class Section:
    """A rule that is not kept everywhere, with where it is not."""

    rule: RuleLine
    groups: tuple[Group, ...]


def write_report(report: Report) -> str:
    """Write the page."""
    words = Words(report.language)
    charts = [
        _share_chart("chart-families", words("Compliance by family of rules"), report.families, words, is_named=True)
    ]
    if len(report.territories) > 1:
        charts.insert(0, _share_chart("chart-territories", words("Compliance by territory"), report.territories, words))
    variables: dict[str, object] = {
        "report": report,
        "sections": sections(report),
        "charts": charts,
        "trend": _trend(report, words),
        "programme": _programme(report, words),
        "percent": percent(report.counts),
        "due": sum(one.in_service + one.late for one in report.programme),
        "states": STATES,
        "signs": SIGNS,
    }
    return environment(report.language).get_template(TEMPLATE).render(variables)


def percent(counts: StateCounts) -> int:
    """Results that are kept, in percent of all, rounded down: 100 only when all are. What is not evaluated is not."""
    whole = counts.passed + counts.failed + counts.not_evaluated + counts.waived
    return 100 * counts.passed // whole if whole else 0


def percent_of(words: Words, counts: StateCounts) -> str:
    """The percentage as a language writes it."""
    return f"{percent(counts)}{words('%%').replace('%%', '%')}"


def ticked(text: str) -> Markup:
    """A text in which words between backticks are code."""
    return Markup(_TICKED.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before


def scope_words(words: Words, scope: str) -> str:
    """`fleet`, `territory 200037059`, `site 80001-mairie-01` in a language."""
    kind, _, name = scope.partition(" ")
    return f"{words(kind)} {name}".strip()


def sections(report: Report) -> tuple[Section, ...]:
    """The rules that are not kept everywhere, in the order of the rules, sites that stand alike together."""
    found: dict[str, list[FindingLine]] = {}
    for one in report.findings:
        if one.state is not State.PASSED:
            found.setdefault(one.rule, []).append(one)
    return tuple(Section(rule, tuple(_groups(found[rule.id]))) for rule in report.rules if rule.id in found)


def _groups(lines: Iterable[FindingLine]) -> Iterable[Group]:
    ordered = sorted(lines, key=_alike)
    for _, found in groupby(ordered, key=_alike):
        sites = tuple(found)
        yield Group(sites[0], sites)


def _alike(one: FindingLine) -> tuple[int, str, str, int]:
    return STATES.index(one.state), one.reason, one.entered_at.isoformat(timespec="minutes"), one.waiver


# ---- charts ----------------------------------------------------------------------------------------------------------


def _kinds(words: Words) -> tuple[tuple[str, str], ...]:
    return tuple((state.name.lower(), words(state)) for state in STATES)


def _values(counts: StateCounts) -> tuple[int, ...]:
    return counts.passed, counts.waived, counts.failed, counts.not_evaluated


def _share_chart(id: str, title: str, shares: Iterable[Share], words: Words, *, is_named: bool = False) -> BarChart:
    rows = (
        Row(words(one.title) if is_named else one.title, _values(one.counts), percent_of(words, one.counts))
        for one in shares
    )
    return bar_chart(id, title, _kinds(words), rows, is_share=True)


def _trend(report: Report, words: Words) -> LineChart | None:
    if len(report.trend) < 2:
        return None
    day = _Days(report.language).day
    rows = tuple((day(one.at), _values(one.counts)[1:]) for one in report.trend)
    return line_chart("chart-trend", words("What is not kept, over time"), _kinds(words)[1:], rows)


def _programme(report: Report, words: Words) -> BarChart | None:
    if not report.programme:
        return None
    kinds = (("passed", words("in service")), ("failed", words("late")), ("to-come", words("to come")))
    quarter = words("Q")
    rows = (
        Row(
            one.quarter.replace("-Q", f" {quarter}"),
            (one.in_service, one.late, one.to_come),
            f"{one.in_service} / {one.scheduled}",
        )
        for one in report.programme
    )
    return bar_chart("chart-programme", words("Sites by the quarter of their replacement"), kinds, rows, is_share=False)


# ---- words and days --------------------------------------------------------------------------------------------------


class _Days:
    """Days and instants as people of a language write them, in the time of Paris."""

    def __init__(self, language: Language) -> None:
        self._day = "%d/%m/%Y" if language is Language.FR else "%Y-%m-%d"

    def day(self, value: datetime | date) -> str:
        """A day."""
        local = value.astimezone(PARIS) if isinstance(value, datetime) else value
        return local.strftime(self._day)

    def minute(self, value: datetime) -> str:
        """An instant, to the minute."""
        return value.astimezone(PARIS).strftime(f"{self._day} %H:%M")


@cache
def environment(language: Language) -> Environment:
    """What writes pages of one language."""
    made = html_environment("jinja2.ext.i18n")
    made.install_gettext_translations(catalogue(language), newstyle=True)  # type: ignore[attr-defined]
    days, words = _Days(language), Words(language)
    made.filters.update(
        {
            "word": words,
            "day": days.day,
            "minute": days.minute,
            "percent": partial(percent_of, words),
            "scope": partial(scope_words, words),
            "ticked": ticked,
        }
    )
    return made
