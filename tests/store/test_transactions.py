"""Transactions on record: who may decide, and what holds when it is not known whether something was written."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING, NoReturn

import pytest

from lisiere.errors import RecordError, TakenOverError
from lisiere.model.plan import Run
from lisiere.model.transaction import Side, Terms
from tests.store.samples import names, plan_for
from tests.store.tampering import tampered

if TYPE_CHECKING:
    from lisiere.store.records import Records


def begun(records: "Records") -> Run:
    """A transaction of two ends, begun by this process, with the leases of both."""
    plan = plan_for(names(2))
    records.save_plan(plan)
    run = records.transactions.begin(plan.id, Terms(window_s=600), started_by="camille@poste")
    records.acquire_leases(run.id, names(2))
    return run


def test_who_was_taken_for_dead_decides_nothing(records: "Records") -> None:
    """Another process has taken up the run: what it decides and ends holds, whatever this one still believes."""
    run = begun(records)
    tampered(records, "UPDATE lisiere_run SET pid_started = 'another'")
    for side in Side:
        with pytest.raises(TakenOverError, match="was taken over while this process was silent"):
            records.transactions.decide(run.id, side, reason="all ends were verified", ends=names(2))
    with pytest.raises(TakenOverError):
        records.transactions.end(run.id, Side.NEW, detail="")
    found = records.transactions.load(run.id)
    assert found is not None
    assert (found.decision, found.end) == (None, None)
    assert [one.step for one in records.journal_entries(run.id) if not one.host] == ["begin"]


def test_an_end_that_another_run_works_on_forbids_the_new_side_only(records: "Records") -> None:
    """Its lease ran out and was taken over; what is armed goes back all the same."""
    run = begun(records)
    records.release_leases(run.id, names(1))
    with pytest.raises(TakenOverError, match=f"{names(1)[0]}: another run took it over"):
        records.transactions.decide(run.id, Side.NEW, reason="all ends were verified", ends=names(2))
    records.transactions.decide(run.id, Side.OLD, reason="an end was lost", ends=names(2))


def test_a_decision_turns_back_and_never_forward(records: "Records") -> None:
    """New may be followed by old; after old, nothing is."""
    run = begun(records)
    for side in (Side.NEW, Side.NEW, Side.OLD):
        records.transactions.decide(run.id, side, reason="so be it", ends=names(2))
    with pytest.raises(TakenOverError):
        records.transactions.decide(run.id, Side.NEW, reason="on second thoughts", ends=names(2))
    found = records.transactions.load(run.id)
    assert found is not None
    assert found.decision is Side.OLD


def test_a_run_and_its_transaction_begin_in_one_piece(records: "Records") -> None:
    """A run without its transaction would be taken up as one in waves."""
    plan = plan_for(names(2))
    records.save_plan(plan)
    with pytest.raises(RecordError, match="constraint"):
        records.transactions.begin(plan.id, Terms(window_s=-1), started_by="camille@poste")
    assert records.list_runs() == ()


@pytest.mark.parametrize("is_written", [True, False], ids=["written", "not-written"])
def test_a_decision_whose_answer_is_lost_is_read_back(
    is_written: bool, records: "Records", monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection goes as the commit is sent: what is on record counts."""
    run = begun(records)
    worker = records.transactions._worker
    write = worker.write

    def losing(job: Callable[[], object]) -> NoReturn:
        if is_written:
            write(job)
        raise RecordError("the connection was lost")

    with monkeypatch.context() as patched:
        patched.setattr(worker, "write", losing)
        with nullcontext() if is_written else pytest.raises(RecordError, match="the connection was lost"):
            records.transactions.decide(run.id, Side.NEW, reason="all ends were verified", ends=names(2))
    found = records.transactions.load(run.id)
    assert found is not None
    assert found.decision is (Side.NEW if is_written else None)
