"""Spreadsheets: cells that equal the document, and none that a spreadsheet would run."""

import csv
import io
import json

import openpyxl
import pytest

from lisiere.model.compliance_words import State
from lisiere.model.report import FindingLine, Language, Report, View
from lisiere.render.compliance_page import write_report
from lisiere.workflow.report_tables import FINDINGS, columns, findings_table, tables
from lisiere.workflow.reporting import Told, make_report
from lisiere.workflow.spreadsheets import FORMULA, Table, csv_text, xlsx_bytes
from tests.compliance.casebook import fleet
from tests.reports.samples import findings, report, scene, told

EVIL = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1", "＋1", "－1", "＠A", "#REF!")  # noqa: RUF001


@pytest.fixture(scope="module")
def made() -> Report:
    """A territory's report, in English, whose words are those of the document."""
    return report(View(territory=max(fleet().territories)), Language.EN, every_result=True)


def test_no_cell_of_a_csv_begins_like_a_formula() -> None:
    """Whatever a cell begins with, a spreadsheet reads a text; a separator or quotation marks open no other cell."""
    rows = [(one, 'plain "quoted", and one more', -5) for one in EVIL]
    text = csv_text(Table("x", ("a", "b", "c"), rows))
    assert text.startswith("\ufeff")
    read = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert [len(row) for row in read] == [3] * (len(EVIL) + 1)
    for row, evil in zip(read[1:], EVIL, strict=True):
        assert not row[0].lstrip(" ").startswith(FORMULA)
        assert row[0].removeprefix("'") == evil
        assert row[2] == "-5"


def test_no_cell_of_a_workbook_is_a_formula() -> None:
    """Texts stay texts, and as they were."""
    rows = [(one, 7) for one in EVIL if one.isprintable()]
    book = openpyxl.load_workbook(io.BytesIO(xlsx_bytes([Table("x", ("=a", "b"), rows)], title="x")))
    sheet = book["x"]
    assert [tuple(cell.value for cell in row) for row in sheet.iter_rows()] == [("=a", "b"), *rows]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s", "n"}


def test_cells_of_a_workbook_equal_the_document(made: Report) -> None:
    """Row by row and column by column; what the document leaves empty is an empty cell."""
    document = json.loads(made.model_dump_json())
    book = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(tables(made), title=made.title)), read_only=True)
    head, *rows = book["Findings"].iter_rows(values_only=True)
    assert head == FINDINGS
    assert len(rows) == len(document["findings"]) > 100
    for row, line in zip(rows, document["findings"], strict=True):
        assert row == tuple(line[name] if line[name] != "" else None for name in FINDINGS)
    head, *rows = book["By site"].iter_rows(values_only=True)
    assert [row[:3] for row in rows] == [
        (one["key"], one["title"], one["counts"]["passed"]) for one in document["sites"]
    ]


def test_tables_have_the_words_of_their_language() -> None:
    """A French workbook has French heads and states."""
    found = tables(report(View(), Language.FR))
    findings = findings_table(report(View(), Language.FR))
    assert "Constats" in [one.name for one in found]
    assert findings.columns[:3] == ("équipement", "site", "territoire")
    assert {str(row[FINDINGS.index("state")]) for row in findings.rows} == {
        "non respectée",
        "non évaluée",
        "sous dérogation",
    }


def test_reasons_are_in_the_language_of_the_table() -> None:
    """One column of them, with the text of the document; what is not ours stays as it is."""
    reasons = ("server is missing; and 2 more", "it is raining", "x: 'a; b is missing' is none of c")
    some = [
        one.model_copy(update={"reason": text, "state": State.FAILED})
        for one, text in zip(findings(), reasons, strict=False)
    ]
    wanted = {
        Language.FR: ["server manque ; et 2 de plus", reasons[1], "x : 'a; b is missing' ne fait pas partie de c"],
        Language.EN: list(reasons),
    }
    for language, expected in wanted.items():
        made = make_report(scene(View(), language), Told(some), version="1", every_result=True)
        field = "reason_fr" if language is Language.FR else "reason"
        table = findings_table(made)
        place = columns(FindingLine, language).index(field)
        assert len(table.columns) == len(FINDINGS)
        assert table.columns[place] == ("motif" if language is Language.FR else "reason")
        assert sorted(str(row[place]) for row in table.rows) == sorted(expected)
        assert [row[place] for row in table.rows] == [getattr(one, field) for one in made.findings]
        assert sorted(one.reason for one in made.findings) == sorted(reasons)
        marked = [one for one in reasons[:2] if f'<td lang="en">{one}</td>' in write_report(made)]
        assert marked == ([reasons[1]] if language is Language.FR else [])


@pytest.mark.parametrize(
    ("is_lab", "language", "word"),
    [
        (True, Language.FR, "laboratoire"),
        (True, Language.EN, "lab"),
        (False, Language.FR, "équipements"),
        (False, Language.EN, "appliances"),
    ],
)
def test_what_was_seen_on_the_lab_says_so(is_lab: bool, language: Language, word: str) -> None:
    """Every row of a CSV, every finding of the document, and a sheet about all sheets of a workbook."""
    made = make_report(scene(View(), language), told(), version="1", is_lab=is_lab)
    text = csv_text(findings_table(made)).removeprefix("\ufeff")
    _, *rows = csv.reader(io.StringIO(text, newline=""))
    place = columns(FindingLine, language).index("seen_on")
    assert {row[place] for row in rows} == {word}
    document = json.loads(made.model_dump_json())
    assert {one["seen_on"] for one in document["findings"]} == {"lab" if is_lab else "appliances"}
    (about,) = [one for one in tables(made) if one.name in ("About", "À propos")]
    assert word in [row[1] for row in about.rows]
