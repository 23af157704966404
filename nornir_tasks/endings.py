"""How an end of a transaction ended, as an outcome of its run."""

from lisiere.errors import (
    ConfigRejectedError,
    HalfAppliedError,
    LisiereError,
    PendingCommitError,
    SilentLossError,
    StaleError,
)
from lisiere.model.plan import Outcome
from lisiere.model.transaction import Side
from lisiere.workflow.transactions import Reached
from nornir_tasks.moving import Moved, Rest

REFUSALS = (ConfigRejectedError, HalfAppliedError, PendingCommitError, SilentLossError)


def ended_as(
    moved: Moved, side: Side, reached: Reached, *, fault: LisiereError | None, reason: str
) -> tuple[Outcome, str]:
    """The outcome of one end and its words.

    Args:
        moved: What came of the last step towards the side.
        side: Where it was to be.
        reached: How far the transaction had got with it.
        fault: What went wrong with it, if anything did.
        reason: Why all ends are on this side.
    """
    if side is Side.NEW:
        return (Outcome.APPLIED, moved.detail) if moved.rest is Rest.THERE else (Outcome.UNKNOWN, moved.detail)
    said = reason if fault is None else str(fault)
    if reached.committed_at is None:
        return _untouched(fault), said
    if moved.rest is Rest.THERE:
        return Outcome.REVERTED, f"{said}; {moved.detail}"
    is_timed = moved.rest is Rest.AGAIN and not reached.may_be_new
    return (Outcome.REVERTING if is_timed else Outcome.UNKNOWN), f"{said}; then: {moved.detail}"


def _untouched(fault: LisiereError | None) -> Outcome:
    """Nothing was committed there."""
    if fault is None:
        return Outcome.SKIPPED
    if isinstance(fault, StaleError):
        return Outcome.STALE
    return Outcome.REFUSED if isinstance(fault, REFUSALS) else Outcome.FAILED
