"""Audits and waivers from the command line: seen, kept, waived by two persons, mended by an apply."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.records import DATABASE
from cli.workplace import operator_name
from lisiere.store.setup import connect
from tests.cli.conftest import Json, Shell, lab_in
from tests.compliance.wording import left_in_english

DRIFT = "recyf-hardened-configuration"


@pytest.fixture
def audited(tmp_path: Path, small: Path) -> Iterator[Shell]:
    """A folder with a lab of three appliances that run what is intended."""
    with lab_in(tmp_path, small, count=3) as shell:
        shell("plan", "--lab")
        shell("apply", "last", "--lab", "--yes")
        yield shell


def findings(document: Json, rule: str) -> list[tuple[str, str]]:
    """(appliance, state) of what an audit tells of a rule."""
    assert isinstance(document, dict)
    assert isinstance(document["findings"], list)
    return [
        (str(one["host"]), str(one["state"]))
        for one in document["findings"]
        if isinstance(one, dict) and one["rule"] == rule
    ]


def counts(document: Json) -> dict[str, int]:
    """How many findings are in each state."""
    assert isinstance(document, dict)
    assert isinstance(document["counts"], dict)
    return {name: int(str(number)) for name, number in document["counts"].items()}


def test_the_job_of_an_auditor(audited: Shell) -> None:
    """Look, judge, mend, waive; one test, for its lab costs more than all it does."""
    _a_change_by_hand_is_found_and_mended_by_an_apply(audited)
    _a_waiver_takes_two_persons(audited)


def _a_change_by_hand_is_found_and_mended_by_an_apply(audited: Shell) -> None:
    """It is found with its reason; the apply that takes it back closes the finding by itself."""
    names = _names(audited)
    audited("lab", "change", names[0], "set service ssh port '2022'")
    seen = audited.json("audit", "--live", "--lab", status=1)
    assert findings(seen, DRIFT) == [(names[0], "failed")]
    assert counts(seen)["not_evaluated"] == 0
    assert isinstance(seen, dict)
    assert isinstance(seen["audit"], dict)
    assert (seen["audit"]["basis"], seen["audit"]["appliances"]) == ("live", 3)
    assert "1 changed: service ssh port" in str(seen["findings"])
    audited("plan", "--lab")
    audited("apply", "last", "--lab", "--yes")
    mended = audited("audit", "--last", "--lab", "--name", names[0], "--by", "finding", status=1).stdout
    assert DRIFT not in mended
    assert "log-protected-transport" in mended
    kept_apart = audited("audit", "--last", "--no-lab", status=2).stderr
    assert "was seen on the lab" in kept_apart
    for command in ("report", "status", "drift"):
        assert "was seen on the lab" in audited(command, "--no-lab", status=2).stderr
    told = audited.json("report", "--lab", "--html", "lab.html")
    assert isinstance(told, dict)
    assert told["is_lab"] is True
    assert isinstance(told["findings"], list)
    assert [
        left for one in told["findings"] if isinstance(one, dict) for left in left_in_english(str(one["reason"]))
    ] == []
    assert "vu sur le laboratoire" in (audited.folder / "lab.html").read_text("utf-8")


def _a_waiver_takes_two_persons(audited: Shell) -> None:
    """Who asks is refused to approve, under any name; while it is in force the finding is waived."""
    rule, words = "log-protected-transport", ("--reason", "no TLS at the collector", "--measure", "a network apart")
    until = ("--until", _next_year())
    audited("waiver", "add", "--rule", rule, *words, *until, LISIERE_USER="alice")
    for again in ({"LOGNAME": "bob"}, {"LOGNAME": "bob", "LISIERE_USER": "bob"}, {"LISIERE_USER": "Alice"}):
        assert "somebody else" in audited("waiver", "approve", "1", status=2, **again).stderr
    with connect(None, path=audited.folder / ".lisiere" / DATABASE) as records:
        records.compliance.approve_waiver(1, by="bob", login="bob@desk")
    waived = audited.json("audit", "--last", "--lab", status=1)
    states = {state for _, state in findings(waived, rule)}
    assert "waived" in states
    assert "failed" not in states
    waivers = audited.json("waiver", "list")
    assert isinstance(waivers, list)
    listed = waivers[0]
    assert isinstance(listed, dict)
    assert (listed["state"], listed["asked_by"], listed["approved_by"]) == ("in force", "alice", "bob")
    assert listed["asked_login"] == operator_name()
    assert listed["approved_login"] == "bob@desk"
    audited("waiver", "end", "1", LISIERE_USER="carol")
    assert "ended" in audited("waiver", "list", "--all").stdout


def test_a_look_ahead_tells_territories_and_keeps_nothing(shell: Shell) -> None:
    """And needs neither appliances nor records."""
    ahead = shell("audit", "--intended", "--as-of", "2031-01-01", status=1)
    assert "crypto-hybrid-2030" in ahead.stdout
    assert "Guide des mécanismes cryptographiques v. 2.04 [fr]" in ahead.stdout
    assert shell("waiver", "list").stdout == "no waiver\n"


def test_a_lab_that_was_left_lying_is_not_taken_for_the_appliances(shell: Shell) -> None:
    """Its state tells of Debian where VyOS stands; what works on real appliances looks at the inventory alone."""
    listed = shell.json("inventory", "list", "--platform", "vyos", "--lifecycle", "active")
    assert isinstance(listed, list)
    name = str(listed[0]["name"]) if isinstance(listed[0], dict) else ""
    lab = shell.folder / ".lisiere" / "lab"
    lab.mkdir(parents=True)
    (lab / "lab.json").write_text(json.dumps({"appliances": {name: {"platform": "debian"}}}), encoding="utf-8")
    told = shell("audit", "--last", "--no-lab", "--name", name, "--by", "finding", status=1, LISIERE_LAB="1").stdout
    assert "op-time-synchronised" in told  # asked of VyOS only
    refused = shell("bootstrap", name, "--key", "nowhere", status=2, LISIERE_LAB="1").stderr
    assert f"{name} runs vyos" in refused


def test_rules_are_listed_and_a_faulty_pack_is_told(shell: Shell, tmp_path: Path) -> None:
    """With file and line; an audit goes on with the others."""
    assert "0 mistake(s)" in shell("rules").stderr
    own = tmp_path / "packs"
    own.mkdir()
    (own / "mine.yaml").write_text("---\npack:\n  id: mine\n  colour: blue\n", encoding="utf-8")
    told = shell("rules", status=2, LISIERE_RULES=str(own)).stderr
    assert f"{own}/mine.yaml:4: pack: unknown key 'colour'" in told
    done = shell("audit", "--intended", "--profile", "technical", status=1, LISIERE_RULES=str(own))
    assert "mine.yaml:4" in done.stderr
    assert "not evaluated" in done.stderr
    shell("audit", "--intended", "--profile", "technical", "--nightly", status=1, LISIERE_RULES=str(own))


def test_a_night_ends_badly_only_when_nothing_was_judged(shell: Shell) -> None:
    """Rules that are not kept are findings, and no failure of a unit; appliances of which nothing is known are."""
    words = ("audit", "--profile", "technical", "--nightly")
    assert "failed" in shell(*words, "--intended").stdout
    assert "no appliance could be judged" in shell(*words, "--last", status=1).stderr


def _next_year() -> str:
    return f"{datetime.now(UTC) + timedelta(days=300):%Y-%m-%d}"


def _names(shell: Shell) -> list[str]:
    state = shell.json("lab", "status")
    assert isinstance(state, dict)
    assert isinstance(state["appliances"], dict)
    return sorted(state["appliances"])
