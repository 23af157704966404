"""What people read about requests: sentences in English with their facts, told in French through gettext."""

import gettext
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Self

from lisiere.errors import UsageError

DOMAIN = "requests"
LOCALE = Path(__file__).parents[2] / "locale"
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
LONGEST = 120


class Language(StrEnum):
    """Languages that requests speak."""

    FRENCH = "fr"
    ENGLISH = "en"


@cache
def catalogue(language: Language) -> gettext.NullTranslations:
    """The words of one language; English stands in the sources."""
    if language is Language.ENGLISH:
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, LOCALE, languages=[language])


def harmless(value: object, *, longest: int = LONGEST) -> str:
    """A value as it may be shown on a terminal: one line, no controls, not too long."""
    text = _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", str(value)[: longest + 1])
    return text if len(text) <= longest else f"{text[:longest]}…"


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sentence with its facts; `template` is the English one and the key of its translation."""

    template: str
    facts: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, template: str, **facts: object) -> Self:
        """A sentence with facts, each made harmless."""
        return cls(template, tuple((name, harmless(value, longest=600)) for name, value in facts.items()))

    def told(self, language: Language) -> str:
        """The sentence in a language."""
        return catalogue(language).gettext(self.template).format(**dict(self.facts))


class RequestError(UsageError):
    """A request is refused; every reason is in `phrases`, and nothing was kept."""

    def __init__(self, *phrases: Phrase, language: Language = Language.FRENCH) -> None:
        self.phrases = phrases
        super().__init__("\n".join(one.told(language) for one in phrases))

    def told(self, language: Language) -> str:
        """All reasons in a language."""
        return "\n".join(one.told(language) for one in self.phrases)
