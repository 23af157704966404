"""`lisiere request new` without a file: a dialogue that asks for what the kind of request needs, until it fits."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import typer

from cli.output import note, shown

if TYPE_CHECKING:
    from lisiere.model.report import Language
    from lisiere.model.request import Request
    from lisiere.workflow.requests.desk import Desk
    from lisiere.workflow.requests.phrases import RequestError
    from lisiere.workflow.requests.sight import Sight

LISTS = frozenset({"segments", "from", "to", "services", "ends", "partner.prefixes", "partner.sites"})
PARTNER = tuple(f"partner.{name}" for name in ("name", "title", "contact", "address", "identity", "prefixes", "sites"))
NEW_PARTNER = (
    "why",
    "overlay",
    *PARTNER,
    "flow",
    "title",
    "services",
    "begins",
    "owner",
    "purpose",
    "legal_basis",
    "until",
)
"""What is asked for a new partner, with one flow; a file can declare more."""
ANSWERED_BY = MappingProxyType({"declares": "flow", "partner.flows": "flow", "review_by": "until"})
"""The question behind a complaint about something that was made of its answer."""
SAID = MappingProxyType(
    {
        "kind": "What is asked for",
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
        "partner.name": "A short name for the partner, without spaces",
        "partner.title": "What people call the partner",
        "partner.contact": "Whom to reach there",
        "partner.address": "The address of its concentrator",
        "partner.identity": "The name of its concentrator, such as vpn.partner.example",
        "partner.prefixes": "Its networks, with commas between",
        "partner.sites": "Our sites that reach it, with commas between",
        "begins": "Who begins: us or partner",
        "keep": "Keep this as a draft? yes or no",
        "hub": "The site in the middle, by name",
        "successor": "Which site follows it, by name",
        "ends": "The two ends of one tunnel, with a comma between; nothing for all tunnels",
        "web_access": "Which access to the web",
    }
)
"""The questions, by the name that the answer has in a file; messages about an answer begin with that name."""


def ask(desk: "Desk", language: "Language") -> "Request | None":
    """Ask for a request, say at once what is wrong with it, and ask that again; None where it is not to be kept."""
    from lisiere.model.request import KINDS, RequestKind
    from lisiere.workflow.requests.phrases import RequestError, told
    from lisiere.workflow.requests.previews import preview
    from lisiere.workflow.requests.reading import request_of

    kinds = {str(one): told(one, language) for one in RequestKind}
    answers = {"kind": _chosen(told(SAID["kind"], language), kinds, is_list=False)}
    while answers["kind"] not in kinds:
        answers["kind"] = _chosen(told(SAID["kind"], language), kinds, is_list=False)
    model = KINDS[RequestKind(answers["kind"])]
    own = tuple(one.alias or name for name, one in model.model_fields.items() if name != "kind")
    fields = NEW_PARTNER if answers["kind"] == RequestKind.ADD_PARTNER else own
    wrong, sight = fields, desk.sight()
    while True:
        for field in wrong:
            answers[field] = _answer(field, answers, sight, language)
        try:
            request = request_of(_values(answers, fields))
            effect = desk.preview(request)
        except RequestError as exc:
            note(exc.told(language))
            wrong = _concerned(exc, fields)
        else:
            typer.echo(preview(effect, language=language), nl=False, err=True)
            kept = typer.prompt(told(SAID["keep"], language), default=told("yes", language), err=True)
            return request if kept.strip().lower()[:1] in {"y", "o"} else None


def _answer(field: str, answers: Mapping[str, str], sight: "Sight", language: "Language") -> str:
    from lisiere.workflow.requests.choices import choices
    from lisiere.workflow.requests.phrases import told

    question = f"{told(SAID[field], language)} ({field})"
    offered = choices(field, answers, sight)
    before = answers.get(field) or ("" if field == "ends" else None)
    return _chosen(question, offered, is_list=field in LISTS, default=before)


def _chosen(question: str, offered: Mapping[str, str], *, is_list: bool, default: str | None = None) -> str:
    """An answer by name, or by its number in the list of those that there are."""
    names = list(offered)
    for at, name in enumerate(names, 1):
        note(f"  {at:3}  {name}" + (f" ({shown(offered[name])})" if offered[name] else ""))
    text = str(typer.prompt(question, default=default, err=True))
    words = [one.strip() for one in text.split(",")] if is_list else [text.strip()]
    return ", ".join(names[int(one) - 1] if one.isdecimal() and 0 < int(one) <= len(names) else one for one in words)


def _concerned(exc: "RequestError", fields: tuple[str, ...]) -> tuple[str, ...]:
    """The questions whose answers are complained of; all where that cannot be told."""
    from lisiere.model.report import Language

    found = set()
    for one in exc.phrases:
        begin = re.match(r"[a-z_.]+", one.told(Language.EN))
        word = begin[0].rstrip(".") if begin else ""
        last = word.rpartition(".")[2]
        found |= {name for name in (word, last, ANSWERED_BY.get(word), ANSWERED_BY.get(last)) if name in fields}
    return tuple(one for one in fields if one in found) or fields


def _values(answers: Mapping[str, str], fields: tuple[str, ...]) -> dict[str, object]:
    """What the answers say, as a file would."""
    found = {field: _value(field, answers[field]) for field in fields}
    if fields is not NEW_PARTNER:
        return {"kind": answers["kind"], **found}
    partner: dict[str, object] = {field.partition(".")[2]: found[field] for field in PARTNER}
    ours, theirs = found["partner.sites"], answers["partner.name"]
    ends = (theirs, ours) if answers["begins"][:1].lower() == "p" else (ours, theirs)
    flow = {"flow": found["flow"], "services": found["services"], "from": ends[0], "to": ends[1]}
    declared = {"id": found["flow"], "reason": found["purpose"], "review_by": found["until"], "until": found["until"]}
    declared |= {name: found[name] for name in ("title", "owner", "legal_basis")}
    partner |= {"flows": [flow], "until": found["until"]}
    base = {"kind": answers["kind"], "why": found["why"], "overlay": found["overlay"]}
    return {**base, "partner": partner, "declares": [declared]}


def _value(field: str, text: str) -> object:
    return [one.strip() for one in text.split(",") if one.strip()] if field in LISTS else text.strip()
