"""`lisiere request`: changes of private networks that a territory asks for, their effect shown before they are sent."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lisiere.model.effect import Effect
    from lisiere.model.request import Request
    from lisiere.settings import Settings

app = typer.Typer(help="Ask for a change of a territory's private networks; its effect is shown before it is sent.")

LanguageName = Annotated[
    str, typer.Option("--language", envvar="LISIERE_LANGUAGE", metavar="fr|en", help="The language of what is said.")
]


@app.command("preview")
def preview(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The request as YAML.")],
    *,
    territory: Annotated[
        str | None, typer.Option("--territory", "-t", metavar="SIREN", help="See this territory alone.")
    ] = None,
    diff: Annotated[bool, typer.Option("--diff", help="Also each configuration difference.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the very bytes that visas are bound to.")] = False,
    language: LanguageName = "fr",
) -> None:
    """Show what a request would do: inventory, appliances, what becomes reachable or ceases to be. Nothing is kept."""
    from cli.request_words import language_of, said_in
    from cli.workplace import settings_of
    from lisiere.workflow.requests import previews

    settings, spoken = settings_of(context), language_of(language)
    with said_in(spoken):
        effect = effect_in(settings, read_file(file), territories=None if territory is None else frozenset({territory}))
    if as_json:
        typer.echo(effect.frozen().decode(), nl=False)
        return
    typer.echo(previews.preview(effect, language=spoken, with_differences=diff), nl=False)


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


def effect_in(settings: "Settings", request: "Request", *, territories: frozenset[str] | None) -> "Effect":
    """The effect of a request on the inventory as it is now.

    Raises:
        RequestError: It does not fit the fleet.
    """
    from cli.workplace import today
    from lisiere.inventory.loader import load_whole
    from lisiere.workflow.requests.applying import apply_in_memory
    from lisiere.workflow.requests.effects import effect_of
    from lisiere.workflow.requests.sight import Sight

    loaded = load_whole(settings.inventory, as_of=today())
    applied = apply_in_memory(settings.inventory, loaded, request, Sight(loaded.fleet, territories))
    return effect_of(applied, request, extra=settings.templates)
