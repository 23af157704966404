"""Transactions that were left before all of their ends were new or old: brought to their end, and told of."""

from dataclasses import replace
from typing import TYPE_CHECKING

from cli.options import is_lab_plan
from cli.output import note, progress

if TYPE_CHECKING:
    from lisiere.model.plan import Run
    from lisiere.settings import Settings
    from lisiere.store.records import Records


def resolve_left(records: "Records", *, settings: "Settings", is_lab: bool) -> None:
    """Bring to its end what earlier transactions left, and say what became of it; before anything else is sent.

    What cannot be brought there yet holds back its own appliances only.

    Raises:
        StoppedError: A person pressed Ctrl-C: nothing else is begun.
    """
    from lisiere.errors import LisiereError
    from nornir_tasks.stopping import StoppedError

    for one in (left.transaction for left in records.transactions.left()):
        if is_lab_plan(records.load_plan(one.plan_id)) != is_lab:
            continue
        try:
            resolve_one(records, one.run_id, settings=settings, is_lab=is_lab)
        except StoppedError:
            raise
        except LisiereError as exc:
            note(f"{one.run_id} is still to be resolved: {exc}")
    settle_keys(records, settings=settings)


def resolve_one(records: "Records", run_id: str, *, settings: "Settings", is_lab: bool) -> "Run":
    """Bring the ends of one transaction to one side, and say which.

    Raises:
        LisiereError: That cannot be begun.
    """
    from cli.apply import prepared, refuse_elsewhere
    from nornir_tasks.rollout import Caution, Watch
    from nornir_tasks.transaction import resolve

    plan = records.load_plan(records.load_run(run_id).plan_id)
    refuse_elsewhere(plan, is_lab=is_lab)
    note(f"{run_id} was left in the middle of a transaction; its {len(plan.changes)} end(s) are brought to one side")
    rollout = prepared(plan, records=records, settings=settings, is_lab=is_lab, resume=run_id)
    caution = Caution.within(settings.revert_in_s)
    with progress("resolve", len(plan.changes)) as advance:
        run = resolve(replace(rollout, caution=caution, watch=Watch(on_host=advance, on_note=note)))
    settle_keys(records, settings=settings)
    found = records.transactions.load(run_id)
    if found is not None:
        said = f"all ends are {found.end}" if found.end else "still to be resolved"
        note(f"{run_id}: {said}: {found.detail}")
    return run


def settle_keys(records: "Records", *, settings: "Settings") -> None:
    """Of keys whose rotation came to its end, or to nothing, keep the one value that their appliances have."""
    from cli.workplace import secret_store, secrets_file
    from nornir_tasks.rotating import settle_left

    if secrets_file(settings).exists():
        settle_left(secret_store(settings), records)
