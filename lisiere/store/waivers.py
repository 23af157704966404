"""Waivers and notices on record. Called on the thread of the worker."""

from collections.abc import Iterable
from datetime import datetime

from lisiere.errors import UnknownError, UsageError
from lisiere.model.compliance_words import ScopeKind
from lisiere.model.finding import Notice, Scope, Waiver
from lisiere.store import journal
from lisiere.store.ids import utc
from lisiere.store.journal import Note
from lisiere.store.models import DeliveryRow, NoticeRow, WaiverRow
from lisiere.store.pauses import MOST_ATTEMPTS


def ask(alias: str, waiver: Waiver) -> Waiver:
    """Keep a waiver that was asked for; it covers nothing before it is approved."""
    row = WaiverRow(
        rule=waiver.rule,
        scope=waiver.scope.kind,
        scope_name=waiver.scope.name,
        reason=waiver.reason,
        measure=waiver.measure,
        asked_by=waiver.asked_by,
        asked_at=utc(waiver.asked_at),
        asked_login=waiver.asked_login,
        until=waiver.until,
        ends_at=utc(waiver.ends_at),
    )
    row.save(using=alias)
    what = f"asked for by {_who(row.asked_by, row.asked_login)}: {row.reason}; meanwhile: {row.measure}"
    _journal(alias, row, what, at=waiver.asked_at)
    return _waiver(row)


def approve(alias: str, number: int, *, by: str, login: str = "", at: datetime) -> Waiver:
    """Approve a waiver; `login` is the login name and machine of who does, where it is known.

    Raises:
        UnknownError: There is none of that number.
        UsageError: Its asker approves it, it is approved already, or it has ended.
    """
    row = _get(alias, number)
    if row.asked_by.casefold() == by.casefold():
        raise UsageError(f"waiver {number} was asked for by {row.asked_by}: somebody else has to approve it")
    if login and _account(row.asked_login) == _account(login):
        raise UsageError(
            f"waiver {number} was asked for from the login {row.asked_login}: somebody else has to approve it"
        )
    if row.approved_at is not None:
        raise UsageError(f"waiver {number} was approved by {row.approved_by} already")
    if row.ended_at is not None or utc(row.ends_at) <= utc(at):
        raise UsageError(f"waiver {number} has ended; ask for another one")
    row.approved_by, row.approved_at, row.approved_login = by, utc(at), login
    row.save(using=alias)
    _journal(alias, row, f"approved by {_who(by, login)}", at=at)
    return _waiver(row)


def end(alias: str, number: int, *, by: str, at: datetime) -> Waiver:
    """End a waiver before its time; what it covers is open again from now on.

    Raises:
        UnknownError: There is none of that number.
        UsageError: It has ended already.
    """
    row = _get(alias, number)
    if row.ended_at is not None or utc(row.ends_at) <= utc(at):
        raise UsageError(f"waiver {number} has ended already")
    row.ended_by, row.ended_at = by, utc(at)
    row.save(using=alias)
    _journal(alias, row, f"ended by {by}", at=at)
    return _waiver(row)


def waivers(alias: str) -> tuple[Waiver, ...]:
    """Every waiver, in the order of their numbers."""
    return tuple(map(_waiver, WaiverRow.objects.using(alias).order_by("id")))


def notify(alias: str, notices: Iterable[tuple[str, str, str]], *, at: datetime) -> tuple[Notice, ...]:
    """Keep notices (kind, subject, text), each once for its kind and subject; those that are not sent yet."""
    rows = [NoticeRow(kind=kind, subject=subject, text=text, made_at=utc(at)) for kind, subject, text in notices]
    NoticeRow.objects.using(alias).bulk_create(rows, ignore_conflicts=True)
    return unsent(alias)


def unsent(alias: str) -> tuple[Notice, ...]:
    """The notices that did not go through every channel, oldest first."""
    rows = DeliveryRow.objects.using(alias).filter(notice__sent_at=None, sent_at=None, attempts__gte=MOST_ATTEMPTS)
    given_up: dict[int, list[str]] = {}
    for number, channel in rows.order_by("channel").values_list("notice_id", "channel"):
        given_up.setdefault(number, []).append(channel)
    found = map(notice_of, NoticeRow.objects.using(alias).filter(sent_at=None).order_by("id"))
    return tuple(one.model_copy(update={"given_up": tuple(given_up.get(one.number, ()))}) for one in found)


def mark_sent(alias: str, numbers: Iterable[int], *, at: datetime) -> None:
    """Note that notices were sent."""
    NoticeRow.objects.using(alias).filter(id__in=list(numbers), sent_at=None).update(sent_at=utc(at))


def _journal(alias: str, row: WaiverRow, what: str, *, at: datetime) -> None:
    """Put on the chain what was done with a waiver; it belongs to no run."""
    words = f"waiver {row.id} for {row.rule} ({f'{row.scope} {row.scope_name}'.strip()}) until {row.until} {what}"
    host = row.scope_name if row.scope == ScopeKind.SITE else ""
    journal.append(alias, [Note(utc(at), "", host, "waiver", words)])


def _who(name: str, login: str) -> str:
    return f"{name} (login {login})" if login else name


def _account(login: str) -> str:
    """An account is one person's on every machine."""
    return (login.rpartition("@")[0] or login).casefold()


def _get(alias: str, number: int) -> WaiverRow:
    row: WaiverRow | None = WaiverRow.objects.using(alias).select_for_update().filter(id=number).first()
    if row is None:
        raise UnknownError(f"there is no waiver {number}; `lisiere waiver list` shows them")
    return row


def _waiver(row: WaiverRow) -> Waiver:
    return Waiver(
        number=row.id,
        rule=row.rule,
        scope=Scope(kind=ScopeKind(row.scope), name=row.scope_name),
        reason=row.reason,
        measure=row.measure,
        asked_by=row.asked_by,
        asked_at=utc(row.asked_at),
        asked_login=row.asked_login,
        approved_by=row.approved_by,
        approved_login=row.approved_login,
        approved_at=None if row.approved_at is None else utc(row.approved_at),
        until=row.until,
        ends_at=utc(row.ends_at),
        ended_by=row.ended_by,
        ended_at=None if row.ended_at is None else utc(row.ended_at),
    )


def notice_of(row: NoticeRow) -> Notice:
    """A notice as others see it."""
    return Notice(
        number=row.id,
        kind=row.kind,
        subject=row.subject,
        text=row.text,
        made_at=utc(row.made_at),
        sent_at=None if row.sent_at is None else utc(row.sent_at),
    )
