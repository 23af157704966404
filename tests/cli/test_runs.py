"""Runs from the command line: killed, told of, resumed, cancelled, shown and rolled back."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from lisiere.store.setup import connect
from tests.cli.conftest import ROOT, Shell, lab_in

SLOW_MS = 400


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory, small: Path) -> Iterator[Shell]:
    """A folder with secrets and a lab of its own."""
    with lab_in(tmp_path_factory.mktemp("runs"), small, count=4) as shell:
        yield shell


def test_a_killed_apply_is_told_of_and_resumed(fresh: Shell) -> None:
    """SIGKILL while an appliance is armed: the next command says so, resuming finishes it, and nothing is left."""
    name = _appliances(fresh)[0]
    fresh("plan", "--lab", "--name", name)
    run = _killed_when_armed(fresh, name)
    told = fresh("runs").stderr
    assert f"{run} was interrupted; 1 appliance(s) were left in the middle" in told
    assert f"unconfirmed commit, which reverts by itself: {name}" in told
    assert f"lisiere runs cancel {run}" in told
    done = fresh("apply", "last", "--lab", "--resume", run)
    assert "looking at 1 appliance(s) that were left in the middle" in done.stderr
    assert "succeeded" in done.stdout
    shown = fresh("runs", "show", run, "--host", name).stdout
    assert "interrupted under" in shown
    assert "found armed, verified over a new session and confirmed" in shown
    steps = [line.split()[1] for line in shown.rpartition(f"\n{name}\n")[2].splitlines()]
    assert steps == ["lock", "connect", "load", "compare", "commit", "verify", "look", "confirm", "record"]


def test_a_killed_apply_is_cancelled(fresh: Shell) -> None:
    """What was armed goes back, the run is closed, and it is not taken up any more."""
    name = _appliances(fresh)[1]
    fresh("plan", "--lab", "--name", name)
    run = _killed_when_armed(fresh, name)
    done = fresh("runs", "cancel", run, "--lab")
    assert f"{run} of " in done.stdout
    assert ": cancelled" in done.stdout
    assert "found armed, and taken back" in done.stdout
    assert "was cancelled; nothing to resume" in fresh("apply", "last", "--lab", "--resume", run, status=1).stderr
    assert "ended already: cancelled" in fresh("runs", "cancel", run, "--lab", status=1).stderr


def test_a_running_apply_is_cancelled_from_outside(fresh: Shell) -> None:
    """Its process hears of it before its next step, takes back what is armed, and says who asked."""
    name = _appliances(fresh)[1]
    fresh("plan", "--lab", "--name", name)
    process, run = _armed(fresh, name)
    done = fresh("runs", "cancel", run)
    fresh("lab", "fault", name, "delay_ms=0")
    assert "asked to end; waiting for it" in done.stderr
    assert ": cancelled" in done.stdout
    assert process.wait(60) == 1
    again = fresh("plan", "--lab", "--name", name)
    assert "1 to change" in again.stdout


def test_ctrl_c_lets_what_is_under_way_end(fresh: Shell) -> None:
    """The armed appliance is confirmed, the other one is left alone, and the exit status tells of the stop."""
    names = [_appliances(fresh)[at] for at in (1, 3)]
    fresh("plan", "--lab", "--name", names[0], "--name", names[1])
    process, run = _armed(fresh, *names)
    process.send_signal(signal.SIGINT)
    for name in names:
        fresh("lab", "fault", name, "delay_ms=0")
    assert process.wait(120) == 130
    shown = fresh("runs", "show", run).stdout
    assert ": stopped" in shown
    assert "applied and verified over a new session" in shown
    assert "stopped by a person" in shown
    assert fresh("apply", "last", "--lab", "--yes", "--resume", run).stdout.count("succeeded") == 1


def test_an_appliance_that_never_answers_is_told_in_a_sentence(fresh: Shell) -> None:
    """And not in a traceback of the library that spoke to it."""
    name = _appliances(fresh)[3]
    fresh("lab", "fault", name, "no_answer=true")
    told = fresh("plan", "--lab", "--name", name, status=1, LISIERE_TIMEOUT_S="2").stderr
    fresh("lab", "fault", name, "no_answer=false")
    assert f"not planned: {name}: no SSH session with" in told
    assert "paramiko" not in told
    assert "Exception" not in told


def test_a_run_is_rolled_back(fresh: Shell) -> None:
    """A plan like any other, which has to be allowed to delete what the first rollout brought."""
    name = _appliances(fresh)[2]
    fresh("plan", "--lab", "--name", name)
    fresh("apply", "last", "--lab")
    fresh("rollback", "last", name, "--lab")
    refused = fresh("apply", "last", "--lab", status=2).stderr
    assert "deletes more than 20% of what runs" in refused
    assert "succeeded" in fresh("apply", "last", "--lab", "--allow-deletions", "100").stdout
    assert "drifted" in fresh("status", "--lab", "--name", name, status=1).stdout
    assert "not changed by" in fresh("rollback", "last", _appliances(fresh)[3], "--lab", status=2).stderr
    assert "no run 'nonsense'" in fresh("rollback", "nonsense", "--lab", status=2).stderr


def test_a_transaction_that_was_killed_is_resolved_before_anything_else(fresh: Shell) -> None:
    """The next apply takes its armed end back, as nothing was decided, and then does what it was asked for."""
    name = _appliances(fresh)[2]
    fresh("plan", "--lab", "--name", name)
    run = _killed_when_armed(fresh, name, "--as-one")
    assert f"lisiere runs resolve {run}" in fresh("runs").stderr
    told = fresh("runs", "resolve", run, "--lab", "--without", "nobody", "--reason", "burnt down", status=2).stderr
    assert f"nobody: no end of {run}" in told
    assert (
        f"{name}: answers"
        in fresh("runs", "resolve", run, "--lab", "--without", name, "--reason", "burnt down", status=1).stderr
    )
    done = fresh("apply", "last", "--lab", "--as-one")
    assert f"{run}: all ends are old: the process that carried it out died before it was decided" in done.stderr
    assert "1 applied" in done.stdout
    again = fresh("runs", "resolve", run, "--lab")
    assert "came to its end already; all its ends were old" in again.stderr
    assert "reverted" in again.stdout
    assert "all of its ends are old" in fresh("apply", "last", "--lab", "--resume", run, status=1).stderr
    assert "1 unchanged" in fresh("apply", "last", "--lab").stdout
    assert "is no transaction" in fresh("runs", "resolve", "last", "--lab", status=2).stderr


def test_unknown_runs_and_appliances_are_told(fresh: Shell) -> None:
    """Exit status 2, in one sentence."""
    assert "no run 'nonsense'" in fresh("runs", "show", "nonsense", status=2).stderr
    assert "nobody: not in run-" in fresh("runs", "show", "last", "--host", "nobody", status=2).stderr


def _killed_when_armed(shell: Shell, name: str, *words: str) -> str:
    """Apply the last plan and kill the command once the appliance is armed; the name of the run."""
    process, run = _armed(shell, name, words=words)
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    shell("lab", "fault", name, "delay_ms=0")
    return run


def _armed(shell: Shell, *names: str, words: Sequence[str] = ()) -> "tuple[subprocess.Popen[bytes], str]":
    """An apply of the last plan that is verifying one of the appliances right now, and the name of its run."""
    for name in names:
        shell("lab", "fault", name, f"delay_ms={SLOW_MS}")
    kept = {variable: value for variable, value in os.environ.items() if not variable.startswith("LISIERE_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "apply", "last", "--lab", "--yes", *words],
        cwd=shell.folder,
        env={**kept, "PYTHONPATH": str(ROOT), "LISIERE_WORKERS": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with connect(path=shell.folder / ".lisiere" / "lisiere.sqlite3") as records:
        until = time.monotonic() + 120
        while time.monotonic() < until and process.poll() is None:
            runs = records.list_runs(limit=1)
            is_ours = bool(runs) and runs[0].status == "running"
            steps = [one.step for one in records.journal_entries(runs[0].id)] if is_ours else []
            if "verify" in steps and "confirm" not in steps:
                return process, runs[0].id
            time.sleep(0.05)
    process.kill()
    raise AssertionError(f"none of {names} was seen armed")


def _appliances(shell: Shell) -> list[str]:
    state = shell.json("lab", "status")
    assert isinstance(state, dict)
    assert isinstance(state["appliances"], dict)
    return list(state["appliances"])
