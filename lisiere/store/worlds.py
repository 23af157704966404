"""Whose appliances a database tells of: those in service, or those of a lab. Called on the thread of the worker."""

from lisiere.errors import UsageError
from lisiere.model.record import World
from lisiere.store.models import WorldRow

THE_ONE = 1


def check(alias: str, world: World) -> None:
    """See that what is on record is of a world, or of none yet.

    Raises:
        UsageError: It is of the other.
    """
    row = WorldRow.objects.using(alias).filter(id=THE_ONE).first()
    if row is not None and row.world != world:
        raise UsageError(_refusal(World(row.world)))


def claim(alias: str, world: World) -> None:
    """Have a database tell of one world from now on.

    Raises:
        UsageError: It tells of the other.
    """
    row, _ = WorldRow.objects.using(alias).get_or_create(id=THE_ONE, defaults={"world": world})
    if row.world != world:
        raise UsageError(_refusal(World(row.world)))


def _refusal(there: World) -> str:
    if there is World.LAB:
        return (
            "what is on record here was seen on the lab and proves nothing of appliances: "
            "say --lab, or name another folder with --state"
        )
    return "what is on record here was seen on appliances; for the lab, name another folder with --state"
