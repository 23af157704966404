"""`lisiere waiver`: accepting for a time that a rule is not kept. One asks, another approves, a day ends it."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import local_time, note, print_json, print_table

if TYPE_CHECKING:
    from lisiere.model.finding import Waiver

app = typer.Typer(help="Accept for a time that a rule is not kept: one asks, another approves.")

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="The number of the waiver, as `list` shows it.")]
RuleName = Annotated[str, typer.Option("--rule", help="The rule, as `lisiere rules` lists it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why it cannot be kept.")]
Measure = Annotated[str, typer.Option("--measure", help="What is done meanwhile to make up for it.")]
Until = Annotated[
    datetime, typer.Option("--until", formats=["%Y-%m-%d"], metavar="DATE", help="The last day, in Paris.")
]


@app.command("add")
def add(
    context: typer.Context,
    *,
    rule: RuleName,
    reason: Reason,
    measure: Measure,
    until: Until,
    territory: Annotated[str | None, typer.Option("--territory", "-t", metavar="SIREN", help="Only there.")] = None,
    site: Annotated[str | None, typer.Option("--site", metavar="NAME", help="Only this appliance.")] = None,
) -> None:
    """Ask for a waiver over the fleet, a territory or a site. It covers nothing before somebody else approves it."""
    from pydantic import ValidationError

    from cli.records import open_records
    from cli.workplace import acting_user, open_fleet, operator_name, settings_of
    from lisiere.errors import UsageError
    from lisiere.model.compliance_words import ScopeKind
    from lisiere.model.finding import Scope
    from lisiere.workflow.packs import load_packs
    from lisiere.workflow.waiving import new_waiver

    settings = settings_of(context)
    if territory is not None and site is not None:
        raise UsageError("a waiver is for a territory or for a site, not for both")
    if rule not in load_packs(settings.rules).rules:
        raise UsageError(f"unknown rule {rule!r}; `lisiere rules` lists them")
    kind = ScopeKind.SITE if site else ScopeKind.TERRITORY if territory else ScopeKind.FLEET
    try:
        asked = new_waiver(
            rule,
            Scope(kind=kind, name=site or territory or ""),
            reason=reason,
            measure=measure,
            asked_by=acting_user(),
            asked_login=operator_name(),
            until=until.date(),
            at=datetime.now(UTC),
            fleet=open_fleet(settings, lab=False),
        )
    except ValidationError as exc:
        raise UsageError("a reason and a measure have 1 to 600 characters, none of them a control") from exc
    with open_records(settings) as records:
        found = records.compliance.ask_waiver(asked)
    note(f"waiver {found.number} is asked for by {found.asked_by}; somebody else approves it, from another login:")
    note(f"  lisiere waiver approve {found.number}")


@app.command("approve")
def approve(context: typer.Context, number: Number) -> None:
    """Approve a waiver that somebody else asked for; it covers its findings from now on."""
    from cli.records import open_records
    from cli.workplace import acting_user, operator_name, settings_of

    with open_records(settings_of(context)) as records:
        found = records.compliance.approve_waiver(number, by=acting_user(), login=operator_name())
    note(f"waiver {number} for {found.rule} ({found.scope}) is in force until {found.until}")


@app.command("end")
def end(context: typer.Context, number: Number) -> None:
    """End a waiver before its time; what it covers is open again at once."""
    from cli.records import open_records
    from cli.workplace import acting_user, settings_of

    with open_records(settings_of(context)) as records:
        found = records.compliance.end_waiver(number, by=acting_user())
    note(f"waiver {number} for {found.rule} ({found.scope}) has ended")


@app.command("list")
def list_(
    context: typer.Context,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also those that have ended.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")] = False,
) -> None:
    """List the waivers that are asked for or in force, and make the notices that are due."""
    from cli.records import open_records
    from cli.workplace import settings_of
    from lisiere.workflow.auditing import announce

    now = datetime.now(UTC)
    with open_records(settings_of(context)) as records:
        announce(records, at=now)
        found = [one for one in records.compliance.waivers() if everything or one.stop_at > now]
    if as_json:
        print_json([one.model_dump(mode="json") | {"state": _state(one, now)} for one in found])
        return
    rows = [
        (one.number, _state(one, now), one.rule, one.scope, one.until, one.asked_by, one.approved_by or "-", one.reason)
        for one in found
    ]
    headers = ("number", "state", "rule", "scope", "until", "asked by", "approved by", "reason")
    print_table(headers, rows, empty="no waiver")
    for one in found:
        if one.is_in_force(now):
            note(f"waiver {one.number}: in force until {local_time(one.ends_at)}; meanwhile: {one.measure}")


def _state(one: "Waiver", now: datetime) -> str:
    if one.stop_at <= now:
        return "ended"
    return "in force" if one.is_in_force(now) else "asked for"
