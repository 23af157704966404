"""Plans and rollouts on appliances of the lab, over real SSH."""

import os
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cli.demo.scan import scan
from lab.faults import Fault, Kind
from lab.fleet import LabAppliance, running_lab
from lisiere.errors import PlanError
from lisiere.model.plan import Outcome, RunStatus
from lisiere.policy.site import resolve_sites
from nornir_tasks.evaluating import read_status
from nornir_tasks.fleet import FleetRunner
from nornir_tasks.reading import read_fleet
from nornir_tasks.rollout import Caution, Watch, apply_plan
from tests.rollout.conftest import OPERATOR, Bench, now

if TYPE_CHECKING:
    from lisiere.store.records import Records


def test_after_an_apply_there_is_nothing_left_to_plan(bench: Bench, records: "Records", tmp_path: Path) -> None:
    """Plan, apply, plan again; every step is journalled, all conform, and no secret is in the records."""
    chosen = bench.take(3)
    plan = bench.plan(chosen, records)
    run = bench.apply(plan, records)
    assert {one.outcome for one in run.outcomes} == {Outcome.APPLIED}
    assert run.status is RunStatus.SUCCEEDED
    again = bench.plan(chosen, records)
    assert (again.changes, again.failures) == ((), ())
    assert again.unchanged == tuple(sorted(one.name for one in chosen))
    assert {one.conformity for one in records.status()} == {"conforms"}
    steps = [one.step for one in records.journal_entries(run.id, host=chosen[0].name)]
    assert steps == ["lock", "connect", "load", "compare", "commit", "verify", "confirm", "reread", "record"]
    assert records.verify_journal().is_sound
    assert records.leases() == ()
    records.close()
    assert scan(tmp_path, store=bench.store).leaks == ()


def test_a_plan_keeps_what_was_running(bench: Bench, records: "Records") -> None:
    """The text that a plan was compared with can be read again, whatever becomes of the appliance."""
    (one,) = bench.take(1)
    (change,) = bench.plan([one], records).changes
    assert f"host-name '{one.name}'" in records.get_configuration(change.running_sha256)
    assert records.get_configuration(change.intended_sha256) == bench.texts([one])[one.name]


def test_an_appliance_that_changed_since_the_plan_is_left_alone(bench: Bench, records: "Records") -> None:
    """The stale one keeps what its administrator did; the other one is applied."""
    plan = bench.plan(bench.take(2), records)
    other, stale = (change.host for change in sorted(plan.changes, key=lambda change: change.wave))
    bench.lab[stale].drift("set service ssh port '2022'")
    before = bench.lab[stale].running_set()
    run = bench.apply(plan, records)
    assert {one.host: one.outcome for one in run.outcomes} == {stale: Outcome.STALE, other: Outcome.APPLIED}
    assert bench.lab[stale].running_set() == before
    assert run.status is RunStatus.FAILED


def test_applying_a_plan_twice_changes_nothing_the_second_time(bench: Bench, records: "Records") -> None:
    """What is as planned already is left alone."""
    (one,) = bench.take(1)
    plan = bench.plan([one], records)
    bench.apply(plan, records)
    commits = bench.lab[one.name].counters.to_json()
    again = bench.apply(plan, records)
    assert [outcome.outcome for outcome in again.outcomes] == [Outcome.UNCHANGED]
    assert bench.lab[one.name].counters.to_json()["commits"] == commits["commits"]


def test_a_canary_that_fails_stops_the_rollout(bench: Bench, records: "Records") -> None:
    """Nothing is sent to the next wave, and the canary keeps its old configuration."""
    chosen = bench.take(4)
    plan = bench.plan(chosen, records)
    canary = next(change.host for change in plan.changes if change.wave == 1)
    before = bench.lab[canary].running_set()
    bench.lab[canary].set_faults(refuse_commit=True)
    run = bench.apply(plan, records)
    later = [change.host for change in plan.changes if change.wave > 1]
    outcomes = {one.host: one.outcome for one in run.outcomes}
    assert outcomes[canary] is Outcome.REFUSED
    assert later
    assert {outcomes[host] for host in later} == {Outcome.SKIPPED}
    assert run.status is RunStatus.FAILED
    assert bench.lab[canary].running_set() == before
    assert all(bench.lab[host].counters.to_json()["commits"] == 0 for host in later)


def test_the_failure_budget_stops_a_wave_in_the_middle(bench: Bench, records: "Records") -> None:
    """After the canaries, one failure more than is borne keeps back even the rest of the same wave."""
    plan = bench.plan(bench.take(6), records)
    later = [change.host for change in plan.changes if change.wave > 1]
    for host in later:
        bench.lab[host].set_faults(refuse_login=True)
    run = bench.apply(plan, records, caution=Caution(max_failures=1, patience_s=0.0), access=bench.access(workers=1))
    counts = Counter(one.outcome for one in run.outcomes if one.host in later)
    assert counts == {Outcome.FAILED: 2, Outcome.SKIPPED: len(later) - 2}


def test_a_second_operator_is_told_who_works_there_and_since_when(bench: Bench, records: "Records") -> None:
    """Nothing is sent, and the first one keeps the lease."""
    (one,) = bench.take(1)
    plan = bench.plan([one], records)
    first = records.start_run(plan.id, started_by="first@desk")
    records.acquire_leases(first.id, [one.name])
    with pytest.raises(PlanError, match=rf"{one.name} is held by first@desk .* since \d{{4}}-\d\d-\d\d"):
        bench.apply(plan, records)
    assert [lease.run_id for lease in records.leases()] == [first.id]
    assert bench.lab[one.name].counters.to_json()["commits"] == 0


def test_an_altered_plan_is_refused(bench: Bench, records: "Records") -> None:
    """One changed character of a difference, and nothing is sent."""
    (one,) = bench.take(1)
    plan = bench.plan([one], records)
    change = plan.changes[0].model_copy(update={"difference": plan.changes[0].difference + "\ndelete firewall"})
    with pytest.raises(PlanError, match="altered"):
        bench.apply(plan.model_copy(update={"changes": (change,)}), records)
    assert records.list_runs() == ()


def test_a_change_that_cuts_the_tunnels_is_not_confirmed(bench: Bench, records: "Records") -> None:
    """Verification over a new session finds the loss; the old configuration is brought back at once."""
    chosen = [one for one in bench.shelf if _tunnels(bench, one.name)][:1]
    bench.shelf = [one for one in bench.shelf if one not in chosen]
    (one,) = chosen
    assert bench.apply(bench.plan([one], records), records).status is RunStatus.SUCCEEDED
    bench.lab[one.name].drift("set service ssh port '2022'")
    before = bench.lab[one.name].running_set()
    plan = bench.plan([one], records)
    bench.lab[one.name].set_faults(vpn_down_after_commit=True)
    (outcome,) = bench.apply(plan, records).outcomes
    assert outcome.outcome is Outcome.REVERTED
    assert "tunnel to" in outcome.detail
    assert bench.lab[one.name].running_set() == before
    assert not bench.lab[one.name].is_pending
    assert bench.lab[one.name].counters.reboots == 0


def test_stale_canaries_are_no_evidence(bench: Bench, records: "Records") -> None:
    """When every canary was left alone, nothing is known of the change: the next wave does not start."""
    plan = bench.plan(bench.take(3), records)
    canaries = [one.host for one in plan.changes if one.wave == 1]
    assert len(canaries) < len(plan.changes)
    for name in canaries:
        bench.lab[name].drift("set service ssh port '2022'")
    run = bench.apply(plan, records)
    rest = {one.outcome for one in run.outcomes if one.wave > 1}
    assert rest == {Outcome.SKIPPED}
    assert "no canary was applied" in next(one.detail for one in run.outcomes if one.wave > 1)
    assert run.status is RunStatus.FAILED


def test_what_nobody_foresaw_is_recorded_and_stops_the_rollout(
    bench: Bench, records: "Records", monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception of no kind of ours after the commit: the armed appliance is on record, nothing more is sent."""

    def surprise(*_: object, **__: object) -> str:
        raise ValueError("what it says may hold anything")

    monkeypatch.setattr("nornir_tasks.applying.check", surprise)
    plan = bench.plan(bench.take(4), records)
    with pytest.raises(ValueError, match="anything"):
        bench.apply(plan, records, access=bench.access(workers=1))
    run = records.load_run("last")
    assert [one.outcome for one in run.outcomes].count(Outcome.REVERTING) == 1
    assert "ValueError" in next(one.detail for one in run.outcomes if one.outcome is Outcome.REVERTING)
    assert "anything" not in str(run)
    assert sum(bench.lab[one.host].is_pending for one in plan.changes) == 1


def test_what_is_armed_does_not_count_as_intended(bench: Bench, records: "Records") -> None:
    """What a killed run leaves: an appliance that runs what was intended, but only until its timer ends."""
    (one,) = bench.take(1)
    plan = bench.plan([one], records)
    assert bench.apply(plan, records).status is RunStatus.SUCCEEDED
    bench.lab[one.name].drift("set system host-name 'other'")
    bench.lab[one.name].foreign_commit_confirm(f"set system host-name '{one.name}'")
    again = bench.plan([one], records)
    assert again.unchanged == ()
    assert "waits for its confirmation" in again.failures[0].reason
    answers = read_fleet(FleetRunner([one], access=bench.access()))
    assert "waits for its confirmation" in str(answers[one.name].error)
    (outcome,) = bench.apply(plan, records).outcomes
    assert outcome.outcome is Outcome.REFUSED


def test_what_is_not_confirmed_reverts_by_itself(bench: Bench, records: "Records", tmp_path: Path) -> None:
    """A change that cuts the management path: the appliance comes back to its old configuration without us."""
    (one,) = bench.take(1)
    wanted = [LabAppliance(one.name, str(one.data.release))]
    with running_lab(wanted, state_dir=tmp_path / "lab", minute_s=1.0, reboot_s=0.2) as lab:
        own = replace(bench, lab=lab)
        before = lab[one.name].running_set()
        plan = own.plan([one], records)
        lab[one.name].inject(Fault(Kind.CUT_MANAGEMENT))
        caution = Caution(revert_in_s=120, patience_s=0.0, pause_s=0.1)
        (outcome,) = own.apply(plan, records, caution=caution, access=own.access(timeout_s=2.0)).outcomes
        assert outcome.outcome is Outcome.REVERTED
        assert "no connection" in outcome.detail
        assert "runs the old configuration" in outcome.detail
        assert lab[one.name].running_set() == before
        assert not lab[one.name].is_pending


def test_ctrl_c_ends_between_steps_and_leaves_nothing_armed(bench: Bench, records: "Records") -> None:
    """The appliance under way is finished and confirmed; the others are not begun.

    A worker may begin one more before the interrupt is told to it, which comes to its end too.
    """
    plan = bench.plan(bench.take(4), records)
    run = bench.apply(plan, records, watch=Watch(on_host=interrupt_once()), access=bench.access(workers=1))
    outcomes = Counter(one.outcome for one in run.outcomes)
    assert outcomes[Outcome.APPLIED] in (1, 2)
    assert outcomes[Outcome.SKIPPED] == 4 - outcomes[Outcome.APPLIED]
    assert run.status is RunStatus.STOPPED
    assert not any(bench.lab[change.host].is_pending for change in plan.changes)
    assert records.leases() == ()


def test_what_was_stopped_is_taken_up_again(bench: Bench, records: "Records") -> None:
    """Resuming a run does what is left, and pushes nothing twice."""
    plan = bench.plan(bench.take(2), records)
    first = plan.changes[0].host
    bench.lab[plan.changes[1].host].set_faults(refuse_commit=True)
    run = bench.apply(plan, records)
    commits = bench.lab[first].counters.to_json()["commits"]
    bench.lab[plan.changes[1].host].clear_faults()
    rollout = replace(bench.rollout(plan, records), resume=run.id)
    again = apply_plan(rollout)
    assert again.id == run.id
    assert again.status is RunStatus.SUCCEEDED
    assert bench.lab[first].counters.to_json()["commits"] == commits


def test_a_drift_made_by_hand_is_found_and_its_begin_is_kept(bench: Bench, records: "Records") -> None:
    """A second reading keeps the time at which the deviation was first seen."""
    (one,) = bench.take(1)
    bench.apply(bench.plan([one], records), records)
    bench.lab[one.name].drift("set service ssh port '2022'")
    runner = FleetRunner([one], access=bench.access())
    read_status(runner, records=records, intended=bench.texts([one]), clock=now)
    (found,) = records.drift()
    assert (found.host, found.path, found.reason) == (one.name, "service ssh port", "changed")
    read_status(runner, records=records, intended=bench.texts([one]), clock=now)
    assert records.drift() == (found,)


def test_an_appliance_that_shows_another_key_is_a_failure_of_the_plan(bench: Bench, records: "Records") -> None:
    """The others are planned all the same."""
    stranger, other = bench.take(2)
    bench.lab[stranger.name].set_faults(other_host_key=True)
    plan = bench.plan([stranger, other], records)
    assert [failure.host for failure in plan.failures] == [stranger.name]
    assert "key" in plan.failures[0].reason
    assert [change.host for change in plan.changes] == [other.name]
    assert plan.created_by == OPERATOR


def _tunnels(bench: Bench, name: str) -> bool:
    return bool(resolve_sites(bench.fleet, [name])[name].tunnels)


def interrupt_once() -> Callable[[str], None]:
    """Press Ctrl-C when the first appliance is done."""
    done: list[str] = []

    def call(name: str) -> None:
        if not done:
            done.append(name)
            os.kill(os.getpid(), signal.SIGINT)

    return call
