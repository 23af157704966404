"""The reviewed inventory of the tests is valid, and means what it says."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from lisiere.errors import InventoryError
from lisiere.inventory.loader import load_fleet
from lisiere.model.fleet import Fleet
from lisiere.model.words import Lifecycle, ProfileName
from lisiere.policy.dates import ending
from lisiere.policy.site import resolve_fleet
from tests.inventory.casebook import read_case

GOOD, ENDED = Path(__file__).parent / "good", Path(__file__).parent / "ended"
AS_OF = date(2026, 11, 24)


def test_the_good_inventory_loads_whole() -> None:
    """Every thing of every file is in the fleet, with what it inherits."""
    fleet = load_fleet(GOOD, as_of=AS_OF)
    seat = fleet.appliances["80900-siege-01"]
    assert len(fleet.appliances) == 7
    assert (seat.username, seat.port, seat.platform) == ("jmartin", 22, "vyos")
    assert (seat.territory, seat.profile) == ("200000008", ProfileName.EPCI_SEAT)
    assert seat.data.segments[1].name == "serveurs"
    assert sorted(fleet.overlays) == ["rives-maillage", "val-ecoles", "val-gestion"]
    assert [rule.id for rule in fleet.policies.territories["200000008"]] == ["print-central"]
    assert fleet.as_of == AS_OF


def test_retired_appliances_are_kept_and_not_in_service() -> None:
    """Their prefixes stay reserved; no intent is made for them."""
    fleet = load_fleet(GOOD, as_of=AS_OF)
    retired = fleet.appliances["80901-mediatheque-01"]
    assert retired.data.lifecycle is Lifecycle.RETIRED
    assert retired.name not in {one.name for one in fleet.in_service()}


def test_everything_that_loads_can_be_resolved() -> None:
    """What the checks let through never surprises what comes after them."""
    intents = list(resolve_fleet(load_fleet(GOOD, as_of=AS_OF)))
    assert len(intents) == 6
    assert {secret for intent in intents for secret in intent.secrets() if "overlay" in secret} == {
        "secret:overlay/rives-maillage/80950-mairie-01--80951-mairie-01",
        "secret:overlay/val-ecoles/80901-ecole-01--academie",
    }


def test_time_alone_makes_an_inventory_wrong() -> None:
    """The same files, judged on a later day, hold ended algorithms."""
    with pytest.raises(InventoryError) as caught:
        load_fleet(GOOD, as_of=date(2031, 1, 1))
    assert "dh14 ended on 2030-12-31" in str(caught.value)


@pytest.mark.parametrize("folder", sorted(ENDED.iterdir()), ids=lambda folder: folder.name)
def test_what_was_granted_until_a_day_is_no_longer_rendered(folder: Path, tmp_path: Path) -> None:
    """It does not stop the rest, and is said: a flow, a partner, an exception, a bypass that ended."""
    case = read_case(folder)
    case.build(tmp_path / "inventory")
    fleet = load_fleet(tmp_path / "inventory", as_of=AS_OF)
    before = _rendered(fleet.model_copy(update={"as_of": date(2026, 1, 1)}))
    gone = before - _rendered(fleet)
    assert gone
    for expected in case.expected:
        assert any(expected.contains in one for one in gone)
        assert any(expected.contains in one.subject and "ended on" in one.message for one in ending(fleet))


def _rendered(fleet: Fleet) -> set[str]:
    """The rules that allow something, and the tunnels, of each site."""
    intents = list(resolve_fleet(fleet))
    rules = {
        f"{one.name}: {rule.id} for {rule.flow}"
        for one in intents
        for rule_set in one.rule_sets
        for rule in rule_set.rules
        if rule.flow
    }
    return rules | {f"{one.name}: tunnel to {tunnel.peer}" for one in intents for tunnel in one.tunnels}


def test_a_folder_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    """No traceback, and the way out."""
    with pytest.raises(InventoryError, match="no inventory folder"):
        load_fleet(tmp_path / "nowhere", as_of=AS_OF)


def test_loading_imports_nothing_heavy() -> None:
    """A check from cold is mostly imports: frameworks that it does not need stay out."""
    code = (
        "import sys, lisiere.inventory.loader;"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}"
        " & {'nornir', 'napalm', 'netmiko', 'django', 'ruamel', 'jinja2', 'typer', 'rich', 'asyncssh', 'yaml'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == ""
