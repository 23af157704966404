"""`lisiere render`: the intended configurations as files."""

from typing import Annotated

import typer

from cli.options import AsJson, AsOf, Lifecycles, Names, Output, Platforms, Profiles, Releases, Territories, selection
from cli.output import note, print_json, progress


def render(
    context: typer.Context,
    *,
    output: Output,
    all_appliances: Annotated[bool, typer.Option("--all", help="Every appliance in service.")] = False,
    territories: Territories = None,
    profiles: Profiles = None,
    platforms: Platforms = None,
    releases: Releases = None,
    lifecycles: Lifecycles = None,
    names: Names = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """Write one configuration per appliance, `<name>.set` or a folder `<name>`; secrets stay references.

    The same inventory gives the same bytes. Say which appliances, or `--all`.
    """
    from cli.files import write_configuration
    from cli.workplace import open_fleet, settings_of
    from lisiere.errors import UsageError
    from lisiere.workflow.preparing import templates_ahead
    from lisiere.workflow.selection import select

    wanted = selection(territories, profiles, platforms, releases, lifecycles, names)
    if not all_appliances and str(wanted) == "all":
        raise UsageError("say which appliances (--territory, --profile, --name …), or --all")
    settings = settings_of(context)
    with templates_ahead(settings.templates):
        fleet = open_fleet(settings, as_of=as_of.date() if as_of else None)
    chosen = [one.name for one in select(fleet, wanted)]
    from lisiere.workflow.intended import render_sites

    note(f"render: {len(chosen)} appliances")
    texts = render_sites(fleet, chosen, extra=settings.templates)
    files: list[str] = []
    with progress("write", len(chosen)) as advance:
        for name, text in texts.items():
            files += write_configuration(output, name, text)
            advance(name)
    lines = sum(text.count("\n") for text in texts.values())
    if as_json:
        print_json({"folder": output, "files": files, "lines": lines})
        return
    note(f"{len(files)} files with {lines} lines in {output}")
