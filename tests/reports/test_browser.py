"""The page in a browser: accessible in both languages, and never wider than a phone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Request

from lisiere.model.compliance_words import State
from lisiere.model.report import Language, View
from lisiere.render.compliance_page import write_report
from lisiere.workflow.report_changes import compare
from lisiere.workflow.reporting import Told, make_report
from tests.compliance.casebook import AS_OF, fleet, packs
from tests.reports.browsing import DESKTOP, PHONE, browser
from tests.reports.samples import findings, scene, told


@pytest.fixture(scope="module")
def opened() -> Iterator[Browser]:
    """One browser for all tests."""
    with browser() as found:
        yield found


@pytest.mark.parametrize("language", Language)
def test_a_report_is_accessible(opened: Browser, tmp_path: Path, language: Language) -> None:
    """axe-core finds no violation, nothing else is loaded, and on a phone the page is not wider than the screen."""
    path = tmp_path / "report.html"
    path.write_text(_page(language), "utf-8")
    page = opened.new_page(bypass_csp=True)
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    page.goto(path.as_uri())
    for width, height in (DESKTOP, PHONE):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page)
    assert asked == [path.as_uri()]
    assert found.response["passes"]
    assert found.violations_count == 0, found.generate_report()
    page.close()


def _page(language: Language) -> str:
    """A territory's page with every part that a page can have, about a few rules."""
    view = scene(View(territory=max(fleet().territories)), language)
    some = sorted(packs().rules)[:12]
    after = [one for one in findings() if one.rule in some]
    before = [one.model_copy(update={"state": State.PASSED}) for one in after]
    changed = compare(view, before, after, days=(AS_OF, AS_OF), changes=(), plans={})
    return write_report(make_report(view, Told(after, told().waivers, told().trend, changed), version="1"))
