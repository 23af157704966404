"""`lisiere inventory`: what the fleet holds, and the reference fleet."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import AsJson, Lifecycles, Names, Output, Platforms, Profiles, Releases, Territories, selection
from cli.output import note, print_json, print_table
from lisiere.model.vocabulary import Platform

app = typer.Typer(help="The fleet as data: list it, or generate the reference fleet.", no_args_is_help=True)


@app.command("list")
def list_appliances(
    context: typer.Context,
    *,
    territories: Territories = None,
    profiles: Profiles = None,
    platforms: Platforms = None,
    releases: Releases = None,
    lifecycles: Lifecycles = None,
    names: Names = None,
    as_json: AsJson = False,
) -> None:
    """List appliances, retired ones included."""
    from cli.workplace import open_fleet, settings_of
    from lisiere.model.words import Lifecycle
    from lisiere.workflow.selection import select

    fleet = open_fleet(settings_of(context))
    wanted = selection(territories, profiles, platforms, releases, lifecycles, names)
    found = select(fleet, wanted, default=tuple(Lifecycle))
    rows = [
        {
            "name": one.name,
            "site": one.data.site,
            "territory": one.territory,
            "territory_name": fleet.territories[one.territory].name,
            "profile": one.profile,
            "platform": f"{one.platform} {one.data.release}",
            "lifecycle": one.data.lifecycle,
            "web_access": one.data.web_access.kind,
            "hostname": one.hostname,
        }
        for one in found
    ]
    if as_json:
        print_json(rows)
        return
    columns = ("name", "site", "territory", "profile", "platform", "lifecycle", "web_access")
    print_table(columns, [[row[column] for column in columns] for row in rows], empty="no appliance")
    note(f"{len(rows)} appliance(s)")


@app.command("generate")
def generate(
    *,
    output: Output = Path("inventory"),
    source: Annotated[
        Path, typer.Option("--source", metavar="FILE", help="Public data on EPCI and communes (see data/README.md).")
    ] = Path("data/somme-2026.json"),
    count: Annotated[int, typer.Option("--count", min=1, help="Appliances in service.")] = 600,
    for_measuring: Annotated[
        bool,
        typer.Option("--for-measuring", help="More bodies of equal size, for fleets that the real ones cannot hold."),
    ] = False,
    platform: Annotated[
        Platform | None, typer.Option("--platform", help="Let every appliance run this; by default two are mixed.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Generate the reference fleet from public data; the same source gives the same files.

    Territories and appliances that the folder already holds keep their numbers. Which communes have a school is
    illustrative.
    """
    from lisiere.workflow.reference.larger import enlarged
    from lisiere.workflow.reference_fleet import generate as build
    from lisiere.workflow.reference_fleet import load_source, write

    content = load_source(source)
    if for_measuring:
        content = enlarged(content, count)
    written = write(output, build(content, count=count, existing=output, platform=platform))
    if as_json:
        print_json(
            {"folder": output, "changed": written.changed, "unchanged": written.unchanged, "removed": written.removed}
        )
        return
    note(f"{output}: {len(written.changed)} files written, {len(written.unchanged)} were so already")
    for name in written.removed:
        note(f"removed: {output / name}")
