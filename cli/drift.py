"""`lisiere drift`: where appliances are not as intended, why, and since when."""

import typer

from cli.options import AsJson, Lab, Lifecycles, Names, Platforms, Profiles, Releases, Territories, selection
from cli.output import local_time, note, print_json, print_table
from cli.status import Refresh

MOST_SHOWN = 60
"""Characters of a path or a value that a table shows; --json shows all."""


def drift(
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
    """Show each deviation with its reason and when it was first seen; secrets stay masked.

    Exit status 1 when there is any, or when an appliance could not be read.
    """
    from cli.lab_rootless import enters_lab
    from cli.records import open_records, settle
    from cli.refreshing import asked_for
    from cli.workplace import settings_of
    from lisiere.workflow.status import drift_of

    settings = settings_of(context)
    is_lab = enters_lab(settings, lab)
    wanted = selection(territories, profiles, platforms, releases, lifecycles, names)
    hosts, read_anew = asked_for(wanted, settings=settings, is_lab=is_lab, is_refreshed=refresh)
    with open_records(settings) as records:
        settle(records, is_lab=is_lab, keeps=False)
        is_read = read_anew(records)
        found = drift_of(records, hosts)
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
    else:
        rows = [
            (
                one.host,
                one.reason,
                _short(one.path),
                _short(one.intended),
                _short(one.running),
                local_time(one.entered_at),
            )
            for one in found
        ]
        headers = ("appliance", "reason", "path", "intended", "running", "since")
        print_table(headers, rows, empty="no deviation on record")
        note(f"{len(found)} deviation(s) on {len({one.host for one in found})} appliance(s)")
    if found or not is_read:
        raise typer.Exit(1)


def _short(text: str) -> str:
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 1]}…"
