"""What stops a rollout: a person, a canary that failed, or more failures than the budget allows."""

from threading import Event, Lock

from lisiere.model.plan import HostOutcome, Outcome

FAILURES = frozenset(
    {Outcome.REFUSED, Outcome.REVERTING, Outcome.REVERTED, Outcome.FAILED, Outcome.UNSAVED, Outcome.UNKNOWN}
)
"""Outcomes that count against the budget. A stale appliance was left alone: it says nothing against the change."""

EVIDENCE = frozenset({Outcome.APPLIED, Outcome.UNCHANGED})
"""Outcomes of a canary that say something for the change."""

CANARY_WAVE = 1


class Brake:
    """Counts failures as they come, from any thread; once it holds, nothing more is sent to any appliance.

    Args:
        max_failures: Failures that are borne after the canaries; one more stops the rollout.
        has_canaries: Whether the first wave is one of canaries, of which none may fail.
        interrupt: Set when a person asks for a stop.
    """

    def __init__(self, *, max_failures: int, has_canaries: bool, interrupt: Event) -> None:
        self._max_failures, self._has_canaries, self._interrupt = max_failures, has_canaries, interrupt
        self._failed: list[str] = []
        self._reason = ""
        self._has_evidence = False
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
        """Take note of how one appliance ended."""
        if outcome.wave == CANARY_WAVE and outcome.outcome in EVIDENCE:
            self._has_evidence = True
        if outcome.outcome not in FAILURES:
            return
        with self._lock:
            self._failed.append(outcome.host)
            if self._reason:
                return
            if self._has_canaries and outcome.wave == CANARY_WAVE:
                self._reason = f"the canary {outcome.host} failed"
            elif len(self._failed) > self._max_failures:
                self._reason = f"{len(self._failed)} appliances failed, {self._max_failures} are borne"

    def hold(self, reason: str) -> None:
        """Stop the rollout for a reason of its own; the first reason stays."""
        with self._lock:
            self._reason = self._reason or reason

    def end_wave(self, number: int) -> None:
        """Look at a wave that has ended: canaries that were all left alone are no evidence for the next wave."""
        if self._has_canaries and number == CANARY_WAVE and not self._has_evidence:
            self.hold("no canary was applied; make a new plan")
