"""Notices sent: each through every channel, once; what does not go through is tried again later."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from lisiere.errors import DeliveryError
from lisiere.model.finding import Delivery
from lisiere.workflow.channels import Channel

if TYPE_CHECKING:
    from lisiere.store.records import Records


def send_due(records: "Records", channels: Sequence[Channel], *, at: datetime) -> Iterator[tuple[Delivery, str]]:
    """Send what is due through each channel; each delivery with why it did not go through, empty when it did."""
    by_name = {one.name: one for one in channels}
    for delivery in records.compliance.take_deliveries(list(by_name), at=at):
        try:
            by_name[delivery.channel].send(delivery.notice)
        except DeliveryError as exc:
            records.compliance.undelivered(delivery, str(exc))
            yield delivery, str(exc)
        else:
            records.compliance.delivered(delivery, list(by_name), at=at)
            yield delivery, ""
