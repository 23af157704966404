"""The guard of every command: whoever is signed in calls what the table of permissions lists, and nothing else.

Where nobody is signed in, the account on this machine acts: it holds the inventory and the records as files.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cli.workplace import Places
    from lisiere.workflow.requests.phrases import RequestError

ALWAYS = frozenset({"login", "logout"})


def admit(places: "Places", command: str) -> None:
    """Let a command be called, or refuse it in the same words whatever it is.

    Raises:
        RequestError: Somebody is signed in who may not call it, or whom the records named here do not know.
    """
    from cli.identity import token

    if command in ALWAYS or not (held := token()):
        return
    from cli.records import has_records, open_records
    from cli.request_words import language_here, said_in
    from cli.workplace import read_settings
    from lisiere.workflow.requests.people import user_of
    from lisiere.workflow.requests.permissions import may_call

    settings = read_settings(places)
    with said_in(language_here()):
        if not has_records(settings):
            raise refusal()
        with open_records(settings) as records:
            if not may_call(user_of(records, held), command):
                raise refusal()


def refusal() -> "RequestError":
    """What is said of every command that is not for who is signed in."""
    from lisiere.workflow.requests.phrases import Phrase, RequestError

    return RequestError(Phrase.of("This command is not for you: `lisiere request --help` shows what is"))
