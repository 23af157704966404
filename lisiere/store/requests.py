"""Requests on record: their history under a seal, their effect as frozen bytes. Called on the thread of the worker."""

import json
import secrets
from collections.abc import Callable, Collection
from dataclasses import astuple
from datetime import datetime, timedelta

from lisiere.errors import AlteredError
from lisiere.model.request_case import FOUND, Act, Case, Damaged, Decided, Kept, State
from lisiere.store import journal, users
from lisiere.store.ids import utc
from lisiere.store.journal import Note
from lisiere.store.models import DeliveryRow, NoticeRow, RequestRow
from lisiere.store.process import Process

FIRST, COUNT = 100_000, 900_000
"""Numbers are drawn among these: six digits."""
ACADEMIE, TOLD = "academie", "request"
"""Whom the notice of a request is for, and its kind."""


Decision = Callable[[Case, bytes], Decided]
"""Decides about a request; raises where nothing may happen to it."""


def create(alias: str, case: Case, effect: bytes) -> Case:
    """Keep a new request; with its number."""
    number = FIRST + secrets.randbelow(COUNT)
    while RequestRow.objects.using(alias).filter(id=number).exists():
        number = FIRST + secrets.randbelow(COUNT)
    kept = case.model_copy(update={"number": number})
    row = RequestRow(
        id=number, territory=kept.territory, state=kept.state, content=_content(kept), seal=kept.seal, effect=effect
    )
    row.save(using=alias, force_insert=True)
    _tell(alias, kept, events=len(kept.events))
    return kept


def update(alias: str, number: int, decide: Decision) -> Case | None:
    """Decide about a request as it is now, and keep what was decided; None when there is none of that number.

    Raises:
        AlteredError: It was altered on record.
    """
    row: RequestRow | None = RequestRow.objects.using(alias).select_for_update().filter(id=number).first()
    if row is None:
        return None
    before = _case(alias, row)
    if isinstance(before, Damaged):
        raise AlteredError(number)
    decided = decide(before, bytes(row.effect))
    after = decided.case
    row.state, row.content, row.seal, row.effect = after.state, _content(after), after.seal, decided.effect
    row.save(using=alias)
    _tell(alias, after, events=len(after.events) - len(before.events))
    if decided.notice:
        _notify(alias, after, decided.notice)
    return after


def get(alias: str, number: int) -> tuple[Case, bytes] | Damaged | None:
    """A request and the bytes of its effect; None when there is none of that number."""
    row: RequestRow | None = RequestRow.objects.using(alias).filter(id=number).first()
    if row is None:
        return None
    found = _case(alias, row)
    return found if isinstance(found, Damaged) else (found, bytes(row.effect))


def kept(alias: str, states: Collection[State]) -> tuple[Kept | Damaged, ...]:
    """The requests in some states with the bytes of their effects; of all others nothing is read."""
    rows = RequestRow.objects.using(alias).filter(state__in=list(states)).order_by("id")
    found = ((_case(alias, row), bytes(row.effect)) for row in rows)
    return tuple(case if isinstance(case, Damaged) else Kept(case, effect) for case, effect in found)


def everything(alias: str) -> tuple[Case | Damaged, ...]:
    """All requests, in the order of their numbers; one that was altered on record is only told to be there."""
    return tuple(_case(alias, row) for row in RequestRow.objects.using(alias).defer("effect").order_by("id"))


def claim(alias: str, number: int, process: Process, *, at: datetime, term: timedelta) -> bool:
    """Take a request to work on, unless a process has it that lives; one of another machine has it for a term."""
    row: RequestRow | None = RequestRow.objects.using(alias).select_for_update().filter(id=number).first()
    if row is None:
        return False
    if row.claim:
        held = json.loads(row.claim)
        holder, until = Process(*held["process"]), datetime.fromisoformat(held["until"])
        is_alive = holder.is_alive()
        if holder != process and (is_alive or (is_alive is None and until > utc(at))):
            return False
    until = utc(at) + term
    row.claim = json.dumps({"process": list(astuple(process)), "until": until.isoformat()})
    row.save(using=alias, update_fields=["claim"])
    return True


def is_held(alias: str, number: int, *, at: datetime) -> bool:
    """Whether a process that lives, or may live, works on a request."""
    row: RequestRow | None = RequestRow.objects.using(alias).filter(id=number).first()
    if row is None or not row.claim:
        return False
    held = json.loads(row.claim)
    is_alive = Process(*held["process"]).is_alive()
    return datetime.fromisoformat(held["until"]) > utc(at) if is_alive is None else is_alive


def release(alias: str, number: int, process: Process) -> None:
    """Let a request go, if it is this process that has it."""
    row: RequestRow | None = RequestRow.objects.using(alias).select_for_update().filter(id=number).first()
    if row is not None and row.claim and Process(*json.loads(row.claim)["process"]) == process:
        row.claim = ""
        row.save(using=alias, update_fields=["claim"])


def _case(alias: str, row: RequestRow) -> Case | Damaged:
    try:
        case = Case.model_validate_json(row.content)
    except ValueError:
        return Damaged(number=row.id, territory=row.territory)
    if case.seal != row.seal or (case.number, case.territory, case.state) != (row.id, row.territory, row.state):
        return Damaged(number=row.id, territory=row.territory)
    return case.model_copy(
        update={
            "informed_at": _informed_at(alias, case) if case.concerns_school else None,
            "lapsed": users.lapsed(alias, case.visas()),
        }
    )


def _informed_at(alias: str, case: Case) -> datetime | None:
    """When the contact of the académie had the request in hand: by a channel, or as an engineer says."""
    sent = max((at for at, one in enumerate(case.events) if one.act in {Act.SUBMIT, Act.VOID}), default=0)
    by_hand = [one.at for one in case.events[sent:] if one.act is Act.INFORM]
    rows = DeliveryRow.objects.using(alias).filter(notice__kind=TOLD, notice__subject=_subject(case))
    first: DeliveryRow | None = rows.exclude(sent_at=None).order_by("sent_at").first()
    return min([*by_hand, *([] if first is None or first.sent_at is None else [utc(first.sent_at)])], default=None)


def _notify(alias: str, case: Case, text: str) -> None:
    """Have the contact of the académie told, once for each time that a request is sent or voided."""
    at = utc(case.events[-1].at)
    row = NoticeRow(audience=ACADEMIE, kind=TOLD, subject=_subject(case), text=text, made_at=at)
    NoticeRow.objects.using(alias).bulk_create([row], ignore_conflicts=True)


def _subject(case: Case) -> str:
    return f"demande {case.number}, envoi {case.sent()}"


def _content(case: Case) -> str:
    return case.model_dump_json(exclude=set(FOUND))


def _tell(alias: str, case: Case, *, events: int) -> None:
    """Write what happened into the journal."""
    notes = [
        Note(
            utc(one.at), f"request-{case.number}", "", one.act, " ".join(filter(None, (one.by, one.sha256, one.detail)))
        )
        for one in case.events[len(case.events) - events :]
    ]
    journal.append(alias, notes)
