"""Plans: frozen from what was found, kept with the texts they speak of, and judged against what runs now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from lisiere.errors import PlanError, UsageError
from lisiere.model.hashing import sha256_of
from lisiere.model.pacing import Pacing
from lisiere.model.plan import Basis, Outcome, Plan, PlanFailure, PlannedChange, Run, freeze
from lisiere.model.site import Appliance
from lisiere.store.ids import new_id
from lisiere.workflow.budgets import is_fresh
from lisiere.workflow.pairing import TunnelEnds, pairs_of, tunnel_ends, unsettled_of
from lisiere.workflow.terrain import Terrain
from lisiere.workflow.waves import schedule

if TYPE_CHECKING:
    from lisiere.store.records import Records

DONE = frozenset({Outcome.APPLIED, Outcome.UNCHANGED})
"""Outcomes after which an appliance is as the plan wants it."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a plan comes from: what was asked for, by whom, when, what was looked at, and the run that it undoes."""

    selection: str
    created_by: str
    at: datetime
    basis: Basis = Basis.DEVICE
    rolls_back: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found on an appliance that a plan would change; the texts themselves are not held."""

    running_sha256: str
    intended_sha256: str
    difference: str
    deleted_share: float
    is_fresh: bool
    ends: TunnelEnds


def found_on(*, running: str, intended: str, difference: str, deleted_share: float) -> Found:
    """What of two texts and their difference a plan says.

    Args:
        running: `set` text that runs.
        intended: `set` text that should run.
        difference: `set` and `delete` lines that turn the one into the other.
        deleted_share: Part of the running lines that would go, 0 to 1.
    """
    return Found(
        running_sha256=sha256_of(running),
        intended_sha256=sha256_of(intended),
        difference=difference,
        deleted_share=deleted_share,
        is_fresh=is_fresh(running),
        ends=tunnel_ends(difference=difference, running=running, intended=intended),
    )


def freeze_plan(
    appliances: Sequence[Appliance],
    found: Mapping[str, Found],
    *,
    unchanged: Iterable[str],
    failures: Mapping[str, str],
    origin: Origin,
    terrain: Terrain,
    pacing: Pacing | None = None,
) -> Plan:
    """A plan under its hash, with a new identifier that begins with its instant, its changes in waves.

    Args:
        appliances: Those that the plan is about.
        found: What was found on those that would change, by name.
        unchanged: Those that already are as intended.
        failures: Why the others could not be compared, by name.
        origin: Where the plan comes from.
        terrain: What surrounds the appliances.
        pacing: How large the waves are.
    """
    pacing = pacing or Pacing()
    pairs = pairs_of({name: one.ends for name, one in found.items()})
    changed = [one for one in appliances if one.name in found]
    made = schedule(changed, terrain=terrain, pairs=pairs, pacing=pacing)
    unsettled = unsettled_of(pairs, made.wave_of)
    return freeze(
        id=new_id("plan", origin.at),
        created_at=origin.at,
        created_by=origin.created_by,
        selection=origin.selection,
        changes=[
            _change(name, found[name], wave=wave, unsettled=unsettled.get(name, ()))
            for name, wave in made.wave_of.items()
        ],
        unchanged=tuple(unchanged),
        failures=[PlanFailure(host=name, reason=reason) for name, reason in failures.items()],
        basis=origin.basis,
        pacing=pacing,
        waves=made.notes,
        rolls_back=origin.rolls_back,
    )


def _change(name: str, found: Found, *, wave: int, unsettled: tuple[str, ...]) -> PlannedChange:
    return PlannedChange(
        host=name,
        wave=wave,
        intended_sha256=found.intended_sha256,
        running_sha256=found.running_sha256,
        difference=found.difference,
        deleted_share=found.deleted_share,
        is_fresh=found.is_fresh,
        unsettled=unsettled,
    )


def refuse_preview(plan: Plan) -> None:
    """A plan that was made from records asked no appliance, and is never applied.

    Raises:
        UsageError: The plan is a preview; nothing was sent.
    """
    if plan.basis is Basis.RECORDS:
        raise UsageError(
            f"{plan.id} is a preview made from records: no appliance was asked; "
            "make a plan without --from-records and apply that one"
        )


def keep(records: "Records", plan: Plan, *, texts: Iterable[str]) -> None:
    """Save a plan and every text that it speaks of, all or nothing.

    Raises:
        PlanError: A text that the plan would apply is not among `texts` and not on record.
    """
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
