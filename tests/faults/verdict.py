"""What must hold at the end of every cell, whatever went wrong in it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.fleet import Handle
from lisiere.model.plan import HostOutcome, Outcome, Plan
from lisiere.workflow.begun import begun_in
from tests.faults.stage import NEW, OLD, changed

if TYPE_CHECKING:
    from lisiere.store.records import Records

ON_NEW = frozenset({Outcome.APPLIED, Outcome.UNCHANGED, Outcome.UNSAVED})
ON_OLD = frozenset({Outcome.REVERTED, Outcome.REFUSED, Outcome.FAILED, Outcome.STALE, Outcome.SKIPPED})


@dataclass(frozen=True)
class Verdict:
    """What a cell ended with: on which configuration, and how often one of the dangers came true."""

    outcome: Outcome
    is_new: bool
    mixed: int
    armed: int
    pushed_twice: int
    wrong_record: int

    def __str__(self) -> str:
        return f"{self.outcome}"


def judge(handle: Handle, records: "Records", plan: Plan, outcome: HostOutcome) -> Verdict:
    """Compare what an appliance runs with what is on record, and count its pushes."""
    running = handle.running_set()
    is_new, is_old = changed(running) == changed(NEW), changed(running) == changed(OLD)
    said_new, said_old = outcome.outcome in ON_NEW, outcome.outcome in ON_OLD
    is_told = (said_new and is_new) or (said_old and is_old)
    (change,) = plan.changes
    known = {change.running_sha256: is_old, "": True}
    is_text_right = known.get(outcome.running_sha256, is_new)
    is_closed = not begun_in(records.journal_entries("last")) or outcome.outcome is Outcome.UNSAVED
    sound = records.verify_journal().is_sound and records.leases() == ()
    return Verdict(
        outcome=outcome.outcome,
        is_new=is_new,
        mixed=int(not is_new and not is_old),
        armed=int(handle.is_pending),
        pushed_twice=handle.counters.repeats,
        wrong_record=int(not (is_told and is_text_right and is_closed and sound)),
    )
