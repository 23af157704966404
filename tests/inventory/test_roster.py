"""Which appliances there are, read alone: what loading the whole inventory says of them, or nothing."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from lisiere.inventory.loader import load_fleet
from lisiere.inventory.roster import read_roster
from tests.house.checkout import ROOT
from tests.inventory.casebook import BROKEN, GOOD, read_case

AS_OF = date(2026, 11, 24)
CASES = sorted(path.name for path in BROKEN.iterdir())
HANGS_ON = (
    "empty-host-file", "groups-unreadable", "host-declared-twice", "no-platform", "no-territory-group", "two-profiles",
    "unknown-territory", "wrong-suffix",
)  # fmt: skip
"""Mistakes because of which it is not known what the appliances are."""


@pytest.mark.parametrize("folder", [GOOD, ROOT / "inventory"], ids=["good", "reference"])
def test_the_roster_is_that_of_the_fleet(folder: Path) -> None:
    """By name and with all that can be selected by, inherited where it is; the retired ones as well."""
    fleet, roster = load_fleet(folder, as_of=AS_OF), read_roster(folder)
    assert roster is not None
    assert roster.territories == set(fleet.territories)
    assert {
        name: (one.name, one.territory, one.profile, one.platform, one.data.lifecycle, one.data.release)
        for name, one in fleet.appliances.items()
    } == {
        name: (one.name, one.territory, one.profile, one.platform, one.data.lifecycle, one.data.release)
        for name, one in roster.appliances.items()
    }


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_elsewhere_hides_no_appliance(case: str, tmp_path: Path) -> None:
    """What the appliances hang on may be wrong: then there is no roster, and never half of one."""
    broken = read_case(BROKEN / case)
    broken.build(tmp_path / "inventory")
    roster = read_roster(tmp_path / "inventory")
    is_elsewhere = not any(one.file.startswith(("hosts", "groups", "defaults")) for one in broken.expected)
    assert roster is not None or not is_elsewhere
    assert roster is None or len(roster.appliances) == 7
    assert roster is None or case not in HANGS_ON


def test_all_those_mistakes_are_known() -> None:
    """None was renamed."""
    assert set(HANGS_ON) <= set(CASES)


def test_a_folder_that_is_not_there_has_no_roster(tmp_path: Path) -> None:
    """Loading it says so in words."""
    assert read_roster(tmp_path / "nowhere") is None


def test_the_roster_needs_no_model_of_the_fleet() -> None:
    """Whoever looks at the records pays for no rule and no tunnel."""
    code = (
        "import sys, lisiere.inventory.roster, lisiere.workflow.selection, lisiere.model.finding;"
        "print(*sorted({'lisiere.model.fleet', 'lisiere.model.site', 'lisiere.model.traffic', 'lisiere.policy'}"
        " & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
