"""Looking for values of secrets in everything that a run has left behind."""

import re
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lisiere.secrets.agefile import AgeFileStore
from lisiere.secrets.keeper import SecretKeeper

_RUN = re.compile(r"[A-Za-z0-9+/=_-]{12,}")
"""A value made of these characters only stands, wherever it stands, inside one such run."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What was looked at, and the files in which the value of a secret stands, with the secret's name."""

    files: int
    texts: int
    leaks: tuple[tuple[str, str], ...]


def scan(folder: Path, *, store: AgeFileStore, skip: Iterable[Path] = ()) -> Scan:
    """Look at every file below a folder, and into the compressed columns of its databases.

    Args:
        folder: Where to look.
        store: The secrets whose values must not be found.
        skip: Files and folders that hold values by their nature: the store's own, and what plays an appliance.
    """
    skipped = tuple(path.resolve() for path in skip)
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not _is_below(path, skipped)]
    keeper = SecretKeeper(store, fingerprint_key=store.fingerprint_key)
    is_plain = all(_RUN.fullmatch(store.get(name)) for name in store.names())
    runs: set[str] = set()
    texts = 0
    for path in files:
        for text in _texts(path):
            texts += 1
            runs.update(_RUN.findall(text) if is_plain else [text])
    leaks = _located(files, keeper) if keeper.leaks("\n".join(runs)) else []
    return Scan(files=len(files), texts=texts, leaks=tuple(leaks))


def _located(files: Iterable[Path], keeper: SecretKeeper) -> list[tuple[str, str]]:
    """Where the leaks are; slow, and only asked for when there are some."""
    found = {(str(path), name) for path in files for text in _texts(path) for name in keeper.leaks(text)}
    return sorted(found)


def _texts(path: Path) -> Iterator[str]:
    """The texts that a file holds: itself, and for a database each of its columns, unpacked."""
    content = path.read_bytes()
    yield content.decode("utf-8", errors="replace")
    if content.startswith(b"SQLite format 3\x00"):
        yield from _columns(path)


def _columns(path: Path) -> Iterator[str]:
    from lisiere.store.packing import unpack

    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - a name out of the database itself
                for value in row:
                    if isinstance(value, bytes):
                        yield unpack(value)
                    elif isinstance(value, str):
                        yield value
    finally:
        connection.close()


def _is_below(path: Path, skipped: tuple[Path, ...]) -> bool:
    real = path.resolve()
    return any(real == one or one in real.parents for one in skipped)
