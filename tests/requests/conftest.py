"""The demo fleet, loaded once, as the admin of one territory sees it."""

import pytest

from lisiere.inventory.loader import Loaded, load_whole
from lisiere.workflow.requests.sight import Sight
from tests.fleets import AS_OF
from tests.house.checkout import ROOT

TERRITORY = "200070993"


@pytest.fixture(scope="session")
def loaded() -> Loaded:
    """The reference inventory with its texts."""
    return load_whole(ROOT / "inventory", as_of=AS_OF)


@pytest.fixture(scope="session")
def sight(loaded: Loaded) -> Sight:
    """What the admin of the Baie de Somme sees."""
    return Sight(loaded.fleet, frozenset({TERRITORY}))
