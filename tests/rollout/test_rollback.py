"""Going back to what ran before a run."""

from typing import TYPE_CHECKING

import pytest

from lisiere.errors import UnknownError, UsageError
from lisiere.model.plan import Outcome, RunStatus
from lisiere.workflow.rollback import configurations_before
from lisiere.workflow.terrain import terrain_of
from nornir_tasks.plan_making import make_plan
from tests.rollout.conftest import OPERATOR, Bench, now

if TYPE_CHECKING:
    from lisiere.model.plan import Plan
    from lisiere.model.site import Appliance
    from lisiere.store.records import Records


def test_a_rollback_brings_back_what_ran_before_the_run(bench: Bench, records: "Records") -> None:
    """To the last line, and the appliance then deviates from its intent, which the records say."""
    (one,) = bench.take(1)
    bench.apply(bench.plan([one], records), records)
    bench.lab[one.name].drift("set service ssh port '2022'")
    before = bench.lab[one.name].running_set()
    run = bench.apply(bench.plan([one], records), records)
    assert run.status is RunStatus.SUCCEEDED
    assert bench.lab[one.name].running_set() != before
    plan = rollback(bench, records, run_id=run.id, appliances=[one])
    assert plan.rolls_back == run.id
    assert records.load_plan(plan.id) == plan
    assert "set service ssh port '2022'" in plan.changes[0].difference
    (outcome,) = bench.apply(plan, records, reference=bench.texts([one])).outcomes
    assert outcome.outcome is Outcome.APPLIED
    assert bench.lab[one.name].running_set() == before
    assert [drift.path for drift in records.drift([one.name])] == ["service ssh port"]


def test_a_rollback_of_the_first_rollout_leads_back_to_the_bench(bench: Bench, records: "Records") -> None:
    """The configuration with which the appliance was delivered; what it adds by itself stays."""
    (one,) = bench.take(1)
    before = bench.lab[one.name].running_set()
    run = bench.apply(bench.plan([one], records), records)
    plan = rollback(bench, records, run_id=run.id, appliances=[one])
    assert bench.apply(plan, records, reference=bench.texts([one])).status is RunStatus.SUCCEEDED
    assert bench.lab[one.name].running_set() == before


def test_only_what_a_run_changed_is_rolled_back(bench: Bench, records: "Records") -> None:
    """Another appliance is refused by name, and so is a run that changed nothing."""
    one, other = bench.take(2)
    plan = bench.plan([one], records)
    run = bench.apply(plan, records)
    with pytest.raises(UnknownError, match=f"{other.name}: not changed by {run.id}"):
        configurations_before(records, run, hosts=[other.name])
    again = bench.apply(plan, records)
    assert [outcome.outcome for outcome in again.outcomes] == [Outcome.UNCHANGED]
    with pytest.raises(UsageError, match="changed no appliance"):
        configurations_before(records, again)
    assert configurations_before(records, run).changed_since == {one.name: again.id}


def rollback(bench: Bench, records: "Records", *, run_id: str, appliances: "list[Appliance]") -> "Plan":
    """A plan back to before a run."""
    before = configurations_before(records, records.load_run(run_id))
    assert before.failures == ()
    return make_plan(
        appliances,
        before.texts,
        access=bench.access(),
        records=records,
        selection=f"rollback of {run_id}",
        created_by=OPERATOR,
        clock=now,
        terrain=terrain_of(bench.fleet, appliances),
        rolls_back=run_id,
        reference=bench.texts(appliances),
    )
