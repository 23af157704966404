"""Readings on record: what deviates, since when, and since when an appliance conforms or not.

Called on the thread of the worker.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connections
from django.db.models import OuterRef, Subquery

from lisiere.model.plan import ApplianceStatus, Conformity, Drift, DriftReason, Outcome
from lisiere.model.record import Reading
from lisiere.store.ids import utc
from lisiere.store.models import DeviationRow, ReadingRow, StandingRow, TransitionRow
from lisiere.store.packing import storable

CHUNK = 500


@dataclass(slots=True)
class _Changes:
    """What a batch of readings changes."""

    opened: list[DeviationRow] = field(default_factory=list)
    altered: list[DeviationRow] = field(default_factory=list)
    closed: list[DeviationRow] = field(default_factory=list)
    standings: list[StandingRow] = field(default_factory=list)
    transitions: list[TransitionRow] = field(default_factory=list)


def record(alias: str, items: Sequence[Sequence[Reading]]) -> None:
    """Keep readings. A deviation seen before keeps the time at which it was first seen; one no longer seen is closed.

    A reading that is on record already, or is older than the last one of its appliance, changes no state.
    """
    ordered = sorted((one for readings in items for one in readings), key=lambda one: one.read_at)
    for batch in _rounds(ordered):
        _record_round(alias, batch)


def _rounds(readings: Iterable[Reading]) -> Iterator[list[Reading]]:
    """Batches in which each appliance occurs once, in the order of its readings."""
    rounds: list[list[Reading]] = []
    seen: dict[str, int] = {}
    for one in readings:
        index = seen[one.host] = seen.get(one.host, -1) + 1
        if index == len(rounds):
            rounds.append([])
        rounds[index].append(one)
    yield from rounds


def _record_round(alias: str, readings: Sequence[Reading]) -> None:
    ReadingRow.objects.using(alias).bulk_create(map(_reading_row, readings), ignore_conflicts=True)
    hosts = [one.host for one in readings]
    standings = StandingRow.objects.using(alias).in_bulk(hosts)
    is_open: dict[str, dict[str, DeviationRow]] = {}
    for row in DeviationRow.objects.using(alias).filter(host__in=hosts, closed_at=None):
        is_open.setdefault(row.host, {})[row.key] = row
    changes = _Changes()
    for one in readings:
        standing = standings.get(one.host) or _new_standing(one.host)
        if standing.read_at is None or standing.read_at < one.read_at:
            _note_deviations(one, is_open.get(one.host, {}), changes)
            _note_standing(one, standing, changes)
    _write(alias, changes)


def _note_deviations(reading: Reading, is_open: dict[str, DeviationRow], changes: _Changes) -> None:
    seen = {_key(one): one for one in reading.deviations}
    for key, one in seen.items():
        row = is_open.get(key)
        if row is None:
            changes.opened.append(_deviation_row(one, key, reading.read_at))
        elif (row.intended, row.running) != (one.intended, one.running):
            row.intended, row.running = one.intended, one.running
            changes.altered.append(row)
    for key, row in is_open.items():
        if key not in seen:
            row.closed_at = utc(reading.read_at)
            changes.closed.append(row)


def _note_standing(reading: Reading, standing: StandingRow, changes: _Changes) -> None:
    conformity = _conformity(reading)
    if standing.conformity != conformity:
        standing.conformity, standing.entered_at = conformity, utc(reading.read_at)
        changes.transitions.append(
            TransitionRow(host=reading.host, conformity=conformity, entered_at=utc(reading.read_at))
        )
    standing.read_at, standing.deviations = utc(reading.read_at), len(reading.deviations)
    changes.standings.append(standing)


def _write(alias: str, changes: _Changes) -> None:
    _close(alias, changes.closed)
    _alter(alias, changes.altered)
    DeviationRow.objects.using(alias).bulk_create(changes.opened)
    TransitionRow.objects.using(alias).bulk_create(changes.transitions)
    StandingRow.objects.using(alias).bulk_create(
        changes.standings,
        update_conflicts=True,
        unique_fields=["host"],
        update_fields=["conformity", "entered_at", "read_at", "deviations"],
    )


def _close(alias: str, rows: Sequence[DeviationRow]) -> None:
    """Close deviations, those of one instant at once."""
    ids: dict[datetime | None, list[int]] = {}
    for row in rows:
        ids.setdefault(row.closed_at, []).append(row.id)
    for closed_at, closed in ids.items():
        for start in range(0, len(closed), CHUNK):
            some = DeviationRow.objects.using(alias).filter(id__in=closed[start : start + CHUNK])
            some.update(closed_at=closed_at)


def _alter(alias: str, rows: Sequence[DeviationRow]) -> None:
    """Note new values of deviations that go on; Django's own bulk update takes a hundred times as long."""
    if not rows:
        return
    statement = "UPDATE lisiere_deviation SET intended = %s, running = %s WHERE id = %s"
    with connections[alias].cursor() as cursor:
        cursor.executemany(statement, [(storable(row.intended), storable(row.running), row.id) for row in rows])


def last_running(alias: str, hosts: Iterable[str]) -> dict[str, str]:
    """SHA-256 of what each appliance ran at its last reading; one that was never read is left out."""
    last = StandingRow.objects.using(alias).filter(host=OuterRef("host")).values("read_at")[:1]
    rows = ReadingRow.objects.using(alias).filter(read_at=Subquery(last)).values_list("host", "running_sha256")
    wanted = list(set(hosts))
    found: dict[str, str] = {}
    for start in range(0, len(wanted), CHUNK):
        found.update(rows.filter(host__in=wanted[start : start + CHUNK]))
    return found


def last_conforming(alias: str, hosts: Iterable[str]) -> dict[str, tuple[str, datetime]]:
    """What each appliance ran when it conformed last, and when that was; one that never did is left out."""
    wanted = list(set(hosts))
    found: dict[str, tuple[str, datetime]] = {}
    for start in range(0, len(wanted), CHUNK):
        rows = ReadingRow.objects.using(alias).filter(host__in=wanted[start : start + CHUNK])
        newest = rows.filter(host=OuterRef("host"), conformity=Conformity.CONFORMS).order_by("-read_at")
        held = rows.filter(read_at=Subquery(newest.values("read_at")[:1]))
        found.update(
            {host: (sha256, utc(at)) for host, sha256, at in held.values_list("host", "running_sha256", "read_at")}
        )
    return found


def drift(alias: str, hosts: Iterable[str] | None = None) -> tuple[Drift, ...]:
    """What deviates as of the last readings, by appliance and path."""
    rows = DeviationRow.objects.using(alias).filter(closed_at=None)
    found = map(_drift, rows if hosts is None else rows.filter(host__in=set(hosts)))
    # Sorted here: databases do not agree on where a hyphen stands.
    return tuple(sorted(found, key=lambda one: (one.host, one.path, one.reason)))


def status(alias: str, hosts: Iterable[str] | None = None) -> tuple[ApplianceStatus, ...]:
    """How appliances stand, by name: those asked for, known or not; by default all that are on record."""
    rows = StandingRow.objects.using(alias).in_bulk(None if hosts is None else list(set(hosts)))
    names = rows if hosts is None else set(hosts)
    return tuple(_status(rows.get(name) or _new_standing(name)) for name in sorted(names))


def _conformity(reading: Reading) -> Conformity:
    return Conformity.DRIFTED if reading.deviations else Conformity.CONFORMS


def _key(one: Drift) -> str:
    """What makes a deviation the same one in the next reading: where it is and of what kind, not its values."""
    return hashlib.sha256(f"{one.reason}\n{one.path}".encode()).hexdigest()


def _new_standing(host: str) -> StandingRow:
    return StandingRow(
        host=host,
        conformity=Conformity.UNREAD,
        entered_at=None,
        read_at=None,
        deviations=0,
        last_run="",
        last_outcome="",
    )


def _reading_row(one: Reading) -> ReadingRow:
    return ReadingRow(
        host=one.host,
        read_at=utc(one.read_at),
        intended_sha256=one.intended_sha256,
        running_sha256=one.running_sha256,
        conformity=_conformity(one),
        deviations=len(one.deviations),
    )


def _deviation_row(one: Drift, key: str, read_at: datetime) -> DeviationRow:
    return DeviationRow(
        host=one.host,
        key=key,
        reason=one.reason,
        path=storable(one.path),
        intended=storable(one.intended),
        running=storable(one.running),
        entered_at=utc(read_at),
    )


def _drift(row: DeviationRow) -> Drift:
    return Drift(
        host=row.host,
        reason=DriftReason(row.reason),
        path=row.path,
        intended=row.intended,
        running=row.running,
        entered_at=utc(row.entered_at),
    )


def _status(row: StandingRow) -> ApplianceStatus:
    return ApplianceStatus(
        host=row.host,
        conformity=Conformity(row.conformity),
        entered_at=None if row.entered_at is None else utc(row.entered_at),
        read_at=None if row.read_at is None else utc(row.read_at),
        deviations=row.deviations,
        last_run=row.last_run,
        last_outcome=Outcome(row.last_outcome) if row.last_outcome else None,
    )
