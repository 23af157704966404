"""Runs on record: begun, finished, interrupted, taken up again. Called on the thread of the worker."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import connections
from django.db.models import Count

from lisiere.errors import PlanError, RecordError, TakenOverError, UnknownError
from lisiere.model.plan import Conformity, Event, HostOutcome, Outcome, Run, RunStatus, Step
from lisiere.model.record import Interruption, Result, RunSummary
from lisiere.store import configurations, journal, readings
from lisiere.store.ids import new_id, utc
from lisiere.store.journal import Note
from lisiere.store.models import LeaseRow, OutcomeRow, PlanRow, RunRow, StandingRow
from lisiere.store.packing import storable
from lisiere.store.process import Process

LAST = "last"
_NOT_RESUMED = {
    RunStatus.RUNNING: "is still carried out",
    RunStatus.SUCCEEDED: "succeeded",
    RunStatus.CANCELLED: "was cancelled",
}
SILENCE = timedelta(minutes=15)
"""A run on another machine that gave no sign for so long counts as interrupted."""


def start(alias: str, plan_id: str, *, started_by: str, at: datetime, process: Process) -> Run:
    """Begin a run of a plan, carried out by a process.

    Raises:
        PlanError: The plan is not on record.
    """
    if not PlanRow.objects.using(alias).filter(id=plan_id).exists():
        raise PlanError(f"no plan {plan_id!r}")
    row = RunRow(
        id=new_id("run", at),
        plan_id=plan_id,
        status=RunStatus.RUNNING,
        started_at=utc(at),
        ended_at=None,
        seen_at=utc(at),
        started_by=started_by,
    )
    _give_to(row, process)
    row.save(using=alias, force_insert=True)
    _note(alias, row, Event.BEGIN, f"{plan_id}, by {owner_of(row)}", at=at)
    return _run(row, at=at, outcomes=())


def resume(alias: str, name: str, *, at: datetime, process: Process) -> Run:
    """Take up a run that did not come to its end; from now on this process carries it out.

    Raises:
        RecordError: The run succeeded, was cancelled, or its process still works on it.
    """
    row = _row(alias, name)
    status = _status(row, at)
    if status in _NOT_RESUMED:
        raise RecordError(f"{row.id} {_NOT_RESUMED[status]}; nothing to resume")
    if row.cancelled_by:
        raise RecordError(f"{row.id} is being cancelled; say `lisiere runs cancel {row.id}` to bring that to its end")
    return _take_up(alias, row, status, at=at, process=process)


def cancel(alias: str, name: str, *, by: str, at: datetime, process: Process) -> RunStatus:
    """Ask for the end of a run. RUNNING: its process will see it before its next step, and ends it.

    A run whose process died is given to the process that asks, which has to bring it to its end: INTERRUPTED.

    Raises:
        RecordError: The run ended already.
    """
    row = _row(alias, name)
    status = _status(row, at)
    if status not in (RunStatus.RUNNING, RunStatus.INTERRUPTED):
        raise RecordError(f"{row.id} ended already: {status}; nothing to cancel")
    if not row.cancelled_by:
        row.cancelled_by = by
        row.save(using=alias, force_update=True)
        _note(alias, row, Event.CANCEL, f"asked by {by}", at=at)
    if status is RunStatus.INTERRUPTED:
        _take_up(alias, row, status, at=at, process=process)
    return status


def cancellations(alias: str, run_ids: Iterable[str]) -> dict[str, str]:
    """Who cancelled runs, by run; those that nobody cancelled are left out. Asked with each entry of the journal."""
    found: dict[str, str] = {}
    with connections[alias].cursor() as cursor:
        for run_id in set(run_ids):
            cursor.execute("SELECT cancelled_by FROM lisiere_run WHERE id = %s", [run_id])
            row = cursor.fetchone()
            if row and row[0]:
                found[run_id] = str(row[0])
    return found


def take_over(alias: str, name: str, *, at: datetime, process: Process) -> Run:
    """Give a run to a process, however it had ended; for who brings its ends to their end."""
    row = _row(alias, name)
    return _take_up(alias, row, _status(row, at), at=at, process=process)


def is_of(alias: str, name: str, process: Process) -> bool:
    """Whether a process carries out a run."""
    return RunRow.objects.using(alias).filter(id=name, **owned_by(process)).exists()


def owned_by(process: Process) -> dict[str, str | int]:
    """What the row of a run has as long as this process carries it out; another one that takes it up changes that."""
    return {
        "machine": process.machine,
        "boot_id": process.boot_id,
        "pid": process.pid,
        "pid_started": process.pid_started,
    }


def taken_over(alias: str, run_id: str) -> TakenOverError:
    """What a process is told that was taken for dead and finds its run with another one."""
    row = _row(alias, run_id)
    return TakenOverError(f"{run_id} was taken over while this process was silent: {owner_of(row)}, {row.status}")


def _take_up(alias: str, row: RunRow, status: RunStatus, *, at: datetime, process: Process) -> Run:
    before = owner_of(row)
    row.status, row.ended_at, row.seen_at = RunStatus.RUNNING, None, utc(at)
    _give_to(row, process)
    row.save(using=alias, force_update=True)
    _note(alias, row, Event.RESUME, f"{status} under {before}; now {owner_of(row)}", at=at)
    return load(alias, row.id, at=at)


def _note(alias: str, row: RunRow, event: Event, detail: str, *, at: datetime) -> None:
    """Journal what happens to a run as a whole."""
    journal.append(alias, [Note(at, row.id, "", event, detail)])


def finish(alias: str, run_id: str, *, status: RunStatus, at: datetime, process: Process) -> None:
    """End a run and give back its leases. Ending it again the same way changes nothing.

    Raises:
        TakenOverError: Another process has taken it up; neither the run nor its leases are ours any more.
    """
    row = _row(alias, run_id)
    if not is_of(alias, row.id, process):
        raise taken_over(alias, row.id)
    LeaseRow.objects.using(alias).filter(run=row).delete()
    if row.status != status:
        row.status, row.ended_at, row.seen_at = status, utc(at), utc(at)
        row.save(using=alias, force_update=True)
        _note(alias, row, Event.END, status, at=at)


def record_results(alias: str, items: Sequence[tuple[str, Sequence[Result]]]) -> None:
    """Keep what came of appliances, for several runs at once: texts, outcomes, readings, and an entry in the journal.

    Raises:
        RecordError: A run is not on record.
    """
    results = [(run_id, one) for run_id, several in items for one in several]
    configurations.put(alias, [one.running for _, one in results if one.running])
    notes = [_recorded(run_id, one.outcome) for run_id, one in results]
    record_outcomes(alias, [(run_id, [one.outcome for one in several]) for run_id, several in items])
    readings.record(alias, [[one.reading for _, one in results if one.reading is not None]])
    journal.append(alias, notes)


def _recorded(run_id: str, one: HostOutcome) -> Note:
    """The entry in the journal that goes with an outcome, and is written in the same piece."""
    return Note(one.ended_at, run_id, one.host, Step.RECORD, f"{one.outcome}: {one.detail}")


def record_outcomes(alias: str, items: Sequence[tuple[str, Sequence[HostOutcome]]]) -> None:
    """Keep what became of appliances, for several runs at once; a later outcome of a run replaces the one before.

    Raises:
        RecordError: A run is not on record.
    """
    latest = {(run_id, one.host): one for run_id, outcomes in items for one in outcomes}
    wanted = {run_id for run_id, _ in items}
    runs = RunRow.objects.using(alias).in_bulk(list(wanted))
    if missing := sorted(wanted - set(runs)):
        raise RecordError(f"no run {missing[0]!r}")
    rows = [_outcome_row(run_id, one) for (run_id, _), one in latest.items()]
    fields = ["wave", "outcome", "detail", "running_sha256", "started_at", "ended_at"]
    OutcomeRow.objects.using(alias).bulk_create(
        rows, update_conflicts=True, unique_fields=["run", "host"], update_fields=fields
    )
    _stand(alias, rows)


def _stand(alias: str, rows: Iterable[OutcomeRow]) -> None:
    """Note the last run of each appliance where `lisiere status` finds it."""
    last = {row.host: row for row in sorted(rows, key=lambda row: row.ended_at)}
    standings = [
        StandingRow(
            host=host, conformity=Conformity.UNREAD, deviations=0, last_run=row.run_id, last_outcome=row.outcome
        )
        for host, row in last.items()
    ]
    StandingRow.objects.using(alias).bulk_create(
        standings, update_conflicts=True, unique_fields=["host"], update_fields=["last_run", "last_outcome"]
    )


def find(alias: str, name: str) -> str:
    """The full identifier of a run, from itself, its beginning, or `last`.

    Raises:
        UnknownError: No run has that name, or several have.
    """
    runs = RunRow.objects.using(alias).order_by("-started_at", "-id")
    if name == LAST:
        found = list(runs.values_list("id", flat=True)[:1])
    else:
        found = list(runs.filter(id=name).values_list("id", flat=True)) or list(
            runs.filter(id__startswith=name).values_list("id", flat=True)[:4]
        )
    if not found:
        raise UnknownError("there is no run yet" if name == LAST else f"no run {name!r}")
    if len(found) > 1:
        raise UnknownError(f"several runs begin with {name!r}: {', '.join(found)}")
    return found[0]


def load(alias: str, name: str, *, at: datetime) -> Run:
    """A run with its outcomes, in wave order; INTERRUPTED when its process died before the end."""
    row = _row(alias, name)
    outcomes = OutcomeRow.objects.using(alias).filter(run=row)
    return _run(row, at=at, outcomes=sorted(outcomes, key=lambda one: (one.wave, one.host)))


def summaries(alias: str, *, limit: int, at: datetime) -> tuple[RunSummary, ...]:
    """The newest runs first."""
    rows = list(RunRow.objects.using(alias).order_by("-started_at", "-id")[:limit])
    counted = OutcomeRow.objects.using(alias).filter(run__in=rows).values_list("run_id", "outcome")
    counts: dict[str, Counter[Outcome]] = {}
    for run_id, outcome, count in counted.annotate(count=Count("id")):
        counts.setdefault(run_id, Counter())[Outcome(outcome)] = count
    return tuple(
        RunSummary(
            id=row.id,
            plan_id=row.plan_id,
            status=_status(row, at),
            started_at=utc(row.started_at),
            ended_at=None if row.ended_at is None else utc(row.ended_at),
            started_by=row.started_by,
            outcomes=dict(counts.get(row.id, {})),
        )
        for row in rows
    )


def interruptions(alias: str, *, at: datetime) -> tuple[Interruption, ...]:
    """The runs whose process died, newest first, with the last journalled step of each appliance."""
    rows = RunRow.objects.using(alias).filter(status=RunStatus.RUNNING).order_by("-started_at", "-id")
    return tuple(
        Interruption(run=load(alias, row.id, at=at), last_steps=journal.last_steps(alias, row.id))
        for row in rows
        if is_dead(row, at)
    )


def is_dead(row: RunRow, at: datetime) -> bool:
    """Whether the process of a run that has not ended is gone."""
    process = Process(machine=row.machine, boot_id=row.boot_id, pid=row.pid, pid_started=row.pid_started)
    is_alive = process.is_alive()
    return utc(at) - row.seen_at > SILENCE if is_alive is None else not is_alive


def owner_of(row: RunRow) -> str:
    """Who carries out a run, for a message."""
    return f"{row.started_by} ({row.id}, process {row.machine}:{row.pid})"


def _row(alias: str, name: str) -> RunRow:
    return RunRow.objects.using(alias).get(id=find(alias, name))


def _status(row: RunRow, at: datetime) -> RunStatus:
    status = RunStatus(row.status)
    return RunStatus.INTERRUPTED if status is RunStatus.RUNNING and is_dead(row, at) else status


def _give_to(row: RunRow, process: Process) -> None:
    row.machine, row.boot_id = process.machine, process.boot_id
    row.pid, row.pid_started = process.pid, process.pid_started


def _run(row: RunRow, *, at: datetime, outcomes: Iterable[OutcomeRow]) -> Run:
    return Run(
        id=row.id,
        plan_id=row.plan_id,
        status=_status(row, at),
        started_at=utc(row.started_at),
        ended_at=None if row.ended_at is None else utc(row.ended_at),
        started_by=row.started_by,
        outcomes=tuple(map(_outcome, outcomes)),
    )


def _outcome_row(run_id: str, one: HostOutcome) -> OutcomeRow:
    return OutcomeRow(
        run_id=run_id,
        host=one.host,
        wave=one.wave,
        outcome=one.outcome,
        detail=storable(one.detail),
        running_sha256=one.running_sha256,
        started_at=utc(one.started_at),
        ended_at=utc(one.ended_at),
    )


def _outcome(row: OutcomeRow) -> HostOutcome:
    return HostOutcome(
        host=row.host,
        wave=row.wave,
        outcome=Outcome(row.outcome),
        detail=row.detail,
        running_sha256=row.running_sha256,
        started_at=utc(row.started_at),
        ended_at=utc(row.ended_at),
    )
