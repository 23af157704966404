"""Transactions that were left before all of their ends were new or old: brought to their end, and told of."""

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from cli.options import is_lab_plan
from cli.output import note, progress

if TYPE_CHECKING:
    from lisiere.model.plan import Run
    from lisiere.model.transaction import Left
    from lisiere.secrets.agefile import AgeFileStore
    from lisiere.settings import Settings
    from lisiere.store.records import Records


def resolve_left(records: "Records", hosts: Collection[str], *, settings: "Settings", is_lab: bool) -> None:
    """Bring to its end what earlier transactions left, and say what became of it; before anything else is sent.

    What cannot be brought there yet holds back its own appliances only. It is waited for where one of `hosts`, or the
    far end of one of their tunnels, is among its ends; the ends of others are looked at once.

    Raises:
        StoppedError: A person pressed Ctrl-C: nothing else is begun.
    """
    from lisiere.errors import LisiereError
    from nornir_tasks.stopping import StoppedError

    found = [one for one in records.transactions.left() if _is_of(records, one, is_lab=is_lab)]
    near = _near(hosts, settings=settings, is_lab=is_lab) if found else frozenset()
    for left in found:
        one, waits = left.transaction, not near.isdisjoint(left.hosts)
        try:
            resolve_one(records, one.run_id, settings=settings, is_lab=is_lab, waits=waits)
        except StoppedError:
            raise
        except LisiereError as exc:
            note(f"{one.run_id} is still to be resolved: {exc}")
    settle_keys(records, settings=settings)


def _is_of(records: "Records", left: "Left", *, is_lab: bool) -> bool:
    """Whether a transaction is one of the lab, or of the appliances in service."""
    return is_lab_plan(records.load_plan(left.transaction.plan_id)) == is_lab


def _near(hosts: Collection[str], *, settings: "Settings", is_lab: bool) -> frozenset[str]:
    """Appliances, and those at the far ends of their tunnels."""
    from cli.workplace import open_fleet
    from lisiere.policy.site import resolve_sites

    fleet = open_fleet(settings, lab=is_lab)
    known = {one.name for one in fleet.in_service()}
    intents = resolve_sites(fleet, sorted(known.intersection(hosts)))
    return frozenset(hosts).union(tunnel.peer for intent in intents.values() for tunnel in intent.tunnels)


def resolve_one(
    records: "Records",
    run_id: str,
    *,
    settings: "Settings",
    is_lab: bool,
    waits: bool = True,
    without: Collection[str] = (),
    reason: str = "",
) -> "Run":
    """Bring the ends of one transaction to one side, `without` those that are gone for good, and say which.

    Raises:
        LisiereError: That cannot be begun.
    """
    from cli.apply import prepared, refuse_elsewhere
    from nornir_tasks import rotating
    from nornir_tasks.leaving import LeftOut
    from nornir_tasks.transaction import resolve
    from nornir_tasks.undertaking import Caution, Watch

    plan = records.load_plan(records.load_run(run_id).plan_id)
    refuse_elsewhere(plan, is_lab=is_lab)
    found = records.transactions.load(run_id)
    if found is not None:
        rotating.refuse_elsewhere(_store(settings), found)
    note(f"{run_id} was left in the middle of a transaction; its {len(plan.changes)} end(s) are brought to one side")
    rollout = prepared(plan, records=records, settings=settings, is_lab=is_lab, resume=run_id)
    caution = Caution.within(settings.revert_in_s)
    with progress("resolve", len(plan.changes)) as advance:
        run = resolve(
            replace(rollout, caution=caution, watch=Watch(on_host=advance, on_note=note)),
            waits=waits,
            left_out=LeftOut(frozenset(without), reason),
        )
    settle_keys(records, settings=settings)
    found = records.transactions.load(run_id)
    if found is not None:
        said = f"all ends are {found.end}" if found.end else "still to be resolved"
        note(f"{run_id}: {said}: {found.detail}")
    return run


def settle_keys(records: "Records", *, settings: "Settings") -> None:
    """Of keys whose rotation came to its end, or to nothing, keep the one value that their appliances have."""
    from nornir_tasks.rotating import elsewhere, settle_left

    if (store := _store(settings)) is None:
        return
    settle_left(store, records)
    if others := elsewhere(store, records):
        note(f"{', '.join(others)}: of another store of secrets; settled where that one is")


def _store(settings: "Settings") -> "AgeFileStore | None":
    """The store of secrets of this workplace; None as long as there is none."""
    from cli.workplace import secret_store, secrets_file

    return secret_store(settings) if secrets_file(settings).exists() else None
