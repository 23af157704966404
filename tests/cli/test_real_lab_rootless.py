"""A real lab of an ordinary user: nothing of it is root's, all of it is in one namespace, and it ends as a whole."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.real import kernel, needs
from lab.real.cabling import HERE
from lab.real.territory import DISKS
from tests.cli.conftest import ROOT, Json
from tests.lab.turn import turn

AS_USER = Path(__file__).parents[1] / "lab/ordinary_user.sh"
SITES = ("80120-mairie-01", "80126-mairie-01")
USER = 4711


class User:
    """An ordinary user with a folder and a range of subordinate ids."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        """Run `lisiere` as this user, and see that it ends with this status and without a traceback."""
        done = self.run("-m", "cli.main", *words)
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == status, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run Python as this user."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LISIERE_")}
        reached = (str(self.folder), str(ROOT), sys.base_prefix, sys.prefix)
        return subprocess.run(
            ["unshare", "--mount", str(AS_USER), *reached, "--", sys.executable, *words],
            env={**kept, "PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=240, check=False,
        )  # fmt: skip

    def json(self, *words: str) -> Json:
        """The JSON document that a command prints."""
        found: Json = json.loads(self(*words, "--json").stdout)
        return found


@pytest.fixture
def user(tmp_path: Path) -> Iterator[User]:
    """Somebody in a folder with the inventory and secrets."""
    if missing := needs.lacking():
        pytest.skip("; ".join(missing))
    (tmp_path / "inventory").symlink_to(ROOT / "inventory")
    one = User(tmp_path)
    with turn():
        yield one
        one("lab", "real", "down")


def processes() -> set[str]:
    """The living processes of the user, and of those that the user's range is for."""
    return {entry.name for entry in Path("/proc").iterdir() if entry.name.isdecimal() and _is_theirs(entry)}


def _is_theirs(process: Path) -> bool:
    try:
        owner = process.stat().st_uid
        state = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX" and (owner == USER or 300_000 <= owner < 365_536)


def test_an_ordinary_user_has_a_real_lab(user: User) -> None:
    """From start to end with the usual commands; the machine sees none of it, but for the processes."""
    user("secrets", "init")
    before, others = kernel.namespaces(), processes()
    user("lab", "real", "up", "--as-debian", *(word for name in SITES for word in ("--name", name)))
    assert user.json("lab", "real", "status") == {"appliances": dict.fromkeys(SITES, True), "world_ended": []}
    assert "run here already" in user("lab", "real", "up", "--as-debian", "--name", SITES[0], status=1).stderr
    plan = user.json("plan", "--lab")
    assert isinstance(plan, dict)
    run = user.json("apply", str(plan["id"]), "--lab", "--yes")
    assert isinstance(run, dict)
    assert run["status"] == "succeeded"
    assert kernel.namespaces() == before
    assert not kernel.has_device(HERE)
    assert not DISKS.exists()
    assert len(processes() - others) > 2 * len(SITES)
    user("lab", "real", "down")
    assert processes() - others == set()
    assert "no real appliance runs here" in user("lab", "real", "status", status=1).stderr
    assert list((user.folder / ".lisiere/lab").iterdir()) == []


ABANDONED = """import os, time
from lab.real import rootless
holder, word = rootless.begin()
assert holder.lives()
os.close(word)
until = time.monotonic() + 20
while holder.lives() and time.monotonic() < until:
    time.sleep(0.02)
print(holder.lives())
"""


def test_a_start_that_is_given_up_leaves_nothing(user: User) -> None:
    """The namespace ends with whoever made it, until the lab stands."""
    done = user.run("-c", ABANDONED)
    assert done.stdout == "False\n", done.stderr


LACKING = """import os
from lab.real import rootless
os.setgid(65534)
os.setuid(65534)
print(*rootless.lacking(), sep="\\n")
"""


def test_what_is_missing_is_told_with_a_remedy() -> None:
    """Who has no range of ids hears of it, and what root has to do."""
    if missing := needs.lacking():
        pytest.skip("; ".join(missing))
    done = subprocess.run(["/usr/bin/python3", "-c", LACKING], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "in /etc/subuid (as root: usermod --add-subuids 200000-265535 nobody)" in done.stdout
    assert "in /etc/subgid" in done.stdout
