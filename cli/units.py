"""`lisiere install-units`: systemd units that audit each night and send notices; no daemon of our own."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import note
from lisiere.errors import UsageError

if TYPE_CHECKING:
    from lisiere.render.units import Installation
    from lisiere.settings import Settings

FOLDERS = ("inventory", "rules", "state", "templates")


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
    worker_token: Annotated[
        Path | None,
        typer.Option(
            "--worker-token", metavar="FILE", help="Carry out requests too, signed in by the token in this file."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the units and install nothing.")] = False,
) -> None:
    """Install systemd units that audit the fleet each night, send what is to be told, and carry out requests.

    They use the records, the inventory, the rules and the templates of this call, and see nothing else of the machine.
    Records in /var/lib/lisiere or in PostgreSQL are used by an account of their own; those in another folder by the
    account that the folder belongs to, unless that is root. Other settings are read from /etc/lisiere/lisiere.env; keys
    are handed over by systemd. Nothing is enabled: the last lines say how.
    """
    from cli.files import write_whole
    from cli.workplace import settings_of
    from lisiere.render.units import write_units

    settings = settings_of(context)
    here = _installation(settings, is_live=live, at=at, token_file=worker_token)
    units, problem = write_units(here), problem_of_file(settings, here)
    if problem and not dry_run:
        raise UsageError(problem)
    if dry_run:
        if problem:
            note(problem)
        for name, text in units.items():
            typer.echo(f"# {folder / name}\n{text}")
        return
    for name, text in units.items():
        write_whole(folder / name, text)
        note(f"{folder / name}")
    timers = " ".join(name for name in units if name.endswith(".timer"))
    note(f"to start them: systemctl daemon-reload && systemctl enable --now {timers}")


def _installation(settings: "Settings", *, is_live: bool, at: str, token_file: Path | None) -> "Installation":
    """Where things are on this machine.

    Raises:
        UsageError: The time is none, or the records are where no unit can use them.
    """
    from pydantic import ValidationError

    import cli
    from cli.workplace import identity_file, secrets_file
    from lisiere.render.units import Installation

    state, account = _place_of_records(settings)
    prefix, source = Path(sys.prefix), Path(cli.__file__).parents[1]
    key = settings.audit_key or settings.ssh_key or Path("/etc/lisiere/audit-key")
    try:
        return Installation(
            program=prefix / "bin" / "lisiere",
            prefix=prefix,
            source=None if prefix in source.parents else source,
            inventory=settings.inventory.absolute(),
            state=state,
            account=account,
            templates=settings.templates and settings.templates.absolute(),
            rules=settings.rules and settings.rules.absolute(),
            is_live=is_live,
            ssh_key=key.absolute(),
            secrets_file=secrets_file(settings).absolute(),
            identity_file=identity_file(settings).absolute(),
            at=at,
            token_file=token_file and token_file.absolute(),
        )
    except ValidationError as exc:
        raise UsageError(f"{at!r} is no time like 03:30") from exc


def _place_of_records(settings: "Settings") -> tuple[Path, str]:
    """The state folder of the units, and whose it is; an empty account for the one that systemd makes.

    Raises:
        UsageError: No unit could use the folder that people use, so that it would audit other records than theirs.
    """
    from lisiere.render.units import OWN_STATE

    state = settings.state.absolute()
    if settings.database is not None or state == OWN_STATE:
        return OWN_STATE, ""
    way = f"set LISIERE_STATE={OWN_STATE} for people too, or LISIERE_DATABASE"
    try:
        account = state.owner()
    except (OSError, KeyError) as exc:
        raise UsageError(f"{state}: the records of people would be there, but it cannot be looked at; {way}") from exc
    if account == "root":
        raise UsageError(f"{state}: the records are root's, and no unit of ours runs as root; {way}")
    return state, account


def problem_of_file(settings: "Settings", here: "Installation") -> str:
    """What is wrong in the file of settings, which units believe more than what is written into themselves.

    The URL of a database holds a password, so it stands in that file alone.
    """
    from pydantic_settings import DotEnvSettingsSource

    from lisiere.render.units import ENVIRONMENT_FILE
    from lisiere.settings import Settings

    try:
        told = DotEnvSettingsSource(Settings, env_file=ENVIRONMENT_FILE, env_file_encoding="utf-8")()
    except (OSError, ValueError):
        return f"{ENVIRONMENT_FILE}: cannot be read, so nobody knows whether units would use the records of people"
    written = dict(here.folders)
    others = [name for name in FOLDERS if name in told and told[name] != str(written.get(f"LISIERE_{name.upper()}"))]
    if others:
        words = ", ".join(f"LISIERE_{name.upper()}" for name in others)
        return f"{ENVIRONMENT_FILE}: units would believe it, and it does not say what is set here: {words}"
    if settings.database is None and told.get("database"):
        return f"{ENVIRONMENT_FILE}: it names a LISIERE_DATABASE that is not set here; units would use other records"
    if settings.database is not None and told.get("database") != settings.database:
        return f"{ENVIRONMENT_FILE}: write the LISIERE_DATABASE that is set here into it; units read it from there"
    return ""
