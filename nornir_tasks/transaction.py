"""A plan carried out as one transaction: all of its appliances become new, or all of them are old.

Every end is looked at, armed and verified before any is confirmed. What is decided then is on record before the first
confirmation; without a decision, the ends are old. What a process leaves when it dies is brought to its end by the next
one, by the same steps.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from lisiere.errors import CancelledError, LisiereError, PlanError, TakenOverError
from lisiere.model.hashing import sha256_of
from lisiere.model.plan import HostOutcome, Outcome, Run, RunStatus
from lisiere.model.transaction import Side, Terms
from lisiere.workflow.runs import OpenRun, ended
from lisiere.workflow.transactions import Window, refuse_nameless, refuse_unresolved, window_for
from nornir_tasks.brake import Brake
from nornir_tasks.ends import ArmEnd, End, EndCare, LookAtEnd, Looked, VerifyEnd, ends_of
from nornir_tasks.fleet import FleetRunner
from nornir_tasks.home import Promise
from nornir_tasks.keeping import Keeping
from nornir_tasks.leaving import NOBODY, LeftOut, leave_out, refuse_wrong
from nornir_tasks.locking import lock
from nornir_tasks.phases import STOPPED, failure_of
from nornir_tasks.resolving import Resolution
from nornir_tasks.stopping import StoppedError, stop_on_interrupt
from nornir_tasks.undertaking import Rollout

NO_PROCESS_DECIDED = "the process that carried it out died before it was decided"


def apply_as_one(rollout: Rollout, *, secrets: Sequence[str] = (), secret_store: str = "") -> Run:
    """Do what the plan says on all of its appliances, or on none.

    Args:
        rollout: The plan and all that it takes; its waves mean nothing here, and neither does its failure budget.
        secrets: Names of secrets whose value before is kept until it is known what the ends are.
        secret_store: The id of the store that keeps them.

    Returns:
        The run as it ended. SUCCEEDED when all are new; otherwise all are old, or `records.transactions` knows that
        this is still to be resolved.

    Raises:
        PlanError: The plan was altered, is too large for one transaction or cannot be taken back, an appliance left the
            inventory, or somebody else works on one; nothing was sent.
    """
    plan, records, caution = rollout.plan, rollout.records, rollout.caution
    if not plan.is_intact():
        raise PlanError(f"{plan.id} was altered after it was frozen; make a new plan")
    ends = ends_of(rollout)
    refuse_nameless({host: end.before for host, end in ends.items()})
    window = window_for(
        len(ends), at_once=rollout.access.workers, patience_s=caution.patience_s, least_s=caution.revert_in_s
    )
    terms = Terms(window_s=window.length_s, secrets=tuple(secrets), secret_store=secret_store)
    begun = records.transactions.begin(plan.id, terms, started_by=rollout.started_by, at=rollout.clock())
    with ended(records, plan, begun, clock=rollout.clock) as run:
        work = _Transaction(rollout, run, ends, window)
        with _untouched(rollout, run):
            work.lock()
            refuse_unresolved(records, plan)
        work.carry_out()
    return _ended(rollout, run.run.id)


def resolve(rollout: Rollout, *, waits: bool = True, left_out: LeftOut = NOBODY) -> Run:
    """Bring the ends of a transaction, whose process did not, to one side.

    Args:
        rollout: What was carried out; `resume` is its run.
        waits: Whether ends that are away are waited for; if not, each is looked at once at the most.
        left_out: Ends that are gone for good.

    Returns:
        The run as it stands now; nothing is done about one whose ends are on one side already.

    Raises:
        PlanError: An appliance left the inventory, one that is left out answers, or somebody else works on one.
        RecordError: The process that carries it out is alive.
        StoppedError: A person stopped it; how far it had come is on record.
    """
    records = rollout.records
    found = records.transactions.load(rollout.resume)
    if found is None:
        return records.load_run(rollout.resume)
    if found.end is not None:
        return _closed(rollout)
    refuse_wrong(rollout, left_out)
    ends = ends_of(rollout, without=left_out.hosts)
    with ended(records, rollout.plan, records.transactions.take_up(found.run_id), clock=rollout.clock) as run:
        runner = FleetRunner((rollout.appliances[name] for name in ends), access=rollout.access)
        lock(run, ends, runner=runner, on_note=rollout.watch.on_note)
        leave_out(rollout, run, left_out, at=rollout.clock())
        resolution = Resolution(rollout, run, ends, window_s=found.window_s, waits=waits)
        resolution.carry_out(found.goal, reason=f"{found.reason or NO_PROCESS_DECIDED}{left_out}")
    if resolution.was_stopped():
        raise StoppedError(f"stopped by a person while {found.run_id} was resolved; the next apply goes on there")
    return _ended(rollout, found.run_id)


@contextmanager
def _untouched(rollout: Rollout, run: OpenRun) -> Iterator[None]:
    """What has to hold before anything is sent: a transaction that ends here leaves its ends as they are."""
    try:
        yield
    except LisiereError as exc:
        rollout.records.transactions.end(run.run.id, Side.OLD, detail=f"nothing was sent: {exc}")
        raise


def _closed(rollout: Rollout) -> Run:
    """A run whose ends are on one side: closed, with its leases, when its process died before it did that."""
    records, run = rollout.records, rollout.records.load_run(rollout.resume)
    if run.status is not RunStatus.INTERRUPTED:
        return run
    with ended(records, rollout.plan, records.transactions.take_up(run.id), clock=rollout.clock):
        rollout.watch.on_note(f"{run.id} is at its end; its process died before it said so")
    return _ended(rollout, run.id)


def _ended(rollout: Rollout, run_id: str) -> Run:
    found = rollout.records.load_run(run_id)
    rollout.after(found)
    return found


class _Transaction:
    """One transaction under way, up to its decision."""

    def __init__(self, rollout: Rollout, run: OpenRun, ends: Mapping[str, End], window: Window) -> None:
        self._rollout, self._run, self._ends, self._window = rollout, run, ends, window
        self._runner = FleetRunner((rollout.appliances[name] for name in ends), access=rollout.access)
        brake = Brake(max_failures=0, has_canaries=False, interrupt=self._runner.stop)
        self._care = EndCare(Promise(run.journal_soon), brake, window.length_s, rollout.caution.patience_s)
        self._faults: dict[str, LisiereError] = {}
        self._why_not = ""

    def lock(self) -> None:
        """Take the leases of all ends."""
        lock(self._run, self._ends, runner=self._runner, on_note=self._rollout.watch.on_note)

    def carry_out(self) -> None:
        """Look, arm, verify and decide; then bring all ends to the side that was decided."""
        with stop_on_interrupt(self._runner.stop):
            looked = self._look()
            if self._are_all_new(looked):
                self._end_unchanged(looked)
                return
            try:
                why_not = self._try(looked)
            except TakenOverError:
                raise
            except Exception:
                self._resolution().carry_out(Side.OLD, reason="something unforeseen happened")
                raise
        self._run.is_stopped = self._runner.stop.is_set()
        side, reason = (Side.OLD, why_not) if why_not else (Side.NEW, "all ends were verified")
        self._resolution().carry_out(side, reason=reason)

    def _resolution(self) -> Resolution:
        return Resolution(self._rollout, self._run, self._ends, window_s=self._window.length_s, faults=self._faults)

    # ---- the steps -----------------------------------------------------------------------------------------------

    def _look(self) -> dict[str, Looked]:
        """See all ends, none of which is touched before."""
        self._rollout.watch.on_note(f"looking at {len(self._ends)} end(s)")
        answers = self._runner.run(LookAtEnd(self._ends, self._care), name="look", hosts=self._ends)
        self._why_not = failure_of(answers, self._ends, self._faults)
        return {host: answer.value for host, answer in answers.items() if answer.value is not None}

    def _try(self, looked: Mapping[str, Looked]) -> str:
        """Arm, verify, decide; answers why all ends have to be old, "" when they are to be new."""
        if self._why_not:
            return self._why_not
        if ahead := sorted(host for host, one in looked.items() if one.is_new):
            return f"{ahead[0]} already runs what was planned, and others do not; make a new plan"
        expected = {host: one.expected for host, one in looked.items()}
        age_s = _age(self._rollout.clock)
        for verb, step in (
            ("arming", ArmEnd(self._ends, self._care, expected)),
            ("verifying", VerifyEnd(self._ends, self._care, expected)),
        ):
            self._rollout.watch.on_note(f"{verb} {len(self._ends)} end(s)")
            answers = self._runner.run(step, name=verb, hosts=self._ends, progress=self._rollout.watch.on_host)
            if why_not := failure_of(answers, self._ends, self._faults):
                return why_not
        left_s = self._window.length_s - age_s()
        if left_s < self._window.confirming_s:
            return f"it took too long: {left_s:.0f} s are left to confirm {len(self._ends)} end(s)"
        return STOPPED if self._runner.stop.is_set() else self._decide()

    def _decide(self) -> str:
        """Put on record that all ends are to be new; answers what speaks against it."""
        try:
            self._rollout.records.transactions.decide(
                self._run.run.id, Side.NEW, reason="all ends were verified", ends=self._ends
            )
        except CancelledError as exc:
            return str(exc)
        return ""

    # ---- nothing to do -------------------------------------------------------------------------------------------

    def _are_all_new(self, looked: Mapping[str, Looked]) -> bool:
        return len(looked) == len(self._ends) and all(one.is_new for one in looked.values())

    def _end_unchanged(self, looked: Mapping[str, Looked]) -> None:
        """All ends run what was planned: nothing is sent."""
        keeping = Keeping(self._rollout, self._run, {host: end.job.intended for host, end in self._ends.items()})
        at = self._rollout.clock()
        outcomes = {
            host: HostOutcome(
                host=host,
                wave=self._ends[host].job.change.wave,
                outcome=Outcome.UNCHANGED,
                detail="already as intended",
                running_sha256=sha256_of(one.running),
                started_at=at,
                ended_at=at,
            )
            for host, one in looked.items()
        }
        self._run.record([keeping.result(one, looked[host].running) for host, one in outcomes.items()])
        self._rollout.records.transactions.end(self._run.run.id, Side.NEW, detail="all ends were new before")


def _age(clock: Callable[[], datetime]) -> Callable[[], float]:
    """How long it is since now, s: the longer of what two clocks say.

    One stands still while this machine sleeps, and the timers of the ends do not; the other one may be set back.
    """
    began, began_at = time.monotonic(), clock()
    return lambda: max(time.monotonic() - began, (clock() - began_at).total_seconds())
