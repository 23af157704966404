"""`lisiere policy`: what the policies of all sites mean, and what is wrong with them."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson, AsOf
from cli.output import note, print_json, print_table

if TYPE_CHECKING:
    from lisiere.policy.finding import PolicyFinding

app = typer.Typer(help="What the policies of all sites mean, and what is wrong with them.", no_args_is_help=True)


@app.callback()
def policy() -> None:
    """What the policies of all sites mean, and what is wrong with them."""


@app.command("reach")
def reach(
    context: typer.Context,
    site: Annotated[str, typer.Argument(metavar="SITE", help="Name of the site's appliance.")],
    *,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """Show all that may pass one site's appliance, as few lines as can be had; everything else is denied."""
    from cli.show import find
    from cli.workplace import fleet_on, settings_of
    from lisiere.policy.frozen import policy_of
    from lisiere.policy.reach import reachability
    from lisiere.policy.site import resolver
    from lisiere.policy.telling import lines

    fleet = fleet_on(settings_of(context), as_of.date() if as_of else None)
    policy = policy_of(resolver(fleet)(find(fleet, site).name))
    found = lines(reachability(policy), policy)
    if as_json:
        print_json(found)
        return
    for line in found:
        typer.echo(line)


@app.command("lint")
def lint(context: typer.Context, *, as_of: AsOf = None, as_json: AsJson = False) -> None:
    """Find rules without effect, rules that are too wide, flows past their day, exceptions near their end.

    Each finding is said once, with the number of sites; --json names them. Exit status 1 when one is an error.
    """
    from cli.workplace import fleet_on, settings_of
    from lisiere.policy.finding import Severity
    from lisiere.policy.lint import lint as look
    from lisiere.policy.site import resolve_fleet

    fleet = fleet_on(settings_of(context), as_of.date() if as_of else None)
    found = look(fleet, tuple(resolve_fleet(fleet)))
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
    else:
        _print(found)
    if any(one.severity is Severity.ERROR for one in found):
        raise typer.Exit(1)


def _print(found: "tuple[PolicyFinding, ...]") -> None:
    rows = [(one.severity, one.kind, one.subject, len(one.sites) or "-", one.message) for one in found]
    print_table(("severity", "finding", "about", "sites", "what"), rows, empty="nothing found")
    counts = {severity: sum(one.severity == severity for one in found) for severity in ("error", "warning", "note")}
    note(", ".join(f"{count} {severity}(s)" for severity, count in counts.items()))
