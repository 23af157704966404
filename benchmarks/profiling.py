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
from benchmarks.processes import kill_tree

RATE_HZ = 200
TOP = 20
IMPORTING = "_find_and_load (<frozen"
WORK = "_work (benchmarks"
_OPTIONS = ("record", "--gil", "--threads", "--subprocesses", "--format", "raw", "--rate", str(RATE_HZ))
_HEADERS = ("process ", "thread ")
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
    worker = (sys.executable, "-m", "benchmarks.worker", str(folder / "job.json"), str(folder / "answer.json"))
    said = _run([str(programs / "py-spy"), *_OPTIONS, "--output", str(stacks), "--", *worker])
    if not stacks.exists() or not (folder / "answer.json").exists():
        raise BenchError(f"py-spy: {(said.strip() or 'said nothing').splitlines()[-1]}")
    return summary(stacks.read_text("utf-8").splitlines())


def _run(command: Sequence[str]) -> str:
    """Run a command, and return what it said; whatever happens, nothing of it is left running."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        return process.communicate()[0]
    finally:
        if process.poll() is None:
            kill_tree(process.pid)
            process.wait()


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
    """Whether a stack belongs to the work: all but the preparation, which the first thread does, and imports."""
    headers = [frame for frame in frames if frame.startswith(_HEADERS)]
    if len(headers) == len(frames) or any(frame.startswith(IMPORTING) for frame in frames):
        return False
    is_helper = any(frame.startswith("process ") and "benchmarks.worker" not in frame for frame in headers)
    is_first = "MainThread" in headers[-1] or frames[len(headers)].startswith("_run_module_as_main")
    return is_helper or not is_first or any(WORK in frame for frame in frames)


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
