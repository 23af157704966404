"""A plan as one transaction: both ends new or both ends old, whatever goes wrong where."""

import os
import signal
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from lab.faults import Fault, Kind
from lab.faults import Step as LabStep
from lisiere.errors import PlanError, TakenOverError
from lisiere.model.plan import Outcome, RunStatus
from lisiere.model.record import LeaseAnswer
from lisiere.model.transaction import Side, Terms
from nornir_tasks.rollout import apply_plan
from nornir_tasks.transaction import apply_as_one
from nornir_tasks.undertaking import Watch
from tests.faults.stage import Stage, now
from tests.store.tampering import tampered
from tests.transactions.stage import expire_when, handles, outcomes, passing_time, sides, take

if TYPE_CHECKING:
    from lisiere.store.records import Records


def test_all_ends_become_new(stage: Stage, records: "Records") -> None:
    """No end is confirmed before all are armed and verified and the decision is on record."""
    group = take(stage, "1.4", "1.5", "1.5")
    plan = group.plan(records)
    run = apply_as_one(group.rollout(plan, records))
    assert (run.status, outcomes(run), sides(stage, group)) == (RunStatus.SUCCEEDED, ["applied"] * 3, ["new"] * 3)
    found = records.transactions.load(run.id)
    assert found is not None
    assert (found.decision, found.end) == (Side.NEW, Side.NEW)
    order = [
        one.step for one in records.journal_entries(run.id) if one.step in ("commit", "verify", "decide", "confirm")
    ]
    assert order == ["commit"] * 3 + ["verify"] * 3 + ["decide"] + ["confirm"] * 3
    assert records.transactions.open_ones() == ()
    assert records.leases() == ()
    again = apply_as_one(group.rollout(plan, records))
    assert (again.status, outcomes(again)) == (RunStatus.SUCCEEDED, ["unchanged"] * 3)
    assert [handle.counters.pushes for handle in handles(stage, group)] == [1, 1, 1]


@pytest.mark.parametrize("at", [0, 1], ids=["first-end", "second-end"])
@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault(Kind.REFUSE_COMMIT), Outcome.REVERTED),
        (Fault(Kind.REFUSE_LOGIN, times=0), Outcome.FAILED),
        (Fault(Kind.VPN_DOWN_AFTER_COMMIT, times=0), Outcome.REVERTED),
        (Fault(Kind.CUT_MANAGEMENT), Outcome.REVERTED),
    ],
    ids=["commit-refused", "login-refused", "tunnel-down", "management-cut"],
)
def test_one_end_that_fails_leaves_all_old(
    at: int, fault: Fault, outcome: Outcome, stage: Stage, records: "Records"
) -> None:
    """Whatever was armed goes back at once, or by its own timer where it cannot be reached."""
    group = take(stage, "1.5", "1.5")
    plan = group.plan(records)
    handles(stage, group)[at].inject(fault)
    run = apply_as_one(group.rollout(plan, records, watch=passing_time(stage, group)))
    assert sides(stage, group) == ["old", "old"]
    assert run.status is RunStatus.FAILED
    assert outcomes(run)[at] == outcome
    assert records.transactions.open_ones() == ()


def test_an_end_that_went_back_before_its_confirmation_is_changed_once_more(stage: Stage, records: "Records") -> None:
    """The decision stands: it is armed, verified and confirmed again."""
    group = take(stage, "1.5", "1.5")
    plan = group.plan(records)
    second = handles(stage, group)[1]
    second.inject(Fault(Kind.DROP, step=LabStep.CONFIRM))
    run = apply_as_one(group.rollout(plan, records, watch=Watch(on_note=lambda text: expire_when(text, second))))
    assert sides(stage, group) == ["new", "new"]
    assert outcomes(run) == ["applied", "applied"]
    assert second.counters.pushes == 2


def test_what_cannot_be_changed_once_more_takes_the_others_back(stage: Stage, records: "Records") -> None:
    """One end is confirmed, the other one went back and refuses now: all end old, and say so."""
    group = take(stage, "1.5", "1.5")
    plan = group.plan(records)
    second = handles(stage, group)[1]
    second.inject(Fault(Kind.DROP, step=LabStep.CONFIRM))

    def on_note(text: str) -> None:
        expire_when(text, second)
        if text.startswith("changing"):
            second.inject(Fault(Kind.REFUSE_COMMIT))

    run = apply_as_one(group.rollout(plan, records, watch=Watch(on_note=on_note)))
    assert sides(stage, group) == ["old", "old"]
    assert outcomes(run) == ["reverted", "reverted"]
    assert "its configuration from before was brought back" in run.outcomes[0].detail
    found = records.transactions.load(run.id)
    assert found is not None
    assert (found.decision, found.end) == (Side.OLD, Side.OLD)
    assert "refused by the lab" in found.reason


def test_a_machine_that_slept_decides_nothing(stage: Stage, records: "Records") -> None:
    """The timers of the ends went on meanwhile, and the clock that counts seconds did not."""
    group = take(stage, "1.5", "1.5")
    plan = group.plan(records)
    slept = [timedelta(0)]

    def on_note(text: str) -> None:
        if text.startswith("verifying"):
            slept[0] = timedelta(minutes=8)

    rollout = group.rollout(plan, records, watch=Watch(on_note=on_note))
    run = apply_as_one(replace(rollout, clock=lambda: now() + slept[0]))
    assert outcomes(run) == ["reverted", "reverted"]
    assert sides(stage, group) == ["old", "old"]
    assert "it took too long" in run.outcomes[0].detail


def test_a_process_that_was_taken_for_dead_decides_nothing(stage: Stage, records: "Records") -> None:
    """Another one has taken up its run while it verified: nothing is confirmed, recorded or given back."""
    group = take(stage, "1.5", "1.5")
    plan = group.plan(records)

    def on_note(text: str) -> None:
        if text.startswith("verifying"):
            tampered(records, "UPDATE lisiere_run SET machine = 'elsewhere'")

    with pytest.raises(TakenOverError, match="process elsewhere:"):
        apply_as_one(group.rollout(plan, records, watch=Watch(on_note=on_note)))
    found = records.transactions.load(records.load_run("last").id)
    assert found is not None
    assert (found.decision, found.end, len(records.leases())) == (None, None, 2)
    assert sides(stage, group) == ["new armed", "new armed"]


def test_what_cannot_be_one_transaction_is_refused(stage: Stage, records: "Records") -> None:
    """Too many ends for the longest window, or an end that somebody changed: nothing is sent to any."""
    group = take(stage, "1.5", "1.5")
    plan = group.plan(records)
    rollout = group.rollout(plan, records)
    slow = replace(
        rollout, access=replace(rollout.access, workers=1), caution=replace(rollout.caution, patience_s=2000)
    )
    with pytest.raises(PlanError, match="a timed commit waits 3600 s at the most"):
        apply_as_one(slow)
    handles(stage, group)[1].drift("set service ssh port '2022'")
    run = apply_as_one(rollout)
    assert outcomes(run) == ["skipped", "stale"]
    assert [handle.counters.pushes for handle in handles(stage, group)] == [0, 0]


def test_a_stop_after_all_was_verified_decides_nothing(stage: Stage, records: "Records") -> None:
    """The last moment at which a person is listened to is the one before the decision."""
    group = take(stage, "1.5", "1.5")
    plan = group.plan(records)
    steps = [*group.names, *group.names]

    def on_host(name: str) -> None:
        steps.pop()
        if not steps:
            os.kill(os.getpid(), signal.SIGINT)

    rollout = group.rollout(plan, records, watch=Watch(on_host=lambda name: on_host(name) if steps else None))
    run = apply_as_one(rollout)
    found = records.transactions.load(run.id)
    assert found is not None
    assert (run.status, found.decision, found.end) == (RunStatus.STOPPED, None, Side.OLD)
    assert sides(stage, group) == ["old", "old"]


def test_what_is_left_in_the_last_moment_is_seen_once_the_leases_are_held(
    stage: Stage, records: "Records", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process lived when ours began, and gave its leases back with its ends apart."""
    group = take(stage, "1.5", "1.5")
    plan = group.plan(records)
    left = records.transactions.begin(plan.id, Terms(window_s=600), started_by="somebody@else")
    acquire = records.acquire_leases

    def acquired(*words: object, **rest: object) -> LeaseAnswer:
        records.finish_run(left.id, status=RunStatus.FAILED)
        return acquire(*words, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(records, "acquire_leases", acquired)
    for carry_out in (apply_plan, apply_as_one):
        tampered(records, "UPDATE lisiere_run SET status = 'running' WHERE id = %s", left.id)
        with pytest.raises(PlanError, match=f"lisiere runs resolve {left.id}"):
            carry_out(group.rollout(plan, records))
    assert [one.transaction.run_id for one in records.transactions.left()] == [left.id]
    assert [handle.counters.pushes for handle in handles(stage, group)] == [0, 0]


def test_what_is_refused_before_anything_is_sent_is_at_its_end(stage: Stage, records: "Records") -> None:
    """A run is a transaction from its first entry: nothing is left to resolve where somebody else holds an end."""
    group = take(stage, "1.5", "1.5")
    plan = group.plan(records)
    other = records.start_run(plan.id, started_by="somebody@else")
    records.acquire_leases(other.id, group.names[:1])
    with pytest.raises(PlanError, match="somebody@else"):
        apply_as_one(group.rollout(plan, records))
    run = records.load_run("last")
    found = records.transactions.load(run.id)
    assert found is not None
    assert (run.status, found.end) == (RunStatus.FAILED, Side.OLD)
    assert found.detail.startswith("nothing was sent: ")
    assert records.transactions.open_ones() == ()
