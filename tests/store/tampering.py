"""Changing the database behind the back of the records."""

from typing import TYPE_CHECKING

from django.db import connections

if TYPE_CHECKING:
    from lisiere.store.records import Records


def tampered(records: "Records", statement: str, *values: str) -> None:
    """Carry out a statement of SQL that changes something."""
    records._worker.write(lambda: _execute(records, statement, values))


def asked(records: "Records", statement: str) -> list[object]:
    """The first row that a statement of SQL answers; empty when it answers nothing. No transaction is opened for it."""
    return records._worker.read(lambda: _execute(records, statement, ()))


def count(records: "Records", table: str, condition: str = "1 = 1") -> int:
    """How many rows of a table fulfil a condition."""
    (found,) = asked(records, f"SELECT count(*) FROM {table} WHERE {condition}")  # noqa: S608 - written in tests only
    assert isinstance(found, int)
    return found


def _execute(records: "Records", statement: str, values: tuple[str, ...]) -> list[object]:
    with connections[records._alias].cursor() as cursor:
        cursor.execute(statement, values or None)
        return list(cursor.fetchone() or ()) if cursor.description else []
