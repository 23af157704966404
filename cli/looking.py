"""Looking at appliances for an audit, with the account of audits where there is one."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cli.output import note, progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lisiere.model.fleet import Fleet
    from lisiere.model.site import Appliance
    from lisiere.settings import Settings
    from lisiere.store.records import Records
    from lisiere.workflow.auditing import Order
    from nornir_tasks.fleet import Access


def look(
    appliances: "Sequence[Appliance]",
    order: "Order",
    *,
    fleet: "Fleet",
    settings: "Settings",
    records: "Records",
    is_lab: bool,
) -> dict[str, str]:
    """Look at appliances and keep what was seen; why some could not be seen, by name.

    Raises:
        StoppedError: A person asked for a stop; what was seen until then is kept.
    """
    from cli.workplace import intended_texts
    from lisiere.model.phrases import Whole
    from lisiere.workflow.findings import getters_asked, topics_asked
    from nornir_tasks.auditing import Look, look_at_fleet
    from nornir_tasks.fleet import FleetRunner
    from nornir_tasks.stopping import StoppedError

    way = _access(settings, is_lab=is_lab)
    missed = {one.name: Whole.UNPINNED() for one in appliances if _is_unknown(one, way)}
    chosen = tuple(one for one in appliances if one.name not in missed)
    way.get_ready(len(chosen))
    texts = intended_texts(fleet, [one.name for one in chosen], settings)
    runner = FleetRunner(chosen, access=way)
    step = Look(topics_asked(order.packs), getters_asked(order.packs))
    with progress("look", len(chosen)) as advance:
        seen = look_at_fleet(
            runner, step, records=records, intended=texts, clock=lambda: datetime.now(UTC), progress=advance
        )
    problems = {name: str(error) for name, error in seen.items() if error is not None}
    for problem in problems.values():
        note(f"not seen: {problem}")
    if runner.stop.is_set():
        raise StoppedError(f"stopped after {len(seen)} of {len(chosen)} appliances were looked at; no audit is kept")
    return missed | {name: Whole.UNSEEN(problem=problem) for name, problem in problems.items()}


def _access(settings: "Settings", *, is_lab: bool) -> "Access":
    """The way to the appliances; outside the lab with the account that may only read, where one is set."""
    from cli.workplace import access, secret_keeper

    way = access(
        settings
        if is_lab or settings.audit_key is None
        else settings.model_copy(update={"ssh_key": settings.audit_key}),
        lab=is_lab,
        keeper=secret_keeper(settings),
    )
    return way if is_lab or settings.audit_user is None else replace(way, username=settings.audit_user)


def _is_unknown(one: "Appliance", way: "Access") -> bool:
    return one.data.host_key is None and one.name not in way.endpoints
