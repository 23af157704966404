"""What people read about requests: sentences in English with their facts, told in French through gettext."""

import re
from dataclasses import dataclass
from typing import Self

from lisiere.errors import UsageError
from lisiere.model.report import Language
from lisiere.render.languages import catalogue

DOMAIN = "requests"
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
LONGEST = 120


class Word(str):
    """A fact that is a word of the product's own, such as a state: told in the language of its sentence."""

    __slots__ = ()


def visible(line: str) -> str:
    """A line with a sign for each character that would steer a terminal, or that nobody sees."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", line)


def harmless(value: object, *, longest: int = LONGEST) -> str:
    """A value as it may be shown on a terminal: one line, no controls, not too long."""
    text = visible(str(value)[: longest + 1])
    return text if len(text) <= longest else f"{text[:longest]}…"


def told(text: str, language: Language) -> str:
    """A text of the product's own in a language."""
    return catalogue(language, domain=DOMAIN).gettext(text)


def _fact(value: object) -> str:
    return value if isinstance(value, Word) else harmless(value, longest=600)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sentence with its facts; `template` is the English one and the key of its translation."""

    template: str
    facts: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, template: str, **facts: object) -> Self:
        """A sentence with facts, each made harmless."""
        return cls(template, tuple((name, _fact(value)) for name, value in facts.items()))

    def told(self, language: Language) -> str:
        """The sentence in a language."""
        facts = {name: told(one, language) if isinstance(one, Word) else one for name, one in self.facts}
        return told(self.template, language).format(**facts)


class RequestError(UsageError):
    """A request is refused; every reason is in `phrases`, and nothing was kept."""

    def __init__(self, *phrases: Phrase, language: Language = Language.FR) -> None:
        self.phrases = phrases
        super().__init__("\n".join(one.told(language) for one in phrases))

    def told(self, language: Language) -> str:
        """All reasons in a language."""
        return "\n".join(one.told(language) for one in self.phrases)
