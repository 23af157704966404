"""The guard of every command: whoever is signed in calls what the table of permissions lists, and nothing else.

Where nobody is signed in, the account on this machine acts: it holds the inventory and the records as files. Once
people sign in, that is the owner of both alone, and each inventory goes with its own records.
"""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cli.workplace import Places
    from lisiere.settings import Settings
    from lisiere.workflow.requests.phrases import RequestError

ALWAYS = frozenset({"login", "logout", "door"})


def admit(places: "Places", command: str) -> None:
    """Let a command be called, or refuse it in the same words whatever it is.

    Raises:
        RequestError: Somebody is signed in who may not call it, or whom the records named here do not know; nobody is
            who has to be; or the records are those of another inventory.
    """
    from cli.identity import token
    from cli.request_words import language_here, said_in
    from cli.workplace import read_settings

    if command in ALWAYS:
        return
    held, settings = token(), read_settings(places)
    if held:
        with said_in(language_here()):
            _admit_signed_in(settings, held, command)
    else:
        _admit_account(settings)


def _admit_signed_in(settings: "Settings", held: str, command: str) -> None:
    from cli.records import has_records, open_records
    from lisiere.workflow.requests.pairing import check_signed_in
    from lisiere.workflow.requests.people import user_of
    from lisiere.workflow.requests.permissions import may_call

    if not has_records(settings):
        raise refusal()
    with open_records(settings) as records:
        user = user_of(records, held)
        if not may_call(user, command):
            raise refusal()
        if command != "user":
            check_signed_in(records, user, inventory=settings.inventory, templates=settings.templates)


def _admit_account(settings: "Settings") -> None:
    """Where people sign in, only who owns inventory and state works there without."""
    from lisiere.workflow.requests import marks

    mark = marks.of_inventory(settings.inventory)
    if not mark:
        return
    from cli.request_words import language_here
    from lisiere.workflow.requests.pairing import other_pair
    from lisiere.workflow.requests.phrases import Phrase, RequestError

    if not marks.is_owner(os.geteuid(), settings.inventory, settings.state):
        raise RequestError(Phrase.of("People sign in here: `lisiere login`"), language=language_here())
    if marks.beside(settings.state) != mark:
        raise other_pair()


def refusal() -> "RequestError":
    """What is said of every command that is not for who is signed in."""
    from lisiere.workflow.requests.phrases import Phrase, RequestError

    return RequestError(Phrase.of("This command is not for you: `lisiere request --help` shows what is"))
