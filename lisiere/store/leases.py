"""Leases: one run at a time works on an appliance, and the second one is told who does.

Called on the thread of the worker.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.db.models import QuerySet

from lisiere.errors import RecordError
from lisiere.model.plan import RunStatus
from lisiere.model.record import Lease, LeaseAnswer
from lisiere.store.ids import utc
from lisiere.store.models import LeaseRow, RunRow
from lisiere.store.runs import is_dead, owner_of


def acquire(alias: str, run_id: str, hosts: Iterable[str], *, at: datetime, duration: timedelta) -> LeaseAnswer:
    """Take the leases that are free; the others stay with their holders. Asking again renews.

    A lease is free when nobody has it, when it expired, or when the run that has it ended or its process died.

    Raises:
        RecordError: The run is not on record.
    """
    if not RunRow.objects.using(alias).filter(id=run_id).exists():
        raise RecordError(f"no run {run_id!r}")
    wanted = sorted(set(hosts))
    known = {row.host: row for row in _leases(alias).filter(host__in=wanted)}
    refused = {row.host: row for row in _taken(known.values(), at) if row.run_id != run_id}
    held = [host for host in wanted if host not in refused]
    since = {host: row.acquired_at for host, row in known.items() if row.run_id == run_id}
    rows = [
        LeaseRow(host=host, run_id=run_id, acquired_at=since.get(host, utc(at)), expires_at=utc(at) + duration)
        for host in held
    ]
    LeaseRow.objects.using(alias).bulk_create(
        rows, update_conflicts=True, unique_fields=["host"], update_fields=["run", "acquired_at", "expires_at"]
    )
    return LeaseAnswer(held=tuple(held), refused=tuple(_lease(refused[host]) for host in sorted(refused)))


def renew(alias: str, run_id: str, *, at: datetime, duration: timedelta) -> tuple[str, ...]:
    """Keep all leases of a run for longer, and note that the run is alive. Answers the appliances it still holds."""
    RunRow.objects.using(alias).filter(id=run_id).update(seen_at=utc(at))
    rows = LeaseRow.objects.using(alias).filter(run_id=run_id)
    rows.update(expires_at=utc(at) + duration)
    return tuple(sorted(rows.values_list("host", flat=True)))


def release(alias: str, run_id: str, hosts: Iterable[str] | None = None) -> None:
    """Give leases back, all of a run by default; those of others are left alone."""
    rows = LeaseRow.objects.using(alias).filter(run_id=run_id)
    if hosts is None:
        rows.delete()
        return
    rows.filter(host__in=set(hosts)).delete()


def holders(alias: str, *, at: datetime) -> tuple[Lease, ...]:
    """The leases in force, by appliance."""
    return tuple(sorted(map(_lease, _taken(_leases(alias), at)), key=lambda one: one.host))


def _leases(alias: str) -> QuerySet[LeaseRow]:
    return LeaseRow.objects.using(alias).select_related("run")


def _taken(rows: Iterable[LeaseRow], at: datetime) -> Iterator[LeaseRow]:
    """Those of the leases that nobody else may take; the process of each run is asked for once."""
    has_ended: dict[str, bool] = {}
    for row in rows:
        if row.run_id not in has_ended:
            has_ended[row.run_id] = row.run.status != RunStatus.RUNNING or is_dead(row.run, at)
        if row.expires_at > utc(at) and not has_ended[row.run_id]:
            yield row


def _lease(row: LeaseRow) -> Lease:
    return Lease(
        host=row.host,
        run_id=row.run_id,
        owner=owner_of(row.run),
        acquired_at=utc(row.acquired_at),
        expires_at=utc(row.expires_at),
    )
