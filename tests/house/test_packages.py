"""The packages: names that nobody else takes, empty `__init__.py`, cheap imports."""

import ast
import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.commands import COMMANDS, first_sentence, load
from tests.house.checkout import PACKAGES, ROOT

OURS = frozenset({*PACKAGES, "templates", "locale", "compliance", "tests", "benchmarks", "inventory"})
HEAVY = (
    *("napalm", "netmiko", "paramiko", "django", "nornir", "asyncssh"),
    *("pydantic", "pydantic_settings", "jinja2", "rich", "yaml", "ruamel", "ryaml", "cryptography"),
)
"""What `lisiere --help` never needs."""
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


STARTS = {
    "help": (["--help"], {}),
    "version": (["--version"], {}),
    "help of a noun": (["plan", "--help"], {}),
    "help of a command": (["check", "--help"], {}),
    "names in bash": ([], {"_LISIERE_COMPLETE": "complete_bash", "COMP_WORDS": "lisiere ch", "COMP_CWORD": "1"}),
    "names in zsh": ([], {"_LISIERE_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "lisiere ch"}),
    "options": ([], {"_LISIERE_COMPLETE": "complete_bash", "COMP_WORDS": "lisiere plan --l", "COMP_CWORD": "2"}),
}
SAYS = {"help": "Exit status", "version": "lisiere ", "help of a noun": "--exit-code", "help of a command": "--as-of"}
SAYS |= {"names in bash": "check", "names in zsh": "report every mistake", "options": "--lifecycle"}


@pytest.mark.parametrize("start", STARTS)
def test_help_and_completion_load_nothing_heavy(start: str) -> None:
    """What only a command's work needs is imported by that work: a start costs Python, Typer and our own words."""
    words, variables = STARTS[start]
    code = f"""
import atexit, sys
atexit.register(lambda: print(*sorted({set(HEAVY)!r} & set(sys.modules)), file=sys.stderr))
from cli.main import main
sys.argv = ["lisiere", *{words!r}]
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | variables
    )
    assert done.returncode == 0, done.stderr
    assert SAYS[start] in done.stdout
    assert done.stderr.split() == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_command_says_of_itself(name: str) -> None:
    """The table that spares the import of a command holds the first sentence of its help."""
    assert COMMANDS[name][1] == first_sentence(load(name).help or "")
