"""`lisiere install-units`: systemd units that audit each night and send notices; no daemon of our own."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import note

if TYPE_CHECKING:
    from lisiere.render.units import Installation
    from lisiere.settings import Settings


def install_units(
    context: typer.Context,
    *,
    folder: Annotated[Path, typer.Option("--folder", metavar="DIR", help="Where systemd looks for units.")] = Path(
        "/etc/systemd/system"
    ),
    live: Annotated[
        bool, typer.Option("--live/--last", help="Audit the appliances themselves, or what was read last.")
    ] = True,
    at: Annotated[str, typer.Option("--at", metavar="HH:MM", help="When to audit, in the time of Paris.")] = "03:30",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the units and install nothing.")] = False,
) -> None:
    """Install systemd units that audit the fleet each night and send what is to be told.

    They run as an account of their own that sees the inventory and nothing else of the machine. Settings are read from
    /etc/lisiere/lisiere.env; keys are handed over by systemd. Nothing is enabled: the last lines say how.
    """
    from cli.files import write_whole
    from cli.workplace import settings_of
    from lisiere.render.units import write_units

    here = _installation(settings_of(context), is_live=live, at=at)
    units = write_units(here)
    if dry_run:
        for name, text in units.items():
            typer.echo(f"# {folder / name}\n{text}")
        return
    for name, text in units.items():
        write_whole(folder / name, text)
        note(f"{folder / name}")
    timers = " ".join(name for name in units if name.endswith(".timer"))
    note(f"to start them: systemctl daemon-reload && systemctl enable --now {timers}")


def _installation(settings: "Settings", *, is_live: bool, at: str) -> "Installation":
    """Where things are on this machine.

    Raises:
        UsageError: The time is none.
    """
    from pydantic import ValidationError

    import cli
    from cli.workplace import identity_file, secrets_file
    from lisiere.errors import UsageError
    from lisiere.render.units import Installation

    prefix, source = Path(sys.prefix), Path(cli.__file__).parents[1]
    key = settings.audit_key or settings.ssh_key or Path("/etc/lisiere/audit-key")
    try:
        return Installation(
            program=prefix / "bin" / "lisiere",
            prefix=prefix,
            source=None if prefix in source.parents else source,
            inventory=settings.inventory.absolute(),
            is_live=is_live,
            ssh_key=key.absolute(),
            secrets_file=secrets_file(settings).absolute(),
            identity_file=identity_file(settings).absolute(),
            at=at,
        )
    except ValidationError as exc:
        raise UsageError(f"{at!r} is no time like 03:30") from exc
