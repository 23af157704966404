"""The language in which `lisiere request` and its neighbours speak to people of territories, also when they refuse."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from lisiere.errors import UsageError

if TYPE_CHECKING:
    from lisiere.model.report import Language
    from lisiere.model.request_case import Case

VARIABLE = "LISIERE_LANGUAGE"
LanguageName = Annotated[
    str, typer.Option("--language", envvar=VARIABLE, metavar="fr|en", help="The language of what is said.")
]
REQUESTS = ("number", "state", "territory", "asked by", "about")
"""The heads of a table of requests."""
USERS = ("name", "who", "standing", "let in by", "confirmed by", "since", "granted")
"""The heads of a table of users."""
NONE = ("no request", "no user")
"""What stands for an empty table."""


def language_of(name: str) -> "Language":
    """A language by its name.

    Raises:
        UsageError: It is not spoken here.
    """
    from lisiere.model.report import Language

    try:
        return Language(name.lower()[:2])
    except ValueError as exc:
        raise UsageError(f"{name!r} is no language spoken here: fr or en") from exc


def language_here() -> "Language":
    """The language of who works here, where no option tells it."""
    from lisiere.model.report import Language

    try:
        return language_of(os.environ.get(VARIABLE, "") or "fr")
    except UsageError:
        return Language.FR


def heads(words: Sequence[str], language: "Language") -> tuple[str, ...]:
    """The heads of a table."""
    from lisiere.workflow.requests.phrases import told

    return tuple(told(one, language) for one in words)


def stands(case: "Case", language: "Language") -> str:
    """How a request stands, in one line."""
    from lisiere.workflow.requests.phrases import told

    return f"{case.number}: {told(case.state, language)}"


@contextmanager
def said_in(language: "Language") -> Iterator[None]:
    """Word refusals in a language."""
    from lisiere.workflow.requests.phrases import RequestError

    try:
        yield
    except RequestError as exc:
        raise RequestError(*exc.phrases, language=language) from exc
