"""Reading appliances anew before their state is shown."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cli.output import note, progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lisiere.model.fleet import Fleet
    from lisiere.model.site import Appliance
    from lisiere.settings import Settings
    from lisiere.store.records import Records


def refresh(
    appliances: "Sequence[Appliance]", *, fleet: "Fleet", settings: "Settings", records: "Records", is_lab: bool
) -> bool:
    """Read appliances and keep what was seen; whether all of them could be read. Nothing is ever written to them."""
    from cli.records import settle
    from cli.workplace import access, in_lab, intended_texts, secret_keeper
    from nornir_tasks.evaluating import read_status
    from nornir_tasks.fleet import FleetRunner
    from nornir_tasks.stopping import StoppedError

    way = access(settings, lab=is_lab, keeper=secret_keeper(settings))
    chosen = in_lab(tuple(appliances), way) if is_lab else tuple(appliances)
    settle(records, is_lab=is_lab)
    way.get_ready(len(chosen))
    texts = intended_texts(fleet, [one.name for one in chosen], settings)
    runner = FleetRunner(chosen, access=way)
    with progress("read", len(chosen)) as advance:
        answers = read_status(
            runner, records=records, intended=texts, clock=lambda: datetime.now(UTC), progress=advance
        )
    for answer in answers.values():
        if answer.error is not None:
            note(f"not read: {answer.error}")
    if runner.stop.is_set():
        raise StoppedError(f"stopped after {len(answers)} of {len(chosen)} appliances were read")
    return all(answer.error is None for answer in answers.values())
