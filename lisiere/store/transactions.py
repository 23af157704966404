"""Runs whose ends change together: begun, decided, brought to their end. Called on the thread of the worker."""

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime

from django.db.models import Q, QuerySet

from lisiere.errors import CancelledError, RecordError, TakenOverError
from lisiere.model.plan import Event, Run, RunStatus
from lisiere.model.transaction import Left, Side, Terms, Transaction
from lisiere.store import journal, leases, runs
from lisiere.store.ids import utc
from lisiere.store.journal import Note
from lisiere.store.models import PlannedChangeRow, TransactionRow
from lisiere.store.packing import storable
from lisiere.store.process import Process, this_process
from lisiere.store.worker import Worker


class TransactionRecords:
    """The part of the records that is about transactions; reached as `records.transactions`."""

    def __init__(self, alias: str, worker: Worker, *, clock: Callable[[], datetime]) -> None:
        self._alias, self._worker, self._clock = alias, worker, clock

    def begin(self, plan_id: str, terms: Terms, *, started_by: str, at: datetime | None = None) -> Run:
        """Begin a run of a plan, carried out by this process, that is one transaction from its first moment.

        Raises:
            PlanError: The plan is not on record.
        """
        at, process = at or self._clock(), this_process()
        return self._worker.write(
            lambda: begin(self._alias, plan_id, terms, started_by=started_by, at=at, process=process)
        )

    def decide(self, run_id: str, side: Side, *, reason: str, ends: Iterable[str] = ()) -> None:
        """Put the decision on record; once this returns, it holds whatever happens to this process.

        When the answer to a commit is lost, the decision is read back: it is there, or it is not.

        Args:
            run_id: The run, carried out by this process.
            side: What all ends are to be. OLD may follow on NEW, and never the other way.
            reason: Why.
            ends: Those whose leases the run has to hold still, for NEW.

        Raises:
            CancelledError: It was to be NEW and somebody cancelled the run before.
            TakenOverError: Another process has taken up the run, or another run one of the ends.
            RecordError: It is not on record, or nobody knows: only the record tells what it is.
        """
        at, process, held = self._clock(), this_process(), frozenset(ends)
        try:
            self._worker.write(
                lambda: decide(self._alias, run_id, side, reason=reason, at=at, process=process, ends=held)
            )
        except TakenOverError:
            raise
        except RecordError:
            if not self._worker.read(lambda: is_decided(self._alias, run_id, side, reason=reason, process=process)):
                raise

    def end(self, run_id: str, side: Side | None, *, detail: str) -> None:
        """Put on record what all ends are, or with None what is left to do.

        Raises:
            TakenOverError: Another process has taken up the run.
        """
        at, process = self._clock(), this_process()
        self._worker.write(lambda: end(self._alias, run_id, side, detail=detail, at=at, process=process))

    def forget_secrets(self, run_id: str) -> None:
        """Note that of each secret only one value is left."""
        self._worker.write(lambda: _rows(self._alias).filter(run_id=run_id).update(secrets=""))

    def load(self, run_id: str) -> Transaction | None:
        """The transaction of a run; None when its ends do not change together."""
        return self._worker.read(lambda: next(_found(_rows(self._alias).filter(run_id=run_id)), None))

    def of_plan(self, plan_id: str) -> Transaction | None:
        """The last transaction that carried out a plan; None when none began."""
        return self._worker.read(lambda: next(_found(_rows(self._alias).filter(run__plan_id=plan_id).reverse()), None))

    def open_ones(self) -> tuple[Transaction, ...]:
        """Those that have not come to their end, or whose secrets have not, oldest first; also those under way."""
        return self._worker.read(lambda: tuple(_found(_rows(self._alias).filter(~Q(secrets="") | Q(end="")))))

    def left(self) -> tuple[Left, ...]:
        """Those that no living process carries out and that are not at rest, oldest first."""
        at = self._clock()
        return self._worker.read(lambda: tuple(left(self._alias, at=at)))

    def take_up(self, run_id: str) -> Run:
        """Let this process bring the transaction of a run to its end.

        Raises:
            RecordError: The process that carries it out is alive.
        """
        at, process = self._clock(), this_process()
        return self._worker.write(lambda: take_up(self._alias, run_id, at=at, process=process))


def begin(alias: str, plan_id: str, terms: Terms, *, started_by: str, at: datetime, process: Process) -> Run:
    """Begin a run and its transaction in one piece: one without the other would be taken for a run in waves."""
    run = runs.start(alias, plan_id, started_by=started_by, at=at, process=process)
    TransactionRow.objects.using(alias).create(
        run_id=run.id,
        began_at=utc(at),
        window_s=terms.window_s,
        decision="",
        reason="",
        end="",
        detail="",
        secrets="\n".join(sorted(terms.secrets)),
        secret_store=terms.secret_store,
    )
    return run


def decide(
    alias: str, run_id: str, side: Side, *, reason: str, at: datetime, process: Process, ends: Collection[str]
) -> None:
    """Decide, and journal it in the same piece; only who carries out the run and holds all of its ends can."""
    cancelled_by = runs.cancellations(alias, [run_id]).get(run_id, "")
    if side is Side.NEW and cancelled_by:
        raise CancelledError(f"cancelled by {cancelled_by}")
    rows = _of(alias, run_id, process).filter(end="")
    if side is Side.NEW:
        rows = rows.exclude(decision=Side.OLD)
        if lost := sorted(set(ends) - leases.held_by(alias, run_id)):
            raise TakenOverError(f"{lost[0]}: another run took it over while this one was silent; nothing was decided")
    if not rows.update(decision=side, reason=storable(reason)):
        raise runs.taken_over(alias, run_id)
    journal.append(alias, [Note(at, run_id, "", Event.DECIDE, f"{side}: {reason}")])


def is_decided(alias: str, run_id: str, side: Side, *, reason: str, process: Process) -> bool:
    """Whether a decision is on record, and this process carries the run out still."""
    return _of(alias, run_id, process).filter(decision=side, reason=storable(reason)).exists()


def end(alias: str, run_id: str, side: Side | None, *, detail: str, at: datetime, process: Process) -> None:
    """End a transaction, or say what is left to do; in the same piece as its entry in the journal."""
    if not _of(alias, run_id, process).update(end=side or "", detail=storable(detail)):
        raise runs.taken_over(alias, run_id)
    said = f"all ends are {side}" if side else "to be resolved"
    journal.append(alias, [Note(at, run_id, "", Event.RESOLVE, f"{said}: {detail}")])


def left(alias: str, *, at: datetime) -> Iterator[Left]:
    """What transactions of processes that ended or died have left, seen at one moment."""
    for row in _rows(alias).filter(Q(end="") | Q(run__status=RunStatus.RUNNING)):
        if row.run.status == RunStatus.RUNNING and not runs.is_dead(row.run, at):
            continue
        hosts = PlannedChangeRow.objects.using(alias).filter(plan_id=row.run.plan_id).values_list("host", flat=True)
        yield Left(transaction=_transaction(row), hosts=frozenset(hosts))


def take_up(alias: str, run_id: str, *, at: datetime, process: Process) -> Run:
    """Give a run to a process, however it ended, unless another one works on it."""
    run = runs.load(alias, run_id, at=at)
    if run.status is not RunStatus.RUNNING:
        return runs.take_over(alias, run_id, at=at, process=process)
    if not runs.is_of(alias, run_id, process):
        raise RecordError(f"{run_id} is still carried out; its ends are brought to their end by that")
    return run


def _of(alias: str, run_id: str, process: Process) -> QuerySet[TransactionRow]:
    """The transaction of a run as long as this process carries it out: who asks and who writes are one statement."""
    owner = {f"run__{name}": value for name, value in runs.owned_by(process).items()}
    return TransactionRow.objects.using(alias).filter(run_id=run_id, **owner)


def _rows(alias: str) -> QuerySet[TransactionRow]:
    return TransactionRow.objects.using(alias).select_related("run").order_by("began_at", "run_id")


def _found(rows: Iterable[TransactionRow]) -> Iterator[Transaction]:
    return (_transaction(row) for row in rows)


def _transaction(row: TransactionRow) -> Transaction:
    return Transaction(
        run_id=row.run_id,
        plan_id=row.run.plan_id,
        began_at=utc(row.began_at),
        window_s=row.window_s,
        decision=Side(row.decision) if row.decision else None,
        reason=row.reason,
        end=Side(row.end) if row.end else None,
        detail=row.detail,
        secrets=tuple(row.secrets.splitlines()),
        secret_store=row.secret_store,
    )
