"""Changing the database behind the back of the records."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

from django.db import connections

from lisiere.store.packing import pack

if TYPE_CHECKING:
    from lisiere.store.records import Records


def tampered(records: "Records", statement: str, *values: str) -> None:
    """Carry out a statement of SQL that changes something."""
    records._worker.write(lambda: _execute(records, statement, values))


def rewrite(records: "Records", table: str, key: str, value: str | int, content: str) -> None:
    """Put another compressed content into a row."""
    statement = f"UPDATE {table} SET content = %s WHERE {key} = %s"  # noqa: S608 - written in tests only
    records._worker.write(lambda: _execute(records, statement, (pack(content), value)))


def asked(records: "Records", statement: str) -> list[object]:
    """The first row that a statement of SQL answers; empty when it answers nothing. No transaction is opened for it."""
    return records._worker.read(lambda: _execute(records, statement, ()))


def count(records: "Records", table: str, condition: str = "1 = 1") -> int:
    """How many rows of a table fulfil a condition."""
    (found,) = asked(records, f"SELECT count(*) FROM {table} WHERE {condition}")  # noqa: S608 - written in tests only
    assert isinstance(found, int)
    return found


@contextmanager
def held_up(records: "Records") -> Iterator[None]:
    """Keep the thread of the records busy, so that what is asked for meanwhile waits together."""
    is_busy, gate = Event(), Event()

    def hold() -> bool:
        is_busy.set()
        return gate.wait(timeout=60)

    holder = Thread(target=records._worker.read, args=(hold,))
    holder.start()
    is_busy.wait(timeout=60)
    try:
        yield
    finally:
        gate.set()
        holder.join()


def _execute(records: "Records", statement: str, values: tuple[str | int | bytes, ...]) -> list[object]:
    with connections[records._alias].cursor() as cursor:
        cursor.execute(statement, values or None)
        return list(cursor.fetchone() or ()) if cursor.description else []
