"""Records of both kinds: a SQLite file, and a PostgreSQL server of the tests' own."""

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from lisiere.store.setup import connect
from tests.records import empty_records

if TYPE_CHECKING:
    from lisiere.store.records import Records

OWNER = "postgres"
_numbers = itertools.count(1)

Opener = Callable[[], "Records"]
"""Opens the same records once more; what it opened is closed at the end of the test."""


def postgresql_tool(name: str) -> Path:
    """A tool of the newest PostgreSQL of this machine, where Debian or the PATH has it."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    on_path = shutil.which(name)
    if not found and on_path is None:
        pytest.skip("PostgreSQL is not installed; on Debian and Ubuntu: apt-get install postgresql")
    return found[-1] if found else Path(str(on_path))


def as_owner(*command: str | Path) -> None:
    """Run a tool as an account that PostgreSQL accepts: it refuses root."""
    prefix = ["runuser", "-u", OWNER, "--"] if os.geteuid() == 0 else []
    done = subprocess.run([*prefix, *command], capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """A cluster of the tests' own that listens on a socket in its folder only; the URL without a database's name."""
    initdb, pg_ctl = postgresql_tool("initdb"), postgresql_tool("pg_ctl")
    with tempfile.TemporaryDirectory(prefix="lisiere-pg-") as name:
        folder = Path(name)  # in /tmp: the path of a socket may have 107 characters, and its owner must reach it
        if os.geteuid() == 0:
            shutil.chown(folder, OWNER)
        as_owner(initdb, "-D", folder / "data", "-U", "lisiere", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        options = f"-k {folder} -c listen_addresses= -c fsync=off -c max_connections=40"
        as_owner(pg_ctl, "-D", folder / "data", "-l", folder / "log", "-o", options, "-w", "start")
        try:
            yield f"postgresql://lisiere@{quote(str(folder), safe='')}/"
        finally:
            as_owner(pg_ctl, "-D", folder / "data", "-m", "immediate", "-w", "stop")


@pytest.fixture
def postgresql_url(postgresql_server: str) -> str:
    """A fresh, empty database."""
    name = f"records{next(_numbers)}"
    _create(postgresql_server, name)
    return postgresql_server + name


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: str) -> str:
    """The name of a database whose tables are made, to make others like it."""
    name = "made"
    _create(postgresql_server, name)
    connect(postgresql_server + name, path=Path(os.devnull)).close()
    return name


@pytest.fixture
def postgresql_copy(postgresql_server: str, postgresql_template: str) -> str:
    """A fresh database whose tables are made."""
    name = f"records{next(_numbers)}"
    _create(postgresql_server, name, like=postgresql_template)
    return postgresql_server + name


def _create(server: str, name: str, *, like: str = "template1") -> None:
    import psycopg

    with psycopg.connect(f"{server}postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {like}".encode())


@pytest.fixture(params=["sqlite", "postgresql"])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Empty records, to be opened as often as wanted; everything is closed at the end."""
    url = request.getfixturevalue("postgresql_copy") if request.param == "postgresql" else None
    file = tmp_path / "records.sqlite3"
    opened: list[Records] = []
    if url is None:
        empty_records(file).close()

    def open_records() -> "Records":
        opened.append(connect(url, path=file))
        return opened[-1]

    yield open_records
    for one in opened:
        one.close()


@pytest.fixture
def records(opener: Opener) -> "Records":
    """Fresh records."""
    return opener()
