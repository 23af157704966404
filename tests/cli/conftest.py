"""The command line as a person uses it: a process of its own, in a folder with a small inventory and a lab."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.ports import free_port
from tests.command_line import lisiere

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Shell:
    """A folder to run commands in."""

    folder: Path

    def __call__(self, *words: str, status: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `lisiere` with these words, and see that it ends with this status and without a traceback."""
        done = lisiere(self.folder, words, variables)
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == status, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *words: str, status: int = 0) -> "Json":
        """The JSON document that a command prints."""
        found: Json = json.loads(self(*words, "--json", status=status).stdout)
        return found


Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An inventory of 30 appliances."""
    folder = tmp_path_factory.mktemp("small")
    source = ROOT / "data" / "somme-2026.json"
    Shell(folder)("inventory", "generate", "--source", str(source), "--count", "30", "-o", "inventory")
    return folder / "inventory"


@pytest.fixture
def shell(tmp_path: Path, small: Path) -> Shell:
    """A fresh folder that sees the small inventory."""
    (tmp_path / "inventory").symlink_to(small)
    return Shell(tmp_path)


@contextmanager
def lab_in(folder: Path, inventory: Path, *, count: int) -> Iterator[Shell]:
    """A folder with secrets and a lab of its own, its appliances as they left the factory."""
    (folder / "inventory").symlink_to(inventory)
    shell = Shell(folder)
    shell("secrets", "init")
    shell("lab", "up", "--count", str(count), "--port", str(free_port()))
    yield shell
    shell("lab", "down")


@pytest.fixture(scope="session")
def lab_shell(tmp_path_factory: pytest.TempPathFactory, small: Path) -> Iterator[Shell]:
    """A folder with secrets and a lab of 12 appliances, for all tests of the command line."""
    with lab_in(tmp_path_factory.mktemp("lab"), small, count=12) as shell:
        yield shell
