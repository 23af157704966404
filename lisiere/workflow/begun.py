"""How far a run had got with each appliance, out of its journal: what has to be looked at before it goes on."""

from collections.abc import Iterable
from dataclasses import dataclass

from lisiere.model.plan import Outcome, Step
from lisiere.model.record import JournalEntry

UNSETTLED = frozenset({Outcome.REVERTING, Outcome.UNKNOWN, Outcome.UNSAVED})
"""Outcomes after which it is not known what an appliance runs, or will run after its timer or a restart."""

UNTOUCHED = frozenset({Step.LOCK})
"""Steps that send nothing to an appliance."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What a run had begun on one appliance and not brought to an end.

    Args:
        last_step: The last step that was journalled; it may or may not have been taken.
        is_committed: A commit was journalled: the appliance may run the new configuration, armed or confirmed.
        health: What worked before the commit, in the words of its journal entry; "" when it was not measured.
        reason: What was recorded of it before it was left; "" when nothing was.
    """

    last_step: str = ""
    is_committed: bool = False
    health: str = ""
    reason: str = ""


def begun_in(entries: Iterable[JournalEntry]) -> dict[str, Begun]:
    """What a run left unfinished, by appliance, from its journal in order; what came to an end is left out."""
    found: dict[str, Begun] = {}
    for one in entries:
        if not one.host or one.step in UNTOUCHED:
            continue
        if one.step == Step.RECORD and one.detail.partition(":")[0] not in UNSETTLED:
            found.pop(one.host, None)
            continue
        before = found.get(one.host, Begun())
        found[one.host] = Begun(
            last_step=before.last_step if one.step in (Step.LOOK, Step.RECORD) else one.step,
            is_committed=before.is_committed or one.step == Step.COMMIT,
            health=one.detail if one.step == Step.LOAD else before.health,
            reason=one.detail.partition(": ")[2] if one.step == Step.RECORD and not before.reason else before.reason,
        )
    return found
