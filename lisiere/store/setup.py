"""The way in: open the records, with Django made ready and the tables at their newest version.

Django's start costs half a second, so this is called by commands that need records, and nothing here runs at import.
"""

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lisiere.store.databases import Database, postgresql, sqlite
from lisiere.store.ids import now

if TYPE_CHECKING:
    from lisiere.store.records import Records

_door = threading.Lock()


def connect(url: str | None = None, *, path: Path, clock: Callable[[], datetime] = now) -> "Records":
    """Open the records and bring their tables up to date.

    Args:
        url: A PostgreSQL database; None for the SQLite file.
        path: The SQLite file, made when it is missing.
        clock: Tells the time where a caller gives none.

    Returns:
        The records; to be closed, or used in a `with` statement.

    Raises:
        RecordError: The place cannot be written, it is no database of ours, or a newer version wrote it.
    """
    database = sqlite(path) if url is None else postgresql(url)
    with _door:
        _prepare_django(database)
    from lisiere.store.records import Records

    return Records(database, clock=clock)


def _prepare_django(database: Database) -> None:
    """Start Django once per process, and tell it of the database."""
    import django
    from django.apps import apps
    from django.conf import settings

    if not settings.configured:
        settings.configure(
            DATABASES={"default": {"ENGINE": "django.db.backends.dummy"}},
            INSTALLED_APPS=["lisiere.store"],
            LOGGING_CONFIG=None,
            TIME_ZONE="UTC",
            USE_I18N=False,
            USE_TZ=True,
        )
    if not apps.ready:
        django.setup()
    from django.db import connections

    if database.alias not in connections.settings:
        connections.settings |= connections.configure_settings(
            {"default": connections.settings["default"], database.alias: dict(database.settings)},
        )
