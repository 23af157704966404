"""Reports from the command line: files that are there, and words for what is wrong."""

import json
from pathlib import Path

from tests.cli.conftest import Shell


def test_a_report_in_every_format(shell: Shell, small: Path) -> None:
    """An audit of the records, then the four formats; a territory that does not exist is refused."""
    siren = sorted(path.name for path in (small / "hosts").iterdir())[0].partition("-")[0]
    shell("audit", "--last")
    made = shell.json("report", "--lang", "en", "--html", "r.html", "--csv", "r.csv", "--xlsx", "r.xlsx")
    assert isinstance(made, dict)
    assert (made["appliances"], made["unaudited"]) == (20, 10)
    assert "Compliance report" in (shell.folder / "r.html").read_text("utf-8")
    assert (shell.folder / "r.csv").read_text("utf-8").startswith('\ufeff"host"')
    assert (shell.folder / "r.xlsx").read_bytes().startswith(b"PK")
    told = shell("report", "--territory", siren, "--json").stdout
    assert {one["territory"] for one in json.loads(told)["findings"]} == {siren}
    assert "there is no territory 1" in shell("report", "-t", "1", status=2).stderr
    assert "has not come" in shell("report", "--on", "2999-01-01", status=2).stderr
    assert "is not before" in shell("report", "--compare", "2026-01-02", "2026-01-01", status=2).stderr
