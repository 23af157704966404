"""The options that several commands share, said once."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lisiere.model.vocabulary import Lifecycle, Platform, ProfileName, Release

if TYPE_CHECKING:
    from lisiere.model.plan import Plan
    from lisiere.workflow.selection import Selection

Territories = Annotated[
    list[str] | None,
    typer.Option("--territory", "-t", metavar="SIREN", help="Only this territory (SIREN number); may be repeated."),
]
Profiles = Annotated[
    list[ProfileName] | None,
    typer.Option("--profile", "-p", help="Only sites of this profile; may be repeated."),
]
Platforms = Annotated[
    list[Platform] | None,
    typer.Option("--platform", help="Only appliances of this platform; may be repeated."),
]
Releases = Annotated[
    list[Release] | None,
    typer.Option("--release", help="Only appliances of this release of their platform; may be repeated."),
]
Lifecycles = Annotated[
    list[Lifecycle] | None,
    typer.Option("--lifecycle", "-l", help="Only appliances in this state of the programme; may be repeated."),
]
Names = Annotated[
    list[str] | None,
    typer.Option("--name", "-n", metavar="PATTERN", help="Only appliances of this name; * and ? stand for any text."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
Output = Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder to write to; it is created.")]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], metavar="DATE", help="Judge dates as of this day; else today."),
]
Lab = Annotated[
    bool | None,
    typer.Option("--lab/--no-lab", help="Work on the lab's appliances (or LISIERE_LAB=1).", show_default=False),
]


def selection(
    territories: list[str] | None,
    profiles: list[ProfileName] | None,
    platforms: list[Platform] | None,
    releases: list[Release] | None,
    lifecycles: list[Lifecycle] | None,
    names: list[str] | None,
) -> "Selection":
    """The filters of a command line, as one selection."""
    from lisiere.workflow.selection import Selection

    return Selection(
        territories=tuple(territories or ()),
        profiles=tuple(profiles or ()),
        releases=tuple(releases or ()),
        platforms=tuple(platforms or ()),
        lifecycles=tuple(lifecycles or ()),
        names=tuple(names or ()),
    )


ON_LAB = " (lab)"
"""How the selection of a plan ends that was made on the lab's appliances."""


def is_lab_plan(plan: "Plan") -> bool:
    """Whether a plan was made on the lab's appliances."""
    return plan.selection.endswith(ON_LAB)
