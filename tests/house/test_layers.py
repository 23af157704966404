"""The layers hold, and the contracts notice when they do not."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.checkout import PACKAGES, ROOT

LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")

TRESPASSES = {
    "library": ("lisiere/drivers/trespass.py", "import lisiere.render"),
    "library-unplaced": ("lisiere/trespass.py", "import lisiere.errors"),
    "packages": ("lisiere/workflow/trespass.py", "import nornir_tasks"),
    "portal": ("portal/trespass.py", "import lisiere.drivers"),
    "lab-users": ("nornir_tasks/trespass.py", "import lab"),
    "lab-uses": ("lab/trespass.py", "import lisiere.policy"),
    "owner-nornir": ("cli/trespass.py", "import nornir"),
    "owner-devices": ("lisiere/workflow/trespass.py", "import netmiko"),
    "owner-jinja": ("lisiere/policy/trespass.py", "import jinja2"),
    "owner-django": ("lisiere/workflow/trespass.py", "import django"),
    "owner-terminal": ("lisiere/workflow/trespass.py", "import rich"),
    "owner-ssh-server": ("lisiere/drivers/trespass.py", "import asyncssh"),
    "settings": ("nornir_tasks/trespass.py", "import pydantic_settings"),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the contracts on a checkout."""
    return subprocess.run([LINT_IMPORTS, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False)


def test_imports_go_down_only() -> None:
    """All contracts of pyproject.toml are kept."""
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.fixture(scope="module")
def bare_house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A house of packages without content: every folder's `__init__.py`, and the contracts."""
    house = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", house)
    for package in PACKAGES:
        for path in (ROOT / package).rglob("__init__.py"):
            copy = house / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    for module in ("errors.py", "bundle.py", "configtree.py", "inventory.py", "settings.py"):
        if (ROOT / "lisiere" / module).exists():
            (house / "lisiere" / module).touch()
    return house


def test_a_bare_house_breaks_nothing(bare_house: Path) -> None:
    """The trespasses below are what breaks a contract, not the house they stand in."""
    done = lint(bare_house)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", TRESPASSES)
def test_a_trespass_is_noticed(name: str, bare_house: Path) -> None:
    """One import across a wall, or a module without a layer, and the contracts fail."""
    file, statement = TRESPASSES[name]
    trespass = bare_house / file
    trespass.write_text(f"{statement}\n")
    try:
        done = lint(bare_house)
    finally:
        trespass.unlink()
    assert done.returncode != 0
    assert "trespass" in done.stdout + done.stderr
