"""What stops a rollout, on its own: no appliance, no session, outcomes and measurements as they come."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Barrier, Event

import pytest

from lisiere.model.plan import HostOutcome, Outcome
from nornir_tasks.brake import Brake
from nornir_tasks.health import HealthLimits, Measured

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
GOOD = Measured(tunnels_expected=4, tunnels_up=4, addresses_expected=2, addresses_answering=2, verify_s=1.5)


def brake(
    *,
    max_failures: int = 5,
    share: float = 0.1,
    sizes: dict[int, int] | None = None,
    has_canaries: bool = True,
    limits: HealthLimits | None = None,
    interrupt: Event | None = None,
) -> Brake:
    """A brake with a wave of two canaries and one of forty unless other sizes are given."""
    return Brake(
        max_failures=max_failures,
        has_canaries=has_canaries,
        interrupt=interrupt or Event(),
        max_failure_share=share,
        wave_sizes=sizes or {1: 2, 2: 40},
        limits=limits,
    )


def ended(number: int, outcome: Outcome = Outcome.APPLIED, *, wave: int = 2) -> HostOutcome:
    """How an appliance ended."""
    return HostOutcome(
        host=f"80021-mairie-{number:02}",
        wave=wave,
        outcome=outcome,
        detail="",
        running_sha256="",
        started_at=NOON,
        ended_at=NOON,
    )


def after(tested: Brake, *outcomes: Outcome, wave: int = 2) -> str:
    """Why a brake holds after appliances of a wave ended so."""
    for number, outcome in enumerate(outcomes):
        tested.count(ended(number, outcome, wave=wave))
    return tested.reason()


def test_a_rollout_without_failures_goes_on() -> None:
    """Applied, unchanged, stale and skipped appliances cost nothing."""
    tested = brake()
    assert after(tested, Outcome.APPLIED, Outcome.UNCHANGED, Outcome.STALE, Outcome.SKIPPED) == ""
    tested.end_wave(2)
    assert tested.reason() == ""


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.REVERTING, Outcome.FAILED, Outcome.UNKNOWN])
def test_no_canary_may_fail(outcome: Outcome) -> None:
    """Whatever the budgets bear."""
    assert after(brake(share=1.0), outcome, wave=1) == "the canary 80021-mairie-00 failed"


def test_the_only_wave_has_no_canaries() -> None:
    """Its failures count as those of any wave."""
    assert after(brake(has_canaries=False, sizes={1: 2}), Outcome.FAILED, wave=1) == ""


def test_one_failure_more_than_the_budget_holds() -> None:
    """Over all waves together."""
    tested = brake(max_failures=2, share=1.0)
    assert after(tested, Outcome.FAILED, Outcome.REFUSED) == ""
    tested.count(ended(7, Outcome.FAILED, wave=3))
    assert tested.reason() == "3 appliances failed, 2 are borne"


def test_no_failure_is_borne_when_the_budget_is_zero() -> None:
    """The share of a wave bears a single one, the budget does not."""
    assert after(brake(max_failures=0), Outcome.FAILED) == "1 appliances failed, 0 are borne"


def test_the_share_of_a_wave_holds_before_the_budget_is_used_up() -> None:
    """A tenth of forty is four; of ten appliances it is one."""
    tested = brake(max_failures=50)
    assert after(tested, *[Outcome.FAILED] * 4) == ""
    tested.count(ended(5, Outcome.FAILED))
    assert tested.reason() == "5 of 40 appliances of wave 2 failed, 10% of a wave are borne"
    assert after(brake(sizes={1: 2, 2: 10}), Outcome.FAILED, Outcome.FAILED).startswith("2 of 10 appliances of wave 2")


def test_a_single_failure_is_no_share_of_a_small_wave() -> None:
    """One of three would be a third."""
    tested = brake(sizes={1: 1, 2: 3})
    assert after(tested, Outcome.FAILED) == ""
    tested.count(ended(1, Outcome.REVERTING))
    assert "2 of 3 appliances of wave 2 failed" in tested.reason()


def test_failures_of_another_wave_are_no_share_of_this_one() -> None:
    """Each wave has its own."""
    tested = brake(max_failures=50, sizes={1: 2, 2: 20, 3: 20})
    assert after(tested, Outcome.FAILED, Outcome.FAILED, wave=2) == ""
    for number in (10, 11):
        tested.count(ended(number, Outcome.FAILED, wave=3))
    assert tested.reason() == ""


def test_the_last_word_on_an_appliance_counts() -> None:
    """What is said twice of the same appliance is one failure."""
    tested = brake(max_failures=1, share=1.0)
    tested.count(ended(1, Outcome.UNKNOWN))
    tested.count(ended(1, Outcome.REVERTING))
    assert tested.reason() == ""
    assert len(tested.health(2).outcomes) == 1


def test_canaries_that_were_left_alone_are_no_evidence() -> None:
    """Stale ones say nothing of the change; one that was applied is enough."""
    tested = brake()
    after(tested, Outcome.STALE, Outcome.STALE, wave=1)
    tested.end_wave(1)
    assert tested.reason() == "no canary was applied; make a new plan"
    other = brake()
    after(other, Outcome.STALE, Outcome.APPLIED, wave=1)
    other.end_wave(1)
    assert other.reason() == ""


def test_a_wave_that_lost_tunnels_holds_the_next_one() -> None:
    """A tenth of its tunnels is more than is borne, and the reason says how many."""
    tested = brake()
    for number in range(9):
        tested.measured(f"site-{number}", 2, GOOD)
    tested.measured("hub-01", 2, Measured(tunnels_expected=4, tunnels_up=0))
    assert tested.reason() == ""
    tested.end_wave(2)
    assert tested.reason() == "wave 2 is not healthy: 4 of 40 tunnels that were up are down, 5% are borne"


def test_a_single_lost_tunnel_is_no_share() -> None:
    """One of four would be a quarter."""
    tested = brake()
    tested.measured("site-01", 2, Measured(tunnels_expected=4, tunnels_up=3))
    tested.end_wave(2)
    assert tested.reason() == ""


def test_every_complaint_is_told() -> None:
    """Addresses, stale appliances and repeated looks, each with its numbers."""
    tested = brake(sizes={1: 2, 2: 4}, limits=HealthLimits(retried=0.5))
    after(tested, Outcome.STALE, Outcome.STALE, Outcome.STALE, Outcome.APPLIED)
    for number in range(3):
        tested.measured(f"site-{number}", 2, Measured(addresses_expected=3, addresses_answering=2, retries=4))
    tested.end_wave(2)
    assert tested.reason() == (
        "wave 2 is not healthy: 3 of 9 addresses no longer answer, 5% are borne; "
        "3 of 4 appliances changed since the plan was made, 50% are borne; "
        "3 of 3 appliances had to be looked at again, 50% are borne"
    )


def test_repeated_looks_are_not_judged_unless_asked() -> None:
    """Tunnels that a commit restarts take a moment."""
    tested = brake()
    for number in range(10):
        tested.measured(f"site-{number}", 2, Measured(retries=3))
    tested.end_wave(2)
    assert tested.reason() == ""


def test_a_wave_is_judged_by_its_own_measurements() -> None:
    """What another wave lost was judged when that one ended."""
    tested = brake()
    for number in range(3):
        tested.measured(f"site-{number}", 2, Measured(tunnels_expected=2, tunnels_up=0))
    tested.end_wave(3)
    assert tested.reason() == ""


def test_what_is_measured_again_replaces_what_was_measured() -> None:
    """An appliance has one state."""
    tested = brake()
    for up in (0, 4):
        tested.measured("hub-01", 2, Measured(tunnels_expected=4, tunnels_up=up))
    tested.end_wave(2)
    assert tested.reason() == ""


def test_the_first_reason_stays() -> None:
    """Whatever comes after it."""
    tested = brake()
    tested.hold("something unforeseen happened on 80021-mairie-01")
    tested.hold("something else")
    after(tested, Outcome.FAILED, wave=1)
    tested.end_wave(1)
    assert tested.reason() == "something unforeseen happened on 80021-mairie-01"


def test_a_person_comes_before_every_other_reason() -> None:
    """And is told apart from a failure."""
    stop = Event()
    tested = brake(interrupt=stop)
    tested.hold("a reason of its own")
    stop.set()
    assert tested.reason() == "stopped by a person"
    assert tested.is_interrupted


def test_the_health_of_a_wave_can_be_told_in_a_line() -> None:
    """For the journal and the terminal."""
    tested = brake()
    tested.measured("site-01", 2, GOOD)
    tested.measured("site-02", 2, Measured(tunnels_expected=2, tunnels_up=1, retries=1, commit_s=2.0, verify_s=9.25))
    health = tested.health(2)
    assert health.summary() == "5 of 6 tunnels up, 2 of 2 addresses answer, 1 looked at again, slowest 11.2 s"


def test_counting_from_many_threads_loses_nothing() -> None:
    """A hundred failures and measurements at once are all there."""
    tested = brake(max_failures=100, share=1.0, sizes={1: 1, 2: 100})
    with _crowd(100) as (pool, barrier):

        def work(number: int) -> None:
            barrier.wait(timeout=60)
            tested.count(ended(number, Outcome.FAILED))
            tested.measured(f"site-{number}", 2, GOOD)

        list(pool.map(work, range(100)))
    assert tested.reason() == ""
    health = tested.health(2)
    assert (len(health.outcomes), len(health.measured)) == (100, 100)
    tested.count(ended(101, Outcome.FAILED))
    assert tested.reason() == "101 appliances failed, 100 are borne"


@contextmanager
def _crowd(size: int) -> Iterator[tuple[ThreadPoolExecutor, Barrier]]:
    """Threads that begin together."""
    with ThreadPoolExecutor(size) as pool:
        yield pool, Barrier(size)
