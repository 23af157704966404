"""A real lab of which something is killed: its start in the middle of it, or the world around."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.real import kernel, needs, territory
from lab.real.cabling import HERE
from lab.real.territory import DISKS
from tests.cli.conftest import ROOT, Shell
from tests.command_line import lisiere
from tests.lab.turn import turn

PATIENCE_S = 120.0


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Shell]:
    """A folder to start a lab in."""
    if missing := needs.lacking():
        pytest.skip("; ".join(missing))
    (tmp_path / "inventory").symlink_to(ROOT / "inventory")
    with turn():
        shell = Shell(tmp_path)
        try:
            yield shell
        finally:
            territory.down(tmp_path / ".lisiere/lab")


def test_a_start_that_was_killed_leaves_what_down_ends(alone: Shell) -> None:
    """The next start says what to do where some of it lives, else it starts over it; after `down` there is nothing."""
    argv = [sys.executable, "-m", "cli.main", "lab", "real", "up", "--as-debian", "--territory", "200069672"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LISIERE_")}
    with subprocess.Popen(
        argv, cwd=alone.folder, env={**kept, "PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL
    ) as up:
        until = time.monotonic() + PATIENCE_S
        while not any(kernel.processes(kernel.namespaces())):
            assert up.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
        up.kill()
    again = lisiere(alone.folder, ["lab", "real", "up", "--as-debian", "--name", "80120-mairie-01"], {})
    told = {0: "a lab that was killed left ", 1: "real appliances run here already; `lisiere lab real down` ends them"}
    assert told[again.returncode] in again.stderr
    alone("lab", "real", "down")
    assert kernel.namespaces() == ()
    assert not kernel.has_device(HERE)
    assert not DISKS.exists()
    assert "lisiere-lab" not in Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    assert alone("lab", "real", "status", status=1).stderr


def test_a_world_that_was_killed_is_missed(alone: Shell) -> None:
    """Its appliances go on without it, `status` says what is gone, and `down` leaves nothing."""
    alone("lab", "real", "up", "--as-debian", "--name", "80120-mairie-01")
    assert json.loads(alone("lab", "real", "status", "--json").stdout)["world_ended"] == []
    os.kill(int((DISKS / "world/answers.process").read_text(encoding="ascii").split()[0]), signal.SIGKILL)
    said = alone("lab", "real", "status", status=1).stderr
    assert "1 of 1 real appliances run" in said
    assert "has ended: answers;" in said
    alone("lab", "real", "down")
    assert kernel.namespaces() == ()
    assert not kernel.has_device(HERE)
    assert not DISKS.exists()
