"""The workbook in LibreOffice: its cells are those of the document, and none was run."""

import csv
import io
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from lisiere.model.report import Language, View
from lisiere.workflow.report_tables import FINDINGS, tables
from lisiere.workflow.spreadsheets import Table, csv_text, xlsx_bytes
from tests.compliance.casebook import fleet
from tests.reports.samples import report

AS_CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,1"
"""The first sheet as UTF-8, comma, quotation marks, cells as they are stored."""

EVIL = ("=1+1", "+1+1", "-1-1", "@SUM(1)", "=HYPERLINK(1)", '=cmd|" /C calc"!A0', "  =1+1")


def converted(paths: list[Path], folder: Path) -> list[list[list[str]]]:
    """What LibreOffice reads in some files."""
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        pytest.skip("LibreOffice is not installed; on Debian: apt-get install libreoffice-calc-nogui")
    home = f"-env:UserInstallation={(folder / 'home').as_uri()}"
    command = [program, home, "--headless", "--norestore", "--convert-to", AS_CSV, "--outdir", str(folder / "out")]
    done = subprocess.run([*command, *map(str, paths)], capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr
    found = (next((folder / "out").glob(f"{path.stem}*.csv")).read_bytes().decode() for path in paths)
    return [list(csv.reader(io.StringIO(text, newline=""))) for text in found]


@pytest.mark.office
def test_cells_in_libreoffice_equal_the_document(tmp_path: Path) -> None:
    """Every cell of the findings, and what could have been run in a workbook or a CSV."""
    made = report(View(territory=max(fleet().territories)), Language.EN)
    evil = Table("x", ("a", "b"), [(one, "z") for one in EVIL])
    paths = [tmp_path / "report.xlsx", tmp_path / "evil-book.xlsx", tmp_path / "evil-text.csv"]
    paths[0].write_bytes(xlsx_bytes(tables(made), title=made.title))
    paths[1].write_bytes(xlsx_bytes([evil], title="x"))
    paths[2].write_text(csv_text(evil), "utf-8", newline="")
    (head, *rows), book, text = converted(paths, tmp_path)
    assert [row[0] for row in book[1:]] == list(EVIL)
    assert [row[0].removeprefix("'") for row in text[1:]] == list(EVIL)
    document = json.loads(made.model_dump_json())["findings"]
    assert tuple(head) == FINDINGS
    assert len(rows) == len(document) > 10
    for row, line in zip(rows, document, strict=True):
        assert row == ["" if line[name] is None else str(line[name]) for name in FINDINGS]
