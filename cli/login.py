"""`lisiere login` and `lisiere logout`: take the code that an engineer made for a token that nobody else sees."""

import sys
from typing import Annotated

import typer

from cli.output import note
from cli.request_words import LanguageName


def login(
    context: typer.Context,
    *,
    is_printed: Annotated[
        bool, typer.Option("--print", help="Print the token, for who keeps it elsewhere, instead of keeping it here.")
    ] = False,
    language: LanguageName = "fr",
) -> None:
    """Sign in with a code, asked for without echo or read from standard input; the token it gives is kept here alone.

    A code is taken once, within the hours that it lasts. A visa counts once another engineer has confirmed the login.
    """
    from cli.identity import keep, try_place
    from cli.records import open_records
    from cli.request_words import language_of, said_in
    from cli.workplace import settings_of
    from lisiere.workflow.requests.people import redeem
    from lisiere.workflow.requests.phrases import Phrase

    spoken = language_of(language)
    with said_in(spoken):
        if not is_printed:
            try_place()
        code = typer.prompt("Code", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
        with open_records(settings_of(context)) as records:
            user, token = redeem(records, code)
        where = "" if is_printed else keep(token)
    if is_printed:
        typer.echo(token)
    who = Phrase.of("Signed in as {name} ({title})", name=user.name, title=user.title).told(spoken)
    note(who + (f"; {where}" if where else ""))
    if not user.confirmed_by:
        note(Phrase.of("Your login is {login}: tell it to who calls to confirm you", login=user.login).told(spoken))


def logout(context: typer.Context, *, language: LanguageName = "fr") -> None:
    """Forget the token that is kept here, and have it be nobody's: whoever copied it signs in with it no longer."""
    from cli.identity import forget, token
    from cli.records import has_records, open_records
    from cli.request_words import language_of, said_in
    from cli.workplace import settings_of
    from lisiere.workflow.requests.people import sign_out
    from lisiere.workflow.requests.phrases import Phrase

    spoken = language_of(language)
    with said_in(spoken):
        settings = settings_of(context)
        if (held := token()) and has_records(settings):
            with open_records(settings) as records:
                sign_out(records, held)
        forget()
    note(Phrase.of("Signed out").told(spoken))
