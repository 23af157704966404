"""The table of the whole matrix, printed last, behind pytest's own words."""

import pytest

from tests.misreads.matrix import HEADER, Cell, verdict

CELLS = pytest.StashKey[list[Cell]]()


@pytest.fixture(scope="session")
def cells(request: pytest.FixtureRequest) -> list[Cell]:
    """Where the cells of the whole matrix are put to be printed."""
    found: list[Cell] = request.config.stash.setdefault(CELLS, [])
    return found


def pytest_unconfigure(config: pytest.Config) -> None:
    """Print the table, if there is one."""
    if found := config.stash.get(CELLS, []):
        print("\n".join(["", HEADER, *(cell.line() for cell in found), verdict(found)]))  # noqa: T201 - what is wanted
