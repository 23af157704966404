"""`lisiere rules`: what is asked of appliances, and on whose word."""

from typing import Annotated

import typer

from cli.output import note, print_json, print_table


def rules(
    context: typer.Context,
    *,
    french: Annotated[bool, typer.Option("--fr", help="Titles in French.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print every pack as one JSON document.")] = False,
) -> None:
    """List the rules with their severity and source, and every mistake of a rule pack with its file and line.

    Exit status 2 when a pack is refused.
    """
    from cli.workplace import settings_of
    from lisiere.workflow.findings import cited
    from lisiere.workflow.packs import load_packs

    packs = load_packs(settings_of(context).rules)
    if as_json:
        print_json(
            {
                "packs": [one.model_dump(mode="json", by_alias=True) for one in packs.packs],
                "mistakes": list(map(str, packs.mistakes)),
            }
        )
    else:
        rows = [
            (name, one.rule.severity, one.rule.title.fr if french else one.rule.title.en, cited(name, packs))
            for name, one in packs.rules.items()
        ]
        print_table(("rule", "severity", "title", "source"), rows, empty="no rule")
    for mistake in packs.mistakes:
        note(str(mistake))
    note(f"{len(packs.rules)} rule(s) in {len(packs.packs)} pack(s), {len(packs.mistakes)} mistake(s)")
    if packs.mistakes:
        raise typer.Exit(2)
