"""Plans: frozen from what was found, kept with the texts they speak of, and judged against what runs now."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from lisiere.errors import PlanError
from lisiere.model.plan import Outcome, Plan, PlanFailure, PlannedChange, Run, freeze
from lisiere.store.ids import new_id

if TYPE_CHECKING:
    from lisiere.store.records import Records

DONE = frozenset({Outcome.APPLIED, Outcome.UNCHANGED})
"""Outcomes after which an appliance is as the plan wants it."""


def freeze_plan(
    changes: Sequence[PlannedChange],
    *,
    unchanged: Sequence[str],
    failures: Sequence[PlanFailure],
    selection: str,
    created_by: str,
    at: datetime,
    rolls_back: str = "",
) -> Plan:
    """A plan under its hash, with a new identifier that begins with its instant."""
    return freeze(
        id=new_id("plan", at),
        created_at=at,
        created_by=created_by,
        selection=selection,
        changes=changes,
        unchanged=unchanged,
        failures=failures,
        rolls_back=rolls_back,
    )


def keep(records: "Records", plan: Plan, *, texts: Iterable[str]) -> None:
    """Save a plan and every text that it speaks of, all or nothing.

    Raises:
        PlanError: A text that the plan would apply is not among `texts` and not on record.
    """
    from lisiere.workflow.comparing import sha256_of

    given = {sha256_of(text): text for text in texts}
    absent = sorted({change.intended_sha256 for change in plan.changes} - set(given))
    if absent:
        _refuse_absent(records, plan, absent)
    records.save_plan(plan, texts=given.values())


def _refuse_absent(records: "Records", plan: Plan, hashes: Sequence[str]) -> None:
    from lisiere.errors import RecordError

    try:
        records.get_configurations(hashes)
    except RecordError as exc:
        raise PlanError(f"{plan.id} cannot be kept: {exc}") from exc


def intended_of(records: "Records", plan: Plan) -> dict[str, str]:
    """The intended text of each appliance that the plan changes."""
    texts = records.get_configurations(change.intended_sha256 for change in plan.changes)
    return {change.host: texts[change.intended_sha256] for change in plan.changes}


def stale_hosts(plan: Plan, running: Mapping[str, str]) -> tuple[str, ...]:
    """The appliances whose running configuration is no longer the planned one, by name.

    Args:
        plan: What was frozen.
        running: SHA-256 of running texts by appliance, as read now; one that is missing says nothing.
    """
    planned = {change.host: change.running_sha256 for change in plan.changes}
    return tuple(sorted(host for host, sha256 in planned.items() if running.get(host, sha256) != sha256))


def remaining(plan: Plan, run: Run) -> tuple[PlannedChange, ...]:
    """What of a plan is left to do after a run that was cut short; nothing is done twice."""
    done = {one.host for one in run.outcomes if one.outcome in DONE}
    return tuple(change for change in plan.changes if change.host not in done)
