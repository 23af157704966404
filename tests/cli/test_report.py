"""Reports from the command line: files that are there, and words for what is wrong."""

import json
import os
import shutil
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
    assert isinstance(made["findings"], list)
    assert (made["appliances"], made["unaudited"]) == (20, 10)
    assert "Compliance report" in (shell.folder / "r.html").read_text("utf-8")
    assert (shell.folder / "r.csv").read_text("utf-8").startswith('\ufeff"host"')
    assert (shell.folder / "r.xlsx").read_bytes().startswith(b"PK")
    told = shell("report", "--territory", siren, "--json").stdout
    assert {one["territory"] for one in json.loads(told)["findings"]} == {siren}
    reasons = {one["reason"]: one["reason_fr"] for one in json.loads(told)["findings"]}
    assert reasons["its configuration was never read"] == "sa configuration n\u2019a jamais été lue"
    assert {one["reason_fr"] for one in made["findings"] if isinstance(one, dict)} == {""}
    assert "10 appliances were never audited" in shell("report", "--html", "again.html").stderr
    assert "there is no territory 1" in shell("report", "-t", "1", status=2).stderr
    assert "has not come" in shell("report", "--on", "2999-01-01", status=2).stderr
    assert "is not before" in shell("report", "--compare", "2026-01-02", "2026-01-01", status=2).stderr


def test_units_are_printed_or_installed(shell: Shell) -> None:
    """A dry run writes nothing; a time that is none is refused."""
    state = ("--state", "/var/lib/lisiere")
    told = shell(*state, "install-units", "--dry-run", "--at", "04:15").stdout
    assert "OnCalendar=*-*-* 04:15:00 Europe/Paris" in told
    assert "audit --live" in told
    assert str(shell.folder / "inventory") in told
    shell(*state, "install-units", "--folder", "units", "--last")
    assert sorted(path.name for path in (shell.folder / "units").iterdir()) == [
        "lisiere-audit.service",
        "lisiere-audit.timer",
        "lisiere-notices.service",
        "lisiere-notices.timer",
    ]
    words = ("install-units", "--dry-run", "--worker-token", "/etc/lisiere/worker-token")
    assert "LoadCredential=token:/etc/lisiere/worker-token" in shell(*state, *words).stdout
    assert "is no time" in shell(*state, "install-units", "--dry-run", "--at", "25:00", status=2).stderr


def test_units_that_would_audit_other_records_are_refused(shell: Shell) -> None:
    """A folder that is not there or root's, and a database that units are not told of; an account's own is used."""
    words = ("install-units", "--folder", "units", "--last")
    assert "set LISIERE_STATE=/var/lib/lisiere" in shell(*words, status=2).stderr
    state = shell.folder / ".lisiere"
    state.mkdir()
    if os.geteuid() == 0:
        assert "root's" in shell(*words, status=2).stderr
        shutil.chown(state, "nobody")
    url = "postgresql://lisiere:pass-word@db.example.org/lisiere"
    refused = shell(*words, status=2, LISIERE_DATABASE=url).stderr
    assert "LISIERE_DATABASE" in refused
    assert "pass-word" not in refused
    assert not (shell.folder / "units").exists()
    shell(*words, LISIERE_RULES="our-rules")
    text = (shell.folder / "units" / "lisiere-audit.service").read_text("utf-8")
    assert f"User={state.owner()}\n" in text
    assert f"LISIERE_STATE={state}" in text
    assert f"LISIERE_RULES={shell.folder / 'our-rules'}" in text


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
