"""Where Lisière's CPU time goes: py-spy looks at the threads that hold the interpreter lock."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import BenchError
from benchmarks.jobs import Job

RATE_HZ = 200
TOP = 20
LEFT_OUT = ("prepare (benchmarks", "_find_and_load (<frozen", "carry_out (benchmarks/worker.py", "<module> (benchmarks")
"""Frames of what does not count: the preparation, and imports before the work."""
WORK = "_work (benchmarks"
_FRAME = re.compile(r"(?P<function>.+) \((?P<file>[^():]+)(?::\d+)?\)")
_PACKAGES = ("lisiere/store", "lisiere/drivers", "lisiere/secrets", "lisiere/configtree", "lisiere/workflow")


@dataclass(frozen=True, slots=True)
class Profile:
    """Shares of the samples: by package, by the part of Lisière on whose behalf, by function."""

    samples: int
    by_package: dict[str, float]
    by_part_that_asked: dict[str, float]
    by_function: dict[str, float]


def profile(job: Job, programs: Path) -> Profile:
    """Run a job under the sampler and sum up.

    Raises:
        BenchError: The sampler did not run.
    """
    folder = Path(job.folder)
    job.write(folder / "job.json")
    stacks = folder / "stacks.txt"
    command = [str(programs / "py-spy"), "record", "--gil", "--threads", "--format", "raw", "--rate", str(RATE_HZ)]
    worker = [sys.executable, "-m", "benchmarks.worker", str(folder / "job.json"), str(folder / "answer.json")]
    done = subprocess.run(
        [*command, "--output", str(stacks), "--", *worker], capture_output=True, text=True, check=False
    )
    if done.returncode != 0 or not (folder / "answer.json").exists():
        raise BenchError(f"py-spy: {(done.stderr.strip() or 'said nothing').splitlines()[-1]}")
    return summary(stacks.read_text("utf-8").splitlines())


def summary(lines: Iterable[str]) -> Profile:
    """Sum up stacks, each with its number of samples at the end."""
    packages: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    askers: Counter[str] = Counter()
    for line in lines:
        stack, _, count = line.rpartition(" ")
        frames = stack.split(";")
        if not count.isdigit() or not _counts(frames):
            continue
        number = int(count)
        packages[_package(frames[-1])] += number
        functions[_function(frames[-1])] += number
        askers[_asker(frames)] += number
    total = sum(packages.values())
    return Profile(
        samples=total,
        by_package=_shares(packages, total),
        by_part_that_asked=_shares(askers, total),
        by_function=_shares(functions, total),
    )


def _counts(frames: Sequence[str]) -> bool:
    """Whether a stack belongs to the work: that of the main thread below it, and all of other threads."""
    if any(WORK in frame for frame in frames):
        return True
    return not any(frame.startswith(LEFT_OUT) for frame in frames) and "MainThread" not in frames[0]


def _shares(counts: Counter[str], total: int) -> dict[str, float]:
    return {name: count / total for name, count in counts.most_common(TOP)} if total else {}


def _package(frame: str) -> str:
    """The package of a frame; parts of Lisière are told apart."""
    match = _FRAME.fullmatch(frame)
    file = match["file"] if match else ""
    part = next((one for one in _PACKAGES if file.startswith(one)), "")
    if part:
        return part.replace("/", ".")
    return file.partition("/")[0].removesuffix(".py") or "?"


def _function(frame: str) -> str:
    match = _FRAME.fullmatch(frame)
    return f"{match['file']}: {match['function']}" if match else frame


def _asker(frames: Sequence[str]) -> str:
    """The deepest module of ours in a stack; without any, the thread that paramiko runs for each connection."""
    for frame in reversed(frames):
        match = _FRAME.fullmatch(frame)
        if match and match["file"].startswith(("lisiere/", "nornir_tasks/")):
            return match["file"].removesuffix(".py").replace("/", ".")
    return "paramiko's own threads" if any("paramiko/" in frame for frame in frames) else "the rest"
