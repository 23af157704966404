"""The language in which `lisiere request` speaks, also when it refuses."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lisiere.errors import UsageError

if TYPE_CHECKING:
    from lisiere.model.report import Language
    from lisiere.model.request_case import Case


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
