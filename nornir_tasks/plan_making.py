"""Making a plan: every appliance asked what its intended configuration would change, the answers frozen and kept."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from lisiere.model.pacing import Pacing
from lisiere.model.plan import Plan
from lisiere.model.site import Appliance
from lisiere.workflow.plans import Found, Origin, found_on, freeze_plan, keep
from lisiere.workflow.terrain import Terrain
from nornir_tasks.evaluating import keep_readings
from nornir_tasks.fleet import Access, FleetRunner, Progress
from nornir_tasks.planning import Comparison, compare_fleet
from nornir_tasks.stopping import StoppedError

if TYPE_CHECKING:
    from lisiere.store.records import Records


def make_plan(
    appliances: Sequence[Appliance],
    intended: Mapping[str, str],
    *,
    access: Access,
    records: "Records",
    selection: str,
    created_by: str,
    clock: Callable[[], datetime],
    terrain: Terrain,
    pacing: Pacing | None = None,
    progress: Progress | None = None,
    rolls_back: str = "",
    reference: Mapping[str, str] | None = None,
) -> Plan:
    """Compare appliances with what is intended, and freeze what an apply would do. Nothing is committed.

    What is read is kept as a reading where we configured the appliance before: one that never was cannot have drifted.

    Args:
        appliances: Those that the plan is about.
        intended: Their intended `set` texts, secrets as references.
        access: How they are reached.
        records: Where the plan, the texts it speaks of and the readings are kept.
        selection: What was asked for, in words.
        created_by: Who asked.
        clock: Tells the time.
        terrain: What surrounds the appliances: the size of their territories, hubs.
        pacing: How large the waves are.
        progress: Told of each appliance that is done.
        rolls_back: The run whose effect the plan would undo, if any.
        reference: Texts that readings are judged by, where these are not the ones to apply.

    Returns:
        The plan; appliances that could not be compared are its failures.

    Raises:
        StoppedError: A person stopped it; no plan was made.
    """
    runner = FleetRunner(appliances, access=access)
    answers = compare_fleet(runner, {one.name: intended[one.name] for one in appliances}, progress=progress)
    if runner.stop.is_set():
        raise StoppedError("stopped; no plan was made and nothing was changed")
    at = clock()
    compared = {name: answer.value for name, answer in answers.items() if answer.value is not None}
    known = {one.host for one in records.status(compared) if one.last_run}
    running = {name: one.running for name, one in compared.items() if name in known}
    keep_readings(records, running, intended=reference or intended, at=at)
    plan = freeze_plan(
        appliances,
        {name: _found(one, intended[name]) for name, one in compared.items() if one.difference},
        unchanged=[name for name, one in compared.items() if not one.difference],
        failures={name: str(answer.error) for name, answer in answers.items() if answer.error is not None},
        origin=Origin(selection=selection, created_by=created_by, at=at, rolls_back=rolls_back),
        terrain=terrain,
        pacing=pacing,
    )
    texts = [text for one in plan.changes for text in (intended[one.host], compared[one.host].running)]
    keep(records, plan, texts=texts)
    return plan


def _found(one: Comparison, intended: str) -> Found:
    return found_on(running=one.running, intended=intended, difference=one.difference, deleted_share=one.deleted_share)
