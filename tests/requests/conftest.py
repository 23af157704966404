"""The demo fleet, loaded once, as the admin of one territory sees it; and an office with a small fleet."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest

from lisiere.inventory.loader import Loaded, load_whole
from lisiere.model.base import Model
from lisiere.model.request_case import Case
from lisiere.store.setup import connect
from lisiere.workflow.requests.pairing import bind
from lisiere.workflow.requests.sight import Sight
from tests.fleets import AS_OF
from tests.house.checkout import ROOT
from tests.requests.office import NOW, OPEN_FLOW, Clock, Office
from tests.requests.rack import Rack, scheduled
from tests.sharing import made_once

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
    return made_once(tmp_path_factory, "small-repository", _make_repository)


def _make_repository(folder: Path) -> None:
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


@pytest.fixture
def office(tmp_path: Path, small_repository: Path) -> Iterator[Office]:
    """An office of its own."""
    with _opened(small_repository, tmp_path / "office") as found:
        yield found


@contextmanager
def _opened(source: Path, folder: Path, now: datetime = NOW) -> Iterator[Office]:
    """A copy of an office, at a time."""
    shutil.copytree(source, folder)
    clock = Clock(now)
    with connect(path=folder / "records.sqlite3", clock=clock) as records:
        bind(records, inventory=folder / "inventory", templates=None, by="tests")
        yield Office(folder, records, clock)


class Waiting(Model):
    """An office in which a request waits for the worker, closed, and what its appliances run."""

    case: Case
    now: datetime
    running: dict[str, str]


@pytest.fixture(scope="session")
def waiting(tmp_path_factory: pytest.TempPathFactory, small_repository: Path) -> Callable[[str], tuple[Path, Waiting]]:
    """The office for a request; it went through all hands once, and tests work on copies."""

    @cache
    def made(text: str) -> tuple[Path, Waiting]:
        def make(folder: Path) -> None:
            with _opened(small_repository, folder / "office") as found:
                rack = Rack.of(found)
                told = Waiting(case=scheduled(found, text), now=found.clock.now, running=rack.running)
            (folder / "waiting.json").write_text(told.model_dump_json(), encoding="utf-8")

        name = f"waiting-{sha256(text.encode()).hexdigest()[:12]}"
        folder = made_once(tmp_path_factory, name, make)
        found = Waiting.model_validate_json((folder / "waiting.json").read_text(encoding="utf-8"))
        return folder / "office", found

    return made


@pytest.fixture
def wanted(request: pytest.FixtureRequest, waiting: Callable[[str], tuple[Path, Waiting]]) -> tuple[Path, Waiting]:
    """The office whose request opens another flow, or is what the test says."""
    return waiting(getattr(request, "param", OPEN_FLOW))


@pytest.fixture
def case(wanted: tuple[Path, Waiting]) -> Case:
    """The request that waits."""
    return wanted[1].case


@pytest.fixture
def rack(wanted: tuple[Path, Waiting], tmp_path: Path) -> Iterator[Rack]:
    """The two appliances that it concerns, in an office of their own."""
    folder, told = wanted
    with _opened(folder, tmp_path / "office", told.now) as found:
        yield Rack(found, running=dict(told.running))
