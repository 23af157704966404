"""Reports from the command line: files that are there, and words for what is wrong."""

import json
from pathlib import Path

from lisiere.model.record import World
from lisiere.store.setup import connect
from tests.cli.conftest import Shell


def test_a_report_in_every_format(shell: Shell, small: Path) -> None:
    """An audit of the records, then the four formats; a territory that does not exist is refused."""
    siren = sorted(path.name for path in (small / "hosts").iterdir())[0].partition("-")[0]
    assert "20 appliance(s) were never read" in shell("audit", "--last", status=1).stderr
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


def test_units_are_printed_or_installed(shell: Shell) -> None:
    """A dry run writes nothing; a time that is none is refused."""
    told = shell("install-units", "--dry-run", "--at", "04:15").stdout
    assert "OnCalendar=*-*-* 04:15:00 Europe/Paris" in told
    assert "audit --live" in told
    assert str(shell.folder / "inventory") in told
    shell("install-units", "--folder", "units", "--last")
    assert sorted(path.name for path in (shell.folder / "units").iterdir()) == [
        "lisiere-audit.service",
        "lisiere-audit.timer",
        "lisiere-notices.service",
        "lisiere-notices.timer",
    ]
    assert "is no time" in shell("install-units", "--dry-run", "--at", "25:00", status=2).stderr


def test_what_the_lab_showed_is_told_to_nobody(shell: Shell) -> None:
    """A folder that tells of the lab sends nothing."""
    (shell.folder / ".lisiere").mkdir()
    with connect(None, path=shell.folder / ".lisiere" / "lisiere.sqlite3") as records:
        records.claim(World.LAB)
    told = shell("notices", "send", LISIERE_WEBHOOK="http://127.0.0.1:9/", status=2).stderr
    assert "was seen on the lab" in told


def test_notices_wait_until_somebody_can_be_told(shell: Shell) -> None:
    """Without a channel nothing is sent, and that is no failure; nothing waits in fresh records."""
    assert shell.json("notices", "list") == []
    assert "LISIERE_WEBHOOK" in shell("notices", "send").stderr
    said = shell("notices", "send", LISIERE_WEBHOOK="http://127.0.0.1:9/").stderr
    assert "0 sent, 0 to be tried again" in said
