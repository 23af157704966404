"""Where the records are: a SQLite file or a PostgreSQL server, in the words that Django wants."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from lisiere.errors import RecordError

PATIENCE_S = 30
SQLITE_START = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL"
"""Readers do not wait for writers; a commit is on the disk when it returns, even if the power fails after it."""

Value = str | int | bool | None | Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Database:
    """One place for records: `place` is its name for people (no password), `settings` Django's."""

    place: str
    settings: Mapping[str, Value]
    file: Path | None

    @property
    def alias(self) -> str:
        """Django's name for it: one per place."""
        return "records-" + hashlib.sha256(repr(sorted(self.settings.items())).encode()).hexdigest()[:12]


def sqlite(path: Path) -> Database:
    """A SQLite file; its folder is made when it is missing.

    Raises:
        RecordError: The folder cannot be made.
    """
    file = path.absolute()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise RecordError(f"{file.parent}: {exc.strerror}; this folder would hold the records") from exc
    options: dict[str, str | int] = {
        "init_command": SQLITE_START,
        "transaction_mode": "IMMEDIATE",
        "timeout": PATIENCE_S,
    }
    return Database(str(path), {"ENGINE": "django.db.backends.sqlite3", "NAME": str(file), "OPTIONS": options}, file)


def postgresql(url: str) -> Database:
    """A PostgreSQL database, from `postgresql://user:password@host:port/name?sslmode=verify-full`.

    Raises:
        RecordError: The URL is not of that form, or the PostgreSQL driver is missing.
    """
    _need_driver()
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _not_a_url() from None
    name = unquote(parts.path.removeprefix("/"))
    if parts.scheme not in ("postgresql", "postgres") or not name or "/" in name:
        raise _not_a_url()
    options: dict[str, str | int] = {"connect_timeout": PATIENCE_S, **dict(parse_qsl(parts.query))}
    host = unquote(parts.hostname or "") or str(options.pop("host", ""))
    settings: dict[str, Value] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(port or options.pop("port", "")),
        "OPTIONS": options,
    }
    return Database(f"postgresql://{host}/{name}", settings, None)


def _not_a_url() -> RecordError:
    """The URL may hold a password: it is not repeated."""
    return RecordError("the URL of the records is not of the form postgresql://user:password@host:port/name")


def _need_driver() -> None:
    try:
        import psycopg  # noqa: F401
    except ImportError as exc:
        raise RecordError("PostgreSQL needs its driver: pip install 'lisiere[postgresql]'") from exc
