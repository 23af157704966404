"""`lisiere request new` without a file: a dialogue that asks for what the kind of request needs, until it fits."""

from typing import TYPE_CHECKING

import typer

from cli.output import note

if TYPE_CHECKING:
    from lisiere.model.report import Language
    from lisiere.model.request import Request
    from lisiere.workflow.requests.desk import Desk

LISTS = frozenset({"segments", "from", "to", "services", "ends"})
NESTED = frozenset({"partner", "declares"})


def ask(desk: "Desk", language: "Language") -> "Request":
    """Ask for a request, say at once what is wrong with it, and ask again.

    Raises:
        RequestError: The kind needs a file.
    """
    from lisiere.model.request import KINDS, RequestKind
    from lisiere.workflow.requests.phrases import Phrase, RequestError
    from lisiere.workflow.requests.reading import request_of

    kind = ""
    while kind not in set(RequestKind):
        kind = typer.prompt(f"kind ({', '.join(RequestKind)})")
    fields = [one.alias or name for name, one in KINDS[RequestKind(kind)].model_fields.items() if name != "kind"]
    if NESTED & set(fields) and kind == RequestKind.ADD_PARTNER:
        raise RequestError(Phrase.of("A new partner is asked for as a file: lisiere request new FILE"))
    answers: dict[str, str] = {}
    while True:
        for field in fields:
            answers[field] = typer.prompt(field, default=answers.get(field) or ("" if field == "ends" else None))
        try:
            request = request_of({"kind": kind} | {field: _value(field, text) for field, text in answers.items()})
            desk.preview(request)
        except RequestError as exc:
            note(exc.told(language))
        else:
            return request


def _value(field: str, text: str) -> object:
    return [one.strip() for one in text.split(",") if one.strip()] if field in LISTS else text.strip()
