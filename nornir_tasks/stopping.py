"""A clean stop: the first Ctrl-C lets what is under way end, the second is Python's own."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from lisiere.errors import LisiereError


class StoppedError(LisiereError):
    """A person stopped the work between two steps; says what that leaves."""

    exit_status = 130


class Stop(threading.Event):
    """A wish to stop, which others are told of at once."""

    def __init__(self) -> None:
        super().__init__()
        self._listeners: tuple[Callable[[], None], ...] = ()

    def set(self) -> None:
        """Ask for the stop. May be called by a handler of signals, so listeners may not wait for anything."""
        super().set()
        for tell in self._listeners:
            tell()

    @contextmanager
    def telling(self, tell: Callable[[], None]) -> Iterator[None]:
        """Have somebody told for as long as the block lasts, also when it was asked for before."""
        before = self._listeners
        self._listeners = (*before, tell)
        if self.is_set():
            tell()
        try:
            yield
        finally:
            self._listeners = before


@contextmanager
def stop_on_interrupt(stop: threading.Event) -> Iterator[None]:
    """Turn the first SIGINT or SIGTERM into `stop.set()`; only the main thread can ask for it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
