"""`lisiere bootstrap SITE`: what a fresh Debian needs to be one of our appliances, installed over SSH once."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson
from cli.output import note, print_json

if TYPE_CHECKING:
    from lisiere.drivers.ssh import Endpoint
    from lisiere.model.fleet import Fleet
    from lisiere.model.site import Appliance


def bootstrap(
    context: typer.Context,
    site: Annotated[str, typer.Argument(metavar="SITE", help="Name of the site's appliance.")],
    *,
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="Private key that reaches it now.")],
    user: Annotated[
        str, typer.Option("--user", help="Who the key belongs to there; it has to be root's equal.")
    ] = "root",
    address: Annotated[
        str, typer.Option("--address", help="Where it answers now, on the bench; else where the inventory says.")
    ] = "",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port of SSH there.")] = 22,
    host_key: Annotated[
        str, typer.Option("--host-key", metavar="LINE", help="Its host key, type and base64; else the inventory's.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be installed; change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a fresh Debian one of our appliances: account, script and sudo, over SSH with a pinned host key.

    The key is checked before anything is said. What is there already is left alone; a newer script comes the same way.
    """
    from cli.show import find
    from cli.workplace import open_fleet, settings_of
    from lisiere.drivers.debian.bootstrap import install, missing
    from lisiere.drivers.ssh import Endpoint
    from lisiere.errors import DeviceError

    settings = settings_of(context)
    fleet = open_fleet(settings, lab=False)
    one = find(fleet, site)
    pinned = _pinned(one, host_key, key)
    there = Endpoint(one.name, address or one.hostname, port, pinned, user, "", str(key), settings.timeout_s)
    public_key = _account_key(fleet)
    found = missing(there, public_key=public_key)
    if found and not dry_run:
        install(there, public_key=public_key)
        if left := missing(there, public_key=public_key):
            raise DeviceError(one.name, f"was prepared, and still lacks {'; '.join(left)}")
    if as_json:
        print_json(
            {"host": one.name, "installed": [] if dry_run else list(found), "missing": list(found) if dry_run else []}
        )
        return
    _tell(there, found, dry_run=dry_run)


def _tell(there: "Endpoint", found: tuple[str, ...], *, dry_run: bool) -> None:
    for words in found:
        note(f"{'would install' if dry_run else 'installed'}: {words}")
    if not found:
        note(f"{there.name} has all that it needs; nothing was done")


def _pinned(one: "Appliance", host_key: str, key: Path) -> str:
    """The host key to expect.

    Raises:
        UsageError: None is known, or this is no appliance to prepare in this way.
    """
    from lisiere.errors import UsageError
    from lisiere.model.words import Platform

    if one.platform is not Platform.DEBIAN:
        raise UsageError(f"{one.name} runs {one.platform}; only Debian is prepared in this way")
    if not key.exists():
        raise UsageError(f"{key}: the key does not exist")
    pinned = host_key or one.data.host_key or ""
    if not pinned:
        raise UsageError(
            f"the host key of {one.name} is not known: pin it in the inventory, or name it with --host-key"
        )
    return pinned


def _account_key(fleet: "Fleet") -> str:
    """The public key of the account, as the operator's file has it.

    Raises:
        UsageError: The operator has no such account.
    """
    from lisiere.drivers.debian.bootstrap import ACCOUNT
    from lisiere.errors import UsageError

    keys = [key for user in fleet.operator.users if user.name == ACCOUNT for key in user.keys]
    if not keys:
        raise UsageError(f"operator.yaml has no user {ACCOUNT}, whose key the appliance is reached with")
    return f"{keys[0].type} {keys[0].key}"
