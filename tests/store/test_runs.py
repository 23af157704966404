"""Runs: outcomes, interruption, resumption, and the leases that keep two runs off one appliance."""

import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lisiere.errors import PlanError, RecordError, TakenOverError, UnknownError
from lisiere.model.plan import Outcome, Run, RunStatus
from lisiere.model.record import Result
from lisiere.store.setup import connect
from tests.house.checkout import ROOT
from tests.store.samples import NOON, minutes, names, outcome_for, plan_for, reading, text_of
from tests.store.tampering import tampered

if TYPE_CHECKING:
    from lisiere.store.records import Records
    from tests.store.conftest import Opener


def begun(records: "Records", *, at_minute: float = 0, hosts: int = 3) -> Run:
    """A run of a plan for some appliances, begun by this process."""
    plan = plan_for(names(hosts), at=minutes(at_minute))
    records.save_plan(plan)
    return records.start_run(plan.id, started_by="camille@poste", at=minutes(at_minute))


def test_a_run_tells_what_became_of_each_appliance(opener: "Opener") -> None:
    """In wave order, and the last word on an appliance counts."""
    records, hosts = opener(), names(3)
    run = begun(records)
    assert (run.status, run.outcomes) == (RunStatus.RUNNING, ())
    records.record_outcomes(run.id, [outcome_for(hosts[1], Outcome.FAILED), outcome_for(hosts[0])])
    records.record_outcomes(run.id, [outcome_for(hosts[1]), outcome_for(hosts[2], Outcome.STALE)])
    records.finish_run(run.id, status=RunStatus.FAILED, at=minutes(3))
    found = opener().load_run("last")
    assert found.outcomes == (outcome_for(hosts[0]), outcome_for(hosts[1]), outcome_for(hosts[2], Outcome.STALE))
    assert (found.status, found.ended_at) == (RunStatus.FAILED, minutes(3))
    (line,) = records.list_runs()
    assert line.outcomes == {Outcome.APPLIED: 2, Outcome.STALE: 1}


def test_ending_a_run_twice_changes_nothing(records: "Records") -> None:
    """The first end stands."""
    run = begun(records)
    for minute in (1, 2):
        records.finish_run(run.id, status=RunStatus.SUCCEEDED, at=minutes(minute))
    assert records.load_run(run.id).ended_at == minutes(1)


def test_what_is_not_on_record_is_refused(records: "Records") -> None:
    """A run needs a plan; outcomes and leases need a run. What was refused left nothing."""
    with pytest.raises(PlanError, match="no plan 'plan-x'"):
        records.start_run("plan-x", started_by="camille")
    with pytest.raises(RecordError, match="no run 'run-x'"):
        records.record_outcomes("run-x", [outcome_for(names(1)[0])])
    with pytest.raises(RecordError, match="no run 'run-x'"):
        records.acquire_leases("run-x", names(1))
    with pytest.raises(UnknownError, match="there is no run yet"):
        records.load_run("last")
    assert records.status() == ()


KILLED = """
import os, signal, sys
from pathlib import Path
from lisiere.store.setup import connect
records = connect(sys.argv[2] or None, path=Path(sys.argv[1]))
run = records.start_run(sys.argv[3], started_by="camille@poste")
print(run.id, flush=True)
records.acquire_leases(run.id, ["80021-mairie-000", "80021-mairie-001"])
records.journal(run.id, "80021-mairie-000", "connect")
records.journal(run.id, "80021-mairie-001", "connect")
records.journal(run.id, "80021-mairie-000", "commit", "reverts by itself after 300 s")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def killed(tmp_path: Path) -> tuple["Records", str]:
    """Records in which another process began a run and was killed in the middle of it."""
    path = tmp_path / "records.sqlite3"
    records = connect(path=path)
    plan = plan_for(names(2))
    records.save_plan(plan)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, path, "", plan.id], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    return records, done.stdout.strip()


def test_a_killed_process_leaves_an_interrupted_run(killed: tuple["Records", str]) -> None:
    """What it journalled is there to the last step, and the chain holds."""
    records, run_id = killed
    assert records.load_run(run_id).status is RunStatus.INTERRUPTED
    assert records.list_runs()[0].status is RunStatus.INTERRUPTED
    (found,) = records.interruptions()
    assert found.run.id == run_id
    assert [(one.host[-3:], one.step, one.detail) for one in found.last_steps] == [
        ("000", "commit", "reverts by itself after 300 s"),
        ("001", "connect", ""),
    ]
    assert records.verify_journal().is_sound
    records.close()


def test_an_interrupted_run_is_taken_up_and_its_leases_go_to_who_has_looked(killed: tuple["Records", str]) -> None:
    """A dead process holds nothing, but it may have armed something; the run goes on under its own name, once."""
    records, run_id = killed
    assert [(lease.run_id, lease.is_abandoned) for lease in records.leases()] == [(run_id, True)] * 2
    other = records.start_run(records.load_run(run_id).plan_id, started_by="dominique")
    refused = records.acquire_leases(other.id, names(2)).refused
    assert [lease.host for lease in refused] == names(2)
    assert f"80021-mairie-000 was left by camille@poste ({run_id}, process " in str(refused[0])
    looked_at = names(1)
    assert records.acquire_leases(other.id, names(2), looked_at=looked_at).held == tuple(looked_at)
    (entry,) = (one for one in records.journal_entries(other.id) if one.step == "lock")
    assert entry.detail.startswith("taken over, looked at before: 80021-mairie-000 was left by camille@poste")
    records.finish_run(other.id, status=RunStatus.STOPPED)
    resumed = records.resume_run(run_id)
    assert (resumed.id, resumed.status) == (run_id, RunStatus.RUNNING)
    assert records.interruptions() == ()
    with pytest.raises(RecordError, match="is still carried out"):
        records.resume_run(run_id)
    records.finish_run(run_id, status=RunStatus.SUCCEEDED)
    with pytest.raises(RecordError, match="succeeded; nothing to resume"):
        records.resume_run(run_id)
    records.close()


def test_a_run_on_another_machine_is_interrupted_when_it_falls_silent(records: "Records") -> None:
    """Its process cannot be asked: its signs of life count."""
    run = begun(records)
    records.renew_leases(run.id, at=minutes(10))
    tampered(records, "UPDATE lisiere_run SET machine = 'elsewhere'")
    assert records.load_run(run.id, at=minutes(24)).status is RunStatus.RUNNING
    assert records.load_run(run.id, at=minutes(26)).status is RunStatus.INTERRUPTED


def test_a_reused_process_number_is_not_the_old_process(records: "Records") -> None:
    """The same number with another start, or on another boot, is somebody else."""
    run = begun(records)
    assert records.load_run(run.id).status is RunStatus.RUNNING
    tampered(records, "UPDATE lisiere_run SET pid_started = '1'")
    assert records.load_run(run.id).status is RunStatus.INTERRUPTED


def test_the_second_asker_is_told_who_and_since_when(records: "Records") -> None:
    """The free ones are granted, the others stay with their holder."""
    hosts = names(4)
    first, second = begun(records), begun(records, at_minute=1)
    assert records.acquire_leases(first.id, hosts[:2], at=minutes(2)).held == tuple(hosts[:2])
    answer = records.acquire_leases(second.id, hosts, at=minutes(3))
    assert answer.held == tuple(hosts[2:])
    assert [one.host for one in answer.refused] == hosts[:2]
    told = str(answer.refused[0])
    assert f"camille@poste ({first.id}, process " in told
    assert "since 2026-11-24 12:02:00 UTC" in told


def test_leases_are_renewed_released_and_expire(records: "Records") -> None:
    """Held while renewed; free when given back or when the run ends; when nobody renewed, for who has looked."""
    hosts = names(3)
    first, second = begun(records), begun(records, at_minute=1)
    records.acquire_leases(first.id, hosts, at=NOON, duration=timedelta(minutes=5))
    assert records.renew_leases(first.id, at=minutes(4), duration=timedelta(minutes=5)) == tuple(hosts)
    assert records.acquire_leases(second.id, hosts, at=minutes(8)).held == ()
    records.release_leases(first.id, hosts[:1])
    records.release_leases(second.id, hosts)
    assert records.acquire_leases(second.id, hosts, at=minutes(8)).held == tuple(hosts[:1])
    assert [lease.is_abandoned for lease in records.leases(at=minutes(9))] == [False, True, True]
    assert records.acquire_leases(second.id, hosts, at=minutes(9)).held == tuple(hosts[:1])
    assert records.acquire_leases(second.id, hosts, at=minutes(9), looked_at=hosts).held == tuple(hosts)
    assert records.renew_leases(first.id, at=minutes(9)) == ()
    assert [one.run_id for one in records.leases(at=minutes(9))] == [second.id] * 3
    records.finish_run(second.id, status=RunStatus.SUCCEEDED, at=minutes(10))
    assert records.leases(at=minutes(10)) == ()
    assert records.acquire_leases(first.id, hosts, at=minutes(10)).held == tuple(hosts)


def test_asking_again_keeps_the_beginning(records: "Records") -> None:
    """A run that asks for what it has renews it."""
    run = begun(records)
    for minute in (1, 2):
        assert records.acquire_leases(run.id, names(1), at=minutes(minute)).held == tuple(names(1))
    (lease,) = records.leases(at=minutes(2))
    assert (lease.acquired_at, lease.expires_at) == (minutes(1), minutes(17))


def test_a_cancelled_run_hears_of_it_at_its_next_step(records: "Records") -> None:
    """Who asked is told with the answer to the journal; the run is not resumed after that."""
    run = begun(records)
    assert records.journal(run.id, names(1)[0], "connect") == ""
    assert records.cancel_run(run.id, by="dominique") is RunStatus.RUNNING
    assert records.journal(run.id, names(1)[0], "load") == "dominique"
    assert records.cancel_run(run.id, by="somebody else") is RunStatus.RUNNING
    assert records.journal(run.id, names(1)[0], "compare") == "dominique"
    records.finish_run(run.id, status=RunStatus.CANCELLED)
    with pytest.raises(RecordError, match="was cancelled; nothing to resume"):
        records.resume_run(run.id)
    with pytest.raises(RecordError, match="ended already: cancelled"):
        records.cancel_run(run.id, by="dominique")
    events = [(one.step, one.detail) for one in records.journal_entries(run.id) if not one.host]
    assert [step for step, _ in events] == ["begin", "cancel", "end"]
    assert events[1][1] == "asked by dominique"


def test_a_killed_run_that_is_cancelled_goes_to_who_asked(killed: tuple["Records", str]) -> None:
    """There is no process that would hear of it; it is not resumed while it is being cancelled."""
    records, run_id = killed
    assert records.cancel_run(run_id, by="dominique") is RunStatus.INTERRUPTED
    assert records.load_run(run_id).status is RunStatus.RUNNING
    records.finish_run(run_id, status=RunStatus.CANCELLED)
    records.close()


def test_all_that_came_of_an_appliance_is_kept_in_one_piece(records: "Records") -> None:
    """The outcome, the text, the reading and the entry in the journal."""
    (host,) = names(1)
    run = begun(records)
    result = Result(outcome=outcome_for(host), running=text_of(host), reading=reading(host))
    records.record_results(run.id, [result])
    assert records.load_run(run.id).outcomes == (result.outcome,)
    assert records.get_configuration(result.outcome.running_sha256) == text_of(host)
    assert records.status([host])[0].conformity == "conforms"
    last = records.journal_entries(run.id, host=host)[-1]
    assert (last.step, last.detail) == ("record", f"applied: {result.outcome.detail}")
    with pytest.raises(RecordError, match="no run 'run-x'"):
        records.record_results("run-x", [result])
    assert records.verify_journal().is_sound


def test_who_was_taken_for_dead_ends_nothing(opener: "Opener") -> None:
    """Another process has taken up the run: its leases and its end are the other one's."""
    records = opener()
    run = begun(records)
    records.acquire_leases(run.id, names(1))
    tampered(records, "UPDATE lisiere_run SET machine = 'elsewhere'")
    with pytest.raises(TakenOverError, match=r"while this process was silent: .* process elsewhere:"):
        records.finish_run(run.id, status=RunStatus.FAILED)
    assert records.renew_leases(run.id) == ()
    assert [one.run_id for one in records.leases()] == [run.id]
    assert opener().load_run(run.id).ended_at is None
