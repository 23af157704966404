"""There is one real lab on a machine: tests in several processes wait for each other."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

IN_TURN = pytest.mark.xdist_group("real-lab")
"""One process runs all tests of the lab, so that the others have something else to do than to wait for it."""


@contextmanager
def turn() -> Iterator[None]:
    """Have the machine to oneself, as far as real appliances are concerned."""
    with open("/run/lisiere-lab.lock", "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
