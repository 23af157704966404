"""Identifiers of plans and runs: they sort by time and can be read aloud."""

import secrets
from datetime import UTC, datetime


def new_id(kind: str, at: datetime) -> str:
    """`plan-20261124-153012-ab12cd`: the kind, the instant in UTC, and six random digits."""
    return f"{kind}-{utc(at):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def utc(at: datetime) -> datetime:
    """The same instant in UTC.

    Raises:
        ValueError: The instant has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError(f"an instant without a time zone: {at.isoformat()}")
    return at.astimezone(UTC)


def now() -> datetime:
    """This instant; the clock of the records unless another one is given."""
    return datetime.now(UTC)
