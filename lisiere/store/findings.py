"""Findings on record: only changes of state are written, so that years of audits stay small.

Called on the thread of the worker.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connections
from django.db.models import Max, Q, QuerySet

from lisiere.model.compliance_words import Basis, State
from lisiere.model.finding import FLEET, Audit, Audited, Change, Evidence, Finding, Result
from lisiere.store.ids import utc
from lisiere.store.models import AuditedRow, AuditRow, EvidenceRow, FindingRow, SightRow
from lisiere.store.packing import storable

CHUNK = 500
MOST_AT_ONCE = 2_000


@dataclass(slots=True)
class _Changes:
    """What an audit changes."""

    opened: list[FindingRow] = field(default_factory=list)
    altered: list[FindingRow] = field(default_factory=list)
    left: list[int] = field(default_factory=list)


def record(alias: str, audited: Audited) -> Audit:
    """Keep an audit; appliances that were audited later already keep what was found then."""
    at = utc(audited.at)
    later = AuditedRow.objects.using(alias).filter(at__gt=at).values_list("host", flat=True)
    hosts = audited.hosts.difference(later)
    results = [one for one in audited.results if one.host in hosts]
    row = _audit_row(audited, results, len(hosts - {FLEET}))
    row.save(using=alias)
    open_rows = {(one.host, one.rule): one for one in FindingRow.objects.using(alias).filter(left_at=None)}
    changes = _Changes()
    for result in results:
        _note(result, open_rows.pop((result.host, result.rule), None), row, at, changes)
    changes.left += (one.id for one in open_rows.values() if _has_ended(one, hosts, audited))
    _write(alias, changes, at)
    AuditedRow.objects.using(alias).bulk_create(
        [AuditedRow(host=host, at=at) for host in hosts],
        update_conflicts=True,
        unique_fields=["host"],
        update_fields=["at"],
    )
    AuditedRow.objects.using(alias).exclude(host__in=[FLEET]).filter(
        host__in=_gone(alias, audited.known_hosts)
    ).delete()
    return _audit(row)


def _gone(alias: str, known: Collection[str]) -> list[str]:
    names = AuditedRow.objects.using(alias).values_list("host", flat=True)
    return sorted(set(names).difference(known, [FLEET]))


def _note(result: Result, row: FindingRow | None, audit: AuditRow, at: datetime, changes: _Changes) -> None:
    reason = storable(result.reason)
    if row is not None and row.state == result.state:
        known = row.reason, row.evidence, row.sha256, row.seen_at
        evidence = result.evidence
        found = reason, evidence.what, evidence.sha256, _utc(evidence.seen_at)
        if known != found:
            row.reason, row.evidence, row.sha256, row.seen_at = found
            changes.altered.append(row)
        return
    if row is not None:
        changes.left.append(row.id)
    changes.opened.append(
        FindingRow(
            host=result.host,
            rule=result.rule,
            state=result.state,
            reason=reason,
            evidence=result.evidence.what,
            sha256=result.evidence.sha256,
            seen_at=_utc(result.evidence.seen_at),
            entered_at=at,
            failed_at=_failed_at(result, row, at),
            audit=audit,
        )
    )


def _failed_at(result: Result, row: FindingRow | None, at: datetime) -> datetime | None:
    """Since when a rule is not kept; a time in between in which nobody could tell does not make it younger."""
    before = None if row is None else row.failed_at
    if result.state is State.FAILED:
        return before or at
    return before if result.state is State.NOT_EVALUATED else None


def _has_ended(row: FindingRow, hosts: Collection[str], audited: Audited) -> bool:
    """Whether nobody asks any more what a row tells: its appliance left, or its rule no longer concerns it."""
    if row.host != FLEET and row.host not in audited.known_hosts:
        return True
    is_rule_known = audited.known_rules is None or row.rule in audited.known_rules
    return row.host in hosts and is_rule_known


def _write(alias: str, changes: _Changes, at: datetime) -> None:
    for start in range(0, len(changes.left), CHUNK):
        FindingRow.objects.using(alias).filter(id__in=changes.left[start : start + CHUNK]).update(left_at=at)
    if changes.altered:
        statement = "UPDATE lisiere_finding SET reason = %s, evidence = %s, sha256 = %s, seen_at = %s WHERE id = %s"
        rows = [(one.reason, one.evidence, one.sha256, one.seen_at, one.id) for one in changes.altered]
        with connections[alias].cursor() as cursor:
            cursor.executemany(statement, rows)
    FindingRow.objects.using(alias).bulk_create(changes.opened, batch_size=MOST_AT_ONCE)


def findings(alias: str, hosts: Iterable[str] | None = None, *, at: datetime | None = None) -> tuple[Finding, ...]:
    """What holds now, or held at an instant, by appliance and rule; waivers do not count yet."""
    audited = {host: utc(last) for host, last in AuditedRow.objects.using(alias).values_list("host", "at")}
    rows = list(_chosen(_holding(alias, at), hosts))
    if at is not None:
        audited |= _judged_before(rows, audited, utc(at))
    found = [_finding(row, audited, at) for row in rows]
    return tuple(sorted(found, key=lambda one: (one.host, one.rule)))


def _judged_before(rows: Iterable[FindingRow], audited: Mapping[str, datetime], at: datetime) -> dict[str, datetime]:
    """When appliances that were audited again since were certainly judged: when one of their states was entered."""
    found: dict[str, datetime] = {}
    for row in rows:
        if audited.get(row.host, at) > at:
            found[row.host] = max(utc(row.entered_at), found.get(row.host, utc(row.entered_at)))
    return found


def _holding(alias: str, at: datetime | None) -> QuerySet[FindingRow]:
    rows = FindingRow.objects.using(alias)
    if at is None:
        return rows.filter(left_at=None)
    return rows.filter(Q(left_at=None) | Q(left_at__gt=utc(at)), entered_at__lte=utc(at))


def _chosen(rows: QuerySet[FindingRow], hosts: Iterable[str] | None) -> Iterator[FindingRow]:
    """Those of some appliances; so many names are asked for in parts."""
    if hosts is None:
        yield from rows.iterator(MOST_AT_ONCE)
        return
    wanted = sorted(set(hosts))
    for start in range(0, len(wanted), CHUNK):
        yield from rows.filter(host__in=wanted[start : start + CHUNK])


def changes(alias: str, *, since: datetime, until: datetime, hosts: Iterable[str] | None = None) -> tuple[Change, ...]:
    """The states that were entered or left between two instants, in order."""
    after, before = utc(since), utc(until)
    is_entered = Q(entered_at__gt=after, entered_at__lte=before)
    is_left = Q(left_at__gt=after, left_at__lte=before)
    rows = FindingRow.objects.using(alias).filter(is_entered | is_left).select_related("audit")
    found = [_change(row) for row in _chosen(rows, hosts)]
    return tuple(sorted(found, key=lambda one: (one.entered_at, one.host, one.rule)))


def audits(alias: str, *, limit: int = 20) -> tuple[Audit, ...]:
    """The newest audits first."""
    return tuple(map(_audit, AuditRow.objects.using(alias).order_by("-at", "-id")[:limit]))


def last_audit_at(alias: str) -> datetime | None:
    """When anything was audited last."""
    found: datetime | None = AuditRow.objects.using(alias).aggregate(at=Max("at"))["at"]
    return None if found is None else utc(found)


def forget_evidence(alias: str) -> int:
    """Drop what appliances told that nothing on record refers to any more; how much that was."""
    used = SightRow.objects.using(alias).values("sha256")
    found = FindingRow.objects.using(alias).values("sha256")
    dropped, _ = EvidenceRow.objects.using(alias).exclude(sha256__in=used).exclude(sha256__in=found).delete()
    return int(dropped)


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else utc(at)


def _audit_row(audited: Audited, results: Sequence[Result], appliances: int) -> AuditRow:
    counts = Counter(one.state for one in results)
    return AuditRow(
        at=utc(audited.at),
        by=audited.by,
        basis=audited.basis,
        selection=audited.selection,
        packs_sha256=audited.packs_sha256,
        appliances=appliances,
        passed=counts[State.PASSED],
        failed=counts[State.FAILED],
        not_evaluated=counts[State.NOT_EVALUATED],
        run_id=audited.run_id,
    )


def _audit(row: AuditRow) -> Audit:
    return Audit(
        number=row.id,
        at=utc(row.at),
        by=row.by,
        basis=Basis(row.basis),
        selection=row.selection,
        packs_sha256=row.packs_sha256,
        appliances=row.appliances,
        passed=row.passed,
        failed=row.failed,
        not_evaluated=row.not_evaluated,
        run_id=row.run_id,
    )


def _finding(row: FindingRow, audited: Mapping[str, datetime], at: datetime | None) -> Finding:
    seen_at = _utc(row.seen_at)
    evidence = Evidence(what=row.evidence, sha256=row.sha256, seen_at=seen_at)
    if at is not None and seen_at is not None and seen_at > utc(at):
        evidence = Evidence(what=row.evidence)
    return Finding(
        host=row.host,
        rule=row.rule,
        state=State(row.state),
        reason=row.reason,
        entered_at=utc(row.entered_at),
        failed_at=_utc(row.failed_at),
        seen_at=utc(audited.get(row.host, row.entered_at)),
        evidence=evidence,
    )


def _change(row: FindingRow) -> Change:
    return Change(
        host=row.host,
        rule=row.rule,
        state=State(row.state),
        reason=row.reason,
        entered_at=utc(row.entered_at),
        left_at=_utc(row.left_at),
        audit=row.audit_id,
        run_id=row.audit.run_id,
    )
