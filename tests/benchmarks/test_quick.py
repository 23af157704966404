"""The benchmarks themselves, in their short form, on a few appliances: they end, they tell all, they leave nothing."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab.daemon import status
from tests.command_line import lisiere
from tests.house.checkout import ROOT

COMMAND = (sys.executable, "-m", "benchmarks", "--quick", "--sizes", "4", "--scale", "20")
POLL_S = 0.1
PATIENCE_S = 240

FIGURES = {
    "apply_cpu_vs_raw_paramiko",
    "apply_wall_vs_raw_paramiko",
    "render_vs_plain_jinja",
    "load_vs_simple_inventory",
    "imports_s",
    "load_600_s",
    "resolve_600_s",
    "render_600_s",
    "render_command_600_s",
    "check_600_s",
    "analyse_600_s",
    "rss_mib",
    "help_cpu_ms",
}


@pytest.fixture
def bench(tmp_path: Path) -> tuple[str, ...]:
    """The command, in a folder of its own, on a small inventory in the place of the reference fleet."""
    small, source = tmp_path / "small", str(ROOT / "data/somme-2026.json")
    words = ("inventory", "generate", "--source", source, "--count", "30", "--platform", "vyos", "-o", str(small))
    assert lisiere(tmp_path, words, {}).returncode == 0
    places = {"inventory": small, "folder": tmp_path / "work", "results": tmp_path / "quick.json"}
    return (*COMMAND, *(word for name, place in places.items() for word in (f"--{name}", str(place))))


def command_of(pid: int) -> bytes:
    """What a process runs; nothing once it has ended, waited for or not."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_a_quick_run_measures_everything_but_the_slow_peers(tmp_path: Path, bench: tuple[str, ...]) -> None:
    """Every figure is there and positive; each contender opened the sessions that its way takes."""
    file = tmp_path / "quick.json"
    done = subprocess.run(
        bench,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S * 2,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(file.read_text("utf-8"))
    assert found["is_complete"] is True
    assert all(found[name] > 0 for name in FIGURES)
    assert {aim["verdict"] for aim in found["aims"]} <= {"met", "missed", "not measured"}
    sessions = {one["contender"]: one["logins"] for one in found["rounds"] if one["pushes"]}
    assert sessions["raw_paramiko"] == 4
    assert sessions["lisiere"] >= 2 * sessions["raw_paramiko"], "a verification has a session of its own"
    assert all(one["wall_s"] > 0 and one["cpu_s"] > 0 and one["rss_mib"] > 0 for one in found["rounds"])
    assert all(name in done.stdout for name in FIGURES)
    assert status(tmp_path / "work" / "state" / "lab") is None


def test_a_run_that_is_stopped_leaves_no_lab_and_no_results(tmp_path: Path, bench: tuple[str, ...]) -> None:
    """Ctrl-C in the middle: what was measured is kept apart, and the file of results is not touched."""
    file, work = tmp_path / "quick.json", tmp_path / "work"
    process = subprocess.Popen(
        bench,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + PATIENCE_S
    while status(work / "state" / "lab") is None and process.poll() is None and time.monotonic() < deadline:
        time.sleep(POLL_S)
    lab = status(work / "state" / "lab")
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=PATIENCE_S)[1]
    assert lab is not None, said
    assert process.returncode == 130
    assert "bench: stopped" in said
    assert "Traceback" not in said
    assert status(work / "state" / "lab") is None
    assert not command_of(lab.pid), "the lab still runs"
    assert json.loads((work / "partial.json").read_text("utf-8"))["is_complete"] is False
    assert not file.exists()
