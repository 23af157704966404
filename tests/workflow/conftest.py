"""The reference fleet, loaded once."""

import pytest

from lisiere.model.fleet import Fleet
from tests.fleets import vyos_fleet


@pytest.fixture(scope="session")
def fleet() -> Fleet:
    """The reference fleet."""
    return vyos_fleet()
