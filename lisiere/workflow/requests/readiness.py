"""What lies ready after the second visa: the texts that the visas were given for, and what the records say of them."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lisiere.model.effect import Effect, thawed
from lisiere.model.fleet import Fleet
from lisiere.model.hashing import sha256_of
from lisiere.model.plan import Basis, Plan
from lisiere.model.request_case import Case, Damaged, Kept, State
from lisiere.model.site import Appliance
from lisiere.model.words import SCHOOL_PROFILES
from lisiere.workflow.intended import render_sites
from lisiere.workflow.plans import Origin
from lisiere.workflow.preview import make_preview
from lisiere.workflow.requests.phrases import Phrase, RequestError
from lisiere.workflow.requests.windows import Days
from lisiere.workflow.terrain import terrain_of

if TYPE_CHECKING:
    from lisiere.store.records import Records

WAITING = frozenset({State.APPROVED, State.SCHEDULED, State.APPLYING, State.APPLIED})
"""States in which the inventory holds a request, and its appliances do not or may not yet."""


def days_of(fleet: Fleet, case: Case, effect: Effect) -> Days:
    """The days of a request.

    Raises:
        RequestError: Its territory left the inventory.
    """
    if case.territory not in fleet.territories:
        raise RequestError(Phrase.of("{host} left the inventory", host=case.territory))
    appliances = (fleet.appliances[one.host] for one in effect.appliances if one.host in fleet.appliances)
    return Days(fleet.territories[case.territory], any(one.profile in SCHOOL_PROFILES for one in appliances))


def concerned(fleet: Fleet, effect: Effect) -> tuple[Appliance, ...]:
    """The appliances of an effect that are at their sites.

    Raises:
        RequestError: One left the inventory.
    """
    gone = [one.host for one in effect.appliances if one.host not in fleet.appliances]
    if gone:
        raise RequestError(Phrase.of("{host} left the inventory", host=gone[0]))
    return tuple(fleet.appliances[one.host] for one in effect.appliances)


def bound_texts(fleet: Fleet, effect: Effect, *, extra: Path | None) -> dict[str, str]:
    """The intended texts of the appliances of an effect, every one of them as the visas were given for.

    Raises:
        RequestError: What is intended for one is something else by now.
    """
    texts = render_sites(fleet, [one.name for one in concerned(fleet, effect)], extra=extra)
    moved = [one.host for one in effect.appliances if sha256_of(texts[one.host]) != one.after_sha256]
    if moved:
        raise RequestError(
            Phrase.of("What is intended for {host} is no longer what the visas were given for", host=moved[0])
        )
    return texts


def make_ready(
    records: "Records", fleet: Fleet, kept: Kept, *, by: str, at: datetime, extra: Path | None = None
) -> Plan:
    """Keep the texts that the visas were given for, and a preview of what they change; no appliance is asked.

    Raises:
        RequestError: What is intended for an appliance is something else by now.
    """
    effect = thawed(kept.effect)
    texts = bound_texts(fleet, effect, extra=extra)
    records.put_configurations(texts.values())
    return make_preview(
        concerned(fleet, effect),
        texts,
        records=records,
        origin=Origin(f"request {kept.case.number} (from records)", by, at, Basis.RECORDS),
        terrain=terrain_of(fleet, fleet.in_service()),
    )


def refuse_beside(case: Case, frozen: bytes, others: Iterable[Kept | Damaged]) -> None:
    """One request at a time between its visas and its appliances: the texts of two would not be those of either.

    Raises:
        RequestError: Another request of the same appliances is on its way.
    """
    hosts = {one.host for one in thawed(frozen).appliances}
    for other in others:
        if isinstance(other, Damaged) or other.case.number == case.number or other.case.state not in WAITING:
            continue
        is_whole = sha256_of(other.effect) == other.case.effect_sha256
        theirs = {one.host for one in thawed(other.effect).appliances} if is_whole else hosts
        if other.case.territory == case.territory and hosts & theirs:
            raise RequestError(
                Phrase.of("Request {number} concerns the same sites and comes first", number=other.case.number)
            )
