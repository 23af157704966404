"""A command as a process of its own, its start included."""

import os
import subprocess
from functools import partial
from pathlib import Path

from benchmarks.jobs import Extra, Job, Work


def prepare(job: Job) -> Work:
    """Nothing to prepare."""
    return partial(_work, [job.program, *job.arguments], Path(job.folder), job.accepts)


def _work(command: list[str], folder: Path, accepts: tuple[int, ...]) -> Extra:
    with (folder / "said.txt").open("wb") as said:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=dict(os.environ), check=False
        )
    if done.returncode not in accepts:
        words = (folder / "said.txt").read_text("utf-8", errors="replace")
        raise RuntimeError(f"{' '.join(command[:3])} ended with {done.returncode}: {words[-500:]}")
    return {}
