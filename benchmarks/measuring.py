"""One piece of work in a process of its own, watched from outside."""

import json
import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.errors import BenchError
from benchmarks.jobs import Job, Measure
from benchmarks.processes import kill_tree, rss_of_tree_mib

WATCH_S = 0.5
TIMEOUT_S = 1200.0


@dataclass(frozen=True, slots=True)
class Row:
    """What one piece of work cost in one round; `logins` and `lab_cpu_s` are 0 where no device took part."""

    contender: str
    size: int
    rtt_ms: float
    round: int
    wall_s: float
    cpu_s: float
    rss_mib: float
    logins: int
    pushes: int
    lab_cpu_s: float
    extra: dict[str, float]


def row_without_devices(label: str, found: "Measure", *, size: int, number: int) -> Row:
    """The row of work in which no device took part."""
    return Row(
        contender=label,
        size=size,
        rtt_ms=0.0,
        round=number,
        wall_s=found.wall_s,
        cpu_s=found.cpu_s,
        rss_mib=found.rss_mib,
        logins=0,
        pushes=0,
        lab_cpu_s=0.0,
        extra=dict(found.extra),
    )


def measure(job: Job) -> Measure:
    """Let a process do a job and wait for it; whatever happens, nothing of it is left running.

    Raises:
        BenchError: It did not do the work; says why.
    """
    folder = Path(job.folder)
    job.write(folder / "job.json")
    command = [sys.executable, "-m", "benchmarks.worker", str(folder / "job.json"), str(folder / "answer.json")]
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        watch = _Watch(process.pid)
        try:
            status = process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired as exc:
            raise BenchError(f"{job.contender} did not end in {TIMEOUT_S:.0f} s") from exc
        finally:
            watch.stop()
            if process.poll() is None:
                kill_tree(process.pid)
                process.wait()
    if status != 0:
        said = (folder / "log.txt").read_text("utf-8", errors="replace").strip().splitlines()
        raise BenchError(f"{job.contender}: {said[-1] if said else f'ended with {status}'}")
    found = Measure(**json.loads((folder / "answer.json").read_text("utf-8")))
    return replace(found, rss_mib=max(found.rss_mib, watch.peak_mib))


class _Watch:
    """Looks now and then at the memory of a process and of all below it."""

    def __init__(self, pid: int) -> None:
        self.peak_mib = 0.0
        self._pid, self._end = pid, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._end.wait(WATCH_S):
            self.peak_mib = max(self.peak_mib, rss_of_tree_mib(self._pid))
