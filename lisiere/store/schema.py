"""The tables at their newest version, brought there in one transaction; or a clear word why not."""

from pkgutil import iter_modules

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from lisiere.errors import RecordError
from lisiere.store import migrations
from lisiere.store.databases import Database
from lisiere.store.models import JournalHeadRow

APP = "lisiere"
LEDGER = "django_migrations"
POSTGRESQL_LOCK = 0x4C697369
"""Number of the advisory lock under which one process at a time changes tables."""


def bring_up_to_date(database: Database) -> None:
    """Apply the migrations that are missing, all or none. Does nothing, quickly, when there are none.

    Raises:
        RecordError: The tables are of a newer version, or of something else.
    """
    connection = connections[database.alias]
    connection.ensure_connection()
    if not _missing(connection, database.place):
        return
    # SQLite alters a table by making it anew, which its foreign keys must not see; it can be told so only out here.
    is_silenced = connection.disable_constraint_checking()
    try:
        with transaction.atomic(using=database.alias):
            _wait_for_others(connection)
            if _missing(connection, database.place):
                _migrate(connection)
    finally:
        if is_silenced:
            connection.enable_constraint_checking()


def take_turn(alias: str) -> None:
    """Wait until no other process writes: SQLite sees to that itself, PostgreSQL by the lock on one row."""
    if connections[alias].vendor != "sqlite":
        JournalHeadRow.objects.using(alias).select_for_update().get(id=1)


def _missing(connection: BaseDatabaseWrapper, place: str) -> frozenset[str]:
    known = frozenset(module.name for module in iter_modules(migrations.__path__))
    applied = _applied(connection, place)
    if newer := sorted(applied - known):
        raise RecordError(f"{place}: written by a newer Lisière ({newer[-1]}); use that version, or another place")
    return known - applied


def _applied(connection: BaseDatabaseWrapper, place: str) -> frozenset[str]:
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        if LEDGER in tables:
            cursor.execute(f"SELECT name FROM {LEDGER} WHERE app = %s", [APP])  # noqa: S608 - a constant
            return frozenset(str(row[0]) for row in cursor.fetchall())
    if tables and connection.vendor == "sqlite":
        raise RecordError(f"{place}: a database of something else (it has a table {tables[0]}); point to another place")
    return frozenset()


def _migrate(connection: BaseDatabaseWrapper) -> None:
    executor = MigrationExecutor(connection)
    targets = [node for node in executor.loader.graph.leaf_nodes() if node[0] == APP]
    executor.migrate(targets)


def _wait_for_others(connection: BaseDatabaseWrapper) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [POSTGRESQL_LOCK])
