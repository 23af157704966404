"""The demo fleet, loaded once, as the admin of one territory sees it; and an office with a small fleet."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lisiere.inventory.loader import Loaded, load_whole
from lisiere.store.setup import connect
from lisiere.workflow.requests.sight import Sight
from tests.fleets import AS_OF
from tests.house.checkout import ROOT
from tests.requests.office import Clock, Office

TERRITORY = "200070993"


@pytest.fixture(scope="session")
def loaded() -> Loaded:
    """The reference inventory with its texts."""
    return load_whole(ROOT / "inventory", as_of=AS_OF)


@pytest.fixture(scope="session")
def sight(loaded: Loaded) -> Sight:
    """What the admin of the Baie de Somme sees."""
    return Sight(loaded.fleet, frozenset({TERRITORY}))


@pytest.fixture(scope="session")
def small_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with an inventory of 60 appliances, some in each of the 17 territories."""
    folder = tmp_path_factory.mktemp("small")
    source = ROOT / "data" / "somme-2026.json"
    words: list[str | Path] = ["inventory", "generate", "--source", source, "--count", "60", "-o", folder / "inventory"]
    subprocess.run([sys.executable, "-m", "cli.main", *words], cwd=ROOT, check=True, capture_output=True)
    for command in (
        ("init", "-q", "-b", "main"),
        ("config", "user.name", "Somme Confins"),
        ("config", "user.email", "reseau@confins.example"),
        ("add", "inventory"),
        ("commit", "-q", "-m", "Begin"),
    ):
        subprocess.run(["git", "-C", folder, *command], check=True, capture_output=True)
    (folder / ".git" / "info" / "exclude").write_text("records.sqlite3*\n", encoding="utf-8")
    return folder


@pytest.fixture
def office(tmp_path: Path, small_repository: Path) -> Iterator[Office]:
    """An office of its own."""
    folder = tmp_path / "office"
    shutil.copytree(small_repository, folder)
    clock = Clock()
    with connect(path=folder / "records.sqlite3", clock=clock) as records:
        yield Office(folder, records, clock)
