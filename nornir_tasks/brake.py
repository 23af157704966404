"""What stops a rollout: a person, a canary that failed, more failures than are borne, or a wave that is not healthy."""

from collections import Counter
from collections.abc import Mapping
from threading import Event, Lock

from lisiere.model.plan import HostOutcome, Outcome
from nornir_tasks.health import HealthLimits, Measured, WaveHealth, is_beyond
from nornir_tasks.home import AtHome

FAILURES = frozenset(
    {Outcome.REFUSED, Outcome.REVERTING, Outcome.REVERTED, Outcome.FAILED, Outcome.UNSAVED, Outcome.UNKNOWN}
)
"""Outcomes that count against the budget. A stale appliance was left alone: it says nothing against the change."""

EVIDENCE = frozenset({Outcome.APPLIED, Outcome.UNCHANGED})
"""Outcomes of a canary that say something for the change."""

CANARY_WAVE = 1
MAX_FAILURES = 5
MAX_FAILURE_SHARE = 0.1


class Brake(AtHome):
    """Counts failures as they come, from any thread; once it holds, nothing more is sent to any appliance.

    Two budgets run side by side and the one that is used up first holds: failures over the whole rollout, and the share
    of one wave that failed. A single failure is no share of a wave; `max_failures=0` bears none at all.

    Args:
        max_failures: Failures that are borne after the canaries; one more stops the rollout.
        has_canaries: Whether the first wave is one of canaries, of which none may fail.
        interrupt: Set when a person asks for a stop.
        max_failure_share: Part of a wave's appliances that may fail, 0 to 1.
        wave_sizes: Appliances of each wave; a wave that is missing has no share.
        limits: How unhealthy a wave may be before the next one is held back.
    """

    def __init__(
        self,
        *,
        max_failures: int,
        has_canaries: bool,
        interrupt: Event,
        max_failure_share: float = MAX_FAILURE_SHARE,
        wave_sizes: Mapping[int, int] | None = None,
        limits: HealthLimits | None = None,
    ) -> None:
        self._max_failures, self._max_failure_share = max_failures, max_failure_share
        self._has_canaries, self._interrupt = has_canaries, interrupt
        self._sizes, self._limits = dict(wave_sizes or {}), limits or HealthLimits()
        self._outcomes: dict[str, HostOutcome] = {}
        self._measured: dict[int, dict[str, Measured]] = {}
        self._reason = ""
        self._lock = Lock()

    def reason(self) -> str:
        """Why nothing more is sent; empty as long as the rollout goes on."""
        if self._interrupt.is_set():
            return "stopped by a person"
        with self._lock:
            return self._reason

    @property
    def is_interrupted(self) -> bool:
        """Whether it was a person who asked for the stop."""
        return self._interrupt.is_set()

    def count(self, outcome: HostOutcome) -> None:
        """Take note of how one appliance ended; what is said later of the same appliance replaces it."""
        with self._lock:
            self._outcomes[outcome.host] = outcome
            if outcome.outcome in FAILURES and not self._reason:
                self._reason = self._judged(outcome)

    def measured(self, host: str, wave: int, measured: Measured) -> None:
        """Take note of what verification measured on an appliance, whether or not it was content."""
        with self._lock:
            self._measured.setdefault(wave, {})[host] = measured

    def hold(self, reason: str) -> None:
        """Stop the rollout for a reason of its own; the first reason stays."""
        with self._lock:
            self._reason = self._reason or reason

    def health(self, wave: int) -> WaveHealth:
        """What is known of a wave so far."""
        with self._lock:
            return self._health(wave)

    def end_wave(self, number: int) -> None:
        """Judge a wave that has ended, before the next one begins.

        Canaries that were all left alone are no evidence; a wave that lost more than is borne holds the rollout.
        """
        with self._lock:
            if self._reason:
                return
            health = self._health(number)
            if self._has_canaries and number == CANARY_WAVE and not EVIDENCE.intersection(health.outcomes):
                self._reason = "no canary was applied; make a new plan"
            elif complaints := health.complaints(self._limits):
                self._reason = f"wave {number} is not healthy: {'; '.join(complaints)}"

    def _judged(self, outcome: HostOutcome) -> str:
        """Why the rollout is held after a failure, or an empty text."""
        failed = Counter(one.wave for one in self._outcomes.values() if one.outcome in FAILURES)
        if self._has_canaries and outcome.wave == CANARY_WAVE:
            return f"the canary {outcome.host} failed"
        if failed.total() > self._max_failures:
            return f"{failed.total()} appliances failed, {self._max_failures} are borne"
        size = self._sizes.get(outcome.wave, 0)
        if size and is_beyond(failed[outcome.wave], size, self._max_failure_share):
            share = f"{self._max_failure_share:.0%} of a wave are borne"
            return f"{failed[outcome.wave]} of {size} appliances of wave {outcome.wave} failed, {share}"
        return ""

    def _health(self, wave: int) -> WaveHealth:
        outcomes = tuple(one.outcome for one in self._outcomes.values() if one.wave == wave)
        return WaveHealth(wave, outcomes, tuple(self._measured.get(wave, {}).values()))
