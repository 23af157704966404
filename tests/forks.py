"""Processes for tests, forked from one that has imported what they need: a start costs milliseconds, not a second.

They are processes of their own in all that counts: folder, environment, files, signals, exit status. What they do not
show is that a module finds its own imports; commands started as usual and `tests/house/test_packages.py` show that.
"""

import atexit
import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.house.checkout import ROOT

os.environ["PYTHONPATH"] = str(ROOT)  # the server of forks sees no other way to the tests
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.preloaded"])


def carry_out(words: Sequence[str], folder: str, environment: Mapping[str, str], said: str) -> None:
    """Be `lisiere` with these words, in a folder and an environment; what is said goes to two files in another one."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    _redirect(0, os.open(os.devnull, os.O_RDONLY))
    for number, stream in ((1, "out"), (2, "err")):
        _redirect(number, os.open(Path(said) / stream, os.O_WRONLY | os.O_CREAT, 0o600))
    sys.argv = ["lisiere", *words]
    from cli.main import main

    try:
        main()
    finally:
        atexit._run_exitfuncs()  # a fork ends without them


def _redirect(number: int, to: int) -> None:
    os.dup2(to, number)
    os.close(to)
