"""`lisiere plan`: what an apply would do, asked of the appliances and frozen under a hash."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import ON_LAB, AsJson, Lab, Lifecycles, Names, Platforms, Profiles, Releases, Territories, selection
from cli.output import local_time, note, print_json, print_table, progress
from cli.plan_words import document, print_change, print_reach, print_summary

if TYPE_CHECKING:
    from lisiere.model.fleet import Fleet
    from lisiere.model.pacing import Pacing
    from lisiere.model.plan import Plan
    from lisiere.settings import Settings
    from lisiere.workflow.selection import Selection

app = typer.Typer(help="Plan what an apply would do: nothing is changed on any appliance.", invoke_without_command=True)
ExitCode = Annotated[bool, typer.Option("--exit-code", help="Exit with 1 when there is something to apply.")]
FromRecords = Annotated[
    bool,
    typer.Option("--from-records", help="Preview: compare with the last readings on record; no appliance is asked."),
]
Canaries = Annotated[int, typer.Option("--canaries", min=1, max=1000, help="Appliances of the first wave.")]
Growth = Annotated[int, typer.Option("--growth", min=1, max=100, help="How many times larger each wave may be.")]
MaxWave = Annotated[
    int | None, typer.Option("--max-wave", min=1, metavar="COUNT", help="Appliances of the largest wave.")
]
MaxTerritory = Annotated[
    int | None,
    typer.Option(
        "--max-territory",
        min=1,
        metavar="COUNT",
        help="Appliances of one territory in one wave; by default a quarter of those it has.",
    ),
]


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
    from_records: FromRecords = False,
    canaries: Canaries = 8,
    growth: Growth = 4,
    max_wave: MaxWave = None,
    max_territory: MaxTerritory = None,
    exit_code: ExitCode = False,
    as_json: AsJson = False,
) -> None:
    """Compare appliances with their intended configurations, and freeze the differences as a plan.

    Without filters: every appliance that is staged or active; in the lab also those only planned.
    Exit status 1 when an appliance could not be compared.
    """
    if context.invoked_subcommand is not None:
        return
    from cli.lab_rootless import enters_lab
    from cli.workplace import open_followed, settings_of
    from lisiere.model.pacing import Pacing

    settings = settings_of(context)
    is_lab = enters_lab(settings, lab)
    fleet = open_followed(settings, lab=is_lab)
    wanted = selection(territories, profiles, platforms, releases, lifecycles, names)
    pacing = Pacing(canaries=canaries, growth=growth, max_wave=max_wave, max_territory=max_territory)
    make = _from_records if from_records else _from_appliances
    made = make(settings, fleet, wanted, is_lab=is_lab, pacing=pacing)
    if as_json:
        print_json(document(made))
    else:
        print_summary(made)
        if made.changes and not from_records:
            note(f"what it opens and closes: lisiere plan show {made.id}")
    if made.failures or (exit_code and made.changes):
        raise typer.Exit(1)


def _from_appliances(
    settings: "Settings", fleet: "Fleet", wanted: "Selection", *, is_lab: bool, pacing: "Pacing"
) -> "Plan":
    """A plan that every appliance was asked for."""
    from cli.records import open_records, settle, tell_interruptions
    from cli.workplace import access, chosen, in_lab, intended_texts, operator_name, secret_keeper
    from lisiere.workflow.selection import Selection
    from lisiere.workflow.terrain import terrain_of
    from nornir_tasks.plan_making import make_plan

    way = access(settings, lab=is_lab, keeper=secret_keeper(settings))
    appliances = chosen(fleet, wanted, is_lab=is_lab)
    appliances = in_lab(appliances, way) if is_lab else appliances
    way.get_ready(len(appliances))
    texts = intended_texts(fleet, [one.name for one in appliances], settings)
    with open_records(settings) as records, progress("plan", len(appliances)) as advance:
        tell_interruptions(records)
        settle(records, is_lab=is_lab)
        return make_plan(
            appliances,
            texts,
            access=way,
            records=records,
            selection=f"{wanted}{ON_LAB}" if is_lab else str(wanted),
            created_by=operator_name(),
            clock=lambda: datetime.now(UTC),
            terrain=terrain_of(fleet, chosen(fleet, Selection(), is_lab=is_lab)),
            pacing=pacing,
            progress=advance,
        )


def _from_records(
    settings: "Settings", fleet: "Fleet", wanted: "Selection", *, is_lab: bool, pacing: "Pacing"
) -> "Plan":
    """A preview: what the records say that a plan would hold."""
    from cli.records import open_records, tell_interruptions
    from cli.workplace import chosen, intended_texts, operator_name
    from lisiere.model.plan import Basis
    from lisiere.workflow.plans import Origin
    from lisiere.workflow.preview import make_preview
    from lisiere.workflow.selection import Selection
    from lisiere.workflow.terrain import terrain_of

    appliances = chosen(fleet, wanted, is_lab=is_lab)
    texts = intended_texts(fleet, [one.name for one in appliances], settings)
    words = f"{wanted} (from records){ON_LAB if is_lab else ''}"
    with open_records(settings) as records:
        tell_interruptions(records)
        return make_preview(
            appliances,
            texts,
            records=records,
            origin=Origin(words, operator_name(), datetime.now(UTC), Basis.RECORDS),
            terrain=terrain_of(fleet, chosen(fleet, Selection(), is_lab=is_lab)),
            pacing=pacing,
        )


@app.command("show")
def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="PLAN", help="A plan, the beginning of its name, or `last`.")] = "last",
    *,
    host: Annotated[str, typer.Option("--host", metavar="NAME", help="Only this appliance.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show a plan: its waves and why, what it opens and closes, the difference of each appliance; secrets masked."""
    from dataclasses import asdict

    from cli.records import open_records
    from cli.workplace import settings_of
    from lisiere.workflow.reach_changes import reach_changes

    with open_records(settings_of(context)) as records:
        found = records.load_plan(name)
        shown = [change for change in found.changes if host in ("", change.host)]
        reach = reach_changes(records, shown)
    if as_json:
        print_json({**document(found), "reachability": {one: asdict(change) for one, change in reach.items()}})
        return
    print_summary(found)
    print_reach(reach)
    for change in shown:
        print_change(change, reach[change.host])


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
