"""Carrying out a plan: leases, then wave after wave as long as the one before is healthy, everything kept on record."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from lisiere.errors import PlanError, ProcessLostError
from lisiere.model.plan import Event, HostOutcome, Outcome, PlannedChange, Run
from lisiere.workflow.begun import Begun, begun_in
from lisiere.workflow.plans import DONE, remaining
from lisiere.workflow.runs import OpenRun, carried_out, ended
from lisiere.workflow.transactions import refuse_transaction, refuse_unresolved
from nornir_tasks.applying import Applier, Care, Job
from nornir_tasks.brake import Brake
from nornir_tasks.fleet import Answer, FleetRunner
from nornir_tasks.home import Home, Promise
from nornir_tasks.keeping import Keeping
from nornir_tasks.locking import lock
from nornir_tasks.settling import Settled, Settler
from nornir_tasks.stopping import stop_on_interrupt
from nornir_tasks.undertaking import LONGEST_PAUSE_S, RESTART_S, Caution, Rollout, Watch, jobs_of

__all__ = ["RESTART_S", "Caution", "Rollout", "Watch", "apply_plan", "end_cancelled"]


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
    refuse_transaction(records, plan, resumed=rollout.resume)
    changes = _changes(rollout)
    jobs = jobs_of(rollout, changes)
    opened = carried_out(records, plan, started_by=rollout.started_by, resume=rollout.resume, clock=rollout.clock)
    with opened as run:
        execution = _Execution(rollout, run, jobs)
        execution.lock()
        refuse_unresolved(records, plan)
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
    refuse_transaction(records, plan, resumed=rollout.resume)
    begun = begun_in(records.journal_entries(rollout.resume))
    jobs = jobs_of(rollout, [change for change in plan.changes if change.host in begun])
    with ended(records, plan, records.load_run(rollout.resume), clock=rollout.clock) as run:
        run.cancelled_by = rollout.started_by
        execution = _Execution(rollout, run, jobs)
        execution.lock()
        refuse_unresolved(records, plan)
        execution.watch_reverts()
    return records.load_run(run.run.id)


def _changes(rollout: Rollout) -> tuple[PlannedChange, ...]:
    """What there is to do: all of the plan, or what an earlier run of it left."""
    if not rollout.resume:
        return rollout.plan.changes
    return remaining(rollout.plan, rollout.records.load_run(rollout.resume))


class _Execution:
    """One run under way."""

    def __init__(self, rollout: Rollout, run: OpenRun, jobs: Mapping[str, Job]) -> None:
        self._rollout, self._run, self._jobs = rollout, run, jobs
        self._keeping = Keeping(rollout, run, {host: job.intended for host, job in jobs.items()})
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
        lock(self._run, self._jobs, runner=self._runner, on_note=self._rollout.watch.on_note)

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
            keep=Promise(self._keeping),
            clock=Home(self._rollout.clock),
            brake=self._brake,
            revert_in_s=caution.revert_in_s,
            patience_s=caution.patience_s,
        )

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
            self._run.record([self._keeping.result(one, "") for one in ended])


def _lost(answers: Iterable[Answer[HostOutcome] | Answer[Settled]]) -> dict[str, ProcessLostError]:
    """The appliances whose process died; any other error is no outcome of an appliance and ends the run."""
    lost = {}
    for answer in answers:
        if isinstance(answer.error, ProcessLostError):
            lost[answer.host] = answer.error
        elif answer.error is not None:
            raise answer.error
    return lost
