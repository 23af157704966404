"""A change at several ends as one transaction: the time that it takes, what speaks against it, how far one had got."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING

from lisiere.drivers.base import FINGERPRINT
from lisiere.errors import PlanError
from lisiere.model.plan import Event, Plan, Step
from lisiere.model.record import JournalEntry

if TYPE_CHECKING:
    from lisiere.store.records import Records

LONGEST_S = 3600
"""How long a timed commit waits for its confirmation at the most."""
ARM_S, LOOK_S, CONFIRM_S = 90, 20, 20
"""What an appliance takes to load and commit, to be looked at and to confirm, at the most and besides patience."""
RESERVE_S = 60
"""What is left in the window when all has gone slowly."""


@dataclass(frozen=True, slots=True)
class Window:
    """The time in which all ends have to be armed, verified and confirmed.

    Args:
        length_s: How long each timed commit waits, counted from its own begin.
        confirming_s: What all confirmations together may take; with less left of the first one's time, nothing is
            decided any more.
    """

    length_s: int
    confirming_s: int


def window_for(ends: int, *, at_once: int, patience_s: float, least_s: int) -> Window:
    """The window that so many ends need, `at_once` of them worked on at a time.

    Raises:
        PlanError: They are too many for the longest window there is; nothing was sent.
    """
    rounds = ceil(ends / max(1, at_once))
    needed_s = ceil(rounds * (ARM_S + LOOK_S + patience_s + CONFIRM_S)) + RESERVE_S
    if needed_s > LONGEST_S:
        raise PlanError(
            f"{ends} ends, {at_once} at a time, may take {needed_s} s to arm, verify and confirm, and a timed commit"
            f" waits {LONGEST_S} s at the most; change fewer appliances at once, or raise LISIERE_WORKERS"
        )
    return Window(length_s=max(needed_s, least_s), confirming_s=rounds * CONFIRM_S + RESERVE_S // 2)


def refuse_nameless(before: dict[str, str]) -> None:
    """The configuration before has to be one that can be sent again: an end that was confirmed may have to go back.

    Raises:
        PlanError: A text holds a secret without a name; nothing was sent.
    """
    if nameless := sorted(host for host, text in before.items() if FINGERPRINT.search(text)):
        raise PlanError(
            f"{', '.join(nameless[:5])}: what runs there holds secrets without a name (masked:…), so it could not be"
            " brought back as a whole; nothing was sent"
        )


def refuse_transaction(records: "Records", plan: Plan, *, resumed: str) -> None:
    """A run that is one transaction is not taken up in waves.

    Raises:
        PlanError: The run to resume is one; nothing was sent.
    """
    found = records.transactions.load(resumed) if resumed else None
    if found is not None and found.end is not None:
        raise PlanError(f"{resumed} was one transaction, and all of its ends are {found.end}: carry {plan.id} out anew")
    if found is not None:
        raise PlanError(f"{resumed} is one transaction: `lisiere runs resolve {resumed}` brings it to its end")


def refuse_unresolved(records: "Records", plan: Plan) -> None:
    """Nothing is begun on an appliance that is an end of a transaction which was left before all were new or old.

    Asked once the leases are held: who leaves one from then on does so on other appliances.

    Raises:
        PlanError: Such a one is open; nothing was sent.
    """
    hosts = {change.host for change in plan.changes}
    for one in records.transactions.left():
        shared = sorted(hosts & one.hosts)
        if shared and one.transaction.end is None:
            run_id = one.transaction.run_id
            raise PlanError(
                f"{shared[0]} is an end of {run_id}, whose ends are not all new or all old yet:"
                f" `lisiere runs resolve {run_id}` brings them there; nothing was sent"
            )


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a transaction had got with one end, out of its journal.

    Args:
        committed_at: When a commit was journalled last; None when none was: the end is untouched.
        may_be_new: A confirmation was journalled: the new configuration may stay without us.
        is_unproven: The last commit came after the last decision: nothing says that all ends were verified with it.
        health: What has to work after the change, in the words of its entry; "" when that was not measured.
    """

    committed_at: datetime | None = None
    may_be_new: bool = False
    is_unproven: bool = False
    health: str = ""

    def is_surely_old(self, *, window_s: int, restart_s: int, at: datetime) -> bool:
        """Whether its own timer has brought the old configuration back by now, seen or not."""
        if self.committed_at is None:
            return True
        return not self.may_be_new and at > self.committed_at + timedelta(seconds=window_s + restart_s)


def reached_in(entries: Iterable[JournalEntry]) -> dict[str, Reached]:
    """How far a run had got with each of its ends, from its journal in order."""
    found: dict[str, Reached] = {}
    for one in entries:
        if one.step == Event.DECIDE:
            found = {host: replace(reached, is_unproven=False) for host, reached in found.items()}
        if not one.host:
            continue
        before = found.get(one.host, Reached())
        if one.step == Step.LOAD and not before.health:
            found[one.host] = replace(before, health=one.detail)
        elif one.step == Step.COMMIT:
            found[one.host] = replace(before, committed_at=one.at, is_unproven=True)
        elif one.step == Step.CONFIRM:
            found[one.host] = replace(before, may_be_new=True)
    return found
