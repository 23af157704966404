"""Notices sent: each through every channel, once; what does not go through is tried again later."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from lisiere.errors import DeliveryError
from lisiere.model.finding import Delivery
from lisiere.store.pauses import MOST_ATTEMPTS
from lisiere.workflow.channels import Channel

if TYPE_CHECKING:
    from lisiere.store.records import Records


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a delivery, and what was wrong; one may have gone through with something wrong."""

    delivery: Delivery
    is_sent: bool
    problem: str = ""

    @property
    def is_last(self) -> bool:
        """Whether it is not tried again."""
        return self.is_sent or self.delivery.attempt >= MOST_ATTEMPTS


def send_due(records: "Records", channels: Sequence[Channel], *, at: datetime) -> Iterator[Outcome]:
    """Send what is due through each channel."""
    by_name = {one.name: one for one in channels}
    for delivery in records.compliance.take_deliveries(list(by_name), at=at):
        try:
            problem = by_name[delivery.channel].send(delivery.notice)
        except DeliveryError as exc:
            records.compliance.undelivered(delivery, str(exc), at=at)
            yield Outcome(delivery, is_sent=False, problem=str(exc))
        else:
            records.compliance.delivered(delivery, list(by_name), problem=problem, at=at)
            yield Outcome(delivery, is_sent=True, problem=problem)
