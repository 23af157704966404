"""Notices on their way through channels, each tried again later and later. Called on the thread of the worker."""

from collections.abc import Sequence
from datetime import datetime

from lisiere.model.finding import Delivery
from lisiere.store import journal
from lisiere.store.ids import utc
from lisiere.store.journal import Note
from lisiere.store.models import DeliveryRow, NoticeRow
from lisiere.store.packing import storable
from lisiere.store.pauses import MOST_ATTEMPTS, pause_after
from lisiere.store.waivers import notice_of

LONGEST_PROBLEM, OPERATOR = 500, "operator"


def take(alias: str, channels: Sequence[str], *, at: datetime) -> tuple[Delivery, ...]:
    """What is due now; what was tried often enough is given up.

    The next try is put off before this one is made, so that another process meanwhile finds nothing to do.
    """
    unsent = NoticeRow.objects.using(alias).filter(sent_at=None)
    rows = [
        DeliveryRow(notice=notice, channel=channel, attempts=0, next_try_at=utc(at), problem="")
        for notice in unsent
        for channel in _meant(notice.audience, channels)
    ]
    DeliveryRow.objects.using(alias).bulk_create(rows, ignore_conflicts=True)
    due = DeliveryRow.objects.using(alias).filter(
        notice__sent_at=None,
        sent_at=None,
        channel__in=channels,
        next_try_at__lte=utc(at),
        attempts__lt=MOST_ATTEMPTS,
    )
    found = []
    for row in due.select_related("notice").select_for_update().order_by("notice_id", "channel"):
        row.attempts += 1
        row.next_try_at = utc(at) + pause_after(row.attempts)
        row.save(using=alias, update_fields=["attempts", "next_try_at"])
        found.append(Delivery(notice=notice_of(row.notice), channel=row.channel, attempt=row.attempts))
    return tuple(found)


def delivered(alias: str, delivery: Delivery, channels: Sequence[str], *, problem: str, at: datetime) -> None:
    """Note that a notice went through a channel, and what was wrong with that; through all channels, it is sent."""
    rows = DeliveryRow.objects.using(alias).filter(notice_id=delivery.notice.number)
    rows.filter(channel=delivery.channel).update(sent_at=utc(at), problem=_kept(problem))
    done = set(rows.exclude(sent_at=None).values_list("channel", flat=True))
    if done.issuperset(_meant(_audience(delivery.channel), channels)):
        NoticeRow.objects.using(alias).filter(id=delivery.notice.number, sent_at=None).update(sent_at=utc(at))


def undelivered(alias: str, delivery: Delivery, problem: str, *, at: datetime) -> None:
    """Note why a notice did not go through; after the last try, put on the chain that it is given up."""
    notice, channel = delivery.notice, delivery.channel
    rows = DeliveryRow.objects.using(alias).filter(notice_id=notice.number, channel=channel)
    rows.update(problem=_kept(problem))
    if delivery.attempt >= MOST_ATTEMPTS:
        tried = f"by {channel} after {delivery.attempt} tries: {_kept(problem)}"
        words = f"notice {notice.number} ({notice.kind}: {notice.subject}) given up {tried}"
        journal.append(alias, [Note(utc(at), "", "", "notice", words)])


def _meant(audience: str, channels: Sequence[str]) -> list[str]:
    """The channels that lead to those whom a notice is for: nobody is told what is for somebody else."""
    return [channel for channel in channels if _audience(channel) == audience]


def _audience(channel: str) -> str:
    """`academie:mail` leads to the académie; what names nobody, to the operator."""
    audience, colon, _ = channel.partition(":")
    return audience if colon else OPERATOR


def _kept(problem: str) -> str:
    return storable(problem)[:LONGEST_PROBLEM]
