"""`lisiere status`: how the fleet stands, from the records."""

from typing import Annotated

import typer

from cli.options import AsJson, Lab, Lifecycles, Names, Platforms, Profiles, Releases, Territories, selection
from cli.output import local_time, note, print_json, print_table

Refresh = Annotated[bool, typer.Option("--refresh", help="Read the appliances first.")]


def status(
    context: typer.Context,
    *,
    territories: Territories = None,
    profiles: Profiles = None,
    platforms: Platforms = None,
    releases: Releases = None,
    lifecycles: Lifecycles = None,
    names: Names = None,
    refresh: Refresh = False,
    lab: Lab = None,
    as_json: AsJson = False,
) -> None:
    """Show how appliances stood when they were last read, and since when.

    Exit status 1 when an appliance has drifted, or could not be read.
    """
    from cli.lab_rootless import enters_lab
    from cli.records import open_records, settle, tell_interruptions
    from cli.refreshing import asked_for
    from cli.workplace import settings_of
    from lisiere.workflow.status import drift_of, overview, status_of

    settings = settings_of(context)
    is_lab = enters_lab(settings, lab)
    wanted = selection(territories, profiles, platforms, releases, lifecycles, names)
    hosts, read_anew = asked_for(wanted, settings=settings, is_lab=is_lab, is_refreshed=refresh)
    with open_records(settings) as records:
        settle(records, is_lab=is_lab, keeps=False)
        tell_interruptions(records)
        is_read = read_anew(records)
        found = status_of(records, hosts)
        summary = overview(found, drift_of(records, hosts))
    if as_json:
        print_json(
            {"overview": summary.model_dump(mode="json"), "appliances": [one.model_dump(mode="json") for one in found]}
        )
    else:
        rows = [
            (one.host, one.conformity, local_time(one.entered_at), local_time(one.read_at), one.deviations)
            for one in found
        ]
        print_table(("appliance", "state", "since", "read", "deviations"), rows, empty="no appliance")
        note(
            f"{summary.appliances} appliances: {summary.conform} conform, {summary.drifted} drifted, "
            f"{summary.unread} never read"
        )
    if summary.drifted or not is_read:
        raise typer.Exit(1)
