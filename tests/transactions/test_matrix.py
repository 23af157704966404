"""The matrix of transactions: whatever goes wrong with whichever end at whatever step, both ends are new or both old.

A fault strikes when a step of an end has been journalled and before it is taken. Timers end when the run waits for
ends, never by the clock, so that a cell always goes the same way.
"""

import signal
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lisiere.model.plan import Run
from nornir_tasks.transaction import apply_as_one, resolve
from nornir_tasks.undertaking import Watch
from tests.faults.cells import Later, Moment
from tests.faults.killed import written
from tests.faults.stage import Stage
from tests.faults.test_matrix import come_to_rest
from tests.forks import FORKS
from tests.transactions.cells import DEATH_CELLS, END_CELLS, FAULTS, FOR_GOOD, SILENT, WHICH, DeathCell, EndCell
from tests.transactions.killed import carry_out_and_die
from tests.transactions.stage import Group, handles, passing_time, take
from tests.transactions.summary import CELL
from tests.transactions.verdict import judge

if TYPE_CHECKING:
    from lisiere.store.records import Records

Report = Callable[[str, object], None]
PATIENCE_S = 4.0
"""How long an answer may take where none will come; a busy machine needs some of it for those that do come."""


@pytest.mark.parametrize("cell", END_CELLS, ids=str)
def test_a_fault_of_one_end_leaves_both_on_one_side(
    cell: EndCell, stage: Stage, records: "Records", monkeypatch: pytest.MonkeyPatch, record_property: Report
) -> None:
    """New or old, as recorded; nothing armed, the journal whole."""
    group = take(stage, "1.5", "1.5", timeout_s=PATIENCE_S if cell.fault in SILENT else 30.0)
    plan = group.plan(records)
    name = group.names[WHICH[cell.which]]
    strike_at(records, monkeypatch, name, cell.step, partial(FAULTS[cell.fault], stage.handle(name)))
    is_for_good = cell.fault in FOR_GOOD
    rollout = group.rollout(plan, records, watch=Watch() if is_for_good else passing_time(stage, group))
    run = apply_as_one(replace(rollout, caution=replace(rollout.caution, settle_s=0.05 if is_for_good else 20.0)))
    if is_for_good:
        run = _resolved_later(stage, group, records, run)
    conclude(cell, stage, group, records, run, record_property)


@pytest.mark.parametrize("cell", DEATH_CELLS, ids=str)
def test_a_killed_transaction_is_resolved_by_the_next_process(
    cell: DeathCell, stage: Stage, records: "Records", tmp_path: Path, record_property: Report
) -> None:
    """At once, after all timers ended, or after the process that resolves was killed as well."""
    group = take(stage, "1.5", "1.5", timeout_s=30.0)
    group.plan(records)
    kill_at(group, tmp_path, cell.step, cell.moment, WHICH[cell.which])
    run_id = records.load_run("last").id
    if cell.later is Later.TIMER_ENDED:
        for handle in handles(stage, group):
            come_to_rest(handle)
    elif cell.later is Later.KILLED_AGAIN and records.transactions.open_ones():
        step = "look" if any(handle.is_pending for handle in handles(stage, group)) else "end"
        kill_at(group, tmp_path, step, Moment.AFTER, resumed=run_id)
    plan = records.load_plan(records.load_run(run_id).plan_id)
    run = resolve(group.rollout(plan, records, watch=passing_time(stage, group), resume=run_id))
    if records.transactions.load(run_id) is None:
        record_property(CELL, [f"kill, {cell.later}", cell.step, "old", ""])
        assert run.outcomes == ()
        return
    conclude(cell, stage, group, records, run, record_property)


def conclude(
    cell: EndCell | DeathCell, stage: Stage, group: Group, records: "Records", run: Run, record_property: Report
) -> None:
    """Judge the end of a cell, and report it for the table."""
    side, wrong = judge(stage, group, records, run)
    row = cell.fault if isinstance(cell, EndCell) else f"kill, {cell.later}"
    record_property(CELL, [row, cell.step, side, wrong])
    assert not wrong, f"{cell}: {wrong}"


def kill_at(group: Group, folder: Path, step: str, moment: Moment, occurrence: int = 0, *, resumed: str = "") -> None:
    """Carry a transaction out, or resolve one, in a process of its own that is killed; it must have come there."""
    database = str(folder / "records.sqlite3")
    work = partial(carry_out_and_die, group, database, step=step, moment=moment, occurrence=occurrence, resumed=resumed)
    process = FORKS.Process(target=work)
    process.start()
    process.join(timeout=240)
    assert process.exitcode == -signal.SIGKILL, f"the process was not killed at {step}: {process.exitcode}"


def strike_at(
    records: "Records", monkeypatch: pytest.MonkeyPatch, host: str, step: str, strike: Callable[[], object]
) -> None:
    """Let a fault strike once, when a step of an end has been journalled and before it is taken."""
    waiting = [strike]
    journal, decide = records.journal_soon, records.transactions.decide

    def fire(is_here: bool) -> None:
        if is_here and waiting:
            waiting.pop()()

    def journalled(*words: str, **rest: object) -> "Future[str]":
        promise = written(journal(*words, **rest))  # type: ignore[arg-type]
        fire((words[1], words[2]) == (host, step))
        return promise

    def decided(*words: object, **rest: object) -> None:
        decide(*words, **rest)  # type: ignore[arg-type]
        fire(step == "decide")

    monkeypatch.setattr(records, "journal_soon", journalled)
    monkeypatch.setattr(records.transactions, "decide", decided)


def _resolved_later(stage: Stage, group: Group, records: "Records", run: Run) -> Run:
    """What is away stayed away; then its timer ends, it comes back, and somebody resolves what was left."""
    for handle in handles(stage, group):
        handle.clear_faults()
        come_to_rest(handle)
    plan = records.load_plan(run.plan_id)
    return resolve(group.rollout(plan, records, watch=passing_time(stage, group), resume=run.id))
