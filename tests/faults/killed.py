"""A process that applies or resumes a plan and is killed at one step of its journal. It imports before it is forked."""

import os
import signal
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lisiere.model.plan import Step
from lisiere.store.setup import connect
from nornir_tasks.rollout import apply_plan
from tests.faults.cells import Moment
from tests.faults.stage import Way

if TYPE_CHECKING:
    from lisiere.model.record import LeaseAnswer, Result
    from lisiere.store.records import Records

T = TypeVar("T")


def apply_and_die(way: Way, database: str, *, step: Step, moment: Moment, resume: str = "") -> None:
    """Apply the last plan on record, or resume a run of it, until the step at which this process dies."""
    records = connect(path=Path(database))
    _set_trap(records, step, moment)
    apply_plan(way.rollout(records.load_plan("last"), records, resume=resume))
    records.close()


def _set_trap(records: "Records", step: Step, moment: Moment) -> None:
    journal, acquire, record = records.journal_soon, records.acquire_leases, records.record_results_soon

    def journalled(*words: str, **rest: object) -> "Future[str]":
        return _around(words[2] == step, moment, lambda: written(journal(*words, **rest)))  # type: ignore[arg-type]

    def acquired(run_id: str, hosts: Iterable[str], **rest: object) -> "LeaseAnswer":
        return _around(step is Step.LOCK, moment, lambda: acquire(run_id, hosts, **rest))  # type: ignore[arg-type]

    def recorded(run_id: str, results: "Iterable[Result]") -> "Future[None]":
        return _around(step is Step.RECORD, moment, lambda: written(record(run_id, results)))

    vars(records).update(journal_soon=journalled, acquire_leases=acquired, record_results_soon=recorded)


def written(promise: "Future[T]") -> "Future[T]":
    """A promise of the records, once it is kept: the entry survives a crash."""
    promise.exception()
    return promise


def _around(is_here: bool, moment: Moment, write: Callable[[], T]) -> T:
    """Write an entry, and die before or after it when this is the place."""
    if is_here and moment is Moment.BEFORE:
        os.kill(os.getpid(), signal.SIGKILL)
    answer = write()
    if is_here:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer
