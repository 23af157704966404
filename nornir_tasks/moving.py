"""Bringing one end of a transaction to a side, whatever it is found on: a step that may be taken again and again.

It runs the old configuration, the new one or another, and a timed commit waits or does not. What the journal knows
decides whose that is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from nornir.core.inventory import Host

from lisiere.errors import (
    ConfigRejectedError,
    DeviceError,
    HalfAppliedError,
    LisiereError,
    RecordError,
    SilentLossError,
    StaleError,
    VerificationError,
)
from lisiere.model.hashing import sha256_of
from lisiere.model.plan import Step
from lisiere.model.transaction import Side
from lisiere.workflow.comparing import compare, is_saved
from lisiere.workflow.transactions import Reached
from nornir_tasks.ends import End, EndStep, arm
from nornir_tasks.fleet import close_driver, open_driver
from nornir_tasks.settling import Held, Look

CONTRARY = (ConfigRejectedError, HalfAppliedError, SilentLossError, StaleError, VerificationError)
"""What an appliance answers that could be reached and does not do it; anything else may be over the next time."""


class Rest(StrEnum):
    """How an end stands after a step towards a side.

    THERE is at rest on that side. GONE was to be new and has gone back by itself. AGAIN may still come there: it is
    away, or its timer still runs. REFUSED was reached and did not do it. NEITHER runs what is not ours: for a person.
    """

    THERE = "there"
    GONE = "gone"
    AGAIN = "again"
    REFUSED = "refused"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Moved:
    """What came of a step: how the end stands, why, and what it runs ("" when that was not seen)."""

    rest: Rest
    detail: str
    running: str = ""


@dataclass(frozen=True)
class MoveEnd(EndStep):
    """Bring ends to a side; what has been begun on each is known from the journal."""

    reached: Mapping[str, Reached]
    side: Side

    def __call__(self, host: Host) -> Moved:
        """Look, and do what is due."""
        end, reached = self.ends[host.name], self.reached.get(host.name, Reached())
        if reached.committed_at is None and self.side is Side.OLD:
            return Moved(Rest.THERE, "nothing was committed there")
        try:
            self.care.journal(host.name, Step.LOOK, f"to have it {self.side}")
            seen = look(host, end)
            if seen.held is Held.OTHER:
                return _neither(seen)
            return self._forward(host, end, seen, reached) if self.side is Side.NEW else self._back(host, end, seen)
        except CONTRARY as exc:
            return Moved(Rest.REFUSED, exc.message)
        except DeviceError as exc:
            return Moved(Rest.AGAIN, exc.message)

    # ---- forward -------------------------------------------------------------------------------------------------

    def _forward(self, host: Host, end: End, seen: Look, reached: Reached) -> Moved:
        """New: what is armed and proven is confirmed. What has gone back waits for the others that have."""
        if seen.held is Held.OLD:
            if seen.is_pending:
                self._confirm(host, "a timer ran on the old configuration")
            return Moved(Rest.GONE, "went back by itself", seen.running)
        if not seen.is_pending:
            return Moved(Rest.THERE, _saved(host, seen.running), seen.running)
        if reached.is_unproven:
            back = self._taken_back(host, end, "armed once more, and not verified")
            return Moved(Rest.GONE, back.detail, back.running) if back.rest is Rest.THERE else back
        self._confirm(host, "all ends were verified")
        return Moved(Rest.THERE, "verified at both ends of its tunnels, and confirmed", seen.running)

    # ---- back ----------------------------------------------------------------------------------------------------

    def _back(self, host: Host, end: End, seen: Look) -> Moved:
        """Old: what is armed goes back; what was confirmed gets its configuration before, armed and verified."""
        if seen.held is Held.OLD:
            if seen.is_pending:
                self._confirm(host, "a timer ran on the old configuration")
            return Moved(Rest.THERE, "the old configuration is back", seen.running)
        if seen.is_pending:
            return self._taken_back(host, end, "not all ends became new")
        arm(host, end.before, self.care, health="the configuration before")
        close_driver(host)
        self.care.journal(host.name, Step.VERIFY, "the configuration before")
        if look(host, end).held is not Held.OLD:
            raise VerificationError(host.name, "does not run the configuration before, though that was committed")
        self._confirm(host, "the configuration before")
        return self._seen_back(host, end, "was confirmed before; its configuration from before was brought back")

    def _taken_back(self, host: Host, end: End, reason: str) -> Moved:
        self.care.journal(host.name, Step.REVERT, reason)
        open_driver(host).rollback()
        return self._seen_back(host, end, "was armed, and taken back")

    def _seen_back(self, host: Host, end: End, detail: str) -> Moved:
        seen = look(host, end)
        if seen.is_pending or seen.held is not Held.OLD:
            return Moved(Rest.AGAIN, f"not back yet: {seen}")
        return Moved(Rest.THERE, detail, seen.running)

    def _confirm(self, host: Host, detail: str) -> None:
        self.care.journal(host.name, Step.CONFIRM, detail)
        open_driver(host).confirm_commit()


def unanswered(error: LisiereError | None) -> Moved:
    """How an end stands whose step did not come to an answer of its own.

    Raises:
        RecordError: It was the records that failed; nothing of it says anything about the end.
    """
    if isinstance(error, RecordError):
        raise error
    if isinstance(error, DeviceError):
        return Moved(Rest.AGAIN, error.message)
    return Moved(Rest.REFUSED, str(error))


def forget_before(host: Host) -> None:
    """Have an end that is new keep nothing of the configuration before, whose secrets are destroyed."""
    open_driver(host).forget_before()


def look(host: Host, end: End) -> Look:
    """See what an end runs and whether a timed commit waits there; nothing is changed."""
    driver = open_driver(host)
    running: str = driver.get_config(retrieve="running")["running"]
    return Look(running=running, held=_held(running, end), is_pending=driver.has_pending_commit())


def _held(running: str, end: End) -> Held:
    if sha256_of(running) == end.job.change.running_sha256:
        return Held.OLD
    if compare(running=running, intended=end.job.intended).is_empty:
        return Held.NEW
    return Held.OLD if compare(running=running, intended=end.before).is_empty else Held.OTHER


def _neither(seen: Look) -> Moved:
    """It runs neither configuration: its timer ends that, or a person has to."""
    if seen.is_pending:
        return Moved(Rest.AGAIN, "a timed commit waits on neither configuration; it reverts by itself")
    return Moved(Rest.NEITHER, "runs neither the old nor the new configuration, unarmed; look at it")


def _saved(host: Host, running: str) -> str:
    """See to it that a confirmed configuration is saved; in words."""
    driver = open_driver(host)
    if is_saved(running=running, saved=driver.get_config(retrieve="startup")["startup"]):
        return "found confirmed and saved"
    driver.save_config()
    return "found confirmed; saved now"
