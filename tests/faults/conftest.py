"""The stage for the fault matrix, and the line in which it says how large it was and what came of it."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults.cells import FAULT_CELLS, KILL_CELLS, RELEASES, FaultCell, KillCell
from tests.faults.stage import Stage, open_stage
from tests.faults.summary import CELL
from tests.records import empty_records

if TYPE_CHECKING:
    from lisiere.store.records import Records

SPARE = 30
DAYS = 3
"""So many days it takes `make test` to go through all cells; `make faults` runs all of them at once."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the parts of the matrix that it is not the turn of today."""
    if os.environ.get("FAULTS") == "all" or config.getoption("keyword"):
        return
    cells = [item for item in items if isinstance(_cell(item), FaultCell | KillCell)]
    left_out = {id(item) for at, item in enumerate(cells) if (at + _today()) % DAYS}
    items[:] = [item for item in items if id(item) not in left_out]


def _cell(item: pytest.Item) -> object:
    return getattr(getattr(item, "callspec", None), "params", {}).get(CELL)


def _today() -> int:
    return datetime.now(UTC).date().toordinal()


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One lab for all cells of this process; each cell uses up one appliance."""
    used = [*(cell.release for cell in FAULT_CELLS), *(cell.release for cell in KILL_CELLS)]
    counts = {release: SPARE + used.count(release) for release in RELEASES}
    with open_stage(tmp_path_factory.mktemp("stage"), counts=counts) as opened:
        yield opened


@pytest.fixture
def records(tmp_path: Path) -> Iterator["Records"]:
    """Empty records."""
    with empty_records(tmp_path / "records.sqlite3") as opened:
        yield opened
