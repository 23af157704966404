"""Configuration texts, once per content. Called on the thread of the worker."""

from collections.abc import Iterable

from lisiere.errors import RecordError
from lisiere.model.hashing import sha256_of
from lisiere.store.models import ConfigurationRow
from lisiere.store.packing import pack, unpack


def put(alias: str, texts: Iterable[str]) -> tuple[str, ...]:
    """Keep texts; those that are there already are left alone. Answers their hashes, in order."""
    texts = tuple(texts)
    hashes = tuple(map(sha256_of, texts))
    wanted = dict(zip(hashes, texts, strict=True))
    asked = ConfigurationRow.objects.using(alias).filter(sha256__in=list(wanted))
    known = frozenset(asked.values_list("sha256", flat=True))
    rows = [
        ConfigurationRow(sha256=sha256, content=pack(text), size_bytes=len(text.encode()))
        for sha256, text in wanted.items()
        if sha256 not in known
    ]
    ConfigurationRow.objects.using(alias).bulk_create(rows)
    return hashes


def get(alias: str, hashes: Iterable[str]) -> dict[str, str]:
    """The texts of hashes.

    Raises:
        RecordError: A hash is unknown, or what is kept no longer has it.
    """
    wanted = list(dict.fromkeys(hashes))
    rows = ConfigurationRow.objects.using(alias).in_bulk(wanted)
    if unknown := [sha256 for sha256 in wanted if sha256 not in rows]:
        raise RecordError(f"{len(unknown)} configuration(s) are not on record: {', '.join(unknown[:3])}")
    return {sha256: _intact(rows[sha256]) for sha256 in wanted}


def _intact(row: ConfigurationRow) -> str:
    try:
        text = unpack(row.content)
    except ValueError:
        text = ""
    if sha256_of(text) != row.sha256:
        raise RecordError(f"the configuration {row.sha256[:12]} was altered on record; do not use it")
    return text
