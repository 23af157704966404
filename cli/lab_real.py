"""`lisiere lab real`: real Debian appliances in namespaces of this machine, with the networks around them."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson, Names, Platforms, Profiles, Territories, selection
from cli.output import note, print_json, progress

if TYPE_CHECKING:
    from lisiere.model.fleet import Fleet
    from lisiere.model.site import Appliance
    from lisiere.settings import Settings
    from lisiere.workflow.selection import Selection

app = typer.Typer(help="Real Debian appliances in namespaces of this machine (Linux).", no_args_is_help=True)


@app.command("up")
def up(
    context: typer.Context,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every appliance in service.")] = False,
    territories: Territories = None,
    profiles: Profiles = None,
    platforms: Platforms = None,
    named: Names = None,
    as_debian: Annotated[
        bool, typer.Option("--as-debian", help="Play appliances of other platforms too, as if they ran Debian.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Start appliances of the inventory as they leave the bench; each has a kernel namespace of every kind to itself.

    Say which appliances, or `--all`. Use them with `--lab` as those of the simulated lab; commands take an appliance
    that was started `--as-debian` for one, until the lab is down. Without root the lab has a namespace of its own, for
    which this user needs a range of subordinate ids; commands with `--lab` go on in there.
    """
    from cli.lab_rootless import begin
    from cli.workplace import lab_folder, settings_of
    from lab.real import rootless
    from lab.real.territory import refuse_beside_another
    from lisiere.errors import UsageError

    wanted = selection(territories, profiles, platforms, None, None, named)
    if not everything and str(wanted) == "all":
        raise UsageError("say which appliances (--territory, --profile, --name …), or --all")
    settings = settings_of(context)
    if not rootless.inside():
        refuse_beside_another(lab_folder(settings))
        begin(settings)
    count, state = _start(settings, wanted, as_debian=as_debian)
    rootless.stays()
    if as_json:
        print_json(state)
        return
    note(f"{count} real appliances run; use them with --lab, end them with `lisiere lab real down`")


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
def status(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Say which real appliances run, as the kernel shows them.

    Exit status 1 when none does, or when something of the world around them has ended.
    """
    from cli.lab_rootless import enter_living
    from cli.workplace import settings_of
    from lab.real.territory import ended
    from lab.real.territory import status as look

    enter_living(settings_of(context))
    found, lost = look(), ended()
    if as_json:
        print_json({"appliances": found, "world_ended": lost})
    elif found:
        note(f"{sum(found.values())} of {len(found)} real appliances run: {', '.join(sorted(found)[:10])}")
    else:
        note("no real appliance runs here")
    if lost and not as_json:
        note(f"of the world around them has ended: {', '.join(lost)}; `lisiere lab real down`, then start it again")
    if lost or not any(found.values()):
        raise typer.Exit(1)


def _start(settings: "Settings", wanted: "Selection", *, as_debian: bool) -> tuple[int, dict[str, object]]:
    """Start the appliances of a selection and what is around them; how many, and what `lab.json` tells."""
    from cli.lab_around import revealer, surroundings, transit_of
    from cli.workplace import lab_folder, open_fleet
    from lab.real.outfit import Outfit
    from lab.real.site import site_of
    from lab.real.territory import left_behind
    from lab.real.territory import up as start
    from lisiere.drivers.debian.bootstrap import SUDOERS, script
    from lisiere.model.words import Platform
    from lisiere.policy.site import resolve_sites
    from lisiere.workflow.recast import recast

    inventory = open_fleet(settings, lab=False)
    names = [one.name for one in _chosen(inventory, wanted, as_debian=as_debian)]
    fleet = recast(inventory, names, Platform.DEBIAN)
    chosen = [fleet.appliances[name] for name in names]
    intents = resolve_sites(fleet, names)
    categories = tuple(map(str, fleet.operator.filtering.blocked_categories))
    if left := left_behind():
        note(f"a lab that was killed left {left} namespaces behind; they are removed first")
    with progress("start", len(chosen)) as advance:
        state = start(
            lab_folder(settings),
            [site_of(one, transit_of(one.name, fleet)) for one in chosen],
            releases={one.name: str(one.data.release) for one in chosen},
            around=surroundings(fleet, intents.values(), revealer(settings)),
            outfit_of=Outfit(script(), SUDOERS, categories),
            progress=advance,
        )
    return len(chosen), state


def _chosen(fleet: "Fleet", wanted: "Selection", *, as_debian: bool) -> "list[Appliance]":
    """The appliances of a selection that the lab plays: those on Debian, or all of them as if they were.

    Raises:
        UsageError: There is none.
    """
    from lisiere.errors import UsageError
    from lisiere.model.words import Platform
    from lisiere.workflow.selection import select

    asked = select(fleet, wanted)
    found = [one for one in asked if as_debian or one.platform is Platform.DEBIAN]
    if not found:
        raise UsageError("none of these appliances runs debian, which is what the real lab plays (or say --as-debian)")
    if left_out := len(asked) - len(found):
        note(f"{left_out} of the {len(asked)} run another platform and are left out (--as-debian plays them too)")
    return found
