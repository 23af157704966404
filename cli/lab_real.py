"""`lisiere lab real`: real Debian appliances in namespaces of this machine, with the networks around them."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson, Names, Platforms, Profiles, Territories, selection
from cli.output import note, print_json, progress

if TYPE_CHECKING:
    from lisiere.model.fleet import Fleet
    from lisiere.model.site import Appliance
    from lisiere.workflow.selection import Selection

app = typer.Typer(help="Real Debian appliances in namespaces of this machine (root on Linux).", no_args_is_help=True)


@app.command("up")
def up(
    context: typer.Context,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every Debian appliance in service.")] = False,
    territories: Territories = None,
    profiles: Profiles = None,
    platforms: Platforms = None,
    names: Names = None,
    as_json: AsJson = False,
) -> None:
    """Start appliances of the inventory as they leave the bench; each has a kernel namespace of every kind to itself.

    Say which appliances, or `--all`. Use them with `--lab` as those of the simulated lab.
    """
    from cli.lab_around import revealer, surroundings
    from cli.workplace import lab_folder, open_fleet, settings_of
    from lab.real.outfit import Outfit
    from lab.real.site import site_of
    from lab.real.territory import up as start
    from lisiere.drivers.debian.bootstrap import SUDOERS, script
    from lisiere.errors import UsageError

    wanted = selection(territories, profiles, platforms, None, None, names)
    if not everything and str(wanted) == "all":
        raise UsageError("say which appliances (--territory, --profile, --name …), or --all")
    settings = settings_of(context)
    fleet = open_fleet(settings)
    chosen = _chosen(fleet, wanted)
    categories = tuple(map(str, fleet.operator.filtering.blocked_categories))
    with progress("start", len(chosen)) as advance:
        state = start(
            lab_folder(settings),
            [site_of(one) for one in chosen],
            releases={one.name: str(one.data.release) for one in chosen},
            around=surroundings(fleet, [one.name for one in chosen], revealer(settings)),
            outfit_of=Outfit(script(), SUDOERS, categories),
            progress=advance,
        )
    if as_json:
        print_json(state)
        return
    note(f"{len(chosen)} real appliances run; use them with --lab, end them with `lisiere lab real down`")


@app.command("down")
def down(context: typer.Context, *, as_json: AsJson = False) -> None:
    """End every real appliance of this machine, also those of a command that was killed. Nothing stays."""
    from cli.workplace import lab_folder, settings_of
    from lab.real.territory import down as end

    ended = end(lab_folder(settings_of(context)))
    if as_json:
        print_json({"namespaces": ended})
        return
    note(f"ended; {ended} namespaces are gone" if ended else "no real appliance runs here")


@app.command("status")
def status(*, as_json: AsJson = False) -> None:
    """Say which real appliances run, as the kernel shows them. Exit status 1 when none does."""
    from lab.real.territory import status as look

    found = look()
    if as_json:
        print_json({"appliances": found})
    elif found:
        note(f"{sum(found.values())} of {len(found)} real appliances run: {', '.join(sorted(found)[:10])}")
    else:
        note("no real appliance runs here")
    if not any(found.values()):
        raise typer.Exit(1)


def _chosen(fleet: "Fleet", wanted: "Selection") -> "list[Appliance]":
    """The Debian appliances of a selection.

    Raises:
        UsageError: There is none.
    """
    from lisiere.errors import UsageError
    from lisiere.workflow.selection import select

    found = [one for one in select(fleet, wanted) if str(one.platform) == "debian"]
    if not found:
        raise UsageError("none of these appliances runs debian, which is what the real lab plays")
    return found
