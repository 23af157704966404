"""The one thread that speaks to the database: what many threads wait for is committed at once."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from queue import Empty, SimpleQueue
from typing import TypeVar, cast

from django.db import Error, connections, transaction

from lisiere.errors import RecordError

T = TypeVar("T")
Item = TypeVar("Item")

MOST_AT_ONCE = 500
"""Jobs in one transaction at most: a bound on how long others wait for it."""


QUIET_S, LONGEST_S, ENOUGH = 0.02, 0.2, 50
"""A job that may wait does so for company: as long as others keep coming, until there are enough, never longer."""


class Turn(Enum):
    """When a job is done: in turn, before those that wait for company, or once it has company."""

    NEXT = 0
    AHEAD = 1
    WAITING = 2


@dataclass(frozen=True, slots=True)
class _Job:
    """A piece of work; jobs that share an `action` are done by one call of it with all their items."""

    action: Callable[[Sequence[object]], object]
    item: object
    is_write: bool
    turn: Turn
    answer: Future[object]


class Worker:
    """Runs jobs one after the other on one connection. Safe to call from any thread; a write is durable on return.

    Args:
        alias: Django's name of the database.
        place: The database as a person calls it, for messages.
        lock: Run first in every writing transaction; makes writers of other processes wait.
    """

    def __init__(self, alias: str, *, place: str, lock: Callable[[], None]) -> None:
        self._alias, self._place, self._lock = alias, place, lock
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._held: list[_Job] = []
        self._held_until = 0.0
        self._door = threading.Lock()
        self._is_closed = False
        self._thread = threading.Thread(target=self._work, name=f"records {place}", daemon=True)
        self._thread.start()

    def read(self, job: Callable[[], T]) -> T:
        """The answer of a job that writes nothing."""
        return cast("T", self._do(lambda _: job(), None, is_write=False))

    def write(self, job: Callable[[], T]) -> T:
        """The answer of a job that writes all or nothing, once it is durable."""
        return cast("T", self._do(lambda _: job(), None, is_write=True))

    def write_with_others(self, action: Callable[[Sequence[Item]], T], item: Item) -> T:
        """Have `action` called with this item and all others that wait for the same action; durable on return.

        All of them get the one answer of the call.
        """
        return self.write_soon(action, item).result()

    def write_soon(self, action: Callable[[Sequence[Item]], T], item: Item, *, turn: Turn = Turn.NEXT) -> Future[T]:
        """The same for those who do not wait: what the future promises is durable once it is there.

        Only jobs that go AHEAD overtake one that is WAITING; all others keep their order.
        """
        shared = cast("Callable[[Sequence[object]], object]", action)
        return cast("Future[T]", self._put(shared, item, is_write=True, turn=turn))

    def close(self) -> None:
        """Finish what was asked for and let go of the database. What is asked later is refused."""
        with self._door:
            if self._is_closed:
                return
            self._is_closed = True
            self._jobs.put(None)
        self._thread.join()

    def _do(self, action: Callable[[Sequence[object]], object], item: object, *, is_write: bool) -> object:
        return self._put(action, item, is_write=is_write).result()

    def _put(
        self,
        action: Callable[[Sequence[object]], object],
        item: object,
        *,
        is_write: bool,
        turn: Turn = Turn.NEXT,
    ) -> Future[object]:
        job = _Job(action, item, is_write, turn, Future())
        with self._door:
            if self._is_closed or not self._thread.is_alive():
                raise RecordError(f"{self._place} is closed; nothing was recorded")
            self._jobs.put(job)
        return job.answer

    def _work(self) -> None:
        is_open = True
        while is_open:
            jobs, is_open = self._next_jobs()
            writes = [job for job in jobs if job.is_write]
            if writes:
                self._write(writes)
            for job in jobs:
                if not job.is_write:
                    self._answer(job)
        connections[self._alias].close()

    def _next_jobs(self) -> tuple[list[_Job], bool]:
        """What is to be done now, perhaps nothing yet; and whether to go on after that."""
        jobs: list[_Job] = []
        is_open = True
        try:
            job = self._jobs.get(timeout=self._held_for()) if self._held else self._jobs.get()
            while job is not None:
                jobs.append(job)
                if len(jobs) >= MOST_AT_ONCE or self._jobs.empty():
                    break
                job = self._jobs.get()
            is_open = job is not None
        except Empty:  # No one else comes: those that wait have company enough.
            self._held_until = 0.0
        return self._with_held(jobs, is_open=is_open), is_open

    def _held_for(self) -> float:
        """For how long to look out for company, s."""
        return max(0.0, min(QUIET_S, self._held_until - time.monotonic()))

    def _with_held(self, jobs: list[_Job], *, is_open: bool) -> list[_Job]:
        """The jobs that are due: those that go ahead, and all in their order once one of the others is."""
        waiting = [job for job in jobs if job.turn is Turn.WAITING]
        if waiting and not self._held:
            self._held_until = time.monotonic() + LONGEST_S
        held = len(self._held) + len(waiting)
        is_due = not is_open or held >= ENOUGH or time.monotonic() >= self._held_until
        if is_due or any(job.turn is Turn.NEXT for job in jobs):
            due, self._held = [*self._held, *jobs], []
            return due
        self._held += waiting
        return [job for job in jobs if job.turn is Turn.AHEAD]

    def _write(self, jobs: Sequence[_Job]) -> None:
        """Do the jobs in one transaction, each group in a savepoint of its own, and answer after the commit."""
        done: list[tuple[_Job, object]] = []
        failed: list[tuple[_Job, BaseException]] = []
        try:
            with translated(self._place), transaction.atomic(using=self._alias):
                self._lock()
                groups = list(_groups(jobs))
                if len(groups) == 1:
                    # What fails alone takes the transaction with it: no savepoint is needed.
                    answer = groups[0][0].action([job.item for job in jobs])
                    done, groups = [(job, answer) for job in jobs], []
                for group in groups:
                    try:
                        with translated(self._place), transaction.atomic(using=self._alias):
                            answer = group[0].action([job.item for job in group])
                        done += [(job, answer) for job in group]
                    except Exception as exc:  # noqa: BLE001 - belongs to those who wait for this group
                        failed += [(job, exc) for job in group]
        except Exception as error:  # noqa: BLE001 - nothing was committed: everyone is told
            done, failed = [], [(job, error) for job in jobs]
            self._let_go()
        for job, answer in done:
            job.answer.set_result(answer)
        for job, reason in failed:
            job.answer.set_exception(reason)

    def _answer(self, job: _Job) -> None:
        try:
            with translated(self._place):
                answer = job.action([job.item])
        except Exception as exc:  # noqa: BLE001 - belongs to the one who asked
            job.answer.set_exception(exc)
            self._let_go()
        else:
            job.answer.set_result(answer)

    def _let_go(self) -> None:
        """Close a connection that no longer works, so that the next job opens a new one."""
        connections[self._alias].close_if_unusable_or_obsolete()


def _groups(jobs: Sequence[_Job]) -> Iterator[list[_Job]]:
    groups: dict[Callable[[Sequence[object]], object], list[_Job]] = {}
    for job in jobs:
        groups.setdefault(job.action, []).append(job)
    yield from groups.values()


ADVICE = {
    "database is locked": "another process has been writing for too long; try again",
    "file is not a database": "it is no SQLite database; move it away, or point to another place",
    "malformed": "the file is damaged; restore it from a copy",
    "readonly": "this account may not write to it",
    "unable to open": "the folder is missing or this account may not write to it",
    "disk is full": "make room and try again",
    "password": "user name or password are refused",
}


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Turn what the database says into one sentence that names the place and what to do.

    Raises:
        RecordError: The database cannot do what was asked.
    """
    try:
        yield
    except Error as exc:
        said = next(iter(str(exc).strip().splitlines()), type(exc).__name__)
        advice = next((advice for word, advice in ADVICE.items() if word in said), "")
        raise RecordError(f"{place}: {said}" + (f"; {advice}" if advice else "")) from exc
