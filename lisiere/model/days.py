"""Days as the operator counts them: in Paris, whatever the clocks of the machines say."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")


def day_of(at: datetime) -> date:
    """The day of an instant."""
    return at.astimezone(PARIS).date()


def paris_time(at: datetime) -> str:
    """An instant as people in Paris read it, to the minute."""
    return f"{at.astimezone(PARIS):%Y-%m-%d %H:%M}"


def from_paris(at: datetime) -> datetime:
    """The instant that people in Paris mean by a time without a zone."""
    return at.replace(tzinfo=PARIS)
