"""Carrying out a plan: leases, then wave after wave as long as the one before is healthy, everything kept on record."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING

from lisiere.errors import PlanError
from lisiere.model.plan import HostOutcome, Outcome, Plan, PlannedChange, Run
from lisiere.model.record import Lease
from lisiere.model.site import Appliance
from lisiere.workflow.plans import remaining
from lisiere.workflow.runs import OpenRun, carried_out
from nornir_tasks.applying import Applier, Job
from nornir_tasks.brake import Brake
from nornir_tasks.evaluating import readings_of
from nornir_tasks.fleet import Access, FleetRunner
from nornir_tasks.stopping import stop_on_interrupt
from nornir_tasks.verifying import PATIENCE_S, Probes

if TYPE_CHECKING:
    from lisiere.store.records import Records

MAX_FAILURES = 5


@dataclass(frozen=True, slots=True)
class Caution:
    """How careful a rollout is.

    Args:
        max_failures: Failures borne after the canaries before nothing more is sent.
        revert_in_s: Time after which an unconfirmed commit reverts by itself.
        patience_s: How long what worked before may take to come back after a commit.
    """

    max_failures: int = MAX_FAILURES
    revert_in_s: int = 300
    patience_s: float = PATIENCE_S


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told how a rollout goes. `on_host` is called from any thread."""

    on_wave: Callable[[int, int], None] = lambda number, size: None
    on_host: Callable[[str], None] = lambda name: None


@dataclass(frozen=True, slots=True)
class Rollout:
    """One plan about to be carried out, with all that it takes; `resume` is an earlier run of it to take up."""

    plan: Plan
    appliances: Mapping[str, Appliance]
    probes: Mapping[str, Probes]
    access: Access
    records: "Records"
    started_by: str
    clock: Callable[[], datetime]
    caution: Caution = field(default_factory=Caution)
    watch: Watch = field(default_factory=Watch)
    resume: str = ""


def apply_plan(rollout: Rollout) -> Run:
    """Do what the plan says and nothing else, in waves.

    Returns:
        The run as it ended. STOPPED when a person asked for it; FAILED when an appliance is not as planned.

    Raises:
        PlanError: The plan was altered, an appliance left the inventory, or somebody else works on one.
    """
    plan, records = rollout.plan, rollout.records
    if not plan.is_intact():
        raise PlanError(f"{plan.id} was altered after it was frozen; make a new plan")
    changes = _changes(rollout)
    jobs = _jobs(rollout, changes)
    opened = carried_out(records, plan, started_by=rollout.started_by, resume=rollout.resume, clock=rollout.clock)
    with opened as run:
        answer = run.lock(jobs)
        if answer.refused:
            raise PlanError(_refusal(answer.refused))
        _Execution(rollout, run, jobs).carry_out(changes)
    return records.load_run(run.run.id)


def _changes(rollout: Rollout) -> tuple[PlannedChange, ...]:
    """What there is to do: all of the plan, or what an earlier run of it left."""
    if not rollout.resume:
        return rollout.plan.changes
    return remaining(rollout.plan, rollout.records.load_run(rollout.resume))


def _jobs(rollout: Rollout, changes: Sequence[PlannedChange]) -> dict[str, Job]:
    """What each appliance is to get, out of the records; the texts are those that were planned."""
    gone = sorted(change.host for change in changes if change.host not in rollout.appliances)
    if gone:
        raise PlanError(f"{', '.join(gone[:5])}: no longer in the inventory or in service; make a new plan")
    texts = rollout.records.get_configurations({change.intended_sha256 for change in changes})
    return {
        change.host: Job(change=change, intended=texts[change.intended_sha256], probes=rollout.probes[change.host])
        for change in changes
    }


def _refusal(refused: Sequence[Lease]) -> str:
    """Who works on appliances of ours, and since when."""
    more = f", and {len(refused) - 1} more" if len(refused) > 1 else ""
    return f"{refused[0]}{more}; nothing was sent to any appliance"


class _Execution:
    """One run under way."""

    def __init__(self, rollout: Rollout, run: OpenRun, jobs: Mapping[str, Job]) -> None:
        self._rollout, self._run, self._jobs = rollout, run, jobs
        self._runner = FleetRunner((rollout.appliances[name] for name in jobs), access=rollout.access)
        waves = {job.change.wave for job in jobs.values()}
        self._brake = Brake(
            max_failures=rollout.caution.max_failures, has_canaries=len(waves) > 1, interrupt=self._runner.stop
        )

    def carry_out(self, changes: Sequence[PlannedChange]) -> None:
        """Take the waves in order; what the brake keeps back is recorded as skipped."""
        with stop_on_interrupt(self._runner.stop):
            for number, group in groupby(changes, key=lambda change: change.wave):
                wave = list(group)
                if reason := self._brake.reason():
                    self._skip(wave, reason)
                else:
                    self._rollout.watch.on_wave(number, len(wave))
                    self._wave(wave)
                    self._brake.end_wave(number)
        self._run.is_stopped = self._brake.is_interrupted

    def _wave(self, changes: Sequence[PlannedChange]) -> None:
        """Apply one wave and keep what came of it, appliance by appliance."""
        applier = Applier(
            self._jobs,
            journal=self._run.journal,
            clock=self._rollout.clock,
            brake=self._brake,
            revert_in_s=self._rollout.caution.revert_in_s,
            patience_s=self._rollout.caution.patience_s,
            keep=self._keep,
        )
        names = [change.host for change in changes]
        answers = self._runner.run(applier, name="apply", hosts=names, progress=self._rollout.watch.on_host)
        for answer in answers.values():
            if answer.error is not None:
                raise answer.error
        self._skip([change for change in changes if change.host not in answers], self._brake.reason())

    def _keep(self, outcome: HostOutcome, running: str) -> None:
        """Record one appliance at once, from the thread that worked on it: writers share one commit."""
        if running:
            self._rollout.records.put_configurations([running])
        intended = self._jobs[outcome.host].intended
        texts = {outcome.host: running} if running else {}
        self._run.record([outcome], readings=readings_of(texts, intended={outcome.host: intended}, at=outcome.ended_at))

    def _skip(self, changes: Sequence[PlannedChange], reason: str) -> None:
        at = self._rollout.clock()
        skipped = [
            HostOutcome(
                host=change.host,
                wave=change.wave,
                outcome=Outcome.SKIPPED,
                detail=reason,
                running_sha256="",
                started_at=at,
                ended_at=at,
            )
            for change in changes
        ]
        if skipped:
            self._run.record(skipped)
