"""What a demonstration shows of compliance: an audit of what was just read, one finding waived, and the report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from lisiere.model.days import day_of
from lisiere.model.report import Language, Report, View
from lisiere.workflow.packs import Packs

if TYPE_CHECKING:
    from lisiere.model.finding import Audit, StateCounts
    from lisiere.model.fleet import Fleet
    from lisiere.model.site import Appliance
    from lisiere.store.records import Records
    from nornir_tasks.auditing import Look

REPORT = "lisiere-compliance.html"
WORKBOOK = "lisiere-compliance.xlsx"
WAIVED = "ipsec-no-psk"
ASKED_BY, APPROVED_BY = "engineer", "security-officer"
REASON = "Passage aux certificats au fil du remplacement des équipements"
MEASURE = "Une clé de 256 bits par tunnel, renouvelée chaque année"


@dataclass(frozen=True, slots=True)
class Shown:
    """An audit, and the report after one finding was waived."""

    audit: "Audit"
    report: Report


def look_of(packs: Packs) -> "Look":
    """What to ask of appliances so that every rule can be."""
    from lisiere.workflow.findings import getters_asked, topics_asked
    from nornir_tasks.auditing import Look

    return Look(topics_asked(packs), getters_asked(packs))


def audit_and_waive(
    records: "Records", fleet: "Fleet", chosen: Sequence["Appliance"], packs: Packs, *, at: datetime, version: str
) -> Shown:
    """Audit out of the records, waive a finding for a year, and make the report."""
    from lisiere.drivers.validating import compare
    from lisiere.model.compliance_words import Basis
    from lisiere.workflow.auditing import Account, Order, evaluate, keep, seen_in_records
    from lisiere.workflow.report_making import Wish, report_of
    from lisiere.workflow.scene import scene_of

    names = [one.name for one in chosen]
    order = Order(fleet=fleet, names=names, is_whole=True, packs=packs, compare=compare, as_of=day_of(at), at=at)
    account = Account(by=ASKED_BY, basis=Basis.LIVE, selection="all (lab)")
    audit = keep(records, order, evaluate(order, seen_in_records(records, names)), account)
    _waive(records, fleet, at=at)
    scene = scene_of(fleet, packs, View(), language=Language.FR, at=at)
    return Shown(audit, report_of(records, scene, Wish(version, is_lab=True)))


def write_reports(folder: Path, report: Report) -> None:
    """Leave the page and the workbook."""
    from cli.files import write_whole
    from lisiere.render.compliance_page import write_report
    from lisiere.workflow.report_tables import tables, workbook_title
    from lisiere.workflow.spreadsheets import xlsx_bytes

    write_whole(folder / REPORT, write_report(report))
    write_whole(folder / WORKBOOK, xlsx_bytes(tables(report), title=workbook_title(report)))


def lines(report: Report) -> list[str]:
    """The compliance of each territory, as a table for a terminal."""
    width = max((len(one.title) for one in report.territories), default=0)
    head = f"{'territory':<{width}}  passed  failed  waived  not evaluated"
    return [head, *(f"{one.title:<{width}}  {_numbers(one.counts)}" for one in report.territories)]


def _numbers(counts: "StateCounts") -> str:
    return f"{counts.passed:>6}  {counts.failed:>6}  {counts.waived:>6}  {counts.not_evaluated:>13}"


def _waive(records: "Records", fleet: "Fleet", *, at: datetime) -> None:
    from lisiere.model.compliance_words import ScopeKind
    from lisiere.model.finding import Scope
    from lisiere.workflow.waiving import new_waiver

    asked = new_waiver(
        WAIVED,
        Scope(kind=ScopeKind.FLEET),
        reason=REASON,
        measure=MEASURE,
        asked_by=ASKED_BY,
        until=day_of(at) + timedelta(days=365),
        at=at,
        fleet=fleet,
    )
    number = records.compliance.ask_waiver(asked).number
    records.compliance.approve_waiver(number, by=APPROVED_BY, at=at)
