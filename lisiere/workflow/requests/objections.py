"""What the contact of the académie is told of a request about a school."""

from lisiere.model.effect import Effect
from lisiere.model.report import Language
from lisiere.model.request_case import Case
from lisiere.workflow.requests.lifecycle import OBJECTION_TERM
from lisiere.workflow.requests.phrases import Phrase


def letter(case: Case, effect: Effect) -> str:
    """The text of the notice, French before English: the request, the sites, and how to object until when."""
    sites = ", ".join(f"{one.title} ({one.host})" for one in effect.appliances)
    phrases = (
        Phrase.of("Request {number} changes the web access of: {sites}", number=case.number, sites=sites),
        Phrase.of(
            "You may object within {days} days of receiving this: lisiere request object {number} --reason …",
            days=OBJECTION_TERM.days,
            number=case.number,
        ),
    )
    told = "\n\n".join("\n".join(one.told(language) for one in phrases) for language in Language)
    return f"{told}\n\n{case.request}"
