"""Keys rotated without a cut: the new values go to all of their appliances in one transaction, and then one is left.

Until it is known what the ends have, both values are kept. What a process leaves when it dies is settled by the next
one, by what its transaction ended as; a rotation that came to no transaction is as if it had not been begun.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from lisiere.errors import PlanError, SecretError
from lisiere.model.plan import Plan, Run
from lisiere.model.transaction import Side, Transaction
from lisiere.secrets import staging
from lisiere.secrets.agefile import AgeFileStore
from lisiere.secrets.references import find
from nornir_tasks.transaction import apply_as_one
from nornir_tasks.undertaking import Rollout

if TYPE_CHECKING:
    from lisiere.store.records import Records

ENDS = 2
_CHANGED = re.compile(r"^(?:set |delete |[-+](?!--|\+\+)).*$", re.M)


def rotate(
    store: AgeFileStore,
    names: Mapping[str, int] | Sequence[str],
    *,
    records: "Records",
    planned: Callable[[], Plan],
    agreed: Callable[[Plan], None],
    prepared: Callable[[Plan], Rollout],
) -> Run:
    """Give secrets new values on all of their appliances, or on none.

    Args:
        store: Where the values are.
        names: The secrets, each with the number of its ends that are there to be changed; two where that is not said.
        records: Where the transaction is kept.
        planned: Makes the plan that brings the values to their appliances; called when the new ones are rendered.
        agreed: Called with a plan that nothing speaks against; raises when a person does not want it.
        prepared: The plan with all that it takes to carry it out, opened after that too.

    Returns:
        The run as it ended. Of each secret one value is left then, unless its ends are still to be resolved.

    Raises:
        SecretError: One is not held, or another process rotates some.
        PlanError: An appliance cannot be planned, or would change in something else too; the values are those before.
    """
    with staging.rotating(store.path) as is_alone:
        if not is_alone:
            raise SecretError("another process rotates secrets of this store; nothing was changed")
        settle(store, records)
        _drop_unsent(store, records)
        staging.stage(store, list(names))
        try:
            plan = planned()
            refuse_more(plan, names if isinstance(names, Mapping) else dict.fromkeys(names, ENDS))
            agreed(plan)
            return apply_as_one(prepared(plan), secrets=list(names), secret_store=store.id)
        finally:
            settle(store, records)
            _drop_unsent(store, records)


def settle_left(store: AgeFileStore, records: "Records") -> None:
    """Settle what earlier rotations left; nothing is done about one that is under way, or of another store."""
    if not staging.was_ever_begun(store.path):
        return
    with staging.rotating(store.path) as is_alone:
        if is_alone:
            settle(store, records)
            _drop_unsent(store, records)


def settle(store: AgeFileStore, records: "Records") -> None:
    """Keep of each secret of a transaction that came to its end the value that its ends have."""
    for one in records.transactions.open_ones():
        if not one.rotates_in(store.id) or one.end is None:
            continue
        (staging.keep_new if one.end is Side.NEW else staging.keep_old)(store, one.secrets)
        records.transactions.forget_secrets(one.run_id)


def _drop_unsent(store: AgeFileStore, records: "Records") -> None:
    """Values that no transaction knows of were sent to nobody: those before come back."""
    ours = [one for one in records.transactions.open_ones() if one.rotates_in(store.id)]
    known = {name for one in ours for name in one.secrets}
    if unsent := [name for name in staging.staged_in(store.names()) if name not in known]:
        staging.keep_old(store, unsent)


def elsewhere(store: AgeFileStore, records: "Records") -> tuple[str, ...]:
    """Runs that rotated secrets of another store, and are to be settled where that one is."""
    open_ones = records.transactions.open_ones()
    return tuple(one.run_id for one in open_ones if one.secrets and not one.rotates_in(store.id))


def refuse_elsewhere(store: AgeFileStore | None, transaction: Transaction) -> None:
    """The values of a rotation, new and before, are in its own store only.

    Raises:
        PlanError: It is one of another store; nothing was sent.
    """
    if transaction.secrets and (store is None or not transaction.rotates_in(store.id)):
        raise PlanError(
            f"{transaction.run_id} rotates keys of another store of secrets ({transaction.secret_store}):"
            " it is resolved and settled where that one is; nothing was sent"
        )


def refuse_more(plan: Plan, names: Mapping[str, int]) -> None:
    """A rotation changes the values of its secrets at so many ends of each, and nothing beside them.

    Raises:
        PlanError: An appliance cannot be planned, or would change in something else too; nothing was sent.
    """
    if plan.failures:
        raise PlanError(f"{plan.failures[0].reason}; no end was changed, and the keys are those before")
    meant = {variant for name in names for variant in (name, staging.BEFORE + name)}
    for change in plan.changes:
        for line in _CHANGED.findall(change.difference):
            if meant.isdisjoint(find(line)):
                raise PlanError(
                    f"{change.host} would change in more than its keys ({line.strip()[:80]});"
                    f" apply what is planned there first: `lisiere plan --name {change.host}`"
                )
    told = {change.host: {*find(change.difference)} for change in plan.changes}
    for name, ends in sorted(names.items()):
        if sum(name in found for found in told.values()) < ends:
            raise PlanError(f"{name} would not change at every end of its tunnel that is there; nothing was sent")
