"""`lisiere plan`: what an apply would do, asked of the appliances and frozen under a hash."""

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import ON_LAB, AsJson, Lab, Lifecycles, Names, Platforms, Profiles, Releases, Territories, selection
from cli.output import local_time, note, print_json, print_table, progress

if TYPE_CHECKING:
    from lisiere.model.plan import Plan

app = typer.Typer(help="Plan what an apply would do: nothing is changed on any appliance.", invoke_without_command=True)
ExitCode = Annotated[bool, typer.Option("--exit-code", help="Exit with 1 when there is something to apply.")]
DELETION_WARNING = 0.2
"""Part of the running lines above which a plan warns of what it would delete; factory configurations aside."""


@app.callback()
def plan(
    context: typer.Context,
    *,
    territories: Territories = None,
    profiles: Profiles = None,
    platforms: Platforms = None,
    releases: Releases = None,
    lifecycles: Lifecycles = None,
    names: Names = None,
    lab: Lab = None,
    exit_code: ExitCode = False,
    as_json: AsJson = False,
) -> None:
    """Compare appliances with their intended configurations, and freeze the differences as a plan.

    Without filters: every appliance that is staged or active; in the lab also those only planned.
    Exit status 1 when an appliance could not be compared.
    """
    if context.invoked_subcommand is not None:
        return
    from cli.records import open_records, tell_interruptions
    from cli.workplace import (
        access,
        chosen,
        in_lab,
        intended_texts,
        open_fleet,
        operator_name,
        secret_keeper,
        settings_of,
        wants_lab,
    )
    from nornir_tasks.plan_making import make_plan

    settings, is_lab = settings_of(context), wants_lab(lab)
    fleet = open_fleet(settings)
    wanted = selection(territories, profiles, platforms, releases, lifecycles, names)
    way = access(settings, lab=is_lab, keeper=secret_keeper(settings))
    appliances = chosen(fleet, wanted, is_lab=is_lab)
    appliances = in_lab(appliances, way) if is_lab else appliances
    texts = intended_texts(fleet, [one.name for one in appliances], settings)
    with open_records(settings) as records, progress("plan", len(appliances)) as advance:
        tell_interruptions(records)
        made = make_plan(
            appliances,
            texts,
            access=way,
            records=records,
            selection=f"{wanted}{ON_LAB}" if is_lab else str(wanted),
            created_by=operator_name(),
            clock=lambda: datetime.now(UTC),
            progress=advance,
        )
    if as_json:
        print_json(document(made))
    else:
        print_summary(made)
    if made.failures or (exit_code and made.changes):
        raise typer.Exit(1)


@app.command("show")
def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="PLAN", help="A plan, the beginning of its name, or `last`.")] = "last",
    *,
    host: Annotated[str, typer.Option("--host", metavar="NAME", help="Only this appliance.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show a plan: its waves and why, and the difference of each appliance, secrets masked."""
    from cli.records import open_records
    from cli.workplace import settings_of

    with open_records(settings_of(context)) as records:
        found = records.load_plan(name)
    if as_json:
        print_json(document(found))
        return
    print_summary(found)
    for change in found.changes:
        if host in ("", change.host):
            typer.echo(f"\n{change.host} (wave {change.wave})")
            typer.echo("".join(f"  {line}\n" for line in change.difference.splitlines()), nl=False)


@app.command("list")
def list_plans(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the last plans, newest first."""
    from cli.records import open_records
    from cli.workplace import settings_of

    with open_records(settings_of(context)) as records:
        found = records.list_plans()
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    rows = [
        (one.id, local_time(one.created_at), one.created_by, one.changes, one.unchanged, one.failures, one.selection)
        for one in found
    ]
    headers = ("plan", "made", "by", "changes", "unchanged", "failed", "selection")
    print_table(headers, rows, empty="there is no plan yet; make one with `lisiere plan`")


def document(plan: "Plan") -> dict[str, object]:
    """A plan as JSON; it holds references to secrets, never values."""
    return {**plan.model_dump(mode="json"), "is_empty": not plan.changes}


def print_summary(plan: "Plan") -> None:
    """Say in a few lines what a plan would do, wave by wave, and what could not be planned."""
    typer.echo(f"{plan.id}  sha256 {plan.sha256}")
    typer.echo(f"selection: {plan.selection}; made {local_time(plan.created_at)} by {plan.created_by}")
    typer.echo(
        f"{len(plan.changes)} to change, {len(plan.unchanged)} as intended, {len(plan.failures)} could not be compared"
    )
    counts = Counter(change.wave for change in plan.changes)
    for number, count in sorted(counts.items()):
        typer.echo(f"  wave {number}: {count:>4} appliance(s)  {_why(number, is_last=number == max(counts))}")
    deleting = [change for change in plan.changes if change.deleted_share > DELETION_WARNING]
    if deleting:
        worst = max(deleting, key=lambda change: change.deleted_share)
        note(f"warning: {len(deleting)} appliance(s) lose over {DELETION_WARNING:.0%} of their lines;")
        note(f"         most of all {worst.host}: {worst.deleted_share:.0%}")
    for failure in plan.failures:
        note(f"not planned: {failure.reason}")
    if plan.changes:
        note(f"to carry it out: lisiere apply {plan.id}")


def _why(number: int, *, is_last: bool) -> str:
    """Why a wave is what it is."""
    if number == 1:
        return "the only one" if is_last else "canaries, chosen for diversity: none may fail"
    return "the rest" if is_last else "more at a time, territories mixed"
