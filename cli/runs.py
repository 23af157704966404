"""`lisiere runs`: what was carried out, how it went on each appliance, and ending a run from outside."""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson, Lab
from cli.output import local_time, note, print_json, print_table

if TYPE_CHECKING:
    from lisiere.model.plan import HostOutcome, Run
    from lisiere.model.record import JournalEntry
    from lisiere.settings import Settings
    from lisiere.store.records import Records

app = typer.Typer(help="What was carried out, and how it went.", invoke_without_command=True)
RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run, the beginning of its name, or `last`.")]
POLL_S = 0.5


@app.callback()
def runs(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the last runs, newest first."""
    if context.invoked_subcommand is not None:
        return
    from cli.records import open_records, tell_interruptions
    from cli.workplace import settings_of

    with open_records(settings_of(context)) as records:
        tell_interruptions(records)
        found = records.list_runs()
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    lines = [
        (
            one.id,
            one.status,
            local_time(one.started_at),
            one.started_by,
            ", ".join(f"{count} {outcome}" for outcome, count in sorted(one.outcomes.items())),
        )
        for one in found
    ]
    print_table(("run", "status", "started", "by", "appliances"), lines, empty="nothing was carried out yet")


@app.command("show")
def show(
    context: typer.Context,
    name: RunName = "last",
    *,
    hosts: Annotated[
        list[str] | None, typer.Option("--host", metavar="NAME", help="The time line of this appliance; repeatable.")
    ] = None,
    everyone: Annotated[bool, typer.Option("--all", help="The time line of every appliance.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show a run: what happened to it, how each appliance ended, and the time line of those that are not as planned."""
    from cli.records import open_records
    from cli.workplace import settings_of

    with open_records(settings_of(context)) as records:
        run = records.load_run(name)
        entries = records.journal_entries(run.id)
    _refuse_strangers(run, entries, hosts or [])
    if as_json:
        print_json({**run.model_dump(mode="json"), "journal": [one.model_dump(mode="json") for one in entries]})
        return
    ended = f", ended {local_time(run.ended_at)}" if run.ended_at else ""
    typer.echo(
        f"{run.id} of {run.plan_id}: {run.status}, started {local_time(run.started_at)} by {run.started_by}{ended}"
    )
    _print_lines(one for one in entries if not one.host)
    _print_outcomes(run.outcomes)
    for host in _told(run, entries, hosts=hosts or [], everyone=everyone):
        typer.echo(f"\n{host}")
        _print_lines(one for one in entries if one.host == host)


@app.command("cancel")
def cancel(context: typer.Context, name: RunName, *, lab: Lab = None, as_json: AsJson = False) -> None:
    """End a run: nothing new is sent, and what is armed goes back to the old configuration.

    A run that another process carries out hears of it before its next step, and is waited for (Ctrl-C ends the waiting
    only). One whose process died is brought to its end here. Exit status 1 when an appliance is not at rest.
    """
    from cli.lab_rootless import enters_lab
    from cli.records import open_records
    from cli.workplace import operator_name, settings_of
    from lisiere.model.plan import RunStatus
    from lisiere.workflow.begun import begun_in

    settings = settings_of(context)
    is_lab = enters_lab(settings, lab)
    with open_records(settings) as records:
        run_id = records.load_run(name).id
        status = records.cancel_run(run_id, by=operator_name())
        if status is RunStatus.INTERRUPTED:
            run = _end(records, run_id, settings=settings, is_lab=is_lab)
        else:
            note(f"{run_id} is asked to end; waiting for it")
            run = _awaited(records, run_id)
        left = begun_in(records.journal_entries(run_id))
    if as_json:
        print_json(run.model_dump(mode="json"))
    else:
        typer.echo(f"{run.id} of {run.plan_id}: {run.status}")
        _print_outcomes(run.outcomes)
    if left:
        note(f"not at rest: {', '.join(sorted(left)[:5])}; look again with `lisiere drift --refresh`")
        raise typer.Exit(1)


@app.command("resolve")
def resolve(
    context: typer.Context,
    name: RunName,
    *,
    without: Annotated[
        list[str] | None, typer.Option("--without", metavar="HOST", help="An end that is gone for good; repeatable.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it is; kept in the journal.")] = "",
    lab: Lab = None,
    as_json: AsJson = False,
) -> None:
    """Bring the ends of a transaction that was left to one side: all new if that was decided, else all old.

    An end that left the inventory or was destroyed is left out with --without and a --reason; one that answers is not.

    Exit status 1 when an end is not there yet.
    """
    from cli.lab_rootless import enters_lab
    from cli.records import open_records
    from cli.transactions import resolve_one
    from cli.workplace import settings_of
    from lisiere.errors import UsageError
    from lisiere.model.plan import RunStatus

    settings = settings_of(context)
    is_lab = enters_lab(settings, lab)
    with open_records(settings) as records:
        run = records.load_run(name)
        if (found := records.transactions.load(run.id)) is None:
            raise UsageError(f"{run.id} is no transaction; `lisiere apply --resume {run.id}` takes it up")
        if found.end is not None and run.status is not RunStatus.INTERRUPTED:
            note(f"{run.id} came to its end already; all its ends were {found.end}: {found.detail}")
        else:
            run = resolve_one(records, run.id, settings=settings, is_lab=is_lab, without=without or (), reason=reason)
            found = records.transactions.load(run.id)
    if as_json:
        print_json({**run.model_dump(mode="json"), "transaction": found and found.model_dump(mode="json")})
    else:
        typer.echo(f"{run.id} of {run.plan_id}: {run.status}")
        _print_outcomes(run.outcomes)
    if found is None or found.end is None:
        raise typer.Exit(1)


def _end(records: "Records", run_id: str, *, settings: "Settings", is_lab: bool) -> "Run":
    """Bring to its end a cancelled run whose process died."""
    from cli.apply import prepared, refuse_elsewhere
    from cli.transactions import resolve_one
    from nornir_tasks.rollout import end_cancelled

    if records.transactions.load(run_id) is not None:
        return resolve_one(records, run_id, settings=settings, is_lab=is_lab)
    plan = records.load_plan(records.load_run(run_id).plan_id)
    refuse_elsewhere(plan, is_lab=is_lab)
    return end_cancelled(prepared(plan, records=records, settings=settings, is_lab=is_lab, resume=run_id))


def _awaited(records: "Records", run_id: str) -> "Run":
    """The run once its process has ended it."""
    from lisiere.model.plan import RunStatus

    while (run := records.load_run(run_id)).status is RunStatus.RUNNING:
        time.sleep(POLL_S)
    return run


def _refuse_strangers(run: "Run", entries: Sequence["JournalEntry"], hosts: Iterable[str]) -> None:
    from lisiere.errors import UnknownError

    known = {one.host for one in run.outcomes} | {one.host for one in entries}
    if strangers := sorted(set(hosts) - known):
        raise UnknownError(f"{', '.join(strangers)}: not in {run.id}; `lisiere runs show {run.id} --all` shows who is")


def _told(run: "Run", entries: Sequence["JournalEntry"], *, hosts: Sequence[str], everyone: bool) -> list[str]:
    """Whose time line is shown: who was asked for, or who is not as planned."""
    from lisiere.workflow.plans import DONE

    if hosts:
        return list(hosts)
    known = sorted({one.host for one in entries if one.host})
    if everyone:
        return known
    at_rest = {one.host for one in run.outcomes if one.outcome in DONE or one.outcome == "skipped"}
    return [host for host in known if host not in at_rest]


def _print_outcomes(outcomes: Sequence["HostOutcome"]) -> None:
    rows = [
        (one.wave, one.host, one.outcome, f"{(one.ended_at - one.started_at).total_seconds():.1f} s", one.detail)
        for one in outcomes
    ]
    print_table(("wave", "appliance", "outcome", "took", "detail"), rows, empty="no appliance was brought to an end")
    counts = Counter(one.outcome for one in outcomes)
    note(", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())))


def _print_lines(entries: Iterable["JournalEntry"]) -> None:
    for one in entries:
        typer.echo(f"  {one.at:%H:%M:%S.%f}"[:-3] + f"  {one.step:<10} {one.detail}".rstrip())
