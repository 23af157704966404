"""`lisiere runs`: what was carried out, and how it ended."""

from typing import Annotated

import typer

from cli.options import AsJson
from cli.output import local_time, print_json, print_table


def runs(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[RUN]", help="A run, the beginning of its name, or `last`.")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """List the last runs, newest first; with a RUN, what became of each appliance in it."""
    from cli.records import open_records, tell_interruptions
    from cli.workplace import settings_of

    with open_records(settings_of(context)) as records:
        tell_interruptions(records)
        if name:
            run = records.load_run(name)
            if as_json:
                print_json(run.model_dump(mode="json"))
                return
            typer.echo(f"{run.id} of {run.plan_id}: {run.status}, started {local_time(run.started_at)}")
            rows = [(one.wave, one.host, one.outcome, one.detail) for one in run.outcomes]
            print_table(("wave", "appliance", "outcome", "detail"), rows, empty="no appliance was begun")
            return
        found = records.list_runs()
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    lines = [
        (
            one.id,
            one.status,
            local_time(one.started_at),
            one.started_by,
            ", ".join(f"{count} {outcome}" for outcome, count in sorted(one.outcomes.items())),
        )
        for one in found
    ]
    print_table(("run", "status", "started", "by", "appliances"), lines, empty="nothing was carried out yet")
