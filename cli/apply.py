"""`lisiere apply PLAN`: carry out a frozen plan, in waves that undo themselves when something breaks."""

import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson, Lab, is_lab_plan
from cli.output import note, print_json, print_table, progress

if TYPE_CHECKING:
    from lisiere.model.plan import Plan, Run
    from lisiere.settings import Settings
    from lisiere.store.records import Records
    from nornir_tasks.rollout import Rollout


def apply(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="PLAN", help="A plan, the beginning of its name, or `last`.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before changing several appliances.")] = False,
    max_failures: Annotated[int, typer.Option(min=0, help="Failures borne after the canaries.")] = 5,
    max_failure_share: Annotated[
        int, typer.Option(min=0, max=100, metavar="PERCENT", help="Part of a wave that may fail.")
    ] = 10,
    allow_deletions: Annotated[
        int,
        typer.Option(min=0, max=100, metavar="PERCENT", help="Part of a running configuration that may be deleted."),
    ] = 20,
    revert_in: Annotated[
        int | None,
        typer.Option(min=120, max=3600, metavar="SECONDS", help="Time to confirm a commit in."),
    ] = None,
    resume: Annotated[
        str, typer.Option("--resume", metavar="RUN", help="Take up a run of this plan that was cut short, or `last`.")
    ] = "",
    as_one: Annotated[
        bool, typer.Option("--as-one", help="All appliances change, or none does: none is confirmed before all are.")
    ] = False,
    lab: Lab = None,
    as_json: AsJson = False,
) -> None:
    """Do what a plan says and nothing else: wave after wave, each verified over a new session.

    An appliance whose configuration is no longer the planned one is left alone. What is not confirmed reverts by
    itself. What an earlier transaction left is brought to its end first. Exit status 1 when an appliance is not as
    planned at the end, 130 after Ctrl-C.
    """
    from cli.lab_rootless import enters_lab
    from cli.records import open_records, settle, tell_interruptions
    from cli.transactions import resolve_left
    from cli.workplace import require_followed, settings_of
    from lisiere.errors import UsageError
    from nornir_tasks.rollout import Caution, Watch, apply_plan
    from nornir_tasks.transaction import apply_as_one

    if as_one and resume:
        raise UsageError(f"a transaction is not resumed: say `lisiere runs resolve {resume}`, or leave --resume out")
    carry_out = apply_as_one if as_one else apply_plan
    settings = settings_of(context)
    is_lab = enters_lab(settings, lab)
    with open_records(settings) as records:
        tell_interruptions(records)
        plan = records.load_plan(name)
        require_followed(settings)
        _agree(plan, is_lab=is_lab, max_deleted_share=allow_deletions / 100, yes=yes)
        settle(records, is_lab=is_lab)
        resolve_left(records, {change.host for change in plan.changes}, settings=settings, is_lab=is_lab)
        rollout = prepared(plan, records=records, settings=settings, is_lab=is_lab, resume=resume)
        caution = Caution.within(
            revert_in or settings.revert_in_s, max_failures=max_failures, max_failure_share=max_failure_share / 100
        )
        with progress("apply", len(plan.changes)) as advance:
            watch = Watch(on_wave=_tell_wave, on_host=advance, on_note=note)
            run = carry_out(replace(rollout, caution=caution, watch=watch))
    _tell(run, plan, as_json=as_json)


def _agree(plan: "Plan", *, is_lab: bool, max_deleted_share: float, yes: bool) -> None:
    """Go on with a plan that may be carried out here and that a person wants.

    Raises:
        LisiereError: What speaks against it; nothing was sent.
    """
    from lisiere.workflow.budgets import refuse_destructive
    from lisiere.workflow.plans import refuse_preview

    refuse_preview(plan)
    refuse_elsewhere(plan, is_lab=is_lab)
    refuse_destructive(plan, max_share=max_deleted_share)
    confirm(plan, yes=yes, is_lab=is_lab)


def _tell(run: "Run", plan: "Plan", *, as_json: bool) -> None:
    """Say how the run ended, and end with the status that goes with it."""
    from lisiere.model.plan import RunStatus

    if as_json:
        print_json(run.model_dump(mode="json"))
    else:
        print_run(run)
    if plan.failures:
        note(f"{len(plan.failures)} appliance(s) could not be compared and are not in {plan.id}")
    if run.status is not RunStatus.SUCCEEDED or plan.failures:
        raise typer.Exit(130 if run.status is RunStatus.STOPPED else 1)


def prepared(plan: "Plan", *, records: "Records", settings: "Settings", is_lab: bool, resume: str = "") -> "Rollout":
    """A plan with all that it takes to carry it out, or to take up a run of it.

    Raises:
        InventoryError: Every mistake in the inventory.
        UsageError: There is no way to the appliances.
    """
    from cli.audit import judge_run
    from cli.workplace import access, intended_texts, open_fleet, operator_name, secret_keeper
    from lisiere.policy.site import resolve_sites
    from nornir_tasks.probes import probes_of
    from nornir_tasks.rollout import Rollout

    way = access(settings, lab=is_lab, keeper=secret_keeper(settings))
    way.get_ready(len(plan.changes))
    fleet = open_fleet(settings, lab=is_lab)
    known = {one.name: one for one in fleet.in_service()}
    hosts = [change.host for change in plan.changes if change.host in known]
    intents = resolve_sites(fleet, hosts)
    return Rollout(
        plan=plan,
        appliances=known,
        probes={host: probes_of(known[host], intents[host]) for host in hosts},
        access=way,
        records=records,
        started_by=operator_name(),
        clock=lambda: datetime.now(UTC),
        resume=resume,
        reference=intended_texts(fleet, hosts, settings) if plan.rolls_back else {},
        after=partial(judge_run, fleet=fleet, settings=settings, records=records),
    )


def refuse_elsewhere(plan: "Plan", *, is_lab: bool) -> None:
    """A plan made on the lab is carried out on the lab, and one made on the fleet on the fleet.

    Raises:
        UsageError: The plan was made on the other one; nothing was sent.
    """
    from lisiere.errors import UsageError

    if is_lab_plan(plan) == is_lab:
        return
    if is_lab:
        raise UsageError(f"{plan.id} was made on appliances in service, not on the lab; leave --lab out")
    raise UsageError(f"{plan.id} was made on the lab; say --lab, or make a plan for the appliances in service")


def confirm(plan: "Plan", *, yes: bool, is_lab: bool) -> None:
    """Ask before several appliances are changed.

    Raises:
        UsageError: There is nobody to ask.
    """
    from lisiere.errors import UsageError

    if len(plan.changes) <= 1 or yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"{plan.id} changes {len(plan.changes)} appliances and nobody can be asked; say --yes")
    where = "of the lab" if is_lab else "in service"
    typer.confirm(f"Change {len(plan.changes)} appliances {where} as {plan.id} says?", abort=True, err=True)


def print_run(run: "Run") -> None:
    """Say how a run ended: counts, then each appliance that is not as planned."""
    counts = Counter(one.outcome for one in run.outcomes)
    typer.echo(f"{run.id} of {run.plan_id}: {run.status}")
    typer.echo(", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())) or "nothing to do")
    left = [one for one in run.outcomes if one.outcome not in ("applied", "unchanged")]
    rows = [(one.wave, one.host, one.outcome, one.detail) for one in left]
    if rows:
        print_table(("wave", "appliance", "outcome", "why"), rows, empty="")


def _tell_wave(number: int, size: int) -> None:
    note(f"wave {number}: {size} appliance(s)")
