"""Every broken inventory on disk is refused, with each of its mistakes at its line, and with nothing else."""

from datetime import date
from pathlib import Path

import pytest

from lisiere.errors import InventoryError, Mistake
from lisiere.inventory.loader import load_fleet
from tests.inventory.casebook import BROKEN, Expected, read_case

AS_OF = date(2026, 11, 24)
CASES = sorted(path.parent for path in BROKEN.glob("*/case.yaml"))
INLINED = "not-a-secret"
"""What the cases that write a secret into a file write."""


@pytest.mark.parametrize("folder", CASES, ids=lambda path: path.name)
def test_every_mistake_is_told_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    """Expected and reported mistakes pair up one to one, in the order of file and line."""
    case, root = read_case(folder), tmp_path / "inventory"
    case.build(root)
    with pytest.raises(InventoryError) as caught:
        load_fleet(root, as_of=AS_OF)
    told = list(caught.value.mistakes)
    shown = "\n".join(map(str, told))
    for expected in case.expected:
        match = next((one for one in told if _fits(one, expected, root)), None)
        assert match is not None, f"not told: {expected}\ntold:\n{shown}"
        told.remove(match)
    assert told == [], f"told beyond what is wrong:\n{shown}"
    assert INLINED not in shown, "a secret was repeated"
    assert "Input" not in shown, "jargon of the validator was passed on"


def _fits(one: Mistake, expected: Expected, root: Path) -> bool:
    same_place = (Path(one.file), one.line) == (root / expected.file, expected.line)
    return same_place and expected.contains in str(one)


def test_enough_is_broken() -> None:
    """A folder of cases that shrank would go unnoticed otherwise; an empty expectation would test nothing."""
    assert len(CASES) >= 45
    assert all(read_case(folder).expected for folder in CASES)
