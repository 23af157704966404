"""The folder of a demonstration: made anew, and never one of somebody else."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from lisiere.errors import LisiereError, UsageError

if TYPE_CHECKING:
    from lisiere.settings import Settings

MARK = ".made-by-lisiere-demo"


class DemoError(LisiereError):
    """The demonstration did not show what it is there to show."""


def settled_in(settings: "Settings", folder: Path) -> "Settings":
    """The settings of a demonstration: all that it reads and writes is in its folder."""
    return settings.model_copy(
        update={
            "inventory": folder / "inventory",
            "state": folder,
            "database": None,
            "secrets_file": None,
            "identity_file": None,
        }
    )


def prepare_folder(folder: Path, source: Path, inventory: Path) -> None:
    """An empty folder with a copy of the inventory; one that we did not make is never removed.

    Raises:
        UsageError: The folder holds something else, or there is no inventory.
    """
    from lab.daemon import stop

    if folder.exists():
        if not (folder / MARK).exists() and any(folder.iterdir()):
            raise UsageError(f"{folder} holds something else; name another folder with --folder")
        stop(folder / "lab")
        shutil.rmtree(folder)
    if not source.is_dir():
        raise UsageError(f"{source}: there is no inventory; `lisiere inventory generate` makes one")
    folder.mkdir(parents=True, mode=0o700)
    (folder / MARK).touch()
    shutil.copytree(source, inventory)
