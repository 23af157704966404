"""Runs: begun and ended whatever happens, appliances locked, each step journalled before it is taken."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

from lisiere.errors import CancelledError, PlanError, TakenOverError
from lisiere.model.plan import Plan, Run, RunStatus, Step
from lisiere.model.record import LeaseAnswer, Result
from lisiere.store.futures import then
from lisiere.store.ids import now
from lisiere.workflow.plans import DONE

if TYPE_CHECKING:
    from lisiere.store.records import Records

LEASE_TIME = timedelta(minutes=15)
CLEANING = frozenset({Step.LOOK, Step.REVERT})
"""Steps that end what was begun: they are taken in a cancelled run too."""


class OpenRun:
    """A run that is being carried out; safe to share between the threads that work on appliances."""

    def __init__(self, records: "Records", run: Run, *, clock: Callable[[], datetime]) -> None:
        self.run, self.is_stopped, self.cancelled_by = run, False, ""
        self.is_bound = False
        """What is under way has to be brought to its end: a cancellation is noted, and stops no step."""
        self._records, self._clock = records, clock
        self._door, self._renewed_at = Lock(), clock()
        self._ledger = Lock()
        self._outcomes = {one.host: one for one in run.outcomes}
        self._locked: set[str] = set()
        self._lost: set[str] = set()

    def lock(self, hosts: Iterable[str], *, looked_at: Iterable[str] = ()) -> LeaseAnswer:
        """Take the leases of appliances, before anything is sent to them; the answer tells who holds the others.

        Args:
            hosts: The appliances.
            looked_at: Those seen with nothing armed on them, whose leases may be taken over from a run that died.
        """
        at = self._clock()
        answer = self._records.acquire_leases(self.run.id, hosts, at=at, duration=LEASE_TIME, looked_at=looked_at)
        with self._door:
            self._locked.update(answer.held)
            self._lost.difference_update(answer.held)
        return answer

    def unlock(self, hosts: Iterable[str]) -> None:
        """Give leases back."""
        hosts = frozenset(hosts)
        with self._door:
            self._locked -= hosts
        self._records.release_leases(self.run.id, hosts)

    def journal(self, host: str, step: Step, detail: str = "") -> None:
        """Journal a step; it may be taken once this returns.

        Raises:
            CancelledError: Somebody cancelled the run; the step is not to be taken.
            TakenOverError: The lease of the appliance ran out (this machine slept?) and another run has taken it.
        """
        self.journal_soon(host, step, detail).result()

    def journal_soon(self, host: str, step: Step, detail: str = "") -> Future[None]:
        """The same for those who do not wait: the step may be taken once the future is done, if it holds no error."""
        at = self._clock()
        self._renew(at)
        if host in self._lost:
            raise TakenOverError(
                f"{host}: another run took it over while this one was silent; nothing more is done to it"
            )
        written = self._records.journal_soon(self.run.id, host, step, detail, at=at)
        return then(written, lambda cancelled_by: self._go_on(step, cancelled_by))

    def _go_on(self, step: Step, cancelled_by: str) -> None:
        """Let a step be taken that is journalled, unless the run was cancelled."""
        self.cancelled_by = cancelled_by or self.cancelled_by
        if self.cancelled_by and step not in CLEANING and not self.is_bound:
            raise CancelledError(f"cancelled by {self.cancelled_by}")

    def tell(self, event: str, detail: str) -> None:
        """Journal something about the run as a whole."""
        self.cancelled_by = self._records.journal(self.run.id, "", event, detail, at=self._clock()) or self.cancelled_by

    def record(self, results: Sequence[Result]) -> None:
        """Keep what became of appliances, and what was read on them afterwards."""
        self.record_soon(results).result()

    def record_soon(self, results: Sequence[Result]) -> Future[None]:
        """The same for those who do not wait."""
        self._renew(self._clock())
        return then(self._records.record_results_soon(self.run.id, results), lambda _: self._take_note(results))

    def _take_note(self, results: Sequence[Result]) -> None:
        with self._ledger:
            self._outcomes.update((one.outcome.host, one.outcome) for one in results)

    def status(self, plan: Plan) -> RunStatus:
        """How the run stands if it ends now."""
        with self._ledger:
            is_done = all(
                change.host in self._outcomes and self._outcomes[change.host].outcome in DONE for change in plan.changes
            )
        if is_done:
            return RunStatus.SUCCEEDED
        if self.cancelled_by:
            return RunStatus.CANCELLED
        return RunStatus.STOPPED if self.is_stopped else RunStatus.FAILED

    def _renew(self, at: datetime) -> None:
        """Keep the leases alive as long as there is work; often enough, not with every step."""
        with self._door:
            if at - self._renewed_at < LEASE_TIME / 3:
                return
            held = self._records.renew_leases(self.run.id, at=at, duration=LEASE_TIME)
            self._renewed_at = at
            self._lost |= self._locked.difference(held)


@contextmanager
def carried_out(
    records: "Records",
    plan: Plan,
    *,
    started_by: str,
    resume: str = "",
    clock: Callable[[], datetime] = now,
) -> Iterator[OpenRun]:
    """A run of a plan, from its begin to its end: it is closed and its leases are given back however the block ends.

    Args:
        records: Where it is kept.
        plan: What is carried out; on record already.
        started_by: Who carries it out.
        resume: A run of this plan to take up; a new one when empty.
        clock: Tells the time.

    Raises:
        PlanError: The plan is not on record, or `resume` is a run of another one.
        RecordError: There is nothing to resume.
    """
    run = (
        _resumed(records, plan, resume, at=clock())
        if resume
        else records.start_run(plan.id, started_by=started_by, at=clock())
    )
    with ended(records, plan, run, clock=clock) as running:
        yield running


@contextmanager
def ended(records: "Records", plan: Plan, run: Run, *, clock: Callable[[], datetime] = now) -> Iterator[OpenRun]:
    """A run that this process carries out already; it is closed however the block ends."""
    running = OpenRun(records, run, clock=clock)
    try:
        yield running
    except KeyboardInterrupt:
        running.is_stopped = True
        raise
    finally:
        records.finish_run(run.id, status=running.status(plan), at=clock())


def _resumed(records: "Records", plan: Plan, name: str, *, at: datetime) -> Run:
    found = records.load_run(name, at=at)
    if found.plan_id != plan.id:
        raise PlanError(f"{found.id} is a run of {found.plan_id}, not of {plan.id}")
    return records.resume_run(found.id, at=at)
