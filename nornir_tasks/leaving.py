"""Ends of a transaction that are gone for good: left out of its resolution, by a person's word and with a reason."""

from dataclasses import dataclass
from datetime import datetime

from nornir.core.inventory import Host

from lisiere.errors import PlanError, UsageError
from lisiere.model.plan import Event, HostOutcome, Outcome
from lisiere.model.record import Result
from lisiere.workflow.runs import OpenRun
from nornir_tasks.fleet import FleetRunner, open_driver
from nornir_tasks.undertaking import Rollout


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Ends that are not brought to any side, for they left the inventory or were destroyed, and why."""

    hosts: frozenset[str] = frozenset()
    reason: str = ""

    def __str__(self) -> str:
        """What is added to the reason of the decision; "" when nothing is left out."""
        return f"; without {', '.join(sorted(self.hosts))}: {self.reason}" if self.hosts else ""


NOBODY = LeftOut()


def refuse_wrong(rollout: Rollout, left_out: LeftOut) -> None:
    """Only an end that is gone is left out: one that answers is brought to its side with the others.

    Raises:
        UsageError: It is no end of the transaction, or there is no reason.
        PlanError: It answers, or an end that is not left out is no longer in the inventory.
    """
    ends = {change.host for change in rollout.plan.changes}
    if strangers := sorted(left_out.hosts - ends):
        raise UsageError(f"{', '.join(strangers)}: no end of {rollout.resume}")
    if left_out.hosts and not left_out.reason.strip():
        raise UsageError("say why an end is left out: it is on record for good")
    if gone := sorted(ends - left_out.hosts - rollout.appliances.keys()):
        raise PlanError(
            f"{', '.join(gone[:5])}: no longer in the inventory or in service; bring it back, or go on without it:"
            f" `lisiere runs resolve {rollout.resume} --without {gone[0]} --reason …`"
        )
    if answering := [host for host in sorted(left_out.hosts & rollout.appliances.keys()) if _answers(rollout, host)]:
        raise PlanError(
            f"{', '.join(answering)}: answers, so it is brought to its side with the others; nothing was sent"
        )


def _answers(rollout: Rollout, host: str) -> bool:
    """Whether an appliance can be spoken to; one that has no pinned host key never was."""
    try:
        runner = FleetRunner([rollout.appliances[host]], access=rollout.access)
    except UsageError:
        return False
    answer = runner.run(greet, name="greet").get(host)
    return answer is None or answer.error is None


def greet(host: Host) -> None:
    """Open a session, and ask for nothing."""
    open_driver(host)


def leave_out(rollout: Rollout, run: OpenRun, left_out: LeftOut, *, at: datetime) -> None:
    """Put on record who is left out, by whom and why, before anything is done to the others."""
    if not left_out.hosts:
        return
    said = f"left out by {rollout.started_by}: {left_out.reason}"
    run.tell(Event.LEAVE_OUT, f"{', '.join(sorted(left_out.hosts))}, {said}")
    waves = {change.host: change.wave for change in rollout.plan.changes}
    run.record([_result(host, waves[host], said, at=at) for host in sorted(left_out.hosts)])


def _result(host: str, wave: int, said: str, *, at: datetime) -> Result:
    outcome = HostOutcome(
        host=host, wave=wave, outcome=Outcome.UNKNOWN, detail=said, running_sha256="", started_at=at, ended_at=at
    )
    return Result(outcome=outcome, running="", reading=None)
