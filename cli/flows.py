"""`lisiere flows`: the flow matrix, for people, for a spreadsheet, and as a page for the yearly review."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson, AsOf
from cli.output import note, print_json

if TYPE_CHECKING:
    from datetime import date

    from lisiere.policy.matrix import FlowRow

COLUMNS = (
    "flow",
    "title",
    "owner",
    "reason",
    "legal_basis",
    "review_by",
    "until",
    "sites",
    "layer",
    "rule",
    "zones",
    "services",
    "rule_sites",
)
"""Columns of the CSV: one line for each rule that serves a flow, one without a rule for a flow that none serves."""


def flows(
    context: typer.Context,
    *,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the matrix as CSV.")] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write it as a page, in French.")] = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """The flow matrix: each declared need, who answers for it, and the rules that serve it.

    With each rule: between which zones, for which services, at how many sites.
    """
    from cli.files import write_whole
    from cli.workplace import fleet_on, settings_of
    from lisiere.errors import UsageError
    from lisiere.policy.matrix import flow_matrix
    from lisiere.policy.site import resolve_fleet

    for path in (csv, html):
        if path is not None and not path.parent.is_dir():
            raise UsageError(f"{path}: there is no folder {path.parent}; make it first")
    fleet = fleet_on(settings_of(context), as_of.date() if as_of else None)
    rows = flow_matrix(fleet, resolve_fleet(fleet))
    written = {csv: _csv(rows) if csv else "", html: _html(rows, fleet.as_of) if html else ""}
    for path, text in written.items():
        if path is not None:
            write_whole(path, text)
            note(f"{len(rows)} flows in {path}")
    if as_json:
        print_json([_document(row) for row in rows])
    elif csv is None and html is None:
        _print(rows)


def _print(rows: "tuple[FlowRow, ...]") -> None:
    for place, row in enumerate(rows):
        flow = row.flow
        typer.echo("" if place else None, nl=bool(place))
        typer.echo(f"{flow.id}: {flow.title} ({row.sites} sites)")
        typer.echo(f"  owner      {flow.owner}")
        typer.echo(f"  reason     {flow.reason}")
        typer.echo(f"  basis      {flow.legal_basis}")
        typer.echo(f"  review by  {flow.review_by}" + (f", ends {flow.until}" if flow.until else ""))
        for rule in row.rules:
            words = f"{rule.layer} {rule.id}: {', '.join(rule.zones)}; {rule.services}"
            typer.echo(f"  rule       {words} ({len(rule.sites)} sites)")
        if not row.rules:
            typer.echo("  rule       none")


def _document(row: "FlowRow") -> dict[str, object]:
    return {
        **row.flow.model_dump(mode="json"),
        "sites": row.sites,
        "rules": [{**rule._asdict(), "sites": len(rule.sites)} for rule in row.rules],
    }


def _csv(rows: "tuple[FlowRow, ...]") -> str:
    import csv
    import io

    from lisiere.workflow.spreadsheets import harmless

    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in rows:
        flow = row.flow
        need = (flow.id, flow.title, flow.owner, flow.reason, flow.legal_basis, flow.review_by, flow.until or "")
        for rule in row.rules or (None,):
            served = (
                ("", "", "", "", 0)
                if rule is None
                else (rule.layer, rule.id, ", ".join(rule.zones), rule.services, len(rule.sites))
            )
            writer.writerow([harmless(cell) for cell in (*need, row.sites, *served)])
    return text.getvalue()


def _html(rows: "tuple[FlowRow, ...]", day: "date") -> str:
    from importlib.metadata import version

    from lisiere.render.report import render_page

    return render_page("flows.html.j2", {"rows": rows, "as_of": day, "version": version("lisiere")})
