"""How long to wait before something that did not go through is tried again."""

from datetime import timedelta

FIRST_PAUSE = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(days=1)
MOST_ATTEMPTS = 16
"""Given up after so many tries, a week after the first."""


def pause_after(attempts: int) -> timedelta:
    """After so many tries: twice as long each time, a day at most."""
    return min(FIRST_PAUSE * (1 << min(attempts - 1, 16)), LONGEST_PAUSE)
