"""Days as the operator counts them: in Paris, whatever the clocks of the machines say."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")


def day_of(at: datetime) -> date:
    """The day of an instant."""
    return at.astimezone(PARIS).date()
