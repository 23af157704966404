"""`lisiere secrets rotate`: new keys for tunnels, at both ends or at none, and one value left afterwards."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import ON_LAB, AsJson, Lab
from cli.output import note, print_json, progress

if TYPE_CHECKING:
    from lisiere.model.fleet import Fleet
    from lisiere.model.plan import Plan
    from lisiere.settings import Settings
    from lisiere.store.records import Records
    from nornir_tasks.fleet import Access
    from nornir_tasks.undertaking import Rollout


def rotate(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="SECRET", help="A key of a tunnel, such as overlay/NAME/SITE--SITE.")
    ] = None,
    *,
    overlays: Annotated[
        list[str] | None, typer.Option("--overlay", metavar="NAME", help="Every key of this overlay; repeatable.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before changing several appliances.")] = False,
    lab: Lab = None,
    as_json: AsJson = False,
) -> None:
    """Give tunnels new keys, as one transaction: both ends have the new one, or both still have the old one.

    The old value is kept until all ends are confirmed, and destroyed then. Exit status 1 when the keys are the old ones
    at the end, or that is still to be resolved.
    """
    from cli.apply import confirm, print_run
    from cli.lab_rootless import enters_lab
    from cli.records import open_records, settle, tell_interruptions
    from cli.transactions import resolve_left
    from cli.workplace import open_followed, secret_store, settings_of
    from lisiere.model.plan import RunStatus
    from nornir_tasks.rotating import rotate as carry_out

    settings = settings_of(context)
    is_lab = enters_lab(settings, lab)
    with open_records(settings) as records:
        tell_interruptions(records)
        fleet = open_followed(settings, lab=is_lab)
        chosen = _chosen(settings, fleet, names or [], overlays or [], is_lab=is_lab)
        settle(records, is_lab=is_lab)
        resolve_left(records, {host for hosts in chosen.values() for host in hosts}, settings=settings, is_lab=is_lab)
        run = carry_out(
            secret_store(settings),
            list(chosen),
            records=records,
            planned=lambda: _plan(settings, fleet, chosen, records, is_lab=is_lab),
            agreed=lambda plan: confirm(plan, yes=yes, is_lab=is_lab),
            prepared=lambda plan: _prepared(settings, plan, records, is_lab=is_lab),
        )
    if as_json:
        print_json({"secrets": sorted(chosen), **run.model_dump(mode="json")})
    else:
        print_run(run)
    if run.status is not RunStatus.SUCCEEDED:
        raise typer.Exit(130 if run.status is RunStatus.STOPPED else 1)
    note(f"{len(chosen)} key(s) rotated; the old ones are destroyed")


def _chosen(
    settings: "Settings", fleet: "Fleet", names: Sequence[str], overlays: Sequence[str], *, is_lab: bool
) -> dict[str, list[str]]:
    """The keys to rotate, and the appliances that hold each.

    Raises:
        UnknownError: No appliance in service holds one of them.
        UsageError: There is none, or the other end of one is not ours to change.
    """
    from lisiere.errors import UnknownError, UsageError

    holders = _holders(fleet)
    if unknown := sorted({*names} - holders.keys()):
        raise UnknownError(f"no tunnel of an appliance in service has the key {', '.join(unknown[:5])}")
    if strange := sorted({*overlays} - fleet.overlays.keys()):
        raise UnknownError(f"no overlay {', '.join(strange)}")
    wanted = {*names, *(key for key in holders if key.split("/")[1] in overlays)}
    there = _reachable(settings, fleet, is_lab=is_lab)
    chosen = {key: holders[key] for key in sorted(wanted) if len(holders[key]) > 1 and there.issuperset(holders[key])}
    if others := sorted(wanted - chosen.keys()):
        said = f"{', '.join(others[:3])}: one of its ends is not ours to change now (a partner, or out of reach)"
        if not chosen or set(others) & set(names):
            raise UsageError(f"{said}; nothing was changed")
        note(f"left out: {said}" + (f", and {len(others) - 3} more" if len(others) > 3 else ""))
    if not chosen:
        raise UsageError("say which keys: `lisiere secrets rotate SECRET…`, or --overlay NAME")
    return chosen


def _holders(fleet: "Fleet") -> dict[str, list[str]]:
    """The keys of tunnels, and the appliances in service that hold each."""
    from lisiere.policy.site import resolve_sites

    found: dict[str, list[str]] = {}
    intents = resolve_sites(fleet, [one.name for one in fleet.in_service()])
    for host, intent in sorted(intents.items()):
        for reference in intent.secrets():
            name = reference.removeprefix("secret:")
            if name.startswith("overlay/"):
                found.setdefault(name, []).append(host)
    return found


def _reachable(settings: "Settings", fleet: "Fleet", *, is_lab: bool) -> frozenset[str]:
    from cli.workplace import chosen, lab_appliances
    from lisiere.workflow.selection import Selection

    known = frozenset(one.name for one in chosen(fleet, Selection(), is_lab=is_lab))
    return known.intersection(lab_appliances(settings)[1]) if is_lab else known


def _plan(
    settings: "Settings", fleet: "Fleet", keys: dict[str, list[str]], records: "Records", *, is_lab: bool
) -> "Plan":
    """The plan that brings new values to all that hold them."""
    from cli.workplace import chosen, intended_texts, operator_name
    from lisiere.workflow.selection import Selection
    from lisiere.workflow.terrain import terrain_of
    from nornir_tasks.plan_making import make_plan

    hosts = sorted({host for several in keys.values() for host in several})
    words = f"keys of {len(keys)} tunnel(s)"
    with progress("plan", len(hosts)) as advance:
        return make_plan(
            [fleet.appliances[host] for host in hosts],
            intended_texts(fleet, hosts, settings),
            access=_access(settings, is_lab=is_lab),
            records=records,
            selection=f"{words}{ON_LAB}" if is_lab else words,
            created_by=operator_name(),
            clock=lambda: datetime.now(UTC),
            terrain=terrain_of(fleet, chosen(fleet, Selection(), is_lab=is_lab)),
            progress=advance,
        )


def _access(settings: "Settings", *, is_lab: bool) -> "Access":
    """The way to the appliances, with the secrets as they are now."""
    from cli.workplace import access, secret_keeper

    return access(settings, lab=is_lab, keeper=secret_keeper(settings))


def _prepared(settings: "Settings", plan: "Plan", records: "Records", *, is_lab: bool) -> "Rollout":
    from cli.apply import prepared
    from nornir_tasks.undertaking import Caution, Watch

    caution = Caution.within(settings.revert_in_s)
    return replace(
        prepared(plan, records=records, settings=settings, is_lab=is_lab), caution=caution, watch=Watch(on_note=note)
    )
