"""The fault matrix: whatever goes wrong at whatever step, an appliance ends on the old or the new configuration.

Each cell uses an appliance of the lab over real SSH. Its fault is set when a step has been journalled and before it is
taken. Timers of timed commits end when the run waits for them, never by the clock, so that a cell always goes the same
way.
"""

import functools
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import TYPE_CHECKING

import pytest

from lisiere.model.plan import Plan, Run, Step
from lisiere.workflow.terrain import Terrain
from nornir_tasks.plan_making import make_plan
from nornir_tasks.rollout import Watch, apply_plan
from tests.faults.cells import FAULT_CELLS, FAULTS, FaultCell
from tests.faults.killed import written
from tests.faults.stage import Stage, Way, intended, now
from tests.faults.summary import CELL
from tests.faults.verdict import judge
from tests.lab.talk import wait_until

if TYPE_CHECKING:
    from lab.fleet import Handle
    from lisiere.model.record import LeaseAnswer, Result
    from lisiere.store.records import Records

TIMEOUT_S = 0.6
"""How long an answer may take where none will come: long for a lab in the same process, short for a test."""


@pytest.mark.parametrize("cell", FAULT_CELLS, ids=str)
def test_a_fault_leaves_an_appliance_on_one_configuration(
    cell: FaultCell,
    stage: Stage,
    records: "Records",
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    """Old or new, as recorded; nothing armed, nothing pushed twice, the journal whole."""
    name = stage.take(cell.release)
    handle = stage.handle(name)
    is_silent = cell.fault.startswith("no-answer")
    way = stage.way(name, cell.release, timeout_s=TIMEOUT_S if is_silent else 10.0)
    plan = plan_for(way, records)
    strike_at(records, monkeypatch, cell.step, functools.partial(FAULTS[cell.fault], handle))
    run = apply_plan(way.rollout(plan, records, watch=passing_time(handle)))
    come_to_rest(handle)
    conclude(cell, run, plan, handle, records, record_property)


def conclude(
    cell: object,
    run: Run,
    plan: Plan,
    handle: "Handle",
    records: "Records",
    record_property: Callable[[str, object], None],
) -> None:
    """Judge the end of a cell, and report it for the summary."""
    (outcome,) = run.outcomes
    verdict = judge(handle, records, plan, outcome)
    record_property(CELL, [str(outcome.outcome), verdict.mixed, verdict.armed, verdict.pushed_twice])
    told = f"{cell}: {outcome.outcome}, {outcome.detail}; {verdict}"
    assert (verdict.mixed, verdict.armed, verdict.pushed_twice, verdict.wrong_record) == (0, 0, 0, 0), told


def plan_for(way: Way, records: "Records") -> Plan:
    """A plan from the old to the new configuration, asked of the appliance."""
    plan = make_plan(
        [way.appliance],
        {way.name: intended(way.name)},
        access=way.access(),
        records=records,
        selection="stage",
        created_by="tester@stage",
        clock=now,
        terrain=Terrain(territories={}),
    )
    assert [change.host for change in plan.changes] == [way.name], plan.failures
    return plan


def come_to_rest(handle: "Handle") -> None:
    """Let what another administrator armed go back too, by a restart where the release does it so."""
    if handle.is_pending:
        handle.expire()
        wait_until(lambda: not handle.is_pending)


def passing_time(handle: "Handle") -> Watch:
    """Whenever the run waits for appliances to go back, their timers end, and what was in the way is over."""

    def on_note(text: str) -> None:
        if text.startswith("waiting for"):
            handle.expire()
            handle.clear_faults()

    return Watch(on_note=on_note)


def strike_at(records: "Records", monkeypatch: pytest.MonkeyPatch, step: Step, strike: Callable[[], None]) -> None:
    """Let a fault strike once, when a step of the appliance has been journalled and before it is taken."""
    waiting = [strike]

    def fire() -> None:
        if waiting:
            waiting.pop()()

    journal, acquire, record = records.journal_soon, records.acquire_leases, records.record_results_soon

    def journalled(*words: str, **rest: object) -> "Future[str]":
        promise = written(journal(*words, **rest))  # type: ignore[arg-type]
        if words[2] == step:
            fire()
        return promise

    def acquired(run_id: str, hosts: Iterable[str], **rest: object) -> "LeaseAnswer":
        answer = acquire(run_id, hosts, **rest)  # type: ignore[arg-type]
        if step is Step.LOCK:
            fire()
        return answer

    def recorded(run_id: str, results: "Iterable[Result]") -> "Future[None]":
        promise = written(record(run_id, results))
        if step is Step.RECORD:
            fire()
        return promise

    monkeypatch.setattr(records, "journal_soon", journalled)
    monkeypatch.setattr(records, "acquire_leases", acquired)
    monkeypatch.setattr(records, "record_results_soon", recorded)
