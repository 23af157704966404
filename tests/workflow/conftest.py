"""The reference fleet, loaded once."""

from datetime import date
from pathlib import Path

import pytest

from lisiere.inventory.loader import load_fleet
from lisiere.model.fleet import Fleet

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def fleet() -> Fleet:
    """The reference fleet."""
    return load_fleet(ROOT / "inventory", as_of=date(2026, 11, 24))
