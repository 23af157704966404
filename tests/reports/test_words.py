"""No string of a report is untranslated, in its catalogue or on its page."""

import gettext
import re
from html.parser import HTMLParser

import pytest

from lisiere.model.report import Language, View
from lisiere.render import compliance_page
from lisiere.render.compliance_page import write_report
from lisiere.render.languages import Words
from tests.compliance.casebook import fleet
from tests.house import catalogues
from tests.reports.samples import report


@pytest.mark.parametrize("domain", catalogues.ASKED)
def test_every_message_is_translated(domain: str) -> None:
    """The French catalogue has a text for whatever may be asked of it, and nothing that nobody asks for."""
    french = {one.id: one for one in catalogues.read(domain) if one.id}
    asked = catalogues.ASKED[domain]()
    missing = [one for one in asked if one not in french or not catalogues.is_translated(french[one].string)]
    assert missing == []
    assert [one for one in french if one not in asked] == []
    assert not any(one.fuzzy for one in french.values())


@pytest.mark.parametrize("domain", catalogues.ASKED)
def test_placeholders_are_kept(domain: str) -> None:
    """A translation has the same places to fill as its message."""
    places = re.compile(r"%\(\w+\)s|%%|{\w+}")
    for one in catalogues.read(domain):
        if isinstance(one.id, str) and one.id and isinstance(one.string, str):
            assert sorted(places.findall(one.id)) == sorted(places.findall(one.string))


@pytest.mark.parametrize("domain", catalogues.ASKED)
def test_the_compiled_catalogue_is_that_of_the_sources(domain: str) -> None:
    """`make locale` was run."""
    compiled = catalogues.po_file(domain).with_suffix(".mo").read_bytes()
    assert compiled == catalogues.compiled(catalogues.read(domain))


class _Marked(gettext.NullTranslations):
    """A language in which every translated text stands between marks."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid2}⟧"


def test_no_text_of_the_page_goes_past_the_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a language that marks what it translates, all that is not marked is data."""
    marked = _Marked()
    monkeypatch.setattr(compliance_page, "catalogue", lambda _: marked)
    monkeypatch.setattr(Words, "__call__", lambda _, message: marked.gettext(message))
    compliance_page.environment.cache_clear()
    try:
        made = report(View(territory=max(fleet().territories)), Language.EN)
        page = _Texts(write_report(made))
    finally:
        compliance_page.environment.cache_clear()
    data = made.model_dump_json()
    for text in page.found:
        for part in re.split(r"⟦[^⟧]*⟧", text):
            words = re.findall(r"[^\W\d_]{3,}", part)
            assert [word for word in words if word not in data and word != "Lisière"] == [], text


class _Texts(HTMLParser):
    """The texts of a page that a reader sees or hears."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._skipped = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._skipped += tag in ("style", "code")
        self.found += [value for name, value in attrs if name in ("aria-label", "alt", "title") and value]

    def handle_endtag(self, tag: str) -> None:
        self._skipped -= tag in ("style", "code")

    def handle_data(self, data: str) -> None:
        if not self._skipped and data.strip():
            self.found.append(data)
