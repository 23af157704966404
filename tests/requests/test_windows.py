"""Windows: hours of maintenance, and the days on which nothing is applied, each refused with its reason."""

from datetime import UTC, date, datetime, timedelta

import pytest

from lisiere.inventory.loader import Loaded
from lisiere.model.calendar import Maintenance, Span
from lisiere.model.days import paris_time
from lisiere.model.traffic import DayWindow
from lisiere.workflow.requests.phrases import RequestError
from lisiere.workflow.requests.windows import Days, calendar
from tests.requests.conftest import TERRITORY


def days(loaded: Loaded, *, has_schools: bool = False, **changes: object) -> Days:
    """The days of a territory with something of its own."""
    return Days(loaded.fleet.territories[TERRITORY].model_copy(update=changes), has_schools)


def at(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "start"),
    [
        ("2026-11-26T08:00", "2026-11-26 19:00"),
        ("2026-11-26T19:00", "2026-11-26 20:00"),
        ("2026-11-26T21:45", "2026-11-30 19:00"),
        ("2026-11-27T08:00", "2026-11-30 19:00"),
        ("2027-04-08T23:00", "2027-04-13 19:00"),
        ("2026-07-01T17:30", "2026-07-01 19:30"),
    ],
)
def test_the_next_window_is_one_that_is_free(loaded: Loaded, now: str, start: str) -> None:
    """Monday to Thursday in the evening of Paris, not around an election; the one that goes on while enough is left."""
    found = days(loaded).next_window(at(now))
    assert paris_time(found.starts_at) == start
    days(loaded).refuse(found)


def test_schools_are_left_alone_in_their_holidays(loaded: Loaded) -> None:
    """And when nobody has said yet when these are."""
    schools = days(loaded, has_schools=True)
    assert paris_time(schools.next_window(at("2026-12-18T23:00")).starts_at) == "2027-01-04 19:00"
    assert paris_time(days(loaded).next_window(at("2026-12-18T23:00")).starts_at) == "2026-12-21 19:00"
    with pytest.raises(RequestError, match="calendrier scolaire"):
        schools.next_window(at("2028-08-31T00:00"))


def test_nothing_is_applied_when_nobody_knows_of_elections(loaded: Loaded) -> None:
    """What the calendar does not know is no free day."""
    with pytest.raises(RequestError, match="calendrier des élections"):
        days(loaded).next_window(at("2028-12-31T22:00"))


def test_a_night_of_the_council_and_hours_of_ones_own(loaded: Loaded) -> None:
    """The inventory says both, for a territory."""
    council = days(loaded, council_nights=(date(2026, 11, 26),))
    assert paris_time(council.next_window(at("2026-11-26T08:00")).starts_at) == "2026-11-30 19:00"
    evening = Span(starts_at=at("2026-11-26T18:00"), ends_at=at("2026-11-26T20:00"))
    with pytest.raises(RequestError, match=r"conseil siège.*\n.*du 2026-11-30 19:00"):
        council.refuse(evening)
    own = Maintenance(weekdays=(5,), hours=DayWindow.model_validate("22:00-02:00"))
    morning = days(loaded, maintenance=own, council_nights=(date(2026, 11, 29),))
    assert paris_time(morning.next_window(at("2026-11-28T12:00")).starts_at) == "2026-12-05 22:00"
    late = days(loaded, maintenance=own)
    assert paris_time(late.next_window(at("2026-11-28T23:30")).starts_at) == "2026-11-29 00:30"
    with pytest.raises(RequestError, match="aucune fenêtre"):
        late.refuse(evening)


def test_a_window_is_long_enough(loaded: Loaded) -> None:
    """What the worker would never begin in is refused."""
    start = at("2026-11-26T18:00")
    days(loaded).refuse(Span(starts_at=start, ends_at=start + timedelta(minutes=30)))
    with pytest.raises(RequestError, match="30 minutes au moins"):
        days(loaded).refuse(Span(starts_at=start, ends_at=start + timedelta(minutes=29)))


def test_the_night_in_which_clocks_change_has_its_window(loaded: Loaded) -> None:
    """Its hours are those of the clock on the wall."""
    own = Maintenance(weekdays=(5,), hours=DayWindow.model_validate("22:00-06:00"))
    found = days(loaded, maintenance=own).next_window(at("2027-03-27T12:00"))
    assert found.ends_at - found.starts_at == timedelta(hours=7)


def test_the_calendar_is_in_order() -> None:
    """What it says of schools ends where it says so."""
    assert max(one.last for one in calendar().closures if one.schools) == calendar().schools_known_until
