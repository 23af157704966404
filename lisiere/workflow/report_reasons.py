"""Reasons as a report shows them: nothing of other territories in them, and in the language of its reader."""

from lisiere.compliance.reading_back import said
from lisiere.model.fleet import Fleet
from lisiere.model.report import Language
from lisiere.render.languages import Words
from lisiere.workflow.blinding import Blinds


class Reasons:
    """Reasons for the eyes of who may see some sites.

    Args:
        fleet: The whole fleet.
        names: The appliances that the reader may see.
        language: Of the report.
    """

    def __init__(self, fleet: Fleet, names: tuple[str, ...], language: Language) -> None:
        self._words, self._is_english = Words(language), language is Language.EN
        self._english = Blinds(fleet, names)
        self._blinds = self._english if self._is_english else Blinds(fleet, names, say=self._words)
        self._known: dict[str, str] = {}

    def recorded(self, reason: str) -> str:
        """A reason in English as it is on record, or what may be seen of it."""
        return printable(self._english.over(reason))

    def translated(self, reason: str) -> str:
        """A reason in another language than English, empty in an English report; a text that is not ours stays."""
        if self._is_english:
            return ""
        if reason not in self._known:
            self._known[reason] = self.shown(said(reason, self._words) or reason)
        return self._known[reason]

    def shown(self, text: str) -> str:
        """What people wrote, or what may be seen of it."""
        return printable(self._blinds.over(text))


def printable(text: str) -> str:
    """A text that came from elsewhere, without characters that steer a terminal or break a file."""
    return "".join(char if char.isprintable() else " " for char in text)
