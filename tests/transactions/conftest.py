"""One stage for all transactions of a process; each test uses up its ends."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults.stage import Stage, open_stage
from tests.records import empty_records

if TYPE_CHECKING:
    from lisiere.store.records import Records

ENDS = {"1.4": 30, "1.5": 60}


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One lab for all tests of this process."""
    with open_stage(tmp_path_factory.mktemp("ends"), counts=ENDS) as opened:
        yield opened


@pytest.fixture
def records(tmp_path: Path) -> Iterator["Records"]:
    """Empty records."""
    with empty_records(tmp_path / "records.sqlite3") as opened:
        yield opened
