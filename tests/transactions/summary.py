"""What came of the matrix of transactions, as a table at the end of a run."""

from collections import Counter, defaultdict

import pytest

from tests.matrices import reported

CELL = "transaction"
"""Under this name a test reports how its cell ended."""


def tell(terminalreporter: pytest.TerminalReporter) -> None:
    """Say for each fault and step what both ends were; also where workers of xdist ran the cells."""
    cells = [[str(word) for word in cell] for cell in reported(terminalreporter, CELL)]
    if not cells:
        return
    from tests.transactions.cells import DEATH_CELLS, DEBIAN_CELLS, END_CELLS, ENTRIES, ROTATION_CELLS

    table: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for fault, step, side, *_ in cells:
        table[fault][step][side] += 1
    terminalreporter.section("transactions: what both ends were, by the step at which it struck")
    terminalreporter.line(f"{'':<36}" + "".join(f"{step:<12}" for step in ENTRIES))
    for fault in sorted(table):
        sides = ("/".join(f"{count} {side}" for side, count in sorted(table[fault][step].items())) for step in ENTRIES)
        terminalreporter.line(f"{fault:<36}" + "".join(f"{side or '-':<12}" for side in sides).rstrip())
    whole = len(END_CELLS) + len(DEATH_CELLS) + len(ROTATION_CELLS) + len(DEBIAN_CELLS)
    turn = "" if len(cells) == whole else "; others each day, and `make transactions` goes through all of them"
    mixed, wrong = sum(cell[2] == "mixed" for cell in cells), sum(bool(cell[3]) for cell in cells)
    terminalreporter.line(f"{len(cells)} cells of {whole}{turn}")
    terminalreporter.line(f"{mixed} mixed, {wrong} not as recorded")
