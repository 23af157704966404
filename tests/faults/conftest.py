"""The stage for the fault matrix, and the line in which it says how large it was and what came of it."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lisiere.store.setup import connect
from tests.faults.cells import CELL, FAULT_CELLS, KILL_CELLS, RELEASES
from tests.faults.stage import Stage, open_stage

if TYPE_CHECKING:
    from lisiere.store.records import Records

SPARE = 10


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
    with connect(path=tmp_path / "records.sqlite3") as opened:
        yield opened


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how large the matrix was and what came of it; also where workers of xdist ran the cells."""
    reports = [report for several in terminalreporter.stats.values() for report in several]
    cells = [
        value
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for name, value in report.user_properties
        if name == CELL and isinstance(value, list)
    ]
    if not cells:
        return
    outcomes = Counter(str(cell[0]) for cell in cells)
    mixed, armed, twice = (sum(int(str(cell[at])) for cell in cells) for at in (1, 2, 3))
    terminalreporter.section("fault matrix")
    terminalreporter.line(f"{len(cells)} cells of {len(FAULT_CELLS) + len(KILL_CELLS)}")
    terminalreporter.line(", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())))
    terminalreporter.line(f"{mixed} mixed, {armed} armed, {twice} pushed twice")
