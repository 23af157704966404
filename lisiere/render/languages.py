"""The languages of pages and tables: catalogues in gettext's format, English being what the sources say."""

import gettext
from functools import cache
from pathlib import Path

from lisiere.model.report import Language

DOMAIN = "lisiere"


def locale_folder() -> Path:
    """Where the catalogues are: beside the library in a wheel, beside the packages in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "_locale"
    return installed if installed.is_dir() else package.parent / "locale"


@cache
def catalogue(language: Language, *, domain: str = DOMAIN) -> gettext.NullTranslations:
    """The words of one language. English needs no file: its words stand in the sources."""
    if language is Language.EN:
        return gettext.NullTranslations()
    return gettext.translation(domain, locale_folder(), languages=[language])


class Words:
    """Words of one language: `words("Findings")`."""

    def __init__(self, language: Language) -> None:
        self._catalogue = catalogue(language)

    def __call__(self, message: str) -> str:
        """A word in this language; what the catalogue does not know stays as it is."""
        return self._catalogue.gettext(message) if message else ""
