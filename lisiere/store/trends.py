"""How findings went over time, counted by the database. Called on the thread of the worker."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Count, Min, Q

from lisiere.model.compliance_words import State
from lisiere.model.finding import Span
from lisiere.store.ids import utc
from lisiere.store.models import AuditRow, FindingRow

CHUNK = 500


def first_audit_at(alias: str) -> datetime | None:
    """When anything was audited first."""
    found: datetime | None = AuditRow.objects.using(alias).aggregate(at=Min("at"))["at"]
    return None if found is None else utc(found)


def counts_at(
    alias: str, moments: Sequence[datetime], *, hosts: Iterable[str] | None, rules: Iterable[str]
) -> tuple[dict[State, int], ...]:
    """How many findings were in each state at some moments, before waivers; of some rules alone."""
    parts, known = _parts(hosts), sorted(rules)
    found = []
    for moment in moments:
        counts: Counter[State] = Counter()
        for part in parts:
            rows = FindingRow.objects.using(alias).filter(part, _holding(moment), rule__in=known)
            for state, number in rows.order_by().values_list("state").annotate(Count("id")):
                counts[State(state)] += number
        found.append(dict(counts))
    return tuple(found)


def failed_spans(alias: str, rules: Iterable[str], *, since: datetime, hosts: Iterable[str] | None) -> tuple[Span, ...]:
    """When appliances did not keep some rules, as far as that was after a moment."""
    found = []
    for part in _parts(hosts):
        rows = FindingRow.objects.using(alias).filter(part, rule__in=sorted(rules), state=State.FAILED)
        rows = rows.filter(Q(left_at=None) | Q(left_at__gt=utc(since)))
        for host, rule, entered_at, left_at in rows.values_list("host", "rule", "entered_at", "left_at"):
            found.append(Span(host, rule, utc(entered_at), None if left_at is None else utc(left_at)))
    return tuple(found)


def _holding(moment: datetime) -> Q:
    return Q(entered_at__lte=utc(moment)) & (Q(left_at=None) | Q(left_at__gt=utc(moment)))


def _parts(hosts: Iterable[str] | None) -> list[Q]:
    """So many names are asked for in parts."""
    if hosts is None:
        return [Q()]
    wanted = sorted(set(hosts))
    return [Q(host__in=wanted[start : start + CHUNK]) for start in range(0, len(wanted), CHUNK)]
