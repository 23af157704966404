"""Lisière killed with SIGKILL at every step of its journal, and what `apply --resume` makes of that."""

import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lisiere.errors import PlanError
from lisiere.model.plan import Outcome, RunStatus, Step
from nornir_tasks.rollout import apply_plan, end_cancelled
from tests.faults.cells import KILL_CELLS, KillCell, Later, Moment
from tests.faults.killed import apply_and_die
from tests.faults.stage import NEW, OLD, Stage, Way, changed
from tests.faults.test_matrix import come_to_rest, conclude, passing_time, plan_for
from tests.forks import FORKS

if TYPE_CHECKING:
    from lisiere.store.records import Records


@pytest.mark.parametrize("cell", KILL_CELLS, ids=str)
def test_a_killed_run_is_brought_to_its_end(
    cell: KillCell,
    stage: Stage,
    records: "Records",
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    """Resumed at once, after the timer of the appliance ended, or killed a second time while it was resumed."""
    name = stage.take(cell.release)
    handle, way = stage.handle(name), stage.way(name, cell.release)
    plan = plan_for(way, records)
    kill_at(way, tmp_path, cell.step, cell.moment)
    run_id = records.load_run("last").id
    assert records.load_run(run_id).status is RunStatus.INTERRUPTED
    if cell.later is Later.TIMER_ENDED:
        come_to_rest(handle)
    elif cell.later is Later.KILLED_AGAIN:
        _kill_again(way, tmp_path, run_id, cell)
    run = apply_plan(way.rollout(plan, records, watch=passing_time(handle), resume=run_id))
    assert run.id == run_id
    assert [one.outcome for one in run.outcomes] == [Outcome.APPLIED], run.outcomes[0].detail
    assert run.status is RunStatus.SUCCEEDED
    assert handle.counters.pushes <= (2 if cell.later is Later.TIMER_ENDED else 1), "what was pushed is pushed again"
    conclude(cell, run, plan, handle, records, record_property)
    assert sorted(handle.saved_set().splitlines()) == sorted(handle.running_set().splitlines())


@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("step", [Step.CONNECT, Step.COMMIT, Step.VERIFY, Step.CONFIRM, Step.REREAD])
def test_a_killed_run_is_cancelled(
    step: Step, moment: Moment, stage: Stage, records: "Records", tmp_path: Path
) -> None:
    """What is armed goes back, what was confirmed stays, and nothing new is sent."""
    name = stage.take("1.5")
    handle, way = stage.handle(name), stage.way(name, "1.5")
    plan = plan_for(way, records)
    kill_at(way, tmp_path, step, moment)
    run_id = records.load_run("last").id
    commits = handle.counters.to_json()["commits"]
    was_armed = handle.is_pending
    assert records.cancel_run(run_id, by="dominique") is RunStatus.INTERRUPTED
    run = end_cancelled(way.rollout(plan, records, resume=run_id))
    is_new = changed(handle.running_set()) == changed(NEW)
    assert run.status is (RunStatus.SUCCEEDED if is_new else RunStatus.CANCELLED)
    assert not handle.is_pending
    assert is_new or changed(handle.running_set()) == changed(OLD)
    assert is_new == (step is Step.REREAD)
    assert handle.counters.to_json()["commits"] == commits + was_armed
    assert handle.counters.to_json()["reboots"] == 0


def test_leases_of_a_killed_run_are_taken_over_only_after_a_look(
    stage: Stage, records: "Records", tmp_path: Path
) -> None:
    """What is armed keeps its lease, and the second one is told whose it is and what to do; later it is free."""
    name = stage.take("1.5")
    handle, way = stage.handle(name), stage.way(name, "1.5")
    plan = plan_for(way, records)
    kill_at(way, tmp_path, Step.VERIFY, Moment.AFTER)
    killed = records.load_run("last").id
    commits = handle.counters.to_json()["commits"]
    with pytest.raises(PlanError, match=rf"{name} was left by .*waits for its confirmation.*--resume {killed}"):
        apply_plan(way.rollout(plan, records))
    assert handle.counters.to_json()["commits"] == commits
    come_to_rest(handle)
    run = apply_plan(way.rollout(plan, records))
    assert run.status is RunStatus.SUCCEEDED
    assert "taken over, looked at before" in records.journal_entries(run.id, host=name)[0].detail
    pushes = handle.counters.to_json()["pushes"]
    assert apply_plan(way.rollout(plan, records, resume=killed)).status is RunStatus.SUCCEEDED
    assert "found confirmed and saved" in records.load_run(killed).outcomes[0].detail
    assert handle.counters.to_json()["pushes"] == pushes


def kill_at(way: Way, folder: Path, step: Step, moment: Moment, *, resume: str = "") -> None:
    """Apply in a process of its own, which is killed at a step; it must have come there."""
    database = str(folder / "records.sqlite3")
    work = partial(apply_and_die, way, database, step=step, moment=moment, resume=resume)
    process = FORKS.Process(target=work)
    process.start()
    process.join(timeout=60)
    assert process.exitcode == -signal.SIGKILL, f"the process was not killed at {step}: {process.exitcode}"


def _kill_again(way: Way, folder: Path, run_id: str, cell: KillCell) -> None:
    """Kill the resumption too, at the first step that it takes for certain."""
    has_begun = cell.step is not Step.LOCK and (cell.step, cell.moment) != (Step.CONNECT, Moment.BEFORE)
    is_recorded = (cell.step, cell.moment) == (Step.RECORD, Moment.AFTER)
    step = Step.LOCK if is_recorded else Step.LOOK if has_begun else Step.CONNECT
    kill_at(way, folder, step, Moment.AFTER, resume=run_id)
