"""Work that is spread over copies of the process gives what it gives in one, whatever becomes of the copies."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.checkout import ROOT

HEAD = """
import json, os, signal, sys, threading, time
from lisiere.workflow.spreading import spread
here = os.getpid()
items = list(range(1000))
def squares(part):
    return os.getpid(), [one * one for one in part]
"""


def run(code: str, *, status: int = 0) -> str:
    """Run code in a process of its own: this one has threads and is never copied. No copy is left behind."""
    tail = """
try:
    os.waitpid(-1, os.WNOHANG)
    print("a copy is left")
except ChildProcessError:
    pass
"""
    done = subprocess.run(
        [sys.executable, "-c", HEAD + code + tail], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stderr
    assert "a copy is left" not in done.stdout
    return done.stdout if status == 0 else done.stderr


@pytest.mark.parametrize(("cores", "processes"), [(1, 1), (2, 2), (3, 3)])
def test_every_thing_is_done_once_and_in_order(cores: int, processes: int) -> None:
    """The results of the parts, joined, are that of the whole."""
    found = json.loads(run(f"print(json.dumps(spread(squares, items, cores={cores})))"))
    assert [one for _, part in found for one in part] == [one * one for one in range(1000)]
    assert len({process for process, _ in found}) == processes


def test_few_things_and_no_things_stay_in_this_process() -> None:
    """A copy costs more than it gives."""
    found = json.loads(run("print(json.dumps([spread(squares, items[:60], cores=2), spread(squares, [], cores=2)]))"))
    assert [len(one) for one in found] == [1, 1]


def test_a_process_with_threads_is_not_copied() -> None:
    """Another thread may hold a lock at that moment."""
    code = """
done = threading.Event()
thread = threading.Thread(target=done.wait)
thread.start()
found = spread(squares, items, cores=2)
done.set()
thread.join()
print(len(found), found[0][0] == here)
"""
    assert run(code).split() == ["1", "True"]


@pytest.mark.parametrize(
    "end", ["os._exit(0)", "os.kill(os.getpid(), signal.SIGKILL)", "raise ValueError", "sys.exit(0)"]
)
def test_the_part_of_a_copy_that_died_is_done_here(end: str) -> None:
    """Nothing is lost, however it died."""
    code = f"""
def work(part):
    if os.getpid() != here:
        {end}
    return len(part)
print(spread(work, items, cores=2))
"""
    assert run(code).strip() == "[500, 500]"


def test_what_goes_wrong_in_a_copy_goes_wrong_here_with_its_own_words() -> None:
    """The error that the caller sees is the one that the work raised, with its own lines."""
    code = """
def work(part):
    if 700 in part:
        raise ValueError("seven hundred")
    return len(part)
spread(work, items, cores=2)
"""
    assert run(code, status=1).rstrip().endswith("ValueError: seven hundred")


def test_an_error_or_a_stop_here_leaves_no_copy_at_work() -> None:
    """The copies are ended and waited for, also on Ctrl-C."""
    code = """
def work(part):
    if os.getpid() == here:
        raise KeyboardInterrupt
    time.sleep(60)
begun = time.monotonic()
try:
    spread(work, items, cores=2)
except KeyboardInterrupt:
    print("stopped", time.monotonic() - begun < 30)
"""
    assert run(code).split() == ["stopped", "True"]


def test_the_same_mistakes_are_told_however_the_work_was_spread(tmp_path: Path) -> None:
    """A template that is wrong for every site of the fleet: the first fifty, in the order of names."""
    (tmp_path / "base" / "vyos").mkdir(parents=True)
    (tmp_path / "base" / "vyos" / "time.j2").write_text("{{ intent.nothing }}\n")
    told = []
    for cores in (1, 2):
        code = f"""
from functools import partial
from pathlib import Path
from datetime import date
from lisiere.errors import RenderError
from lisiere.inventory.loader import load_fleet
from lisiere.workflow import intended
intended.spread = partial(spread, cores={cores})
fleet = load_fleet(Path("inventory"), as_of=date(2026, 11, 24))
try:
    intended.summarize_sites(fleet, sorted(one.name for one in fleet.in_service()), extra=Path({str(tmp_path)!r}))
except RenderError as exc:
    print(json.dumps([str(one) for one in exc.mistakes]))
"""
        told.append(json.loads(run(code)))
    assert told[0] == told[1]
    assert len(told[0]) == 50
    assert os.path.basename(str(tmp_path)) in told[0][0]
