"""`lisiere login` and `lisiere logout`: take the code that an engineer made for a token that nobody else sees."""

import sys

import typer

from cli.output import note


def login(context: typer.Context) -> None:
    """Sign in with a code, asked for without echo or read from standard input; the token it gives is kept here alone.

    A code is taken once, within the hours that it lasts. A visa counts once another engineer has confirmed the login.
    """
    from cli.identity import keep
    from cli.records import open_records
    from cli.workplace import settings_of
    from lisiere.workflow.requests.people import redeem

    code = typer.prompt("Code", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    with open_records(settings_of(context)) as records:
        user, token = redeem(records, code)
    where = keep(token)
    note(f"signed in as {user.name} ({user.title}); the token is kept in {where}")
    if not user.confirmed_by:
        note(f"visas count once another engineer than {user.let_in_by} has confirmed you")


def logout() -> None:
    """Forget the token that is kept here; it stays valid until an engineer makes a new code or revokes the user."""
    from cli.identity import forget

    forget()
    note("signed out")
