"""There is one real lab on a machine: tests in several processes wait for each other."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def turn() -> Iterator[None]:
    """Have the machine to oneself, as far as real appliances are concerned."""
    with open("/run/lisiere-lab.lock", "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
