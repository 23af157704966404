"""What came of the matrix, told at the end of a run."""

from collections import Counter

import pytest

from tests.matrices import reported

CELL = "cell"
"""Under this name a test reports how its cell ended."""


def tell(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how large the matrix was and what came of it; also where workers of xdist ran the cells."""
    cells = reported(terminalreporter, CELL)
    if not cells:
        return
    from tests.faults.cells import FAULT_CELLS, KILL_CELLS  # not before it is known that there are any

    outcomes = Counter(str(cell[0]) for cell in cells)
    mixed, armed, twice = (sum(int(str(cell[at])) for cell in cells) for at in (1, 2, 3))
    terminalreporter.section("fault matrix")
    whole = len(FAULT_CELLS) + len(KILL_CELLS)
    turn = "" if len(cells) == whole else "; another third each day, and `make faults` runs all of them"
    terminalreporter.line(f"{len(cells)} cells of {whole}{turn}")
    terminalreporter.line(", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())))
    terminalreporter.line(f"{mixed} mixed, {armed} armed, {twice} pushed twice")
