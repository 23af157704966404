"""`lisiere rollback RUN [SITE…]`: a plan back to what ran before a run. Nothing is changed by it."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import ON_LAB, AsJson, Lab
from cli.output import note, print_json, progress

if TYPE_CHECKING:
    from lisiere.model.plan import Plan, Run
    from lisiere.settings import Settings
    from lisiere.store.records import Records
    from lisiere.workflow.rollback import Before


def rollback(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="RUN", help="A run, the beginning of its name, or `last`.")],
    sites: Annotated[
        list[str] | None, typer.Argument(metavar="[SITE]...", help="Only these appliances; else all that it changed.")
    ] = None,
    *,
    lab: Lab = None,
    as_json: AsJson = False,
) -> None:
    """Plan the way back to what was recorded before a run; `lisiere apply` carries it out.

    Appliances are asked what the way back would change, as in every plan. Secrets keep the values that they have today.
    Exit status 1 when an appliance could not be planned.
    """
    from cli.lab_rootless import enters_lab
    from cli.plan_words import document, print_summary
    from cli.records import open_records, settle, tell_interruptions
    from cli.workplace import settings_of
    from lisiere.workflow.rollback import configurations_before

    settings = settings_of(context)
    is_lab = enters_lab(settings, lab)
    with open_records(settings) as records:
        tell_interruptions(records)
        run = records.load_run(name)
        before = configurations_before(records, run, hosts=sites or [])
        settle(records, is_lab=is_lab)
        made = _planned(run, before, records=records, settings=settings, is_lab=is_lab)
    if as_json:
        print_json(document(made))
    else:
        print_summary(made)
    for failure in before.failures:
        note(f"not planned: {failure.reason}")
    if made.failures or before.failures:
        raise typer.Exit(1)


def _planned(run: "Run", before: "Before", *, records: "Records", settings: "Settings", is_lab: bool) -> "Plan":
    """The plan back to configurations of before; what was changed again since is said.

    Raises:
        UsageError: An appliance is no longer there.
    """
    from cli.workplace import access, intended_texts, open_fleet, operator_name, secret_keeper
    from lisiere.errors import UsageError
    from lisiere.workflow.terrain import terrain_of
    from nornir_tasks.plan_making import make_plan

    fleet = open_fleet(settings, lab=is_lab)
    known = {one.name: one for one in fleet.in_service()}
    if gone := sorted(before.texts.keys() - known.keys()):
        raise UsageError(f"{', '.join(gone[:5])}: no longer in the inventory or in service; name the others as SITE")
    for host, later in sorted(before.changed_since.items()):
        note(f"{host} was changed again by {later}: this goes back beyond that")
    with progress("plan", len(before.texts)) as advance:
        return make_plan(
            [known[host] for host in sorted(before.texts)],
            before.texts,
            access=access(settings, lab=is_lab, keeper=secret_keeper(settings)),
            records=records,
            selection=f"rollback of {run.id}{ON_LAB if is_lab else ''}",
            created_by=operator_name(),
            clock=lambda: datetime.now(UTC),
            progress=advance,
            terrain=terrain_of(fleet, known.values()),
            rolls_back=run.id,
            reference=intended_texts(fleet, sorted(before.texts), settings),
        )
