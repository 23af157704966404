"""The guard of every command: whoever is signed in calls what the table of permissions lists, and nothing else.

Where nobody is signed in, the account on this machine acts: it holds the inventory and the records as files.
"""

from typing import TYPE_CHECKING

from lisiere.errors import UsageError

if TYPE_CHECKING:
    from cli.workplace import Places

ALWAYS = frozenset({"login", "logout"})
REFUSED = "this command is not for you: `lisiere request --help` shows what is"


def admit(places: "Places", command: str) -> None:
    """Let a command be called, or refuse it in the same words whatever it is.

    Raises:
        UsageError: Somebody is signed in who may not call it, or whom the records named here do not know.
    """
    from cli.identity import token

    if command in ALWAYS or not (held := token()):
        return
    from cli.records import has_records, open_records
    from cli.workplace import read_settings
    from lisiere.workflow.requests.people import user_of
    from lisiere.workflow.requests.permissions import may_call

    settings = read_settings(places)
    if not has_records(settings):
        raise UsageError(REFUSED)
    with open_records(settings) as records:
        if not may_call(user_of(records, held), command):
            raise UsageError(REFUSED)
