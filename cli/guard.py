"""The guard of every command: whoever is signed in calls what the table of permissions lists, and nothing else.

Where nobody is signed in, the account on this machine acts: it holds the inventory and the records as files. Once
people sign in, that is the owner of both alone, and each inventory goes with its own records.
"""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cli.workplace import Places
    from lisiere.settings import Settings
    from lisiere.workflow.requests.phrases import RequestError

ALWAYS = frozenset({"login", "logout", "door"})
HELP = frozenset({"-h", "--help"})


def admit(places: "Places", command: str, words: Sequence[str] = ()) -> None:
    """Let a command be called, or refuse it in the same words whatever it is.

    Args:
        places: The folders that the command line named.
        command: Its name.
        words: What follows the name; who asks for help alone, and is not signed in, is asked nothing.

    Raises:
        RequestError: Somebody is signed in who may not call it, or whom the records named here do not know; nobody is
            who has to be; or the records are those of another inventory.
    """
    if command in ALWAYS:
        return
    from cli.identity import token
    from cli.request_words import language_here, said_in
    from cli.workplace import read_settings

    if held := token():
        with said_in(language_here()):
            _admit_signed_in(read_settings(places), held, command)
    elif not _asks_for_help(words):
        _admit_account(read_settings(places))


def _asks_for_help(words: Sequence[str]) -> bool:
    """Whether help is all that is asked for: no option is there whose value the last word could be."""
    return bool(words) and words[-1] in HELP and not any(one.startswith("-") for one in words[:-1])


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

    mark, ours = marks.of_inventory(settings.inventory), marks.beside(settings.state)
    if not mark and not ours:
        return
    from cli.request_words import language_here
    from lisiere.workflow.requests.pairing import other_pair
    from lisiere.workflow.requests.phrases import Phrase, RequestError

    if not marks.is_owner(os.geteuid(), settings.inventory, settings.state):
        raise RequestError(Phrase.of("People sign in here: `lisiere login`"), language=language_here())
    if ours != mark:
        raise other_pair()


def refusal() -> "RequestError":
    """What is said of every command that is not for who is signed in."""
    from lisiere.workflow.requests.phrases import Phrase, RequestError

    return RequestError(Phrase.of("This command is not for you: `lisiere request --help` shows what is"))
