"""What must hold at the end of every transaction, whatever went wrong in it."""

from typing import TYPE_CHECKING

from lisiere.model.plan import Outcome, Run
from tests.faults.stage import Stage
from tests.transactions.stage import Group, sides

if TYPE_CHECKING:
    from lisiere.store.records import Records

NEW = frozenset({Outcome.APPLIED, Outcome.UNCHANGED})
OLD = frozenset({Outcome.REVERTED, Outcome.REFUSED, Outcome.FAILED, Outcome.STALE, Outcome.SKIPPED})


def judge(stage: Stage, group: Group, records: "Records", run: Run) -> tuple[str, str]:
    """What all ends are, `mixed` when they differ, and what of the records does not say so, "" when all does."""
    found = sides(stage, group)
    side = found[0] if len(set(found)) == 1 and found[0] in ("new", "old") else "mixed"
    transaction = records.transactions.load(run.id)
    wrong = []
    if transaction is None or transaction.end != side:
        wrong.append(f"on record: {transaction}")
    if not {one.outcome for one in run.outcomes} <= (NEW if side == "new" else OLD):
        wrong.append(f"outcomes: {[(one.outcome, one.detail) for one in run.outcomes]}")
    if records.transactions.open_ones() or records.leases():
        wrong.append("left open")
    if not records.verify_journal().is_sound:
        wrong.append("the journal is broken")
    return side, "; ".join([f"ends: {found}", *wrong]) if wrong or side == "mixed" else ""
