"""Which appliances a look at the records concerns, and reading them anew before their state is shown."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cli.output import note, progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lisiere.model.fleet import Fleet
    from lisiere.model.site import Appliance
    from lisiere.settings import Settings
    from lisiere.store.records import Records
    from lisiere.workflow.selection import Selection


def asked_for(
    wanted: "Selection", *, settings: "Settings", is_lab: bool, is_refreshed: bool
) -> "tuple[list[str], Callable[[Records], bool]]":
    """The names of the appliances asked for, and what reads them anew if that is wanted: whether all could be read.

    What is on record is shown whatever else the inventory holds; what is read anew is compared with all of it.

    Raises:
        InventoryError: Every mistake in the inventory.
        UsageError: Nothing fits what was asked for.
    """
    from cli.workplace import chosen, open_fleet, open_roster

    if not is_refreshed and not is_lab:
        return [one.name for one in chosen(open_roster(settings), wanted, is_lab=False)], lambda _: True
    fleet = open_fleet(settings, lab=is_lab)
    appliances = chosen(fleet, wanted, is_lab=is_lab)

    def read(records: "Records") -> bool:
        return not is_refreshed or refresh(appliances, fleet=fleet, settings=settings, records=records, is_lab=is_lab)

    return [one.name for one in appliances], read


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
