"""`lisiere user`: who signs in, and what was granted to them."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import local_time, note, print_json, print_table, shown
from cli.request_words import LanguageName

if TYPE_CHECKING:
    from lisiere.settings import Settings
    from lisiere.store.records import Records

app = typer.Typer(help="Who signs in, and for which territory they may do what.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name to sign in with.")]


@app.command("add")
def add(
    context: typer.Context,
    name: Name,
    *,
    role: Annotated[
        str, typer.Option("--role", help="engineer, epci-admin, epci-approver, auditor, academie or worker.")
    ],
    title: Annotated[str, typer.Option("--title", help="Who it is, for people.")],
    territory: Annotated[
        list[str] | None, typer.Option("--territory", "-t", metavar="SIREN", help="For which territory; repeat.")
    ] = None,
    first: Annotated[
        bool, typer.Option("--first", help="The first user of all, an engineer; anew until somebody signed in.")
    ] = False,
    as_machine: Annotated[
        bool, typer.Option("--as-machine", help="As root of this machine, where no engineer can sign in.")
    ] = False,
) -> None:
    """Add a user, or grant one something else, and print the code to hand over: it is shown this once, and taken once.

    The token that a user had is void at once.
    """
    from cli.identity import signed_in
    from cli.records import open_records
    from cli.workplace import operator_name, settings_of
    from lisiere.workflow.requests.people import CODE_TERM, invite, invite_by_machine, invite_first, make_user

    user = make_user(name, title, role, tuple(territory or ()))
    if as_machine:
        _require_root()
    settings = settings_of(context)
    with open_records(settings) as records:
        if first:
            code = invite_first(records, user, by=operator_name())
            pair(records, settings, by=operator_name())
        elif as_machine:
            code = invite_by_machine(records, user, account=operator_name())
        else:
            code = invite(records, user, by=signed_in(records))
    hours = int(CODE_TERM.total_seconds() // 3600)
    note(f"{user.name} signs in with `lisiere login` and this code, within {hours} hours:")
    typer.echo(code)


@app.command("confirm")
def confirm(
    context: typer.Context,
    name: Name,
    *,
    login: Annotated[
        str, typer.Option("--login", metavar="DIGITS", help="What `lisiere login` told them: ask the person, by voice.")
    ],
    as_machine: Annotated[
        bool, typer.Option("--as-machine", help="As root of this machine, where there are too few engineers.")
    ] = False,
) -> None:
    """Confirm that it is this person who signed in by this login; their visas count from then on.

    For the first person of a territory and for the operator's own people, an engineer who neither made the code nor let
    in who did; for everybody after the first of a territory, somebody of that territory.
    """
    from cli.identity import signed_in
    from cli.records import open_records
    from cli.workplace import operator_name, settings_of
    from lisiere.workflow.requests.people import confirm as say
    from lisiere.workflow.requests.people import confirm_by_machine

    if as_machine:
        _require_root()
    with open_records(settings_of(context)) as records:
        if as_machine:
            confirm_by_machine(records, name, login, account=operator_name())
        else:
            say(records, name, login, by=signed_in(records))
    note(f"the visas of {name} count from now on")


@app.command("revoke")
def revoke(context: typer.Context, name: Name) -> None:
    """Let somebody sign in no longer; what they did stays on record, and their name is nobody else's."""
    from cli.identity import signed_in
    from cli.records import open_records
    from cli.workplace import settings_of
    from lisiere.workflow.requests.people import revoke as take_away

    with open_records(settings_of(context)) as records:
        take_away(records, name, by=signed_in(records))
    note(f"{name} may no longer sign in")


@app.command("bind")
def bind(context: typer.Context) -> None:
    """Have users and requests here be for the inventory and the templates of this workplace, and for no other.

    An inventory that other records are for is taken over by root alone.
    """
    from cli.accounts import account
    from cli.identity import signed_in
    from cli.records import open_records
    from cli.workplace import settings_of
    from lisiere.workflow.requests.pairing import refuse_other
    from lisiere.workflow.requests.people import require_manager

    settings = settings_of(context)
    with open_records(settings) as records:
        user = signed_in(records)
        require_manager(user)
        if account() != "root":
            refuse_other(records, settings.inventory)
        pair(records, settings, by=user.name)
    note(f"these records are for {settings.inventory.resolve()}")


@app.command("list")
def list_(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")] = False,
    language: LanguageName = "fr",
) -> None:
    """List the users with what was granted to them; who manages none sees those of the own territories."""
    from cli.identity import signed_in
    from cli.records import open_records
    from cli.request_words import NONE, USERS, heads, language_of, said_in
    from cli.workplace import settings_of
    from lisiere.workflow.requests.people import accounts_seen
    from lisiere.workflow.requests.phrases import told

    spoken = language_of(language)
    with said_in(spoken), open_records(settings_of(context)) as records:
        found = accounts_seen(records, signed_in(records))
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    rows = [
        (
            one.user.name,
            shown(one.user.title),
            told(one.standing, spoken),
            one.user.let_in_by or "-",
            one.user.confirmed_by or "-",
            local_time(one.made_at),
            ", ".join(f"{told(grant.role, spoken)} {grant.territory or ''}".strip() for grant in one.user.grants),
        )
        for one in found
    ]
    print_table(heads(USERS, spoken), rows, empty=told(NONE[1], spoken))


def pair(records: "Records", settings: "Settings", *, by: str) -> None:
    """Pair records and inventory, and have both know it."""
    from lisiere.workflow.requests import marks
    from lisiere.workflow.requests.pairing import bind

    binding = bind(records, inventory=settings.inventory, templates=settings.templates, by=by)
    marks.leave(binding.mark, inventory=settings.inventory, state=settings.state)


def _require_root() -> None:
    from cli.accounts import account
    from lisiere.errors import UsageError

    if account() != "root":
        raise UsageError("--as-machine is for root itself, who owns the machine and the records on it")
