"""Work dealt to processes: the same records as in one, and an end to everything, whoever dies."""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lisiere.errors import CancelledError, DataError, HalfAppliedError, LisiereError, ProcessLostError
from lisiere.model.plan import Outcome, Plan, RunStatus, digest
from lisiere.secrets.keeper import SecretKeeper
from nornir_tasks.crew import Crew
from nornir_tasks.fleet import FleetRunner
from nornir_tasks.home import Home, Promise
from nornir_tasks.rollout import Watch, apply_plan
from tests.records import empty_records
from tests.rollout import steps
from tests.rollout.conftest import Bench
from tests.rollout.processes import crew_of, is_running, until, words_of, written_down
from tests.rollout.test_rollout import interrupt_once

if TYPE_CHECKING:
    from lisiere.store.records import Records

SLOW_MS = 400


@pytest.fixture
def crew() -> Iterator[Crew]:
    """Two processes, for few appliances too."""
    with Crew(2, from_hosts=1) as opened:
        yield opened


def test_the_records_are_those_of_one_process(bench: Bench, records: "Records", crew: Crew) -> None:
    """Outcomes, the journal of each appliance, readings and logins are the same, with a crew and without."""
    told = {}
    for way in (bench.access(crew=crew), bench.access()):
        chosen = bench.take(4)
        before = sum(bench.lab[one.name].counters.logins for one in chosen)
        plan = bench.plan(chosen, records, access=way)
        planned = sum(bench.lab[one.name].counters.logins for one in chosen)
        run = bench.apply(plan, records, access=way)
        told[way.crew] = (
            run.status,
            Counter((one.outcome, one.detail) for one in run.outcomes),
            Counter(_steps(records, run.id, one.name) for one in chosen),
            Counter((one.conformity, one.last_outcome) for one in records.status([one.name for one in chosen])),
            planned - before,
            sum(bench.lab[one.name].counters.logins for one in chosen) - planned,
        )
        again = bench.plan(chosen, records, access=way)
        assert (len(again.unchanged), again.changes, again.failures) == (4, (), ())
    assert told[crew] == told[None]
    assert (told[crew][0], told[crew][-2:]) == (RunStatus.SUCCEEDED, (4, 8))
    assert records.verify_journal().is_sound


def test_a_process_that_dies_leaves_nothing_armed_and_nobody_out(
    bench: Bench, records: "Records", crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its appliances are looked at and taken back, those of the other process are finished; resuming does the rest."""
    plan = _slow_plan(bench, records)
    killer = threading.Thread(target=_kill_one_when_armed, args=(bench, records, plan))
    killer.start()
    run = bench.apply(plan, records, access=bench.access(crew=crew))
    killer.join()
    assert Counter(one.outcome for one in run.outcomes) == {Outcome.APPLIED: 2, Outcome.REVERTED: 2}
    assert all("died; then: " in one.detail for one in run.outcomes if one.outcome is Outcome.REVERTED)
    assert run.status is RunStatus.FAILED
    assert not any(bench.lab[change.host].is_pending for change in plan.changes)
    again = apply_plan(replace(bench.rollout(plan, records), resume=run.id))
    assert again.status is RunStatus.SUCCEEDED


def test_when_the_command_is_killed_its_processes_end_and_confirm_nothing(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was armed stays armed; resuming looks at it and brings it to its end."""
    with empty_records(tmp_path / "records.sqlite3") as records:
        plan = _slow_plan(bench, records)
        told = written_down(bench, tmp_path / "records.sqlite3", plan.id)
        command = subprocess.Popen(
            [sys.executable, "-m", "tests.rollout.processes", told], cwd=Path(__file__).parents[2]
        )
        until(lambda: command.poll() is not None or _armed(records) == len(plan.changes))
        hands = crew_of(command.pid)
        command.kill()
        command.wait()
        until(lambda: not any(map(is_running, hands)))
        assert len(hands) == 2
        assert all(bench.lab[change.host].is_pending for change in plan.changes)
        _be_quick(bench, plan)
        run = apply_plan(replace(bench.rollout(plan, records), resume="last"))
        assert run.status is RunStatus.SUCCEEDED
        assert not any(bench.lab[change.host].is_pending for change in plan.changes)


def test_ctrl_c_ends_the_processes_between_appliances(bench: Bench, records: "Records", crew: Crew) -> None:
    """What is under way is finished and confirmed in each of them; nothing else is begun, and both live on."""
    plan = bench.plan(bench.take(6), records, access=bench.access(crew=crew))
    watch = Watch(on_host=interrupt_once())
    run = bench.apply(plan, records, watch=watch, access=bench.access(crew=crew, workers=2))
    outcomes = Counter(one.outcome for one in run.outcomes)
    assert set(outcomes) == {Outcome.APPLIED, Outcome.SKIPPED}
    assert outcomes[Outcome.APPLIED] <= 2
    assert run.status is RunStatus.STOPPED
    assert not any(bench.lab[change.host].is_pending for change in plan.changes)
    assert len(crew_of(os.getpid())) == 2


def test_a_second_ctrl_c_ends_the_processes_at_once(bench: Bench, records: "Records", crew: Crew) -> None:
    """Nothing goes on behind the back of the one who pressed it; what was begun can be taken up."""
    plan = bench.plan(bench.take(4), records, access=bench.access(crew=crew))
    with pytest.raises(KeyboardInterrupt):
        bench.apply(plan, records, watch=Watch(on_host=_interrupt_twice()), access=bench.access(crew=crew, workers=2))
    until(lambda: crew_of(os.getpid()) == [])
    assert records.load_run("last").status is RunStatus.STOPPED
    run = apply_plan(replace(bench.rollout(plan, records), resume="last"))
    assert run.status is RunStatus.SUCCEEDED


def test_errors_arrive_whole(bench: Bench, crew: Crew) -> None:
    """Those for a person are answers; what nobody foresaw flies with the name of the host, even if it cannot cross."""
    runner = _runner(bench, crew)
    half = _errors(runner, steps.half_applied)
    assert {type(one) for one in half} == {HalfAppliedError}
    assert [one.applied for one in half if isinstance(one, HalfAppliedError)] == [("set x",)] * 3
    assert [one.mistakes[0].line for one in _errors(runner, steps.wrong_data) if isinstance(one, DataError)] == [
        3,
        3,
        3,
    ]
    with pytest.raises(ZeroDivisionError) as unforeseen:
        runner.run(steps.unforeseen, name="test")
    assert unforeseen.value.__notes__ == [f"while working on {unforeseen.value}"]
    with pytest.raises(RuntimeError, match="StubbornError"):
        runner.run(steps.stubborn, name="test")
    with pytest.raises(TypeError, match="pickle"):
        runner.run(steps.unpicklable, name="test")


def test_what_stays_at_home_is_called_there(bench: Bench, crew: Crew, tmp_path: Path) -> None:
    """A step goes on when the promise is kept, never before, and what is raised at home is raised in the step."""
    promises: dict[str, Future[int]] = {}
    here = threading.get_ident()
    threads: set[int] = set()

    def first(host: str) -> Future[int]:
        threads.add(threading.get_ident())
        promises[host] = Future()
        if len(promises) == 3:
            assert not any(tmp_path.iterdir())
            for number, promise in enumerate(promises.values()):
                promise.set_result(number)
        return promises[host]

    def second(host: str) -> str:
        if promises[host].result() == 1:
            raise CancelledError("cancelled by a test")
        return f"{host} at home"

    answers = _runner(bench, crew).run(steps.Asking(Promise(first), Home(second), tmp_path), name="test")
    assert sorted(path.read_text("utf-8") for path in tmp_path.iterdir()) == ["0", "1", "2"]
    assert sorted(str(one.error) for one in answers.values()) == ["None", "None", "cancelled by a test"]
    assert {one.value for one in answers.values() if one.value} <= {f"{host} at home" for host in promises}
    assert here not in threads


def test_processes_are_left_alone_by_ctrl_c_hold_no_secret_and_few_threads(
    bench: Bench, crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their command line and environment tell nothing; they keep their share of the sessions and no more."""
    monkeypatch.setenv("LISIERE_SECRET_OVERLAY_A", "hush-hush-value")
    runner = _runner(bench, crew)
    before = threading.active_count()
    first = runner.run(steps.place, name="test")
    again = runner.run(steps.place, name="test")
    pids = {one.value[0] for one in first.values() if one.value}
    assert pids == {one.value[0] for one in again.values() if one.value}
    assert sorted(pids) == crew_of(os.getpid())
    assert max(one.value[1] for one in again.values() if one.value) <= 2 + 4
    assert threading.active_count() <= before
    for pid in pids:
        words = " ".join([*words_of(pid, "cmdline"), *words_of(pid, "environ")])
        assert "LISIERE_" not in words
        assert SecretKeeper(bench.store, fingerprint_key=bench.store.fingerprint_key).leaks(words) == ()
    crew.close()
    until(lambda: not any(map(is_running, pids)))


def test_hosts_of_a_process_that_dies_are_answered_for(bench: Bench, crew: Crew) -> None:
    """Those begun are unknown, to the others nothing was sent; after that, this process works by itself."""
    chosen = bench.shelf[:6]
    runner = FleetRunner(chosen, access=bench.access(crew=crew, workers=2))
    answers = runner.run(steps.die, name="test")
    errors = [one.error for one in answers.values()]
    assert len(errors) == len(chosen)
    assert Counter(isinstance(one, ProcessLostError) and one.was_begun for one in errors) == {True: 2, False: 4}
    places = {one.value[0] for one in runner.run(_here, name="test").values() if one.value}
    assert places == {os.getpid()}


def test_a_crew_is_not_started_for_a_handful(bench: Bench) -> None:
    """Below the threshold, all is done in this process; once it is there it takes everything."""
    with Crew(2, from_hosts=3) as crew:
        access = bench.access(crew=crew)
        assert not access.get_ready(2)
        assert crew_of(os.getpid()) == []
        assert access.get_ready(3)
        assert access.get_ready(1)
    assert not access.get_ready(3)


def _interrupt_twice() -> Callable[[str], None]:
    """Press Ctrl-C when the first appliance is done, and again once that was seen."""
    once = interrupt_once()
    first: list[str] = []

    def call(name: str) -> None:
        once(name)
        first.append(name)
        if first[0] == name:
            threading.Event().wait(0.5)
            os.kill(os.getpid(), signal.SIGINT)

    return call


def _here(host: Any) -> tuple[int, int]:
    return os.getpid(), len(host.name)


def _runner(bench: Bench, crew: Crew) -> FleetRunner:
    """Over three appliances that nothing is sent to."""
    return FleetRunner(bench.shelf[:3], access=bench.access(crew=crew))


def _errors(runner: FleetRunner, step: Any) -> list[LisiereError | None]:
    return [answer.error for answer in runner.run(step, name="test").values()]


def _steps(records: "Records", run_id: str, host: str) -> tuple[str, ...]:
    return tuple(entry.step for entry in records.journal_entries(run_id, host=host))


def _slow_plan(bench: Bench, records: "Records") -> Plan:
    """A plan of one wave for four appliances that take their time from now on."""
    made = bench.plan(bench.take(4), records)
    changes = [change.model_copy(update={"wave": 1}) for change in made.changes]
    draft = made.model_copy(update={"id": f"{made.id}-flat", "changes": tuple(changes), "waves": ()})
    plan = draft.model_copy(update={"sha256": digest(draft)})
    records.save_plan(plan)
    for change in plan.changes:
        bench.lab[change.host].set_faults(delay_ms=SLOW_MS)
    return plan


def _armed(records: "Records") -> int:
    """How many appliances of the last run are verified right now."""
    runs = records.list_runs(limit=1)
    return sum(entry.step == "verify" for entry in records.journal_entries(runs[0].id)) if runs else 0


def _kill_one_when_armed(bench: Bench, records: "Records", plan: Plan) -> None:
    until(lambda: _armed(records) == len(plan.changes))
    os.kill(crew_of(os.getpid())[1], signal.SIGKILL)
    _be_quick(bench, plan)


def _be_quick(bench: Bench, plan: Plan) -> None:
    for change in plan.changes:
        bench.lab[change.host].clear_faults()
