"""`lisiere request new` without a file: a dialogue that asks for what the kind of request needs, until it fits."""

from types import MappingProxyType
from typing import TYPE_CHECKING

import typer

from cli.output import note

if TYPE_CHECKING:
    from lisiere.model.report import Language
    from lisiere.model.request import Request
    from lisiere.workflow.requests.desk import Desk

LISTS = frozenset({"segments", "from", "to", "services", "ends"})
NESTED = frozenset({"partner", "declares"})
SAID = MappingProxyType(
    {
        "kind": "What is asked for; one of: {kinds}",
        "why": "Why it is asked for",
        "overlay": "The private network, by name",
        "site": "The site, by name",
        "segments": "The networks of the site that take part, with commas between",
        "flow": "The name of the flow, which ends in the territory's number",
        "title": "A title that people understand",
        "from": "Who is to reach others, with commas between; any for all members",
        "to": "Whom they are to reach, with commas between; any for all members",
        "services": "Which services, with commas between",
        "owner": "Who answers for it",
        "purpose": "What it is needed for",
        "legal_basis": "On what legal basis",
        "until": "The last day, such as 2027-12-31",
        "partner": "The external partner, by name",
        "hub": "The site in the middle, by name",
        "successor": "Which site follows it, by name",
        "ends": "The two ends of one tunnel, with a comma between; nothing for all tunnels",
        "web_access": "Which access to the web",
    }
)
"""The questions, by the name that the answer has in a file; messages about an answer begin with that name."""


def ask(desk: "Desk", language: "Language") -> "Request":
    """Ask for a request, say at once what is wrong with it, and ask again.

    Raises:
        RequestError: The kind needs a file.
    """
    from lisiere.model.request import KINDS, RequestKind
    from lisiere.workflow.requests.phrases import Phrase, RequestError, told
    from lisiere.workflow.requests.reading import request_of

    kind = ""
    kinds = ", ".join(f"{one} ({told(one, language)})" for one in RequestKind)
    while kind not in set(RequestKind):
        kind = typer.prompt(told(SAID["kind"], language).format(kinds=kinds))
    fields = [one.alias or name for name, one in KINDS[RequestKind(kind)].model_fields.items() if name != "kind"]
    if NESTED & set(fields) and kind == RequestKind.ADD_PARTNER:
        raise RequestError(Phrase.of("A new partner is asked for as a file: lisiere request new FILE"))
    answers: dict[str, str] = {}
    while True:
        for field in fields:
            question = f"{told(SAID[field], language)} ({field})"
            answers[field] = typer.prompt(question, default=answers.get(field) or ("" if field == "ends" else None))
        try:
            request = request_of({"kind": kind} | {field: _value(field, text) for field, text in answers.items()})
            desk.preview(request)
        except RequestError as exc:
            note(exc.told(language))
        else:
            return request


def _value(field: str, text: str) -> object:
    return [one.strip() for one in text.split(",") if one.strip()] if field in LISTS else text.strip()
