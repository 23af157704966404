"""The records of this workplace, opened by the commands that need them."""

from pathlib import Path
from typing import TYPE_CHECKING

from cli.output import note

if TYPE_CHECKING:
    from lisiere.model.plan import HostOutcome
    from lisiere.model.record import Interruption
    from lisiere.settings import Settings
    from lisiere.store.records import Records

DATABASE = "lisiere.sqlite3"


def database_file(settings: "Settings") -> Path:
    """The SQLite file of the records, used where no PostgreSQL is set."""
    return settings.state / DATABASE


def open_records(settings: "Settings") -> "Records":
    """Open the records; to be used in a `with` statement.

    Raises:
        RecordError: They cannot be opened.
    """
    from lisiere.errors import RecordError
    from lisiere.store.setup import connect

    try:
        settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as exc:
        raise RecordError(f"{settings.state}: cannot be made: {exc.strerror}") from exc
    return connect(settings.database, path=database_file(settings))


def settle(records: "Records", *, is_lab: bool, keeps: bool = True) -> None:
    """See that the lab's results and those of appliances never stand in one place; `keeps` where some are to be kept.

    Raises:
        UsageError: What is on record here is of the other.
    """
    from lisiere.model.record import World

    world = World.LAB if is_lab else World.APPLIANCES
    (records.claim if keeps else records.check)(world)


def has_records(settings: "Settings") -> bool:
    """Whether anything may be on record here."""
    return settings.database is not None or database_file(settings).exists()


def status_line(settings: "Settings", name: str) -> str:
    """How one appliance stood at its last reading, in words."""
    from cli.output import local_time

    if not has_records(settings):
        return "never read"
    with open_records(settings) as records:
        found = records.status([name])
    one = found[0] if found else None
    if one is None or one.read_at is None:
        return "never read"
    last = f"; last run {one.last_run}: {one.last_outcome}" if one.last_run else ""
    return f"{one.conformity} since {local_time(one.entered_at)}, read {local_time(one.read_at)}{last}"


def tell_interruptions(records: "Records") -> tuple["Interruption", ...]:
    """Say which runs died in the middle, and how far they had got."""
    from lisiere.workflow.begun import begun_in

    found = records.interruptions()
    for one in found:
        begun = begun_in(records.journal_entries(one.run.id))
        committed = sorted(host for host, found in begun.items() if found.is_committed)
        note(f"{one.run.id} was interrupted; {len(begun)} appliance(s) were left in the middle")
        if committed:
            shown = ", ".join(committed[:5]) + (", …" if len(committed) > 5 else "")
            note(f"  {len(committed)} of them may have an unconfirmed commit, which reverts by itself: {shown}")
        if records.transactions.load(one.run.id) is not None:
            note(f"  it is one transaction; the next apply brings it to its end, or: lisiere runs resolve {one.run.id}")
            continue
        note(f"  to take it up: lisiere apply {one.run.plan_id} --resume {one.run.id}")
        note(f"  to end it: lisiere runs cancel {one.run.id}")
    return found


def outcome_rows(outcomes: tuple["HostOutcome", ...]) -> list[tuple[object, ...]]:
    """Outcomes as rows of a table."""
    return [(one.wave, one.host, one.outcome, one.detail) for one in outcomes]
