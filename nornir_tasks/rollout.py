"""Carrying out a plan: leases, then wave after wave as long as the one before is healthy, everything kept on record."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING

from lisiere.errors import PlanError, ProcessLostError
from lisiere.model.plan import Event, HostOutcome, Outcome, Plan, PlannedChange, Run
from lisiere.model.record import Lease, Result
from lisiere.model.site import Appliance
from lisiere.workflow.begun import Begun, begun_in
from lisiere.workflow.plans import DONE, remaining
from lisiere.workflow.runs import OpenRun, carried_out, ended
from nornir_tasks.applying import Applier, Care, Job
from nornir_tasks.brake import MAX_FAILURE_SHARE, MAX_FAILURES, Brake
from nornir_tasks.evaluating import readings_of
from nornir_tasks.fleet import Access, Answer, FleetRunner
from nornir_tasks.health import HealthLimits
from nornir_tasks.home import Home, Promise
from nornir_tasks.probes import probes_within
from nornir_tasks.reading import read_fleet
from nornir_tasks.settling import Settled, Settler
from nornir_tasks.stopping import stop_on_interrupt
from nornir_tasks.verifying import PATIENCE_S, Probes

if TYPE_CHECKING:
    from lisiere.store.records import Records

RESTART_S = 300
"""How long an appliance may be away when it goes back by a restart."""
LONGEST_PAUSE_S = 30.0
DIED = "the process that worked on it died"


@dataclass(frozen=True, slots=True)
class Caution:
    """How careful a rollout is.

    Args:
        max_failures: Failures borne after the canaries before nothing more is sent.
        max_failure_share: Part of a wave's appliances that may fail, 0 to 1.
        limits: How unhealthy a wave may be before the next one is held back.
        revert_in_s: Time after which an unconfirmed commit reverts by itself.
        patience_s: How long what worked before may take to come back after a commit.
        settle_s: How long those that go back by themselves are watched at the end, so that it is seen.
        pause_s: Time between two looks at them, at first; it grows.
    """

    max_failures: int = MAX_FAILURES
    max_failure_share: float = MAX_FAILURE_SHARE
    limits: HealthLimits = field(default_factory=HealthLimits)
    revert_in_s: int = 300
    patience_s: float = PATIENCE_S
    settle_s: float = 300 + RESTART_S
    pause_s: float = 2.0


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told how a rollout goes. `on_host` is called from any thread."""

    on_wave: Callable[[int, int], None] = lambda number, size: None
    on_host: Callable[[str], None] = lambda name: None
    on_note: Callable[[str], None] = lambda text: None


@dataclass(frozen=True, slots=True)
class Rollout:
    """One plan about to be carried out, with all that it takes.

    `resume` is an earlier run of it to take up. `reference` holds the texts that readings are judged by where these are
    not the planned ones: after a rollback, an appliance does not conform. `after` is called with the run as it ended.
    """

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
    reference: Mapping[str, str] = field(default_factory=dict)
    after: Callable[[Run], None] = lambda run: None


def apply_plan(rollout: Rollout) -> Run:
    """Do what the plan says and nothing else, in waves.

    A run that is resumed first looks at every appliance that it had begun with, and finishes or takes back what it
    finds. At the end, appliances that go back by themselves are watched until they are back.

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
        execution = _Execution(rollout, run, jobs)
        execution.lock()
        left_out = execution.take_up() if rollout.resume else frozenset()
        execution.carry_out([change for change in changes if change.host not in left_out])
        execution.watch_reverts()
    found = records.load_run(run.run.id)
    rollout.after(found)
    return found


def end_cancelled(rollout: Rollout) -> Run:
    """Bring a cancelled run, whose process died, to its end: what is armed goes back, nothing new is sent.

    Returns:
        The run as it ended.

    Raises:
        PlanError: An appliance left the inventory, or somebody else works on one.
    """
    plan, records = rollout.plan, rollout.records
    begun = begun_in(records.journal_entries(rollout.resume))
    jobs = _jobs(rollout, [change for change in plan.changes if change.host in begun])
    with ended(records, plan, records.load_run(rollout.resume), clock=rollout.clock) as run:
        run.cancelled_by = rollout.started_by
        execution = _Execution(rollout, run, jobs)
        execution.lock()
        execution.watch_reverts()
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
    return {change.host: _job(rollout, change, intended=texts[change.intended_sha256]) for change in changes}


def _job(rollout: Rollout, change: PlannedChange, *, intended: str) -> Job:
    probes = rollout.probes[change.host]
    return Job(change, intended, probes_within(probes, intended) if rollout.plan.rolls_back else probes)


def _refusal(refused: Sequence[Lease], reason: str = "nothing was sent to any appliance") -> str:
    """Who works on appliances of ours, and since when."""
    more = f", and {len(refused) - 1} more" if len(refused) > 1 else ""
    return f"{refused[0]}{more}; {reason}"


class _Execution:
    """One run under way."""

    def __init__(self, rollout: Rollout, run: OpenRun, jobs: Mapping[str, Job]) -> None:
        self._rollout, self._run, self._jobs = rollout, run, jobs
        self._runner = FleetRunner((rollout.appliances[name] for name in jobs), access=rollout.access)
        waves = Counter(job.change.wave for job in jobs.values())
        self._brake = Brake(
            max_failures=rollout.caution.max_failures,
            max_failure_share=rollout.caution.max_failure_share,
            has_canaries=len(waves) > 1,
            interrupt=self._runner.stop,
            wave_sizes=waves,
            limits=rollout.caution.limits,
        )
        for outcome in run.run.outcomes:
            if outcome.outcome in DONE:
                self._brake.count(outcome)

    # ---- before --------------------------------------------------------------------------------------------------

    def lock(self) -> None:
        """Take the leases; those that a dead run left are taken over once their appliances were looked at.

        Raises:
            PlanError: Somebody works on one of the appliances, or something is armed there; nothing was sent.
        """
        refused = self._run.lock(self._jobs).refused
        if living := [lease for lease in refused if not lease.is_abandoned]:
            raise PlanError(_refusal(living))
        if not refused:
            return
        self._rollout.watch.on_note(f"looking at {len(refused)} appliance(s) that another run left")
        answers = read_fleet(self._runner, hosts=[lease.host for lease in refused])
        for lease in refused:
            answer = answers.get(lease.host)
            if answer is None or answer.error is not None:
                reason = "it was not looked at" if answer is None else str(answer.error)
                advice = f"`lisiere apply --resume {lease.run_id}` or `lisiere runs cancel {lease.run_id}` ends that"
                raise PlanError(_refusal([lease], f"{reason}; {advice}"))
        if refused := self._run.lock(self._jobs, looked_at=answers).refused:
            raise PlanError(_refusal(refused))

    def take_up(self) -> frozenset[str]:
        """Bring to its end what the run had begun before; the appliances that nothing more is to be done on now."""
        begun = self._begun()
        if not begun:
            return frozenset()
        self._rollout.watch.on_note(f"looking at {len(begun)} appliance(s) that were left in the middle")
        with stop_on_interrupt(self._runner.stop):
            settled = self._settle(begun, is_forward=True)
        return frozenset(begun) - {name for name, one in settled.items() if one.is_afresh}

    # ---- the waves -----------------------------------------------------------------------------------------------

    def carry_out(self, changes: Sequence[PlannedChange]) -> None:
        """Take the waves in order; what the brake keeps back is recorded as skipped."""
        with stop_on_interrupt(self._runner.stop):
            for number, group in groupby(changes, key=lambda change: change.wave):
                wave = list(group)
                if not self._reason():
                    self._run.tell(Event.WAVE, f"wave {number}: {len(wave)} appliance(s)")
                if reason := self._reason():
                    self._end(wave, Outcome.SKIPPED, reason)
                else:
                    self._rollout.watch.on_wave(number, len(wave))
                    self._wave(wave)
                    self._brake.end_wave(number)
                    self._tell_health(number)
        self._run.is_stopped = self._brake.is_interrupted

    def _tell_health(self, wave: int) -> None:
        """Put on record, and say, what was measured on a wave and whether the next one may begin."""
        held = self._brake.reason()
        text = f"wave {wave} ended: {self._brake.health(wave).summary()}" + (f"; held: {held}" if held else "")
        self._run.tell(Event.WAVE, text)
        self._rollout.watch.on_note(text)

    def _reason(self) -> str:
        """Why nothing more is sent; empty as long as the rollout goes on."""
        if self._run.cancelled_by:
            self._brake.hold(f"cancelled by {self._run.cancelled_by}")
        return self._brake.reason()

    def _wave(self, changes: Sequence[PlannedChange]) -> None:
        """Apply one wave and keep what came of it, appliance by appliance."""
        names = [change.host for change in changes]
        applier = Applier(self._jobs, self._care())
        answers = self._runner.run(applier, name="apply", hosts=names, progress=self._rollout.watch.on_host)
        lost = _lost(answers.values())
        if lost:
            self._brake.hold(f"a process that worked on {len(lost)} appliance(s) died")
        begun = {name for name, error in lost.items() if error.was_begun}
        self._end(
            [change for change in changes if change.host in begun],
            Outcome.UNKNOWN,
            "the process that worked on it died",
        )
        left = [one for one in changes if one.host not in begun and (one.host in lost or one.host not in answers)]
        self._end(left, Outcome.SKIPPED, self._reason())

    # ---- after ---------------------------------------------------------------------------------------------------

    def watch_reverts(self) -> None:
        """Look again and again at the appliances that go back by themselves, until they are back or patience ends."""
        caution, pause_s, waited_s = self._rollout.caution, self._rollout.caution.pause_s, 0.0
        with stop_on_interrupt(self._runner.stop):
            while (begun := self._begun()) and not self._runner.stop.is_set():
                settled = self._settle(begun, is_forward=False)
                left = [name for name in begun if name not in settled or settled[name].is_going_back]
                if not left or waited_s >= caution.settle_s:
                    return
                self._rollout.watch.on_note(f"waiting for {len(left)} appliance(s) to go back: {', '.join(left[:3])}")
                self._runner.stop.wait(pause_s)
                waited_s, pause_s = waited_s + pause_s, min(2 * pause_s, LONGEST_PAUSE_S)

    def _begun(self) -> dict[str, Begun]:
        """What this run has begun and not brought to an end."""
        found = begun_in(self._rollout.records.journal_entries(self._run.run.id))
        return {name: one for name, one in found.items() if name in self._jobs}

    def _settle(self, begun: Mapping[str, Begun], *, is_forward: bool) -> dict[str, Settled]:
        settler = Settler(self._jobs, begun, self._care(), is_forward=is_forward)
        answers = self._runner.run(settler, name="settle", hosts=begun)
        _lost(answers.values())
        return {name: answer.value for name, answer in answers.items() if answer.value is not None}

    # ---- records -------------------------------------------------------------------------------------------------

    def _care(self) -> Care:
        caution = self._rollout.caution
        return Care(
            journal=Promise(self._run.journal_soon),
            keep=Promise(self._keep),
            clock=Home(self._rollout.clock),
            brake=self._brake,
            revert_in_s=caution.revert_in_s,
            patience_s=caution.patience_s,
        )

    def _keep(self, outcome: HostOutcome, running: str) -> Future[None]:
        """Record one appliance at once; those that are recorded at the same time share one commit."""
        reading = None
        if running:
            intended = self._rollout.reference.get(outcome.host) or self._jobs[outcome.host].intended
            judged = readings_of({outcome.host: running}, intended={outcome.host: intended}, at=outcome.ended_at)
            reading = judged[0]
        return self._run.record_soon([Result(outcome=outcome, running=running, reading=reading)])

    def _end(self, changes: Sequence[PlannedChange], outcome: Outcome, reason: str) -> None:
        """Record appliances that ended without a session of their own."""
        at = self._rollout.clock()
        ended = [
            HostOutcome(
                host=change.host,
                wave=change.wave,
                outcome=outcome,
                detail=reason,
                running_sha256="",
                started_at=at,
                ended_at=at,
            )
            for change in changes
        ]
        if ended:
            self._run.record([Result(outcome=one, running="", reading=None) for one in ended])


def _lost(answers: Iterable[Answer[HostOutcome] | Answer[Settled]]) -> dict[str, ProcessLostError]:
    """The appliances whose process died; any other error is no outcome of an appliance and ends the run."""
    lost = {}
    for answer in answers:
        if isinstance(answer.error, ProcessLostError):
            lost[answer.host] = answer.error
        elif answer.error is not None:
            raise answer.error
    return lost
