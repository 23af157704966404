"""What appliances told last, kept once per content. Called on the thread of the worker."""

import hashlib
from collections.abc import Iterable, Sequence

from lisiere.model.finding import Observation
from lisiere.store.ids import utc
from lisiere.store.models import EvidenceRow, SightRow
from lisiere.store.packing import pack, storable, unpack

CHUNK = 500


def record(alias: str, observations: Sequence[Observation]) -> tuple[Observation, ...]:
    """Keep what appliances told, in the place of what they told before; the same with the hashes of their contents."""
    kept = [_hashed(one) for one in observations]
    contents = {one.sha256: one.answer for one in kept}
    for chunk in _chunks(sorted(contents)):
        known = set(EvidenceRow.objects.using(alias).filter(sha256__in=chunk).values_list("sha256", flat=True))
        rows = [EvidenceRow(sha256=sha256, content=pack(contents[sha256])) for sha256 in chunk if sha256 not in known]
        EvidenceRow.objects.using(alias).bulk_create(rows)
    SightRow.objects.using(alias).bulk_create(
        [SightRow(host=one.host, topic=one.topic, sha256=one.sha256, seen_at=utc(one.seen_at)) for one in kept],
        update_conflicts=True,
        unique_fields=["host", "topic"],
        update_fields=["sha256", "seen_at"],
        batch_size=CHUNK,
    )
    return tuple(kept)


def last(alias: str, hosts: Iterable[str]) -> dict[str, tuple[Observation, ...]]:
    """What appliances told last, by name."""
    found: dict[str, tuple[Observation, ...]] = {}
    for chunk in _chunks(sorted(set(hosts))):
        rows = list(SightRow.objects.using(alias).filter(host__in=chunk).order_by("host", "topic"))
        texts = _contents(alias, {row.sha256 for row in rows})
        for row in rows:
            told = Observation(
                host=row.host, topic=row.topic, answer=texts[row.sha256], sha256=row.sha256, seen_at=utc(row.seen_at)
            )
            found[row.host] = (*found.get(row.host, ()), told)
    return found


def _contents(alias: str, hashes: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for chunk in _chunks(sorted(hashes)):
        rows = EvidenceRow.objects.using(alias).filter(sha256__in=chunk)
        found.update({row.sha256: unpack(row.content) for row in rows})
    return found


def _hashed(one: Observation) -> Observation:
    answer = storable(one.answer)
    return one.model_copy(update={"answer": answer, "sha256": hashlib.sha256(answer.encode()).hexdigest()})


def _chunks(items: Sequence[str]) -> Iterable[Sequence[str]]:
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))
