"""`lisiere report`: how the fleet stands against the rules, as a page, a workbook, a table or one document."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson, Lab
from cli.output import local_time, note, print_json, print_table
from lisiere.model.report import Language

if TYPE_CHECKING:
    from datetime import date

    from lisiere.model.finding import StateCounts
    from lisiere.model.report import Report, View
    from lisiere.settings import Settings

DAYS = ["%Y-%m-%d"]


def report(
    context: typer.Context,
    *,
    territory: Annotated[
        str,
        typer.Option("--territory", "-t", metavar="SIREN", help="Only this territory; nothing of another is in it."),
    ] = "",
    site: Annotated[str, typer.Option("--site", "-s", metavar="NAME", help="Only the site of this appliance.")] = "",
    rule: Annotated[str, typer.Option("--rule", "-r", metavar="RULE", help="Only this rule.")] = "",
    on: Annotated[
        datetime | None, typer.Option("--on", formats=DAYS, metavar="DATE", help="As it was at the end of this day.")
    ] = None,
    compare: Annotated[
        tuple[datetime, datetime] | None,
        typer.Option(
            "--compare",
            formats=DAYS,
            metavar="DATE DATE",
            help="Also what appeared and what was mended between two days.",
        ),
    ] = None,
    language: Annotated[Language, typer.Option("--lang", help="Language of titles and words.")] = Language.FR,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page that needs nothing else.")
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the findings as CSV.")] = None,
    xlsx: Annotated[Path | None, typer.Option("--xlsx", metavar="FILE", help="Write a workbook of all tables.")] = None,
    every_result: Annotated[
        bool, typer.Option("--every-result", help="Also what is kept, with its evidence; in --json, --csv and --xlsx.")
    ] = False,
    lab: Lab = None,
    as_json: AsJson = False,
) -> None:
    """Tell from the records how appliances stand against the rules, since when, and on what evidence.

    No appliance is asked; `lisiere audit` does that. What was seen on the lab is told with --lab alone, and says so.
    """
    from cli.files import write_whole
    from cli.workplace import settings_of, wants_lab
    from lisiere.model.report import View

    made = make(
        settings_of(context),
        View(territory=territory, site=site, rule=rule),
        language=language,
        on=on.date() if on else None,
        days=(compare[0].date(), compare[1].date()) if compare else None,
        every_result=every_result,
        is_lab=wants_lab(lab),
    )
    for path, content in _written(made, html=html, csv=csv, xlsx=xlsx).items():
        write_whole(path, content)
        note(f"{made.counts.failed} findings that nobody accepted, {made.counts.waived} waived: {path}")
    if made.unaudited:
        note(f"{made.unaudited} appliances were never audited (planned ones count as well); `lisiere audit` does it")
    if as_json:
        print_json(made.model_dump(mode="json"))
    elif html is None and csv is None and xlsx is None:
        _print(made)


def make(
    settings: "Settings",
    view: "View",
    *,
    language: Language,
    on: "date | None" = None,
    days: "tuple[date, date] | None" = None,
    every_result: bool = False,
    is_lab: bool = False,
) -> "Report":
    """Make a report out of the records of a workplace.

    Raises:
        UsageError: There is no such territory, site or rule, a day that was asked for has not come, or what is on
            record is not of the appliances, or not of the lab, as was asked for.
    """
    from importlib.metadata import version

    from cli.records import open_records, settle
    from cli.workplace import open_fleet
    from lisiere.workflow.packs import load_packs
    from lisiere.workflow.report_making import Wish, moment_of, report_of
    from lisiere.workflow.scene import scene_of

    now = datetime.now(UTC)
    at = moment_of(on, now=now) if on else now
    scene = scene_of(open_fleet(settings, lab=is_lab), load_packs(settings.rules), view, language=language, at=at)
    with open_records(settings) as records:
        settle(records, is_lab=is_lab, keeps=False)
        wish = Wish(
            version("lisiere"), days=days, every_result=every_result, on=on if at < now else None, is_lab=is_lab
        )
        return report_of(records, scene, wish)


def _written(made: "Report", *, html: Path | None, csv: Path | None, xlsx: Path | None) -> dict[Path, str | bytes]:
    from lisiere.render.compliance_page import write_report
    from lisiere.workflow.report_tables import findings_table, tables, workbook_title
    from lisiere.workflow.spreadsheets import csv_text, xlsx_bytes

    found: dict[Path, str | bytes] = {}
    if html is not None:
        found[html] = write_report(made)
    if csv is not None:
        found[csv] = csv_text(findings_table(made))
    if xlsx is not None:
        found[xlsx] = xlsx_bytes(tables(made), title=workbook_title(made))
    return found


def _print(made: "Report") -> None:
    groups = made.territories if len(made.territories) > 1 else made.families
    rows = [(one.title, *_numbers(one.counts)) for one in groups]
    headers = ("territory" if len(made.territories) > 1 else "family", "passed", "failed", "waived", "not evaluated")
    print_table(headers, rows, empty="nothing was audited yet: lisiere audit")
    judged = f", judged {local_time(made.audited_at[0])} or later" if made.audited_at else ""
    read = f" by what was read {local_time(made.read_at[0])} or later" if made.read_at else ""
    missing = f" ({made.unaudited} never audited)" if made.unaudited else ""
    if made.is_lab:
        note("seen on the lab; this proves nothing of appliances")
    note(
        f"{made.appliances} appliances{missing}, {len(made.rules)} rules{judged}{read}; "
        "more with --html, --xlsx, --csv, --json"
    )


def _numbers(counts: "StateCounts") -> tuple[int, ...]:
    return counts.passed, counts.failed, counts.waived, counts.not_evaluated
