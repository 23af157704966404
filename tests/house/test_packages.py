"""The packages: names that nobody else takes, empty `__init__.py`, cheap imports."""

import ast
import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.checkout import PACKAGES, ROOT

OURS = frozenset({*PACKAGES, "templates", "tests", "benchmarks", "inventory"})
HEAVY = ("napalm", "netmiko", "paramiko", "django", "nornir", "asyncssh")
INITS = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("__init__.py"))


def test_no_dependency_installs_one_of_our_names() -> None:
    """Flat top-level names are ours only as long as nobody else installs them."""
    taken = {
        (distribution.name, top)
        for distribution in importlib.metadata.distributions()
        if distribution.name != "lisiere"
        for top in {Path(file.parts[0]).stem for file in distribution.files or ()}
        if top in OURS
    }
    assert not taken


def test_distributions_are_seen_at_all() -> None:
    """The test above looks at something: it would find pytest's own names."""
    tops = {file.parts[0] for file in importlib.metadata.distribution("pytest").files or ()}
    assert {"pytest", "_pytest"} <= tops


@pytest.mark.parametrize("path", INITS, ids=lambda path: str(path.relative_to(ROOT)))
def test_init_holds_a_docstring_and_nothing_else(path: Path) -> None:
    """Whoever imports a package pays for nothing and finds no second way to a name."""
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree)
    assert len(tree.body) == 1


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_with_code_is_a_package(package: str) -> None:
    """A folder without `__init__.py` would be left out by type checkers and contracts."""
    folders = {path.parent for path in (ROOT / package).rglob("*.py")}
    assert not [folder for folder in folders if not (folder / "__init__.py").exists()]


def test_starting_the_terminal_loads_nothing_heavy() -> None:
    """`lisiere --help` must not wait for what only a run on appliances needs."""
    code = f"import sys, cli.main; print(*sorted({set(HEAVY)!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
