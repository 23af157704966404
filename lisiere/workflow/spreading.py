"""Pure work on many things, spread over the cores of this machine by copies of this process.

A copy begins with all that was loaded, so nothing is sent to it, and sends back its result alone. A copy that ends
without a result costs time only: its part is done here, and what went wrong there goes wrong here, with its own words.
"""

import gc
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import NoReturn, TypeVar

T = TypeVar("T")
R = TypeVar("R")

LEAST = 50
"""Fewer things than these for each core are done sooner than a copy is made."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of this process at work: the end of the pipe on which it tells its result."""

    pid: int
    answer: int


def spread(work: Callable[[Sequence[T]], R], items: Sequence[T], *, cores: int | None = None) -> list[R]:
    """Do pure work on consecutive parts of `items`, the first one in this process; the results in their order.

    Args:
        work: What to do with a part; its result can be pickled. It touches no file, no clock and nothing shared.
        items: What to work on; there is one part at least.
        cores: How many parts at most; by default as many as this process may use at once. A process with threads is
            never copied, for another thread may hold a lock at that moment.
    """
    count = _usable_cores() if cores is None else cores
    parts = _parts(items, min(count, len(items) // LEAST) if _can_copy() else 1)
    copies: list[Copy] = []
    is_collecting = gc.isenabled()
    gc.freeze()  # what is there already is no garbage, and stays shared with the copies
    gc.disable()  # the work makes many things and no cycles
    try:
        copies += (_start(work, part) for part in parts[1:])
        results = [work(parts[0])]
        for part, copy in zip(parts[1:], list(copies), strict=True):
            answer = _result(copy)
            copies.remove(copy)
            results.append(pickle.loads(answer) if answer else work(part))  # noqa: S301 - written by our own copy
    finally:
        gc.unfreeze()
        if is_collecting:
            gc.enable()
        for copy in copies:
            _end(copy)
    return results


@contextmanager
def ahead(work: Callable[[], R], *, take: Callable[[R], None]) -> Iterator[None]:
    """Do pure work on another core while this process does what stands inside the context; then `take` its result.

    Where there is no other core, or the copy ends without a result, nothing is taken and the work is still to be done.
    """
    copies = [_start(lambda _: work(), ())] if _usable_cores() > 1 and _can_copy() else []
    try:
        yield
        answers = [_result(copies.pop()) for _ in range(len(copies))]
    finally:
        for copy in copies:
            _end(copy)
    for answer in filter(None, answers):
        take(pickle.loads(answer))  # noqa: S301 - written by our own copy


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _can_copy() -> bool:
    return hasattr(os, "fork") and threading.active_count() == 1


def _parts(items: Sequence[T], count: int) -> list[Sequence[T]]:
    """Consecutive parts of nearly equal size."""
    count = max(1, count)
    return [items[len(items) * number // count : len(items) * (number + 1) // count] for number in range(count)]


def _start(work: Callable[[Sequence[T]], R], part: Sequence[T]) -> Copy:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _work_and_end(work, part, writing)
    os.close(writing)
    return Copy(pid, reading)


def _work_and_end(work: Callable[[Sequence[T]], R], part: Sequence[T], writing: int) -> NoReturn:
    """What a copy does; it ends without the exit handlers and buffers that it shares with its origin."""
    status = 1
    with suppress(BaseException):
        answer = pickle.dumps(work(part), protocol=pickle.HIGHEST_PROTOCOL)
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(answer)
        status = 0
    os._exit(status)


def _result(copy: Copy) -> bytes:
    """What a copy wrote; nothing when it ended in any other way than by itself."""
    with os.fdopen(os.dup(copy.answer), "rb") as pipe:
        answer = pipe.read()
    os.close(copy.answer)
    _, status = os.waitpid(copy.pid, 0)
    return answer if status == 0 else b""


def _end(copy: Copy) -> None:
    """End a copy whose result nobody waits for."""
    with suppress(OSError):
        os.kill(copy.pid, signal.SIGKILL)
        os.waitpid(copy.pid, 0)
    with suppress(OSError):
        os.close(copy.answer)
