"""What the commands of `lisiere request` share: the desk of the signed-in user, files, and what they print."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cli.output import note, shown

if TYPE_CHECKING:
    from lisiere.model.report import Language
    from lisiere.model.request import Request
    from lisiere.model.request_case import Act, Case, Damaged
    from lisiere.workflow.requests.desk import Desk


STDIN = "-"


@contextmanager
def at_desk(context: typer.Context, language: "Language") -> Iterator["Desk"]:
    """The desk of the signed-in user; refusals are worded in a language.

    Raises:
        UsageError: Nobody is signed in.
    """
    from cli.identity import signed_in
    from cli.records import open_records
    from cli.request_words import said_in
    from cli.workplace import settings_of
    from lisiere.workflow.requests.desk import Desk
    from lisiere.workflow.requests.ground import Place

    settings = settings_of(context)
    with said_in(language), open_records(settings) as records:
        place = Place(
            settings.inventory,
            lambda: datetime.now(UTC),
            settings.templates,
            tell=lambda phrase: note(phrase.told(language)),
        )
        yield Desk(records, signed_in(records), place)


def said(context: typer.Context, number: int, act: "Act", text: str, language: str) -> None:
    """Do what needs a reason or a text, and tell how the request stands."""
    from cli.request_words import language_of, stands

    spoken = language_of(language)
    with at_desk(context, spoken) as desk:
        case = desk.say(number, act, text)
    note(stands(case, spoken))


def read_file(file: Path) -> "Request":
    """The request in a file, or in what is sent; who comes through the door names no file of this machine.

    Raises:
        RequestError: There is none, or it is wrong.
    """
    from cli.identity import is_held
    from lisiere.model.request import MOST_BYTES
    from lisiere.workflow.requests.phrases import Phrase, RequestError
    from lisiere.workflow.requests.reading import parse_request

    if str(file) == STDIN:
        return parse_request(_sent(MOST_BYTES + 1))
    if is_held():
        raise RequestError(Phrase.of("Give the file as -, and send it after your token"))
    try:
        with file.open("rb") as content:
            text = content.read(MOST_BYTES + 1)
    except OSError as exc:
        raise RequestError(Phrase.of("{file} cannot be read: {reason}", file=file, reason=exc.strerror)) from exc
    return parse_request(text)


def _sent(most: int) -> str:
    """What is sent to this command."""
    from lisiere.workflow.requests.phrases import Phrase, RequestError

    try:
        return sys.stdin.read(most)
    except UnicodeDecodeError as exc:
        raise RequestError(Phrase.of("The request is not UTF-8 text")) from exc


def commit_of(case: "Case") -> str:
    """The commit that brought a request into the inventory; empty where none did."""
    from lisiere.model.request_case import Act

    return next((one.detail for one in reversed(case.events) if one.act is Act.COMMIT), "")


def row(case: "Case | Damaged", language: "Language") -> tuple[object, ...]:
    """A request as a row of a table; of one that was altered on record only that it is there."""
    from lisiere.model.request_case import Damaged
    from lisiere.workflow.requests.phrases import told

    if isinstance(case, Damaged):
        return case.number, told("altered on record", language), shown(case.territory), "?", "?"
    return case.number, told(case.state, language), case.territory, case.asked_by, about(case, language)


def about(case: "Case", language: "Language") -> str:
    """What a request is about, in one line."""
    from lisiere.workflow.requests.phrases import told
    from lisiere.workflow.requests.reading import parse_request

    request = parse_request(case.request)
    kind = told(request.kind, language)
    return shown(f"{kind} {getattr(request, 'overlay', '') or getattr(request, 'site', '')}: {request.why}")


def timeline(case: "Case", language: "Language") -> Iterator[str]:
    """All that happened to a request, in order, at the time of Paris."""
    from cli.request_words import stands
    from lisiere.model.days import paris_time
    from lisiere.workflow.requests.phrases import told

    yield stands(case, language)
    for event in case.events:
        detail = " ".join(map(shown, event.detail.splitlines()))
        yield f"  {paris_time(event.at)}  {told(event.act, language)}  {event.by}" + (f": {detail}" if detail else "")
