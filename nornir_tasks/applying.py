"""Applying a frozen plan on one appliance.

Each step is journalled before it is taken, and a timed revert covers the risky part.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from nornir.core.inventory import Host

from lisiere.errors import (
    CancelledError,
    ConfigRejectedError,
    DeviceError,
    HalfAppliedError,
    LisiereError,
    PendingCommitError,
    SecretError,
    SilentLossError,
    StaleError,
    VerificationError,
)
from lisiere.model.hashing import sha256_of
from lisiere.model.plan import HostOutcome, Outcome, PlannedChange, Step
from lisiere.workflow.begun import UNSETTLED
from nornir_tasks.arming import is_as_intended, load_and_arm
from nornir_tasks.brake import Brake
from nornir_tasks.fleet import close_driver, open_driver
from nornir_tasks.health import Measured
from nornir_tasks.health_words import words_of
from nornir_tasks.reverting import revert
from nornir_tasks.verifying import PATIENCE_S, Health, Probes, check, measure

Journal = Callable[[str, Step, str], None]
"""`journal(host, step, detail)`; when it returns, the entry survives a crash and the step may be taken.

It raises CancelledError when the run was cancelled.
"""

Keep = Callable[[HostOutcome, str], None]
"""`keep(outcome, running)` records one appliance; `running` is the text as last read, "" when it was not read."""


@dataclass(frozen=True, slots=True)
class Job:
    """What one appliance is to get."""

    change: PlannedChange
    intended: str
    probes: Probes


@dataclass(frozen=True, slots=True)
class Care:
    """What a step on one appliance needs besides its job; the same for a whole run.

    The functions and the brake stay in the process that carries out the run, wherever the step is taken.
    """

    journal: Journal
    keep: Keep
    clock: Callable[[], datetime]
    brake: Brake
    revert_in_s: int
    patience_s: float = PATIENCE_S


@dataclass(slots=True)
class _Progress:
    """How far one appliance has got; decides what an error means."""

    step: Step = Step.LOCK
    is_committed: bool = False
    running: str = ""
    commit_s: float = 0.0
    health: Health = field(default_factory=lambda: Health(frozenset(), frozenset()))


class Applier:
    """Carries out a plan's changes, one appliance at a time per call."""

    def __init__(self, jobs: Mapping[str, Job], care: Care) -> None:
        self._jobs, self._care = jobs, care

    def part(self, hosts: frozenset[str]) -> "Applier":
        """The same for some of the appliances."""
        return Applier({host: self._jobs[host] for host in hosts}, self._care)

    def __call__(self, host: Host) -> HostOutcome:
        """Apply one job; every device error becomes an outcome, and is on record when this returns."""
        job, started_at, state = self._jobs[host.name], self._care.clock(), _Progress()
        try:
            outcome, detail = self._carry_out(host, job, state)
        except CancelledError as exc:
            outcome, detail = self._cancelled(host, job, state, str(exc))
        except VerificationError as exc:
            outcome, detail = self._revert(host, job, state, f"{state.step}: {exc.message}")
        except PendingCommitError as exc:
            # What runs is somebody's trial: it says nothing of what will run.
            state.running = ""
            outcome, detail = Outcome.REFUSED, f"{state.step}: {exc.message}"
        except DeviceError as exc:
            outcome, detail = _meaning(exc, state), f"{state.step}: {exc.message}"
        except SecretError as exc:
            outcome, detail = _left_behind(state), f"{state.step}: {exc}"
        except Exception as exc:
            # Nobody foresaw it: what it left behind is recorded, nothing more is sent to anybody, and it flies on.
            self._care.brake.hold(f"something unforeseen happened on {host.name}")
            with suppress(LisiereError):
                self._finish(job, state, started_at, _left_behind(state), f"{state.step}: {type(exc).__name__}")
            raise
        return self._finish(job, state, started_at, outcome, detail)

    def _finish(self, job: Job, state: _Progress, started_at: datetime, outcome: Outcome, detail: str) -> HostOutcome:
        """Word one outcome, count it, and put it on record."""
        running = "" if outcome in UNSETTLED else state.running
        finished = HostOutcome(
            host=job.change.host,
            wave=job.change.wave,
            outcome=outcome,
            detail=detail,
            running_sha256=sha256_of(running) if running else "",
            started_at=started_at,
            ended_at=self._care.clock(),
        )
        self._care.brake.count(finished)
        self._care.keep(finished, running)
        return finished

    def _carry_out(self, host: Host, job: Job, state: _Progress) -> tuple[Outcome, str]:
        if reason := self._care.brake.reason():
            return Outcome.SKIPPED, reason
        self._enter(host, state, Step.CONNECT)
        driver = open_driver(host)
        state.running = driver.get_config(retrieve="running")["running"]
        if is_as_intended(host, job.change, running=state.running, intended=job.intended):
            return Outcome.UNCHANGED, "already as intended"
        state.health = measure(host, job.probes)
        if reason := self._care.brake.reason():
            return Outcome.SKIPPED, reason
        self._change(host, job, state)
        self._enter(host, state, Step.VERIFY)
        close_driver(host)
        self._verify(host, job, state)
        self._enter(host, state, Step.CONFIRM)
        open_driver(host).confirm_commit()
        self._enter(host, state, Step.REREAD)
        state.running = open_driver(host).get_config(retrieve="running")["running"]
        return Outcome.APPLIED, "applied and verified over a new session"

    def _change(self, host: Host, job: Job, state: _Progress) -> None:
        """Load, compare with the plan, commit with a timed revert."""
        state.commit_s = load_and_arm(
            host,
            job.intended,
            enter=lambda step, detail: self._enter(host, state, step, detail),
            revert_in_s=self._care.revert_in_s,
            health=words_of(state.health),
            difference=job.change.difference,
        )

    def _verify(self, host: Host, job: Job, state: _Progress) -> None:
        """See over a new session that all is well, and let the brake know what was measured.

        A tunnel whose other end is changed by the same plan may be down until that is done.
        """
        began, before = time.monotonic(), state.health.without(job.change.unsettled)
        titles, patience_s = job.probes.titles, self._care.patience_s
        seen = check(host, intended=job.intended, before=before, patience_s=patience_s, titles=titles)
        measured = Measured(
            tunnels_expected=len(before.tunnels_up),
            tunnels_up=len(before.tunnels_up) - len(seen.missing.tunnels_up),
            addresses_expected=len(before.reachable),
            addresses_answering=len(before.reachable) - len(seen.missing.reachable),
            retries=seen.retries,
            commit_s=state.commit_s,
            verify_s=time.monotonic() - began,
        )
        self._care.brake.measured(host.name, job.change.wave, measured)
        if seen.complaint:
            raise VerificationError(host.name, seen.complaint)
        state.running = seen.running

    def _cancelled(self, host: Host, job: Job, state: _Progress, reason: str) -> tuple[Outcome, str]:
        """A run that was cancelled: what is armed goes back, what was not committed is left as it is."""
        if state.is_committed and state.step in (Step.COMMIT, Step.VERIFY):
            return self._revert(host, job, state, reason)
        if state.step in (Step.CONFIRM, Step.REREAD):
            return Outcome.APPLIED, f"confirmed before the run was {reason}"
        return Outcome.SKIPPED, reason

    def _revert(self, host: Host, job: Job, state: _Progress, reason: str) -> tuple[Outcome, str]:
        """Bring the old configuration back at once; where that fails, the timer does it."""
        try:
            self._enter(host, state, Step.REVERT, reason)
            state.running = revert(host, change=job.change)
        except VerificationError as exc:
            return Outcome.UNKNOWN, f"{reason}; {exc.message}"
        except DeviceError as exc:
            return Outcome.REVERTING, f"{reason}; not brought back at once: {exc.message}; it reverts by itself"
        return Outcome.REVERTED, f"{reason}; the old configuration is back"

    def _enter(self, host: Host, state: _Progress, step: Step, detail: str = "") -> None:
        """Journal a step, then take it."""
        self._care.journal(host.name, step, detail)
        state.step, state.is_committed = step, state.is_committed or step is Step.COMMIT


def _left_behind(state: _Progress) -> Outcome:
    """What an unforeseen exception leaves, given how far the appliance had got."""
    if state.step in (Step.CONFIRM, Step.REREAD):
        return Outcome.UNKNOWN
    return Outcome.REVERTING if state.is_committed else Outcome.FAILED


def _meaning(exc: DeviceError, state: _Progress) -> Outcome:
    """What an error leaves behind, given how far the appliance had got."""
    if isinstance(exc, StaleError):
        return Outcome.STALE
    if isinstance(exc, HalfAppliedError):
        return Outcome.REFUSED if exc.restored else Outcome.UNKNOWN
    if isinstance(exc, ConfigRejectedError | SilentLossError):
        return Outcome.REFUSED
    if state.step is Step.CONFIRM:
        return Outcome.UNKNOWN
    if state.is_committed:
        return Outcome.REVERTING if state.step is not Step.REREAD else Outcome.APPLIED
    return Outcome.FAILED
