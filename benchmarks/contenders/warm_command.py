"""A command of Lisière inside a process that has run one before: what it costs without the start of the interpreter."""

import sys
from collections.abc import Sequence
from functools import partial

from benchmarks.jobs import Extra, Job, Work
from cli.main import main


def prepare(job: Job) -> Work:
    """Run the first call, which imports what is imported late."""
    run(job.warm_up)
    return partial(run, job.arguments)


def run(arguments: Sequence[str]) -> Extra:
    """Run `lisiere` as the command line does, but without ending the process."""
    sys.argv = ["lisiere", *arguments]
    try:
        main()
    except SystemExit as exc:
        if exc.code not in (0, None):
            raise RuntimeError(f"lisiere {' '.join(arguments)} ended with {exc.code}") from exc
    return {}
