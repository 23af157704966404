"""A change at several ends that is one transaction: all of them become new, or all of them are old."""

from datetime import datetime
from enum import StrEnum

from lisiere.model.base import Model


class Side(StrEnum):
    """Which configuration the ends have, or are to have: the planned one, or the one before."""

    NEW = "new"
    OLD = "old"


class Terms(Model):
    """What a run that is one transaction begins with.

    Args:
        window_s: How long each of its timed commits waits for its confirmation.
        secrets: Names of secrets whose value before is kept until it is known what the ends are.
        secret_store: The id of the store that holds them; several may share one database.
    """

    window_s: int
    secrets: tuple[str, ...] = ()
    secret_store: str = ""


class Transaction(Model):
    """A run whose ends change together.

    Args:
        run_id: The run.
        plan_id: What it carries out.
        began_at: When it began.
        window_s: How long each of its timed commits waits for its confirmation.
        decision: What was decided on record; None as long as nothing was, which means OLD once the process is gone.
        reason: Why it was decided so.
        end: What all ends are; None while that is to be resolved.
        detail: How it came to its end, or what is left to do.
        secrets: Names of secrets whose value before is kept until the end is known, and then either of the two goes.
        secret_store: The id of the store that holds them; "" where that was not noted yet.
    """

    run_id: str
    plan_id: str
    began_at: datetime
    window_s: int
    decision: Side | None = None
    reason: str = ""
    end: Side | None = None
    detail: str = ""
    secrets: tuple[str, ...] = ()
    secret_store: str = ""

    def rotates_in(self, store_id: str) -> bool:
        """Whether it rotates secrets of this store."""
        return bool(self.secrets) and self.secret_store in ("", store_id)

    @property
    def goal(self) -> Side:
        """What its ends have to become."""
        return self.decision or Side.OLD


class Left(Model):
    """A transaction that no living process carries out and that is not at rest: its ends are not, or its run is not.

    Args:
        transaction: The transaction; with an end, only its run was left, with the leases of its appliances.
        hosts: Its ends.
    """

    transaction: Transaction
    hosts: frozenset[str]
