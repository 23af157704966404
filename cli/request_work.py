"""What the commands of `lisiere request` share: the desk of the signed-in user, files, and what they print."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cli.output import local_time, note, shown

if TYPE_CHECKING:
    from lisiere.inventory.loader import Loaded
    from lisiere.model.effect import Effect
    from lisiere.model.request import Request
    from lisiere.model.request_case import Act, Case
    from lisiere.settings import Settings
    from lisiere.workflow.requests.desk import Desk
    from lisiere.workflow.requests.phrases import Language
    from lisiere.workflow.requests.sight import Sight


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
    from lisiere.workflow.requests.desk import Desk, Place

    settings = settings_of(context)
    with said_in(language), open_records(settings) as records:
        yield Desk(
            records, signed_in(records), Place(settings.inventory, lambda: datetime.now(UTC), settings.templates)
        )


def said(context: typer.Context, number: int, act: "Act", text: str, language: str) -> None:
    """Do what needs a reason or a text, and tell how the request stands."""
    from cli.request_words import language_of

    with at_desk(context, language_of(language)) as desk:
        case = desk.say(number, act, text)
    note(f"{case.number}: {case.state}")


def read_file(file: Path) -> "Request":
    """The request in a file.

    Raises:
        RequestError: There is none, or it is wrong.
    """
    from lisiere.model.request import MOST_BYTES
    from lisiere.workflow.requests.phrases import Phrase, RequestError
    from lisiere.workflow.requests.reading import parse_request

    try:
        with file.open("rb") as content:
            text = content.read(MOST_BYTES + 1)
    except OSError as exc:
        raise RequestError(Phrase.of("{file} cannot be read: {reason}", file=file, reason=exc.strerror)) from exc
    return parse_request(text)


def previewed(settings: "Settings", request: "Request", *, territory: str | None) -> "Effect":
    """The effect of a request on the inventory as it is now, as `sight_in` sees the fleet.

    Raises:
        RequestError: It does not fit the fleet.
        UsageError: There are users, and nobody is signed in.
    """
    from lisiere.workflow.requests.applying import apply_in_memory
    from lisiere.workflow.requests.effects import effect_of

    loaded, sight = sight_in(settings, territory=territory)
    applied = apply_in_memory(settings.inventory, loaded, request, sight)
    return effect_of(applied, request, extra=settings.templates)


def sight_in(settings: "Settings", *, territory: str | None = None) -> tuple["Loaded", "Sight"]:
    """The inventory, and what the signed-in user sees of it.

    Where nobody was ever added, whoever holds the inventory's files sees all of it, or the territory that they name.

    Raises:
        UsageError: There are users, and nobody is signed in.
    """
    from cli.identity import signed_in
    from cli.records import has_records, open_records
    from cli.workplace import today
    from lisiere.inventory.loader import load_whole
    from lisiere.workflow.requests.permissions import territories
    from lisiere.workflow.requests.sight import Sight

    seen = None
    if has_records(settings):
        with open_records(settings) as records:
            seen = territories(signed_in(records)) if records.requests.users() else None
    if territory is not None:
        seen = frozenset({territory}) if seen is None else seen & {territory}
    loaded = load_whole(settings.inventory, as_of=today())
    return loaded, Sight(loaded.fleet, seen)


def about(case: "Case") -> str:
    """What a request is about, in one line."""
    from lisiere.workflow.requests.reading import parse_request

    request = parse_request(case.request)
    return shown(f"{request.kind} {getattr(request, 'overlay', '') or getattr(request, 'site', '')}: {request.why}")


def timeline(case: "Case") -> Iterator[str]:
    """All that happened to a request, in order."""
    yield f"{case.number}: {case.state}"
    for event in case.events:
        told = " ".join(map(shown, event.detail.splitlines()))
        yield f"  {local_time(event.at)}  {event.act}  {event.by}" + (f": {told}" if told else "")
