"""`lisiere door`: the one command of an account that people of territories reach over SSH, each with an own key.

They keep their tokens themselves: it comes as the first line of what they send, and is kept nowhere here.
"""

import os
import shlex
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lisiere.workflow.requests.phrases import RequestError

ASKED = "SSH_ORIGINAL_COMMAND"
LONGEST_TOKEN = 200


def door() -> None:
    """Call `request …`, `user list` or `login` for who comes over SSH, the token as first line.

    In `authorized_keys`: `command="lisiere door",restrict ssh-ed25519 …`. A file is given as `-` and follows the token.
    """
    from cli.identity import holding
    from cli.main import app
    from cli.request_words import language_here, said_in

    with said_in(language_here()):
        words = _words(os.environ.get(ASKED, ""))
        if words == ["login"]:
            app([*words, "--print"], prog_name="lisiere")
        token = _first_line()
        if not token:
            raise _said("The first line of what you send is your token")
        with holding(token):
            app(words, prog_name="lisiere")


def _first_line() -> str:
    """The token that is sent before anything else."""
    try:
        return sys.stdin.readline(LONGEST_TOKEN).strip()
    except UnicodeDecodeError as exc:
        raise _said("What you send is not UTF-8 text") from exc


def _words(asked: str) -> list[str]:
    """The command that somebody asks for, if it is one of those that are for here.

    Raises:
        RequestError: It is not.
    """
    try:
        words = shlex.split(asked)
    except ValueError:
        words = []
    words = words[1:] if words[:1] == ["lisiere"] else words
    if words[:1] == ["request"] or words[:2] == ["user", "list"] or words == ["login"]:
        return words
    raise _said("Here you ask for: request …, user list, login")


def _said(sentence: str) -> "RequestError":
    from lisiere.workflow.requests.phrases import Phrase, RequestError

    return RequestError(Phrase.of(sentence))
