"""The command `lisiere demo`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import AsJson
from cli.output import print_json


def demo(
    context: typer.Context,
    *,
    count: Annotated[int, typer.Option("--count", min=4, max=2000, help="Appliances to work on.")] = 600,
    folder: Annotated[
        Path, typer.Option("--folder", metavar="DIR", help="Where the demonstration keeps all it makes; made anew.")
    ] = Path(".lisiere/demo"),
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port that the simulated appliances answer at; 0 for a free one.")
    ] = 0,
    requests: Annotated[
        bool, typer.Option("--requests", help="Show the way of two requests of a territory instead; needs git.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the whole job on simulated appliances: check, render, plan, apply in waves, change a flow, find a drift.

    Needs no root and nothing prepared; what it made is left in its folder, with a page `lisiere-demo.html`.
    """
    from cli.demo.requests import RequestStory
    from cli.demo.story import Story
    from cli.workplace import settings_of

    settings = settings_of(context)
    if requests:
        found = RequestStory(settings, folder=folder, port=port).tell()
    else:
        found = Story(settings, folder=folder, count=count, port=port).tell()
    if as_json:
        print_json(found)
