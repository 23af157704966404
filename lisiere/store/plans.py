"""Plans on record: saved whole or not at all, and refused when they were altered.

Called on the thread of the worker.
"""

import json
from collections.abc import Iterable

from pydantic import ValidationError

from lisiere.errors import PlanError, UnknownError
from lisiere.model.pacing import Pacing, WaveNote
from lisiere.model.plan import Basis, Plan, PlanFailure, PlannedChange
from lisiere.model.record import PlanSummary
from lisiere.store import configurations
from lisiere.store.ids import utc
from lisiere.store.models import PlannedChangeRow, PlanRow
from lisiere.store.packing import pack, unpack

LAST = "last"
REST = {"unchanged", "failures", "basis", "pacing", "waves", "rolls_back"}
"""What of a plan has no column of its own."""


def save(alias: str, plan: Plan, *, texts: Iterable[str] = ()) -> None:
    """Keep a plan, and the texts that it speaks of. Saving the same plan again changes nothing.

    Raises:
        PlanError: The plan does not have its own hash, or another plan has its name.
    """
    if not plan.is_intact():
        raise PlanError(f"{plan.id} was altered after it was frozen; make a new plan")
    configurations.put(alias, texts)
    known = PlanRow.objects.using(alias).filter(id=plan.id).values_list("sha256", flat=True).first()
    if known is not None:
        if known != plan.sha256:
            raise PlanError(f"{plan.id} is on record with another content; make a new plan")
        return
    _insert(alias, plan)


def _insert(alias: str, plan: Plan) -> None:
    rest = plan.model_dump(mode="json", include=REST)
    row = PlanRow(
        id=plan.id,
        created_at=utc(plan.created_at),
        created_by=plan.created_by,
        selection=plan.selection,
        changes=len(plan.changes),
        unchanged=len(plan.unchanged),
        failures=len(plan.failures),
        content=pack(json.dumps(rest)),
        sha256=plan.sha256,
    )
    row.save(using=alias, force_insert=True)
    PlannedChangeRow.objects.using(alias).bulk_create(
        PlannedChangeRow(plan=row, position=position, host=change.host, content=pack(change.model_dump_json()))
        for position, change in enumerate(plan.changes)
    )


def find(alias: str, name: str) -> str:
    """The full identifier of a plan, from itself, its beginning, or `last`.

    Raises:
        UnknownError: No plan has that name, or several have.
    """
    plans = PlanRow.objects.using(alias).order_by("-created_at", "-id")
    if name == LAST:
        found = list(plans.values_list("id", flat=True)[:1])
    else:
        found = list(plans.filter(id=name).values_list("id", flat=True)) or list(
            plans.filter(id__startswith=name).values_list("id", flat=True)[:4]
        )
    if not found:
        none = "there is no plan yet; make one with `lisiere plan`"
        raise UnknownError(none if name == LAST else f"no plan {name!r}; `lisiere plan list` shows what there is")
    if len(found) > 1:
        raise UnknownError(f"several plans begin with {name!r}: {', '.join(found)}")
    return found[0]


def load(alias: str, name: str) -> Plan:
    """A plan as it was frozen.

    Raises:
        UnknownError: No plan has that name, or several have.
        PlanError: It was altered on record.
    """
    row = PlanRow.objects.using(alias).get(id=find(alias, name))
    contents = PlannedChangeRow.objects.using(alias).filter(plan=row).order_by("position")
    try:
        rest = json.loads(unpack(row.content))
        plan = Plan(
            id=row.id,
            created_at=utc(row.created_at),
            created_by=row.created_by,
            selection=row.selection,
            changes=tuple(
                PlannedChange.model_validate_json(unpack(content))
                for content in contents.values_list("content", flat=True)
            ),
            unchanged=tuple(rest["unchanged"]),
            failures=tuple(map(PlanFailure.model_validate, rest["failures"])),
            basis=Basis(rest.get("basis", Basis.DEVICE)),
            pacing=Pacing.model_validate(rest["pacing"]) if rest.get("pacing") else None,
            waves=tuple(map(WaveNote.model_validate, rest.get("waves", ()))),
            rolls_back=rest.get("rolls_back", ""),
            sha256=row.sha256,
        )
        is_intact = plan.is_intact()
    except (ValueError, KeyError, TypeError, ValidationError) as exc:
        raise _altered(row.id) from exc
    if not is_intact:
        raise _altered(row.id)
    return plan


def _altered(name: str) -> PlanError:
    return PlanError(
        f"{name} was altered on record: it no longer has the hash under which it was frozen; make a new plan"
    )


def summaries(alias: str, *, limit: int) -> tuple[PlanSummary, ...]:
    """The newest plans first."""
    rows = PlanRow.objects.using(alias).defer("content").order_by("-created_at", "-id")[:limit]
    return tuple(
        PlanSummary(
            id=row.id,
            created_at=utc(row.created_at),
            created_by=row.created_by,
            selection=row.selection,
            changes=row.changes,
            unchanged=row.unchanged,
            failures=row.failures,
        )
        for row in rows
    )
