"""Requests on record: their history under a seal, their effect as frozen bytes. Called on the thread of the worker."""

import secrets
from collections.abc import Callable

from lisiere.errors import RecordError
from lisiere.model.request_case import Case
from lisiere.store import journal
from lisiere.store.ids import utc
from lisiere.store.journal import Note
from lisiere.store.models import RequestRow

FIRST, COUNT = 100_000, 900_000
"""Numbers are drawn among these: six digits."""

Decision = Callable[[Case, bytes], tuple[Case, bytes]]
"""What becomes of a request and its effect; raises where nothing may."""


def create(alias: str, case: Case, effect: bytes) -> Case:
    """Keep a new request; with its number."""
    number = FIRST + secrets.randbelow(COUNT)
    while RequestRow.objects.using(alias).filter(id=number).exists():
        number = FIRST + secrets.randbelow(COUNT)
    row = RequestRow(
        id=number, territory=case.territory, state=case.state, content=_content(case), seal=case.seal, effect=effect
    )
    row.save(using=alias, force_insert=True)
    kept = case.model_copy(update={"number": row.id})
    _tell(alias, kept, events=len(kept.events))
    return kept


def update(alias: str, number: int, decide: Decision) -> Case | None:
    """Decide about a request as it is now, and keep what was decided; None when there is none of that number.

    Raises:
        RecordError: It was altered on record.
    """
    row: RequestRow | None = RequestRow.objects.using(alias).select_for_update().filter(id=number).first()
    if row is None:
        return None
    before = _case(row)
    after, effect = decide(before, bytes(row.effect))
    row.state, row.content, row.seal, row.effect = after.state, _content(after), after.seal, effect
    row.save(using=alias)
    _tell(alias, after, events=len(after.events) - len(before.events))
    return after


def get(alias: str, number: int) -> tuple[Case, bytes] | None:
    """A request and the bytes of its effect; None when there is none of that number.

    Raises:
        RecordError: It was altered on record.
    """
    row: RequestRow | None = RequestRow.objects.using(alias).filter(id=number).first()
    return None if row is None else (_case(row), bytes(row.effect))


def everything(alias: str) -> tuple[Case, ...]:
    """All requests, in the order of their numbers."""
    return tuple(map(_case, RequestRow.objects.using(alias).order_by("id")))


def _case(row: RequestRow) -> Case:
    try:
        case = Case.model_validate_json(row.content).model_copy(update={"number": row.id})
    except ValueError as exc:
        raise RecordError(f"request {row.id} was altered on record") from exc
    if case.seal != row.seal or case.territory != row.territory:
        raise RecordError(f"request {row.id} was altered on record")
    return case


def _content(case: Case) -> str:
    return case.model_dump_json()


def _tell(alias: str, case: Case, *, events: int) -> None:
    """Write what happened into the journal."""
    notes = [
        Note(
            utc(one.at), f"request-{case.number}", "", one.act, " ".join(filter(None, (one.by, one.sha256, one.detail)))
        )
        for one in case.events[len(case.events) - events :]
    ]
    journal.append(alias, notes)
