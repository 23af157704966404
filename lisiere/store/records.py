"""The records as others see them: plans, runs, the journal, readings, leases. Models of `lisiere.model` in and out."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Self

from lisiere.errors import RecordError
from lisiere.model.plan import ApplianceStatus, Drift, HostOutcome, Plan, Run, RunStatus
from lisiere.model.record import (
    Interruption,
    JournalCheck,
    JournalEntry,
    Lease,
    LeaseAnswer,
    PlanSummary,
    Reading,
    Result,
    RunSummary,
    World,
)
from lisiere.store import configurations, journal, leases, plans, readings, runs, schema, worlds
from lisiere.store.compliance import ComplianceRecords
from lisiere.store.databases import Database
from lisiere.store.futures import then
from lisiere.store.ids import now
from lisiere.store.journal import Note
from lisiere.store.process import this_process
from lisiere.store.request_records import RequestRecords
from lisiere.store.transactions import TransactionRecords
from lisiere.store.worker import Turn, Worker

LEASE_TIME = timedelta(minutes=15)


class Records:
    """One open database; made by `lisiere.store.setup.connect`. Safe to share between threads, not between processes.

    Everything written is durable on return, all of it or nothing, and may be written again. `at` is the instant of what
    happened; None asks the clock. Every method may raise RecordError when the database cannot do what was asked.
    """

    def __init__(self, database: Database, *, clock: Callable[[], datetime] = now) -> None:
        self._alias, self._clock, self._place = database.alias, clock, database.place
        self._worker = Worker(self._alias, place=self._place, lock=partial(schema.take_turn, self._alias))
        self.compliance = ComplianceRecords(self._alias, self._worker, clock=clock)
        self.requests = RequestRecords(self._alias, self._worker, clock=clock)
        self.transactions = TransactionRecords(self._alias, self._worker, clock=clock)
        self._journal = partial(self._append, self._alias)
        self._outcomes = partial(runs.record_outcomes, self._alias)
        self._results = partial(runs.record_results, self._alias)
        self._readings = partial(readings.record, self._alias)
        try:
            self._worker.read(lambda: schema.bring_up_to_date(database))
        except RecordError:
            self._worker.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Records({self._place!r})"

    def close(self) -> None:
        """Let go of the database; closing twice is fine."""
        self._worker.close()

    # ---- whose they are --------------------------------------------------------------------------

    def check(self, world: World) -> None:
        """UsageError when what is on record is of the other world; what is lab is never taken for appliances."""
        self._worker.read(lambda: worlds.check(self._alias, world))

    def claim(self, world: World) -> None:
        """The same, and from now on nothing of the other world is kept here."""
        self._worker.write(lambda: worlds.claim(self._alias, world))

    # ---- configurations --------------------------------------------------------------------------

    def put_configurations(self, texts: Iterable[str]) -> tuple[str, ...]:
        """Keep configuration texts, once per content; their SHA-256, in order."""
        texts = tuple(texts)
        return self._worker.write(lambda: configurations.put(self._alias, texts))

    def put_configuration(self, text: str) -> str:
        """Keep one configuration text; its SHA-256."""
        return self.put_configurations([text])[0]

    def get_configurations(self, hashes: Iterable[str]) -> dict[str, str]:
        """The texts of hashes. RecordError names a hash that is unknown, or whose text was altered."""
        hashes = tuple(hashes)
        return self._worker.read(lambda: configurations.get(self._alias, hashes))

    def get_configuration(self, sha256: str) -> str:
        """The text of a hash."""
        return self.get_configurations([sha256])[sha256]

    # ---- plans -----------------------------------------------------------------------------------

    def save_plan(self, plan: Plan, *, texts: Iterable[str] = ()) -> None:
        """Keep a plan, together with the intended and running texts that it speaks of.

        Raises:
            PlanError: The plan was altered after it was frozen, or another plan has its name.
        """
        texts = tuple(texts)
        self._worker.write(lambda: plans.save(self._alias, plan, texts=texts))

    def load_plan(self, name: str) -> Plan:
        """A plan by its name, the beginning of it, or `last`.

        Raises:
            UnknownError: No plan or several have that name.
            PlanError: It was altered on record.
        """
        return self._worker.read(lambda: plans.load(self._alias, name))

    def list_plans(self, *, limit: int = 20) -> tuple[PlanSummary, ...]:
        """The newest plans first."""
        return self._worker.read(lambda: plans.summaries(self._alias, limit=limit))

    # ---- runs ------------------------------------------------------------------------------------

    def start_run(self, plan_id: str, *, started_by: str, at: datetime | None = None) -> Run:
        """Begin a run of a plan, carried out by this process.

        Raises:
            PlanError: The plan is not on record.
        """
        at, process = at or self._clock(), this_process()
        return self._worker.write(
            lambda: runs.start(self._alias, plan_id, started_by=started_by, at=at, process=process)
        )

    def resume_run(self, name: str, *, at: datetime | None = None) -> Run:
        """Take up a run that was interrupted, stopped or failed; RecordError when there is nothing to take up."""
        at, process = at or self._clock(), this_process()
        return self._worker.write(lambda: runs.resume(self._alias, name, at=at, process=process))

    def finish_run(self, run_id: str, *, status: RunStatus, at: datetime | None = None) -> None:
        """End a run, and give back its leases; TakenOverError when another process has taken it up."""
        at, process = at or self._clock(), this_process()
        self._worker.write(lambda: runs.finish(self._alias, run_id, status=status, at=at, process=process))

    def record_outcomes(self, run_id: str, outcomes: Iterable[HostOutcome]) -> None:
        """Keep what became of appliances in a run; the last word on an appliance replaces the one before."""
        self._worker.write_with_others(self._outcomes, (run_id, tuple(outcomes)))

    def record_results(self, run_id: str, results: Iterable[Result]) -> None:
        """Keep all that came of appliances in a run, in one piece; threads that wait share one commit."""
        self.record_results_soon(run_id, results).result()

    def record_results_soon(self, run_id: str, results: Iterable[Result]) -> Future[None]:
        """The same for those who do not wait; it may take a moment longer, so that many are kept in one piece."""
        return self._worker.write_soon(self._results, (run_id, tuple(results)), turn=Turn.WAITING)

    def cancel_run(self, name: str, *, by: str, at: datetime | None = None) -> RunStatus:
        """Ask for the end of a run; INTERRUPTED when its process died and the asker has to bring it to its end."""
        at, process = at or self._clock(), this_process()
        return self._worker.write(lambda: runs.cancel(self._alias, name, by=by, at=at, process=process))

    def load_run(self, name: str, *, at: datetime | None = None) -> Run:
        """A run by its name, the beginning of it, or `last`; INTERRUPTED when its process died."""
        at = at or self._clock()
        return self._worker.read(lambda: runs.load(self._alias, name, at=at))

    def list_runs(self, *, limit: int = 20, at: datetime | None = None) -> tuple[RunSummary, ...]:
        """The newest runs first."""
        at = at or self._clock()
        return self._worker.read(lambda: runs.summaries(self._alias, limit=limit, at=at))

    def interruptions(self, *, at: datetime | None = None) -> tuple[Interruption, ...]:
        """The runs whose process died, newest first, with the last journalled step of each appliance."""
        at = at or self._clock()
        return self._worker.read(lambda: runs.interruptions(self._alias, at=at))

    # ---- journal ---------------------------------------------------------------------------------

    def journal(self, run_id: str, host: str, step: str, detail: str = "", *, at: datetime | None = None) -> str:
        """Write an entry; what it speaks of may be done once this returns. Threads that wait share one commit.

        Answers who cancelled the run, empty when nobody did: then the step is not to be taken.
        """
        return self.journal_soon(run_id, host, step, detail, at=at).result()

    def journal_soon(
        self, run_id: str, host: str, step: str, detail: str = "", *, at: datetime | None = None
    ) -> Future[str]:
        """The same for those who do not wait: what the entry speaks of may be done once the answer is there."""
        note = Note(at or self._clock(), run_id, host, step, detail)
        return then(
            self._worker.write_soon(self._journal, note, turn=Turn.AHEAD), lambda cancelled: cancelled.get(run_id, "")
        )

    @staticmethod
    def _append(alias: str, notes: Sequence[Note]) -> dict[str, str]:
        """Write entries, and see at the same time which of their runs were cancelled."""
        journal.append(alias, notes)
        return runs.cancellations(alias, {note.run_id for note in notes})

    def journal_entries(self, run_id: str, *, host: str | None = None) -> tuple[JournalEntry, ...]:
        """What was journalled for a run, or for one appliance in it, in order."""
        return self._worker.read(lambda: journal.entries(self._alias, run_id=run_id, host=host))

    def last_steps(self, run_id: str) -> tuple[JournalEntry, ...]:
        """The last entry of each appliance in a run, by name."""
        return self._worker.read(lambda: journal.last_steps(self._alias, run_id))

    def verify_journal(self) -> JournalCheck:
        """Whether the chain of the journal holds, and the first position where it does not."""
        return self._worker.read(lambda: journal.verify(self._alias))

    # ---- readings --------------------------------------------------------------------------------

    def record_readings(self, new: Sequence[Reading]) -> None:
        """Keep readings with their deviations; what deviated before keeps the time at which that was first seen."""
        self._worker.write_with_others(self._readings, tuple(new))

    def last_running(self, hosts: Iterable[str]) -> dict[str, str]:
        """SHA-256 of what each appliance ran at its last reading; one that was never read is left out."""
        hosts = tuple(hosts)
        return self._worker.read(lambda: readings.last_running(self._alias, hosts))

    def last_conforming(self, hosts: Iterable[str]) -> dict[str, tuple[str, datetime]]:
        """SHA-256 of what each appliance ran when it conformed last, and when; one that never did is left out."""
        hosts = tuple(hosts)
        return self._worker.read(lambda: readings.last_conforming(self._alias, hosts))

    def drift(self, hosts: Iterable[str] | None = None) -> tuple[Drift, ...]:
        """What deviates as of the last readings, by appliance and path; of all appliances by default."""
        hosts = None if hosts is None else tuple(hosts)
        return self._worker.read(lambda: readings.drift(self._alias, hosts))

    def status(self, hosts: Iterable[str] | None = None) -> tuple[ApplianceStatus, ...]:
        """How appliances stand, by name; one that was never read is UNREAD. Without names, all that are on record."""
        hosts = None if hosts is None else tuple(hosts)
        return self._worker.read(lambda: readings.status(self._alias, hosts))

    # ---- leases ----------------------------------------------------------------------------------

    def acquire_leases(
        self,
        run_id: str,
        hosts: Iterable[str],
        *,
        at: datetime | None = None,
        duration: timedelta = LEASE_TIME,
        looked_at: Iterable[str] = (),
    ) -> LeaseAnswer:
        """Take the leases of appliances that are free for a run; the answer tells who holds the others, since when.

        Leases that were abandoned are taken over for the appliances in `looked_at` only.
        """
        at, hosts, seen = at or self._clock(), tuple(hosts), frozenset(looked_at)
        return self._worker.write(
            lambda: leases.acquire(self._alias, run_id, hosts, at=at, duration=duration, looked_at=seen)
        )

    def renew_leases(
        self, run_id: str, *, at: datetime | None = None, duration: timedelta = LEASE_TIME
    ) -> tuple[str, ...]:
        """Keep a run's leases for longer; the appliances that it still holds, none when another process has it."""
        at, process = at or self._clock(), this_process()
        return self._worker.write(lambda: leases.renew(self._alias, run_id, at=at, duration=duration, process=process))

    def release_leases(self, run_id: str, hosts: Iterable[str] | None = None) -> None:
        """Give back leases of a run, all by default."""
        hosts = None if hosts is None else tuple(hosts)
        self._worker.write(lambda: leases.release(self._alias, run_id, hosts))

    def leases(self, *, at: datetime | None = None) -> tuple[Lease, ...]:
        """The leases in force, by appliance."""
        at = at or self._clock()
        return self._worker.read(lambda: leases.holders(self._alias, at=at))
