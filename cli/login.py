"""`lisiere login`: sign in with a token that an engineer made."""

import sys

import typer

from cli.output import note


def login(context: typer.Context) -> None:
    """Sign in with a token, asked for without echo or read from standard input, and keep it for later commands."""
    from cli.identity import keep
    from cli.records import open_records
    from cli.workplace import settings_of
    from lisiere.workflow.requests.people import user_of

    token = typer.prompt("Token", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    with open_records(settings_of(context)) as records:
        user = user_of(records, token)
    where = keep(token.strip())
    note(f"signed in as {user.name} ({user.title}); the token is kept in {where}")
