"""Steps for processes of a crew: found by their names there, as those of the product are."""

import os
import signal
import threading
from dataclasses import dataclass
from pathlib import Path

from nornir.core.inventory import Host

from lisiere.errors import DataError, HalfAppliedError, Mistake
from nornir_tasks.home import Home, Promise


class StubbornError(Exception):
    """Somebody else's exception, which cannot be pickled."""

    def __init__(self, host: str, *, lock: threading.Lock) -> None:
        super().__init__(host)
        self.lock = lock


def half_applied(host: Host) -> None:
    """An error with facts of its own."""
    raise HalfAppliedError(host.name, applied=["set x"], failed=["vpn"], reason="no", restored=False)


def wrong_data(host: Host) -> None:
    """An error whose class takes another thing than its words."""
    raise DataError([Mistake(f"{host.name}.yaml", 3, "wrong")])


def unforeseen(host: Host) -> None:
    """An error of nobody's."""
    raise ZeroDivisionError(host.name)


def stubborn(host: Host) -> None:
    """An error that cannot cross."""
    raise StubbornError(host.name, lock=threading.Lock())


def unpicklable(host: Host) -> object:
    """An answer that cannot cross."""
    del host
    return threading.Lock()


def place(host: Host) -> tuple[int, int]:
    """Where the step is taken: the process, and how many threads it has. A Ctrl-C is no concern of it."""
    del host
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
    return os.getpid(), threading.active_count()


def die(host: Host) -> None:
    """What the kernel does to a process that takes too much memory."""
    del host
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Asking:
    """Calls two things at home, and notes in a file that it came back from the first."""

    first: Promise[[str], int]
    second: Home[[str], str]
    folder: Path

    def __call__(self, host: Host) -> str:
        """Ask."""
        number = self.first(host.name)
        (self.folder / host.name).write_text(str(number), "utf-8")
        return self.second(host.name)

    def part(self, hosts: frozenset[str]) -> "Asking":
        """The same for all."""
        del hosts
        return self
