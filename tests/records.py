"""Records for tests: copies of empty ones, whose tables were made once. How tables are made is shown in tests/store."""

import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from lisiere.store.setup import connect

if TYPE_CHECKING:
    from lisiere.store.records import Records


def empty_records(path: Path) -> "Records":
    """Open records that hold nothing, in a new file; to be closed, or used in a `with` statement."""
    path.write_bytes(_made())
    return connect(path=path)


@cache
def _made() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "records.sqlite3")
        connect(path=path).close()
        return path.read_bytes()
