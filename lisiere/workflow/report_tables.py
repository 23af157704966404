"""The tables of a report, for spreadsheets: the findings, and in a workbook the numbers beside them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from lisiere.model.base import Model
from lisiere.model.compliance_words import Topic
from lisiere.model.finding import StateCounts
from lisiere.model.report import ChangeLine, FindingLine, Language, Report, RuleLine, SeenOn, Share, WaiverLine
from lisiere.render.languages import Words
from lisiere.workflow.spreadsheets import Cell, Table

LEFT_OUT: Mapping[Language, str] = MappingProxyType({Language.FR: "reason", Language.EN: "reason_fr"})
"""The field that is left out: reasons are in the language of the table alone."""

FINDINGS = tuple(name for name in FindingLine.model_fields if name != LEFT_OUT[Language.EN])
"""The columns of findings in English."""

WAIVERS = tuple(WaiverLine.model_fields)
COUNTS = tuple(StateCounts.model_fields)
COLUMNS_OF_RULES = ("rule", "title", "severity", "family", "source", "force", "read_as", "remedy", *COUNTS)
COLUMNS_OF_SHARES = ("key", "title", *COUNTS)
EVIDENCE = ("inventory", "intended configuration", "running configuration", "nothing", *Topic)
"""What a result may rest on."""


def findings_table(report: Report) -> Table:
    """The findings, one a row, in the order of the report: what a CSV holds."""
    words = Words(report.language)
    return _table(words, words("Findings"), columns(FindingLine, report.language), report.findings)


def columns(line: type[Model], language: Language) -> tuple[str, ...]:
    """The fields of a line that are columns."""
    return tuple(name for name in line.model_fields if name != LEFT_OUT[language])


def tables(report: Report) -> tuple[Table, ...]:
    """All tables of a workbook."""
    words = Words(report.language)
    found = [
        findings_table(report),
        _rules(words, report.rules),
        *(
            _shares(words, name, found)
            for name, found in (
                (words("By territory"), report.territories),
                (words("By site"), report.sites),
                (words("By family"), tuple(_named(words, one) for one in report.families)),
                (words("By severity"), tuple(_named(words, one) for one in report.severities)),
            )
        ),
        _table(words, words("Waivers"), WAIVERS, report.waivers),
        Table(
            words("Programme"),
            tuple(map(words, ("quarter", "scheduled", "in_service", "late", "to_come"))),
            [(one.quarter, one.scheduled, one.in_service, one.late, one.to_come) for one in report.programme],
        ),
        Table(
            words("Over time"),
            tuple(map(words, ("at", *COUNTS))),
            [(instant(one.at), *_numbers(one.counts)) for one in report.trend],
        ),
    ]
    found.append(_about(words, report))
    if report.comparison is not None:
        found.append(_table(words, words("Changes"), columns(ChangeLine, report.language), report.comparison.changes))
    return tuple(one for one in found if one.rows or one.name == words("Findings"))


def _about(words: Words, report: Report) -> Table:
    """What all other tables of a workbook tell of."""
    seen_on = SeenOn.LAB if report.is_lab else SeenOn.APPLIANCES
    rows: list[tuple[Cell, ...]] = [
        (words("subject"), report.title or words("the whole fleet")),
        (words("at"), instant(report.at)),
        (words("seen_on"), words(seen_on)),
        (words("rule packs"), report.packs_sha256),
    ]
    return Table(words("About"), (words("what"), words("value")), rows)


def workbook_title(report: Report) -> str:
    """What a workbook is called; one of the lab says so."""
    title = report.title or "Lisière"
    return f"{title} ({Words(report.language)('seen on the lab')})" if report.is_lab else title


def instant(at: datetime) -> str:
    """An instant as a report in JSON writes it."""
    return at.isoformat().replace("+00:00", "Z")


def _table(words: Words, name: str, fields: Sequence[str], lines: Sequence[Model]) -> Table:
    rows = [[_cell(words, field, getattr(line, field)) for field in fields] for line in lines]
    return Table(name, tuple(map(words, fields)), rows)


def _rules(words: Words, rules: Sequence[RuleLine]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            one.id,
            one.title,
            words(one.severity),
            words(one.family),
            "; ".join(f"{cited.document}, {cited.version}, {cited.number}" for cited in one.sources),
            "; ".join(words(cited.force) for cited in one.sources),
            "; ".join(words(cited.read_as) for cited in one.sources),
            one.remedy,
            *_numbers(one.counts),
        )
        for one in rules
    ]
    return Table(words("Rules"), tuple(map(words, COLUMNS_OF_RULES)), rows)


def _shares(words: Words, name: str, found: Sequence[Share]) -> Table:
    rows: list[tuple[Cell, ...]] = [(one.key, one.title, *_numbers(one.counts)) for one in found]
    return Table(name, tuple(map(words, COLUMNS_OF_SHARES)), rows)


def _named(words: Words, one: Share) -> Share:
    return one.model_copy(update={"title": words(one.title)})


def _numbers(counts: StateCounts) -> tuple[int, ...]:
    return counts.passed, counts.failed, counts.not_evaluated, counts.waived


WORDED = frozenset({"severity", "family", "state", "move", "evidence", "seen_on"})


def _cell(words: Words, field: str, value: object) -> Cell:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, int):
        return value
    return words(str(value)) if field in WORDED else str(value)
