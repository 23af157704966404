"""`lisiere user`: who signs in, and what was granted to them."""

from typing import Annotated

import typer

from cli.output import note, print_json, print_table, shown

app = typer.Typer(help="Who signs in, and for which territory they may do what.")


@app.command("add")
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name to sign in with.")],
    *,
    role: Annotated[str, typer.Option("--role", help="engineer, epci-admin, epci-approver, auditor or academie.")],
    title: Annotated[str, typer.Option("--title", help="Who it is, for people.")],
    territory: Annotated[
        list[str] | None, typer.Option("--territory", "-t", metavar="SIREN", help="For which territory; repeat.")
    ] = None,
    first: Annotated[bool, typer.Option("--first", help="The first user of all, an engineer.")] = False,
) -> None:
    """Add a user, or grant one something else, and print the token to hand over: it is shown this once."""
    from cli.identity import signed_in
    from cli.records import open_records
    from cli.workplace import operator_name, settings_of
    from lisiere.workflow.requests.people import add_first_user, add_user, make_user

    user = make_user(name, title, role, tuple(territory or ()))
    with open_records(settings_of(context)) as records:
        if first:
            token = add_first_user(records, user, by=operator_name())
        else:
            token = add_user(records, user, by=signed_in(records))
    note(f"{user.name} signs in with `lisiere login` and this token:")
    typer.echo(token)


@app.command("list")
def list_(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")] = False,
) -> None:
    """List the users with what was granted to them; who manages none sees only their own."""
    from cli.identity import signed_in
    from cli.records import open_records
    from cli.workplace import settings_of
    from lisiere.workflow.requests.people import users_seen

    with open_records(settings_of(context)) as records:
        found = users_seen(records, signed_in(records))
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    rows = [
        (one.name, shown(one.title), ", ".join(f"{grant.role} {grant.territory or ''}".strip() for grant in one.grants))
        for one in found
    ]
    print_table(("name", "who", "granted"), rows, empty="no user")
