"""A process that carries out or resolves a transaction and is killed at one entry of its journal."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from lisiere.secrets.agefile import AgeFileStore
from lisiere.store.setup import connect
from nornir_tasks.transaction import apply_as_one, resolve
from tests.faults.cells import Moment
from tests.faults.killed import written
from tests.transactions.stage import Group, rotate_key

if TYPE_CHECKING:
    from lisiere.store.records import Records

T = TypeVar("T")


def carry_out_and_die(
    group: Group, database: str, *, step: str, moment: Moment, occurrence: int = 0, resumed: str = ""
) -> None:
    """Carry out the last plan as one transaction, or resolve one, until the entry at which this process dies."""
    records = connect(path=Path(database))
    set_trap(records, step, moment, occurrence)
    rollout = group.rollout(records.load_plan("last"), records, resume=resumed)
    resolve(rollout) if resumed else apply_as_one(rollout)
    records.close()


def rotate_and_die(group: Group, database: str, *, step: str, moment: Moment) -> None:
    """Rotate the key of all ends until the entry at which this process dies."""
    records = connect(path=Path(database))
    set_trap(records, step, moment, 0)
    way = group.ways[0]
    rotate_key(group, AgeFileStore(Path(way.store), identity=Path(way.identity)), records)
    records.close()


def set_trap(records: "Records", step: str, moment: Moment, occurrence: int) -> None:
    """Have this process die around an entry of the journal of these records: before it is written, or after."""
    journal, transactions = records.journal_soon, records.transactions
    passed, door = [0], Lock()

    def is_here(name: str) -> bool:
        with door:
            passed[0] += name == step
            return name == step and passed[0] == occurrence + 1

    def around(name: str, write: Callable[[], T]) -> T:
        is_it = is_here(name)
        if is_it and moment is Moment.BEFORE:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = write()
        if is_it:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    def journalled(*words: str, **rest: object) -> "Future[str]":
        return around(words[2], lambda: written(journal(*words, **rest)))  # type: ignore[arg-type]

    def trapped(name: str, write: Callable[..., object]) -> Callable[..., object]:
        return lambda *words, **rest: around(name, lambda: write(*words, **rest))

    kept: dict[str, Callable[..., object]] = {
        name: getattr(transactions, name) for name in ("begin", "decide", "end", "forget_secrets")
    }
    vars(records).update(journal_soon=journalled)
    vars(transactions).update({name: trapped(name.partition("_")[0], write) for name, write in kept.items()})
