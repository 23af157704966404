"""A stage for each transaction, and the part of the matrix that it is the turn of today."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults.stage import Stage, open_stage
from tests.records import empty_records
from tests.transactions.cells import SILENT, DeathCell, DebianCell, EndCell, RotationCell

if TYPE_CHECKING:
    from lisiere.store.records import Records

DAYS = 31
"""So many days it takes `make test` to go through the cells; `make transactions` runs all of them at once.

Those that wait for an answer which never comes, and those on real appliances, are for that one alone.
"""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the parts of the matrix that it is not the turn of today."""
    if is_whole():
        return
    today = datetime.now(UTC).date().toordinal()
    cells = [item for item in items if isinstance(_cell(item), EndCell | DeathCell | RotationCell | DebianCell)]
    quick = [item for item in cells if not _is_slow(_cell(item))]
    turn = quick if config.getoption("keyword") else quick[-today % DAYS :: DAYS]
    left_out = {id(item) for item in cells} - {id(item) for item in turn}
    items[:] = [item for item in items if id(item) not in left_out]


def is_whole() -> bool:
    """Whether all cells are to be run."""
    return os.environ.get("TRANSACTIONS") == "all"


def _is_slow(cell: object) -> bool:
    return isinstance(cell, DebianCell) or (isinstance(cell, EndCell) and cell.fault in SILENT)


def _cell(item: pytest.Item) -> object:
    return getattr(getattr(item, "callspec", None), "params", {}).get("cell")


@pytest.fixture
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A lab of a few ends, made anew for each test: all of them together would be hundreds at once."""
    with open_stage(tmp_path_factory.mktemp("ends"), counts={"1.4": 1, "1.5": 3}) as opened:
        yield opened


@pytest.fixture
def records(tmp_path: Path) -> Iterator["Records"]:
    """Empty records."""
    with empty_records(tmp_path / "records.sqlite3") as opened:
        yield opened
