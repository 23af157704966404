"""The page: one file that asks nobody for anything, whose charts say what its tables say."""

import re
from itertools import pairwise

import pytest

from lisiere.model.compliance_words import State
from lisiere.model.report import Language, Report, View
from lisiere.render.charts import LABELS, PLOT, Row, bar_chart, line_chart
from lisiere.render.compliance_page import sections, ticked, write_report
from lisiere.workflow.report_changes import compare
from lisiere.workflow.reporting import Told, make_report
from tests.compliance.casebook import AS_OF
from tests.reports.samples import findings, report, scene, told


@pytest.fixture(scope="module")
def page() -> str:
    """The fleet's page in English."""
    return write_report(report(View(), Language.EN))


def test_the_page_needs_nothing_but_itself(page: str) -> None:
    """No script, no address, no file; a browser is told to load nothing."""
    assert "<script" not in page
    assert re.findall(r"""(?:src|href)=["'](?!#)""", page) == []
    assert re.findall(r"url\((?!#)", page) == []
    assert "http:" not in page
    assert "https:" not in page
    assert "default-src 'none'" in page


def test_every_reference_leads_somewhere(page: str) -> None:
    """Links, captions and labels point to what is there, and no name is given twice."""
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    wanted = set(re.findall(r'href="#([^"]+)"', page)) | set(re.findall(r"url\(#([^)]+)\)", page))
    for names in re.findall(r'aria-labelledby="([^"]+)"', page):
        wanted |= set(names.split())
    assert wanted - set(ids) == set()


def test_what_came_from_elsewhere_is_escaped() -> None:
    """A reason is text, whatever it holds."""
    one = findings()[1].model_copy(update={"reason": "<script>alert(1)</script> & \u202e", "state": State.FAILED})
    made = make_report(scene(View(), Language.EN), Told((one,)), version="1")
    page = write_report(made)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp;" in page
    assert "\u202e" not in page


def test_words_between_backticks_are_code() -> None:
    """What is around and inside them stays text."""
    assert ticked("read `lisiere <drift>` & more") == "read <code>lisiere &lt;drift&gt;</code> &amp; more"


def test_sites_that_stand_alike_share_a_line() -> None:
    """Each finding is in one group, under its rule."""
    made = report(View(), Language.EN)
    grouped = [one for section in sections(made) for group in section.groups for one in group.sites]
    assert sorted((one.host, one.rule) for one in grouped) == sorted((one.host, one.rule) for one in made.findings)


def test_a_report_without_an_audit_says_so() -> None:
    """Nothing is kept where nothing was asked."""
    made: Report = make_report(scene(View(), Language.FR), Told(()), version="1")
    page = write_report(made)
    assert "Aucun audit n\u2019a encore eu lieu." in page
    assert "0\u202f%" in page
    assert "Toutes les règles examinées" not in page


def test_the_parts_of_a_bar_fill_it() -> None:
    """Shares have one length, numbers one scale; what is zero is not drawn."""
    kinds = (("passed", "passed"), ("failed", "failed"))
    rows = (Row("a", (3, 1), ""), Row("b", (0, 8), ""))
    shares = bar_chart("c", "t", kinds, rows, is_share=True)
    assert [(part.kind, part.x, part.width) for part in shares.bars[0].parts] == [
        ("passed", LABELS, PLOT * 0.75),
        ("failed", LABELS + PLOT * 0.75, PLOT * 0.25),
    ]
    assert [part.kind for part in shares.bars[1].parts] == ["failed"]
    assert bar_chart("c", "t", kinds, rows, is_share=False).bars[0].parts[0].width == PLOT * 3 / 8


def test_names_of_lines_do_not_cover_each_other() -> None:
    """Lines that end at the same height have their names apart."""
    kinds = tuple((name, name) for name in ("failed", "waived", "not_evaluated"))
    chart = line_chart("c", "t", kinds, [("d1", (9, 9, 9)), ("d2", (5, 5, 5))])
    heights = sorted(line.label_y for line in chart.lines)
    assert all(after - before >= 15 for before, after in pairwise(heights))


def test_a_comparison_is_on_the_page() -> None:
    """What changed stands there with the plan, or that there was none."""
    view = scene(View(), Language.EN)
    before = [one.model_copy(update={"state": State.PASSED}) for one in findings()]
    changed = compare(view, before, findings(), days=(AS_OF, AS_OF), changes=(), plans={})
    made = make_report(view, Told(findings(), told().waivers, (), changed), version="1")
    page = write_report(made)
    assert page.count('<th scope="row">appeared</th>') == sum(one.move == "appeared" for one in changed.changes) > 0
