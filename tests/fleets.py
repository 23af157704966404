"""The reference fleet for tests that work on simulated appliances."""

from datetime import date

from lisiere.inventory.loader import load_fleet
from lisiere.model.fleet import Fleet
from lisiere.model.words import Platform, Release
from tests.house.checkout import ROOT

AS_OF = date(2026, 11, 24)


def vyos_fleet() -> Fleet:
    """The reference fleet as if all of it ran VyOS, which is what the embedded lab plays."""
    fleet = load_fleet(ROOT / "inventory", as_of=AS_OF)
    moved = {
        name: one.model_copy(
            update={"platform": Platform.VYOS, "data": one.data.model_copy(update={"release": Release.VYOS_1_5})}
        )
        for name, one in fleet.appliances.items()
        if one.platform is not Platform.VYOS
    }
    return fleet.model_copy(update={"appliances": {**fleet.appliances, **moved}})
