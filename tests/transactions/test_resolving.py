"""Ends that were left are brought to what was decided, whatever happens on the way, or left out by a person."""

import os
import signal
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import pytest

from lab.faults import Fault, Kind
from lab.faults import Step as LabStep
from lisiere.errors import PlanError, ProcessLostError, RecordError, UsageError
from lisiere.model.plan import Plan, RunStatus, Step
from lisiere.model.transaction import Side
from nornir_tasks.fleet import Answer, FleetRunner
from nornir_tasks.leaving import LeftOut
from nornir_tasks.moving import MoveEnd
from nornir_tasks.rollout import apply_plan
from nornir_tasks.stopping import StoppedError
from nornir_tasks.transaction import apply_as_one, resolve
from nornir_tasks.undertaking import Watch
from tests.faults.stage import Stage, now
from tests.store.tampering import tampered
from tests.transactions.stage import Group, expire_when, handles, outcomes, sides, take

if TYPE_CHECKING:
    from collections.abc import Callable

    from lisiere.store.records import Records


def test_an_end_that_stays_away_is_resolved_by_the_next(stage: Stage, records: "Records") -> None:
    """The confirmed end goes back; until the other one was seen, nothing else is begun on either."""
    group = take(stage, "1.5", "1.5", timeout_s=2.0)
    plan = group.plan(records)
    run = records.load_run(_left_with_an_end_away(stage, group, plan, records))
    assert outcomes(run) == ["reverted", "unknown"]
    assert sides(stage, group)[0] == "old"
    (left,) = records.transactions.open_ones()
    assert left.goal is Side.OLD
    with pytest.raises(PlanError, match=f"lisiere runs resolve {run.id}"):
        apply_plan(group.rollout(plan, records))
    stage.handle(group.names[1]).clear_faults()
    assert outcomes(resolve(group.rollout(plan, records, resume=run.id))) == ["reverted", "reverted"]
    assert sides(stage, group) == ["old", "old"]
    assert records.transactions.open_ones() == ()


def test_ends_of_others_are_looked_at_once(stage: Stage, records: "Records") -> None:
    """Who works on other appliances waits for none of them; the end that answers is taken a step all the same."""
    group = take(stage, "1.5", "1.5", timeout_s=2.0)
    plan = group.plan(records)
    run_id = _left_with_an_end_away(stage, group, plan, records)
    notes: list[str] = []
    rollout = group.rollout(plan, records, watch=Watch(on_note=notes.append), resume=run_id)
    assert outcomes(resolve(rollout, waits=False)) == ["reverted", "unknown"]
    assert [note for note in notes if note.startswith("waiting")] == []
    stage.handle(group.names[1]).clear_faults()
    assert outcomes(resolve(rollout, waits=False)) == ["reverted", "reverted"]
    assert records.transactions.left() == ()


def test_what_was_armed_long_ago_is_not_waited_for(stage: Stage, records: "Records") -> None:
    """Its timer and a restart are over by the journal, however late the next process comes."""
    group = take(stage, "1.5", "1.5", timeout_s=2.0)
    plan = group.plan(records)
    run_id = _left_with_an_end_away(stage, group, plan, records)
    notes: list[str] = []
    rollout = group.rollout(plan, records, watch=Watch(on_note=notes.append), resume=run_id)
    resolve(replace(rollout, clock=lambda: now() + timedelta(hours=1)))
    assert [note for note in notes if note.startswith("waiting")] == []
    assert [one.transaction.run_id for one in records.transactions.left()] == [run_id]


@pytest.mark.parametrize("is_known", [True, False], ids=["in-the-inventory", "not-in-the-inventory"])
def test_an_end_that_is_gone_for_good_is_left_out(is_known: bool, stage: Stage, records: "Records") -> None:
    """By a person's word, on record with the reason; the others come to their side, and the transaction to its end."""
    group = take(stage, "1.5", "1.5", timeout_s=2.0)
    plan = group.plan(records)
    run_id = _left_with_an_end_away(stage, group, plan, records)
    gone = group.names[1]
    rollout = group.rollout(plan, records, resume=run_id)
    if not is_known:
        rollout = replace(rollout, appliances={name: rollout.appliances[name] for name in group.names[:1]})
        with pytest.raises(PlanError, match=f"--without {gone} --reason"):
            resolve(rollout)
    run = resolve(rollout, left_out=LeftOut(frozenset({gone}), "burnt down on 12 May"))
    assert outcomes(run) == ["reverted", "unknown"]
    assert run.outcomes[1].detail == "left out by tester@stage: burnt down on 12 May"
    found = records.transactions.load(run_id)
    assert found is not None
    assert (found.end, records.transactions.left(), records.leases()) == (Side.OLD, (), ())
    assert f"without {gone}: burnt down on 12 May" in found.detail
    (entry,) = [one for one in records.journal_entries(run_id) if one.step == "leave out"]
    assert entry.detail == f"{gone}, left out by tester@stage: burnt down on 12 May"


def test_an_end_that_answers_is_not_left_out(stage: Stage, records: "Records") -> None:
    """Nor one that is no end, nor without a reason: nothing is done, and nothing is on record."""
    group = take(stage, "1.5", "1.5", timeout_s=2.0)
    plan = group.plan(records)
    run_id = _left_with_an_end_away(stage, group, plan, records)
    rollout = group.rollout(plan, records, resume=run_id)
    entries = len(records.journal_entries(run_id))
    with pytest.raises(UsageError, match="nobody: no end of"):
        resolve(rollout, left_out=LeftOut(frozenset({"nobody"}), "burnt down"))
    with pytest.raises(UsageError, match="say why"):
        resolve(rollout, left_out=LeftOut(frozenset(group.names[1:]), " "))
    stage.handle(group.names[1]).clear_faults()
    with pytest.raises(PlanError, match=f"{group.names[1]}: answers"):
        resolve(rollout, left_out=LeftOut(frozenset(group.names[1:]), "burnt down"))
    assert len(records.journal_entries(run_id)) == entries


@pytest.mark.parametrize("when", ["waiting for", "looking at"])
def test_a_stop_while_a_transaction_is_resolved_is_heard(when: str, stage: Stage, records: "Records") -> None:
    """While an end is waited for, or looked at: nothing else is begun then, and the next one goes on."""
    group = take(stage, "1.5", "1.5", timeout_s=2.0)
    plan = group.plan(records)
    run_id = _left_with_an_end_away(stage, group, plan, records)

    pressed = [when]

    def press(text: str) -> None:
        if pressed and text.startswith(pressed[0]):
            pressed.pop()
            os.kill(os.getpid(), signal.SIGINT)

    watch = Watch(on_note=press, on_host=lambda name: press(f"looking at {name}"))
    rollout = group.rollout(plan, records, watch=watch, resume=run_id)
    with pytest.raises(StoppedError, match=f"while {run_id} was resolved"):
        resolve(rollout)
    assert [one.transaction.run_id for one in records.transactions.left()] == [run_id]
    assert records.load_run(run_id).status is RunStatus.STOPPED
    stage.handle(group.names[1]).clear_faults()
    assert outcomes(resolve(group.rollout(plan, records, resume=run_id))) == ["reverted", "reverted"]


def test_a_stop_while_an_end_is_changed_once_more_turns_no_decision(
    stage: Stage, records: "Records", monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no word of that end: the next one goes on to the side that was decided."""
    group = take(stage, "1.5", "1.5")
    plan = group.plan(records)
    second = handles(stage, group)[1]
    second.inject(Fault(Kind.DROP, step=LabStep.CONFIRM))
    journal, loads = records.journal_soon, []

    def journalled(run_id: str, host: str, step: str, *rest: str, **more: object) -> "Future[str]":
        if step == Step.LOAD:
            loads.append(host)
            if len(loads) == 3:
                os.kill(os.getpid(), signal.SIGINT)
        return journal(run_id, host, step, *rest, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(records, "journal_soon", journalled)
        watch = Watch(on_note=lambda text: expire_when(text, second))
        run = apply_as_one(group.rollout(plan, records, watch=watch))
    (left,) = records.transactions.left()
    assert (run.status, left.transaction.decision) == (RunStatus.STOPPED, Side.NEW)
    watch = Watch(on_note=lambda text: expire_when(text, second))
    assert outcomes(resolve(group.rollout(plan, records, watch=watch, resume=run.id))) == ["applied", "applied"]
    assert sides(stage, group) == ["new", "new"]


def test_a_lost_process_of_ours_is_no_refusal(
    stage: Stage, records: "Records", monkeypatch: pytest.MonkeyPatch
) -> None:
    """The decision stands: the end that it worked on is looked at again, and confirmed."""
    group = take(stage, "1.5", "1.5")
    plan = group.plan(records)
    lost = [ProcessLostError(group.names[1], was_begun=True)]
    run = cast("Callable[..., dict[str, object]]", FleetRunner.run)

    def losing(self: FleetRunner, step: object, **rest: object) -> object:
        answers = run(self, step, **rest)
        if isinstance(step, MoveEnd) and lost:
            answers[group.names[1]] = Answer(group.names[1], None, lost.pop())
        return answers

    monkeypatch.setattr(FleetRunner, "run", losing)
    assert outcomes(apply_as_one(group.rollout(plan, records))) == ["applied", "applied"]
    assert sides(stage, group) == ["new", "new"]


def test_records_that_fail_turn_no_decision(stage: Stage, records: "Records", monkeypatch: pytest.MonkeyPatch) -> None:
    """What they say is no word of the ends; the next one goes on to the side that was decided."""
    group = take(stage, "1.5", "1.5")
    plan = group.plan(records)
    journal = records.journal_soon

    def journalled(run_id: str, host: str, step: str, *rest: str, **more: object) -> "Future[str]":
        if step == Step.CONFIRM:
            raise RecordError("the disk is full")
        return journal(run_id, host, step, *rest, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(records, "journal_soon", journalled)
        with pytest.raises(RecordError, match="the disk is full"):
            apply_as_one(group.rollout(plan, records))
    (left,) = records.transactions.left()
    assert left.transaction.decision is Side.NEW
    assert outcomes(resolve(group.rollout(plan, records, resume=left.transaction.run_id))) == ["applied", "applied"]
    assert sides(stage, group) == ["new", "new"]


def test_a_transaction_that_died_behind_its_end_is_closed(stage: Stage, records: "Records") -> None:
    """Its ends are where they should be; its run and its leases are not left for good."""
    group = take(stage, "1.5", "1.5")
    plan = group.plan(records)
    run = apply_as_one(group.rollout(plan, records))
    tampered(records, "UPDATE lisiere_run SET status = 'running', pid_started = 'gone'")
    assert [one.transaction.end for one in records.transactions.left()] == [Side.NEW]
    closed = resolve(group.rollout(plan, records, resume=run.id))
    assert (closed.status, outcomes(closed)) == (RunStatus.SUCCEEDED, ["applied", "applied"])
    assert records.transactions.left() == ()


def _left_with_an_end_away(stage: Stage, group: Group, plan: Plan, records: "Records") -> str:
    """A transaction that was decided, and whose second end went away as it was confirmed; the run that it is."""
    second = stage.handle(group.names[1])
    second.inject(Fault(Kind.DROP, step=LabStep.CONFIRM, when="after"))

    def on_note(text: str) -> None:
        if text.startswith("waiting"):
            second.inject(Fault(Kind.REFUSE_LOGIN, times=0))

    rollout = group.rollout(plan, records, watch=Watch(on_note=on_note))
    return apply_as_one(replace(rollout, caution=replace(rollout.caution, settle_s=0.1))).id
