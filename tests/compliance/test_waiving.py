"""Waivers and the clock: the end of a day in Paris, what is open again then, and what is announced once before."""

from datetime import UTC, date, datetime, timedelta

import pytest

from lisiere.errors import UsageError
from lisiere.model.compliance_words import ScopeKind, State
from lisiere.model.days import day_of
from lisiere.model.finding import FLEET, Evidence, Finding, Scope, Waiver
from lisiere.workflow.waiving import due_notices, end_of_day, new_waiver, with_waivers
from tests.compliance.casebook import fleet

HOST, TERRITORY = "80009-mairie-01", "200070993"
FAILED_AT = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)


def failed(host: str = HOST, rule: str = "ipsec-no-psk") -> Finding:
    """A finding that is on record since September."""
    return Finding(
        host=host,
        rule=rule,
        state=State.FAILED,
        reason="pre-shared",
        entered_at=FAILED_AT,
        failed_at=FAILED_AT,
        seen_at=FAILED_AT,
        evidence=Evidence(what="running configuration"),
    )


def waiver(until: date, *, number: int = 1, scope: Scope | None = None, approved_at: datetime | None = None) -> Waiver:
    """A waiver that was approved in October."""
    return Waiver(
        number=number,
        rule="ipsec-no-psk",
        scope=scope or Scope(kind=ScopeKind.FLEET),
        reason="no certificates yet",
        measure="long keys",
        asked_by="alice",
        asked_at=datetime(2026, 9, 30, 8, 0, tzinfo=UTC),
        approved_by="bob",
        approved_at=approved_at or datetime(2026, 10, 1, 8, 0, tzinfo=UTC),
        until=until,
        ends_at=end_of_day(until),
    )


def seen(at: datetime, *waivers: Waiver, finding: Finding | None = None) -> Finding:
    """The finding as it stands at an instant."""
    (found,) = with_waivers([finding or failed()], waivers, at=at, territories={HOST: TERRITORY})
    return found


@pytest.mark.parametrize(
    ("day", "utc"),
    [
        (date(2026, 12, 31), datetime(2026, 12, 31, 23, 0, tzinfo=UTC)),
        (date(2027, 7, 14), datetime(2027, 7, 14, 22, 0, tzinfo=UTC)),
        (date(2027, 3, 27), datetime(2027, 3, 27, 23, 0, tzinfo=UTC)),  # the night in which an hour is lost
        (date(2027, 3, 28), datetime(2027, 3, 28, 22, 0, tzinfo=UTC)),
        (date(2027, 10, 30), datetime(2027, 10, 30, 22, 0, tzinfo=UTC)),  # the night in which an hour comes twice
        (date(2027, 10, 31), datetime(2027, 10, 31, 23, 0, tzinfo=UTC)),
    ],
)
def test_a_waiver_lapses_when_its_day_has_ended_in_paris(day: date, utc: datetime) -> None:
    """To the second, in the nights in which clocks change too; the finding is open from that instant on."""
    assert end_of_day(day) == utc
    one = waiver(day)
    last, first = seen(utc - timedelta(seconds=1), one), seen(utc, one)
    assert (last.state, last.waiver, last.entered_at) == (State.WAIVED, 1, one.approved_at)
    assert (first.state, first.waiver, first.entered_at) == (State.FAILED, 0, utc)
    assert {last.failed_at, first.failed_at} == {FAILED_AT}


def test_dates_are_judged_on_the_day_on_which_waivers_end() -> None:
    """At half past eleven in the evening, UTC, it is tomorrow in Paris, and yesterday's waiver is over there too."""
    at = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert day_of(at) == date(2027, 1, 1)
    assert end_of_day(date(2026, 12, 31)) <= at
    assert day_of(datetime(2026, 7, 14, 21, 59, tzinfo=UTC)) == date(2026, 7, 14)


def test_a_waiver_covers_nothing_before_it_is_approved() -> None:
    """To ask is not to have."""
    one = waiver(date(2026, 12, 31))
    assert one.approved_at is not None
    assert seen(one.approved_at - timedelta(seconds=1), one).entered_at == FAILED_AT
    asked = one.model_copy(update={"approved_at": None, "approved_by": ""})
    assert seen(datetime(2026, 11, 1, tzinfo=UTC), asked) == failed()


def test_a_waiver_that_somebody_ended_is_over_at_once() -> None:
    """And not at the end of its day."""
    ended_at = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
    one = waiver(date(2026, 12, 31)).model_copy(update={"ended_at": ended_at, "ended_by": "bob"})
    assert seen(ended_at, one).entered_at == ended_at
    assert seen(ended_at, one).state is State.FAILED


def test_two_waivers_one_after_the_other_are_one_time() -> None:
    """A renewal before the end leaves no gap; the finding is waived since the first."""
    first = waiver(date(2026, 12, 31))
    second = waiver(date(2027, 6, 30), number=2, approved_at=datetime(2026, 12, 20, tzinfo=UTC))
    found = seen(datetime(2027, 2, 1, tzinfo=UTC), first, second)
    assert (found.state, found.waiver, found.entered_at) == (State.WAIVED, 2, first.approved_at)


def test_a_finding_that_is_younger_than_a_waiver_is_waived_since_it_was_found() -> None:
    """And one that was found after an earlier waiver had ended is open since then, not since the waiver's end."""
    one = waiver(date(2026, 12, 31))
    young = failed().model_copy(update={"entered_at": datetime(2026, 11, 1, tzinfo=UTC)})
    assert seen(datetime(2026, 11, 2, tzinfo=UTC), one, finding=young).entered_at == young.entered_at
    later = failed().model_copy(update={"entered_at": datetime(2027, 2, 1, tzinfo=UTC)})
    assert seen(datetime(2027, 3, 1, tzinfo=UTC), one, finding=later).entered_at == later.entered_at


def test_a_scope_covers_what_is_in_it() -> None:
    """The fleet as a whole is in no territory; what passed is never waived."""
    at = datetime(2026, 11, 1, tzinfo=UTC)
    site = waiver(date(2026, 12, 31), scope=Scope(kind=ScopeKind.SITE, name=HOST))
    territory = waiver(date(2026, 12, 31), scope=Scope(kind=ScopeKind.TERRITORY, name=TERRITORY))
    other = waiver(date(2026, 12, 31), scope=Scope(kind=ScopeKind.TERRITORY, name="248000531"))
    assert seen(at, site).state is State.WAIVED
    assert seen(at, territory).state is State.WAIVED
    assert seen(at, other).state is State.FAILED
    assert seen(at, territory, finding=failed(FLEET)).state is State.FAILED
    assert seen(at, waiver(date(2026, 12, 31)), finding=failed(FLEET)).state is State.WAIVED
    passed = failed().model_copy(update={"state": State.PASSED})
    assert seen(at, site, finding=passed) == passed
    assert seen(at, site, finding=failed(rule="another")).state is State.FAILED


def test_the_end_is_announced_thirty_days_before() -> None:
    """Not earlier, not after it, and always in the same words, by which it is kept once."""
    one = waiver(date(2027, 3, 28))
    ahead = one.ends_at - timedelta(days=30)
    assert due_notices([one], at=ahead - timedelta(seconds=1)) == []
    (told,) = due_notices([one], at=ahead)
    assert told[:2] == ("waiver ends", "waiver 1 until 2027-03-28")
    assert due_notices([one], at=one.ends_at - timedelta(seconds=1)) == [told]
    assert due_notices([one], at=one.ends_at) == []


def test_a_waiver_ends_in_the_future_and_not_too_far_away() -> None:
    """And its scope is in the inventory."""

    def ask(until: date, scope: Scope) -> Waiver:
        return new_waiver(
            "ipsec-no-psk",
            scope,
            reason="r",
            measure="m",
            asked_by="alice",
            until=until,
            at=datetime(2026, 11, 26, 12, 0, tzinfo=UTC),
            fleet=fleet(),
        )

    everywhere = Scope(kind=ScopeKind.FLEET)
    assert ask(date(2026, 11, 26), everywhere).ends_at == datetime(2026, 11, 26, 23, 0, tzinfo=UTC)
    for until, scope, told in (
        (date(2026, 11, 25), everywhere, "has passed"),
        (date(2029, 11, 30), everywhere, "three years"),
        (date(2027, 1, 1), Scope(kind=ScopeKind.SITE, name="nowhere-01"), "unknown appliance"),
        (date(2027, 1, 1), Scope(kind=ScopeKind.TERRITORY, name="123456789"), "unknown territory"),
    ):
        with pytest.raises(UsageError, match=told):
            ask(until, scope)
