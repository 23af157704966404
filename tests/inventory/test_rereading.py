"""What was read once is given again, and never when a file is another one by now."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from lisiere.errors import InventoryError
from lisiere.inventory.loader import load_fleet
from lisiere.inventory.rereading import load_again
from tests.inventory.test_good import AS_OF, GOOD


def test_the_same_files_are_worked_through_once(tmp_path: Path) -> None:
    """Another day, another folder, a changed, new or lost file is read anew; so is what was wrong."""
    place = tmp_path / "inventory"
    shutil.copytree(GOOD, place)
    first = load_again(place, as_of=AS_OF)
    assert load_again(place, as_of=AS_OF) is first
    assert first.fleet == load_fleet(place, as_of=AS_OF)
    assert load_again(GOOD, as_of=AS_OF) is not first
    assert load_again(place, as_of=date(2026, 11, 25)).fleet.as_of == date(2026, 11, 25)
    before = load_again(place, as_of=AS_OF)
    hosts = sorted((place / "hosts").iterdir())[0]
    text = hosts.read_text(encoding="utf-8")
    hosts.write_text(f"{text}# a comment\n", encoding="utf-8")
    after = load_again(place, as_of=AS_OF)
    assert after is not before
    assert after.texts[f"hosts/{hosts.name}"].endswith("# a comment\n")
    (place / "hosts" / "more.yml").write_text("---\n", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(InventoryError, match="is not read"):
            load_again(place, as_of=AS_OF)
    (place / "hosts" / "more.yml").unlink()
    assert load_again(place, as_of=AS_OF) is after
    hosts.unlink()
    with pytest.raises(InventoryError):
        load_again(place, as_of=AS_OF)
