"""Leases: one run at a time works on an appliance, and the second one is told who does.

Called on the thread of the worker.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import QuerySet

from lisiere.errors import RecordError
from lisiere.model.plan import RunStatus, Step
from lisiere.model.record import Lease, LeaseAnswer
from lisiere.store import journal
from lisiere.store.ids import utc
from lisiere.store.journal import Note
from lisiere.store.models import LeaseRow, RunRow
from lisiere.store.process import Process
from lisiere.store.runs import is_dead, owned_by, owner_of


def acquire(
    alias: str,
    run_id: str,
    hosts: Iterable[str],
    *,
    at: datetime,
    duration: timedelta,
    looked_at: Collection[str] = (),
) -> LeaseAnswer:
    """Take the leases that are free; the others stay with their holders. Asking again renews.

    A lease is free when nobody has it or when the run that has it ended. One that was abandoned (its process died, or
    fell silent until it expired) is free for who has looked at the appliance, since something may be armed there.

    Raises:
        RecordError: The run is not on record.
    """
    if not RunRow.objects.using(alias).filter(id=run_id).exists():
        raise RecordError(f"no run {run_id!r}")
    wanted, seen = sorted(set(hosts)), frozenset(looked_at)
    known = {row.host: row for row in _leases(alias).filter(host__in=wanted)}
    others = {lease.host: lease for lease in _taken(known.values(), at) if lease.run_id != run_id}
    refused = {host: lease for host, lease in others.items() if not (lease.is_abandoned and host in seen)}
    held = [host for host in wanted if host not in refused]
    since = {host: row.acquired_at for host, row in known.items() if row.run_id == run_id}
    rows = [
        LeaseRow(host=host, run_id=run_id, acquired_at=since.get(host, utc(at)), expires_at=utc(at) + duration)
        for host in held
    ]
    LeaseRow.objects.using(alias).bulk_create(
        rows, update_conflicts=True, unique_fields=["host"], update_fields=["run", "acquired_at", "expires_at"]
    )
    _note_taken(alias, run_id, [host for host in held if host not in since], others=others, at=at)
    return LeaseAnswer(held=tuple(held), refused=tuple(refused[host] for host in sorted(refused)))


def _note_taken(alias: str, run_id: str, held: Sequence[str], *, others: Mapping[str, Lease], at: datetime) -> None:
    """Journal which appliances a run has locked, and whose abandoned leases it took over."""
    notes = []
    for host in held:
        before = others.get(host)
        detail = "" if before is None else f"taken over, looked at before: {before}"
        notes.append(Note(at, run_id, host, Step.LOCK, detail))
    journal.append(alias, notes)


def renew(alias: str, run_id: str, *, at: datetime, duration: timedelta, process: Process) -> tuple[str, ...]:
    """Keep all leases of a run for longer, and note that the run is alive. Answers the appliances it still holds.

    A process whose run another one has taken up holds none.
    """
    if not RunRow.objects.using(alias).filter(id=run_id, **owned_by(process)).update(seen_at=utc(at)):
        return ()
    rows = LeaseRow.objects.using(alias).filter(run_id=run_id)
    rows.update(expires_at=utc(at) + duration)
    return tuple(sorted(rows.values_list("host", flat=True)))


def held_by(alias: str, run_id: str) -> frozenset[str]:
    """The appliances whose leases a run has."""
    return frozenset(LeaseRow.objects.using(alias).filter(run_id=run_id).values_list("host", flat=True))


def release(alias: str, run_id: str, hosts: Iterable[str] | None = None) -> None:
    """Give leases back, all of a run by default; those of others are left alone."""
    rows = LeaseRow.objects.using(alias).filter(run_id=run_id)
    if hosts is None:
        rows.delete()
        return
    rows.filter(host__in=set(hosts)).delete()


def holders(alias: str, *, at: datetime) -> tuple[Lease, ...]:
    """The leases that nobody else may take just so, by appliance; those that were abandoned are marked."""
    return tuple(sorted(_taken(_leases(alias), at), key=lambda one: one.host))


def _leases(alias: str) -> QuerySet[LeaseRow]:
    return LeaseRow.objects.using(alias).select_related("run")


def _taken(rows: Iterable[LeaseRow], at: datetime) -> Iterator[Lease]:
    """Those of the leases whose run has not ended; the process of each run is asked for once."""
    is_gone: dict[str, bool] = {}
    for row in rows:
        if row.run.status != RunStatus.RUNNING:
            continue
        if row.run_id not in is_gone:
            is_gone[row.run_id] = is_dead(row.run, at)
        yield _lease(row, is_abandoned=is_gone[row.run_id] or row.expires_at <= utc(at))


def _lease(row: LeaseRow, *, is_abandoned: bool) -> Lease:
    return Lease(
        host=row.host,
        run_id=row.run_id,
        owner=owner_of(row.run),
        acquired_at=utc(row.acquired_at),
        expires_at=utc(row.expires_at),
        is_abandoned=is_abandoned,
    )
