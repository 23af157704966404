"""Plan bookkeeping: frozen, kept with its texts, judged against what runs now."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lisiere.errors import PlanError, RecordError, UsageError
from lisiere.model.fleet import Fleet
from lisiere.model.pacing import Pacing
from lisiere.model.plan import Basis, Outcome, Plan, RunStatus, Step
from lisiere.workflow import plans
from lisiere.workflow.runs import carried_out
from lisiere.workflow.terrain import terrain_of
from tests.records import empty_records
from tests.store.samples import NOON, minutes, names, outcome_for, plan_for, reading, result_for, sha256, text_of

if TYPE_CHECKING:
    from lisiere.store.records import Records

HOSTS = names(3)


@pytest.fixture
def records(tmp_path: Path) -> Iterator["Records"]:
    """Fresh records."""
    with empty_records(tmp_path / "records.sqlite3") as opened:
        yield opened


@pytest.fixture
def plan(records: "Records") -> Plan:
    """A plan on record with its texts."""
    kept = plan_for(HOSTS)
    plans.keep(records, kept, texts=map(text_of, HOSTS))
    return kept


def origin(basis: Basis = Basis.DEVICE) -> plans.Origin:
    """Where the plans of these tests come from."""
    return plans.Origin(selection="all", created_by="camille", at=NOON, basis=basis)


def frozen(fleet: Fleet, basis: Basis = Basis.DEVICE) -> Plan:
    """A plan for three appliances, frozen now."""
    chosen = sorted(fleet.in_service(), key=lambda one: one.name)[:4]
    texts = {one.name: f"set system host-name '{one.name}'\n" for one in chosen[:3]}
    found = {
        name: plans.found_on(running="set a\n", intended=text, difference=f"delete a\n{text}", deleted_share=1.0)
        for name, text in texts.items()
    }
    return plans.freeze_plan(
        chosen,
        found,
        unchanged=[chosen[3].name],
        failures={"80021-ecole-99": "no SSH answer in 30 s"},
        origin=origin(basis),
        terrain=terrain_of(fleet, fleet.in_service()),
        pacing=Pacing(canaries=1, growth=1),
    )


def test_a_plan_is_frozen_under_a_name_that_tells_its_instant(fleet: Fleet) -> None:
    """In wave order, intact, and two plans of one second have two names."""
    first, second = frozen(fleet), frozen(fleet)
    assert first.is_intact()
    assert re.fullmatch(r"plan-20261124-120000-[0-9a-f]{6}", first.id)
    assert first.id != second.id
    assert [one.wave for one in first.changes] == [1, 2, 3]
    assert (len(first.unchanged), len(first.failures)) == (1, 1)


def test_a_plan_keeps_its_pace_and_the_reason_of_each_wave(fleet: Fleet) -> None:
    """Under its hash; and that its appliances come fresh from the factory."""
    plan = frozen(fleet)
    assert plan.pacing == Pacing(canaries=1, growth=1)
    assert [(note.number, note.appliances) for note in plan.waves] == [(1, 1), (2, 1), (3, 1)]
    assert all(change.is_fresh for change in plan.changes)


def test_a_plan_made_from_records_is_never_applied(fleet: Fleet) -> None:
    """It says so, and what to do instead; one that was asked of the appliances passes."""
    plans.refuse_preview(frozen(fleet))
    with pytest.raises(UsageError, match="is a preview made from records: no appliance was asked"):
        plans.refuse_preview(frozen(fleet, Basis.RECORDS))


def test_a_plan_is_kept_only_with_the_texts_that_it_would_apply(records: "Records") -> None:
    """What is planned can be applied later, whatever becomes of the inventory."""
    plan = plan_for(HOSTS)
    with pytest.raises(PlanError, match="cannot be kept: 1 configuration"):
        plans.keep(records, plan, texts=map(text_of, HOSTS[:2]))
    assert records.list_plans() == ()
    records.put_configuration(text_of(HOSTS[2]))
    plans.keep(records, plan, texts=map(text_of, HOSTS[:2]))
    assert plans.intended_of(records, records.load_plan("last")) == {host: text_of(host) for host in HOSTS}


def test_an_appliance_that_changed_since_the_plan_is_stale(plan: Plan) -> None:
    """Only what was read can be stale."""
    read = {HOSTS[0]: sha256("factory"), HOSTS[1]: sha256("touched by hand"), "80021-ecole-01": sha256("x")}
    assert plans.stale_hosts(plan, read) == (HOSTS[1],)


def test_a_run_ends_as_its_appliances_did(records: "Records", plan: Plan) -> None:
    """All as intended: succeeded. What was read after is on record too, and nothing stays locked."""
    with carried_out(records, plan, started_by="camille") as run:
        assert run.lock(HOSTS).refused == ()
        run.journal(HOSTS[0], Step.LOCK)
        outcomes = [outcome_for(HOSTS[0]), outcome_for(HOSTS[1], Outcome.UNCHANGED), outcome_for(HOSTS[2])]
        run.record([result_for(one, reading=reading(one.host)) for one in outcomes])
    found = records.load_run("last")
    assert found.status is RunStatus.SUCCEEDED
    assert records.leases() == ()
    assert [one.last_run for one in records.status(HOSTS)] == [found.id] * 3
    told = [(one.host, one.step) for one in records.journal_entries(found.id)]
    locked, recorded = [(host, "lock") for host in HOSTS], [(host, "record") for host in HOSTS]
    assert told == [("", "begin"), *locked, (HOSTS[0], "lock"), *recorded, ("", "end")]


@pytest.mark.parametrize(
    ("raised", "status"), [(None, "failed"), (KeyboardInterrupt, "stopped"), (RuntimeError, "failed")]
)
def test_a_run_cut_short_is_ended_and_taken_up_where_it_stood(
    raised: type[BaseException] | None, status: str, records: "Records", plan: Plan
) -> None:
    """However the block ends, the run does; resumed, it has what was done and does the rest."""

    def work() -> None:
        with carried_out(records, plan, started_by="camille") as run:
            run.lock(HOSTS)
            run.record([result_for(outcome_for(HOSTS[0])), result_for(outcome_for(HOSTS[1], Outcome.REVERTING))])
            if raised is not None:
                raise raised

    if raised is None:
        work()
    else:
        with pytest.raises(raised):
            work()
    found = records.load_run("last")
    assert found.status == status
    assert records.leases() == ()
    assert [one.host for one in plans.remaining(plan, found)] == HOSTS[1:]
    with carried_out(records, plan, started_by="camille", resume="last") as run:
        assert run.run.id == found.id
        run.record([result_for(outcome_for(host)) for host in HOSTS[1:]])
    assert records.load_run(found.id).status is RunStatus.SUCCEEDED


def test_a_run_of_another_plan_is_not_resumed(records: "Records", plan: Plan) -> None:
    """Nor one that has succeeded."""
    other = plan_for(HOSTS[:1])
    plans.keep(records, other, texts=map(text_of, HOSTS))
    with carried_out(records, other, started_by="camille") as run:
        run.record([result_for(outcome_for(HOSTS[0]))])
    with (
        pytest.raises(PlanError, match=f"is a run of {other.id}, not of {plan.id}"),
        carried_out(records, plan, started_by="camille", resume="last"),
    ):
        pass
    with (
        pytest.raises(RecordError, match="nothing to resume"),
        carried_out(records, other, started_by="camille", resume="last"),
    ):
        pass


def test_a_run_that_slept_does_not_touch_what_another_one_took_over(records: "Records", plan: Plan) -> None:
    """Its leases ran out, one was taken: there it stops before the next step, elsewhere it goes on."""
    time = [minutes(0)]
    with carried_out(records, plan, started_by="camille", clock=lambda: time[0]) as sleeper:
        assert sleeper.lock(HOSTS).refused == ()
        sleeper.journal(HOSTS[0], Step.CONNECT)
        time[0] = minutes(60)
        with carried_out(records, plan, started_by="dominique", clock=lambda: time[0]) as other:
            assert other.lock(HOSTS[:1]).held == ()
            assert other.lock(HOSTS[:1], looked_at=HOSTS[:1]).held == tuple(HOSTS[:1])
            with pytest.raises(RecordError, match=f"{HOSTS[0]}: another run took it over"):
                sleeper.journal(HOSTS[0], Step.COMMIT)
            sleeper.journal(HOSTS[1], Step.COMMIT)
            assert [one.host for one in sleeper.lock(HOSTS).refused] == HOSTS[:1]
    assert [one.step for one in records.journal_entries(sleeper.run.id, host=HOSTS[0])] == ["lock", "connect"]
