"""Looking at appliances that a run had begun with, and bringing what it began to its end: finished, or back.

An appliance is looked at before anything is sent to it. It runs the old configuration, the new one or another, and a
timed commit waits or does not; what the run had journalled decides whose it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from nornir.core.inventory import Host

from lisiere.errors import CancelledError, DeviceError, VerificationError
from lisiere.model.hashing import sha256_of
from lisiere.model.plan import HostOutcome, Outcome, Step
from lisiere.workflow.begun import Begun
from lisiere.workflow.comparing import compare, is_saved
from nornir_tasks.applying import Care, Job
from nornir_tasks.brake import FAILURES
from nornir_tasks.fleet import open_driver
from nornir_tasks.health_words import health_from
from nornir_tasks.reverting import revert
from nornir_tasks.verifying import verify


class Held(StrEnum):
    """Which configuration an appliance runs, as far as its job is concerned."""

    OLD = "old"
    NEW = "new"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen on an appliance, before anything was sent to it."""

    running: str
    held: Held
    is_pending: bool

    def __str__(self) -> str:
        """For the journal and the person who reads it."""
        armed = "a timed commit waits" if self.is_pending else "nothing is armed"
        return f"runs the {self.held} configuration, {armed}"


def look_at(host: Host, job: Job) -> Look:
    """See what an appliance runs and whether a timed commit waits there; nothing is changed."""
    driver = open_driver(host)
    running: str = driver.get_config(retrieve="running")["running"]
    return Look(running=running, held=_held(running, job), is_pending=driver.has_pending_commit())


@dataclass(frozen=True, slots=True)
class Settled:
    """How an appliance was brought to an end.

    `is_afresh`: it runs the old configuration, and nothing speaks against applying the plan to it from the beginning.
    """

    outcome: HostOutcome
    is_afresh: bool

    @property
    def is_going_back(self) -> bool:
        """Whether its own timer still has to bring the old configuration back."""
        return self.outcome.outcome is Outcome.REVERTING


@dataclass(frozen=True, slots=True)
class _End:
    """What came of it, in words; `running` is what the appliance runs from now on, "" when that is not known."""

    outcome: Outcome
    detail: str
    running: str = ""
    is_afresh: bool = False


class Settler:
    """Brings to its end what a run had begun, one appliance at a time per call.

    Args:
        jobs: What the appliances were to get.
        begun: How far the run had got with each.
        care: As in an apply.
        is_forward: Finish what is armed when it passes verification; otherwise it goes back.
    """

    def __init__(self, jobs: Mapping[str, Job], begun: Mapping[str, Begun], care: Care, *, is_forward: bool) -> None:
        self._jobs, self._begun, self._care, self._is_forward = jobs, begun, care, is_forward

    def part(self, hosts: frozenset[str]) -> "Settler":
        """The same for some of the appliances."""
        jobs = {host: self._jobs[host] for host in hosts}
        begun = {host: self._begun[host] for host in hosts}
        return Settler(jobs, begun, self._care, is_forward=self._is_forward)

    def __call__(self, host: Host) -> Settled:
        """Look, and do what is due; what came of it is on record when this returns."""
        job, begun, started_at = self._jobs[host.name], self._begun[host.name], self._care.clock()
        try:
            self._care.journal(host.name, Step.LOOK, f"after {begun.last_step}")
            end = self._act(host, job, begun, look_at(host, job))
        except DeviceError as exc:
            end = _not_seen(exc, begun)
        except CancelledError as exc:
            end = _End(Outcome.REVERTING, str(exc))
        finished = HostOutcome(
            host=host.name,
            wave=job.change.wave,
            outcome=end.outcome,
            detail=f"{begun.reason or f'left at {begun.last_step}'}; then: {end.detail}",
            running_sha256=sha256_of(end.running) if end.running else "",
            started_at=started_at,
            ended_at=self._care.clock(),
        )
        if end.outcome in FAILURES and not end.is_afresh:
            self._care.brake.count(finished)
        self._care.keep(finished, end.running)
        return Settled(finished, end.is_afresh)

    def _act(self, host: Host, job: Job, begun: Begun, seen: Look) -> _End:
        if not begun.is_committed:
            return _untouched(seen)
        if seen.is_pending:
            return self._end_armed(host, job, begun, seen)
        if seen.held is Held.NEW:
            return _kept(host, seen)
        if seen.held is Held.OLD:
            detail = "it runs the old configuration and nothing is armed"
            return _End(Outcome.REVERTED, detail, seen.running, is_afresh=True)
        return _End(Outcome.UNKNOWN, "it runs neither the old nor the new configuration, unarmed; look at it")

    def _end_armed(self, host: Host, job: Job, begun: Begun, seen: Look) -> _End:
        """A commit of ours waits: it is confirmed if it passes, or goes back; what is of both is left to its timer."""
        if seen.held is Held.OTHER:
            return _End(Outcome.REVERTING, "a timed commit waits on neither configuration; it reverts by itself")
        if seen.held is Held.OLD:
            open_driver(host).confirm_commit()
            detail = "a timer ran on the old configuration; it was stopped"
            return _End(Outcome.REVERTED, detail, seen.running, is_afresh=True)
        if not self._is_forward:
            return self._taken_back(host, job, "it was not confirmed")
        before = health_from(begun.health).without(job.change.unsettled)
        try:
            titles, patience_s = job.probes.titles, self._care.patience_s
            verify(host, intended=job.intended, before=before, patience_s=patience_s, titles=titles)
        except VerificationError as exc:
            return self._taken_back(host, job, exc.message)
        self._care.journal(host.name, Step.CONFIRM, "found armed, verified anew")
        open_driver(host).confirm_commit()
        return _End(Outcome.APPLIED, "found armed, verified over a new session and confirmed", seen.running)

    def _taken_back(self, host: Host, job: Job, reason: str) -> _End:
        self._care.journal(host.name, Step.REVERT, reason)
        running = revert(host, change=job.change)
        return _End(Outcome.REVERTED, f"found armed, and taken back: {reason}", running)


def _kept(host: Host, seen: Look) -> _End:
    """The new configuration was confirmed; that it was also saved is seen to."""
    driver = open_driver(host)
    saved: str = driver.get_config(retrieve="startup")["startup"]
    if is_saved(running=seen.running, saved=saved):
        return _End(Outcome.APPLIED, "found confirmed and saved", seen.running)
    try:
        driver.save_config()
    except DeviceError as exc:
        return _End(Outcome.UNSAVED, f"found confirmed, but a restart would lose it: {exc.message}")
    return _End(Outcome.APPLIED, "found confirmed; saved now", seen.running)


def _untouched(seen: Look) -> _End:
    """Nothing was committed there; whatever waits is somebody else's."""
    if seen.is_pending:
        return _End(Outcome.REFUSED, "somebody else's timed commit waits for its confirmation; nothing was sent")
    if seen.held is Held.NEW:
        return _End(Outcome.UNCHANGED, "already as intended", seen.running)
    if seen.held is Held.OLD:
        return _End(Outcome.FAILED, "nothing was committed", seen.running, is_afresh=True)
    return _End(Outcome.STALE, "its configuration changed since the plan was made; nothing was sent", seen.running)


def _not_seen(exc: DeviceError, begun: Begun) -> _End:
    """It could not be looked at, or did not do what was asked."""
    if isinstance(exc, VerificationError):
        return _End(Outcome.UNKNOWN, exc.message)
    if begun.is_committed:
        return _End(Outcome.REVERTING, f"{exc.message}; what is armed reverts by itself")
    return _End(Outcome.FAILED, f"nothing was committed; {exc.message}")


def _held(running: str, job: Job) -> Held:
    if sha256_of(running) == job.change.running_sha256:
        return Held.OLD
    return Held.NEW if compare(running=running, intended=job.intended).is_empty else Held.OTHER
