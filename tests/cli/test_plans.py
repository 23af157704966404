"""Plans from the command line: their waves, their reasons, and previews from records."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Json, Shell, lab_in


@pytest.fixture
def untouched(tmp_path: Path, small: Path) -> Iterator[Shell]:
    """A folder with secrets and a lab of its own, as it left the factory."""
    with lab_in(tmp_path, small, count=2) as shell:
        yield shell


def test_a_preview_asks_no_appliance_and_is_told_apart(shell: Shell) -> None:
    """No store of secrets, no key, no lab: what was never read is a failure, and the exit status says so."""
    found = shell.json("plan", "--from-records", "-l", "active", "-l", "planned", "-l", "staged", status=1)
    assert isinstance(found, dict)
    assert found["basis"] == "records"
    assert found["changes"] == []
    assert isinstance(found["failures"], list)
    assert len(found["failures"]) == 30
    assert "never read" in str(found["failures"][0])
    shown = shell("plan", "show", "last").stdout
    assert "a preview made from records: no appliance was asked, and it cannot be applied" in shown


def test_wave_sizes_that_make_no_sense_are_refused(shell: Shell) -> None:
    """Before anything is read or asked."""
    for option, value in (("--canaries", "0"), ("--growth", "0"), ("--max-wave", "-1"), ("--max-territory", "0")):
        assert option in shell("plan", "--from-records", option, value, status=2).stderr


def test_a_name_that_stands_for_no_plan_is_a_wrong_command_line(shell: Shell) -> None:
    """Exit status 2, with the command that shows what there is."""
    assert "make one with `lisiere plan`" in shell("plan", "show", "last", status=2).stderr
    assert "`lisiere plan list` shows what there is" in shell("plan", "show", "plan-1999", status=2).stderr


def test_a_plan_explains_its_waves(lab_shell: Shell) -> None:
    """Their sizes as asked for, the reason of each, and what holds an apply; the same in JSON."""
    plan = lab_shell.json("plan", "--lab", "--canaries", "2", "--growth", "2", "--max-wave", "5", *_changed(lab_shell))
    assert isinstance(plan, dict)
    assert isinstance(plan["waves"], list)
    assert plan["pacing"] == {"canaries": 2, "growth": 2, "max_wave": 5, "max_territory": None}
    first = plan["waves"][0]
    assert isinstance(first, dict)
    assert (first["number"], first["appliances"]) == (1, 2)
    shown = lab_shell("plan", "show", str(plan["id"])).stdout
    assert "2 canaries, then each up to 2 times the one before, 5 at most; at most 25% of the appliances" in shown
    assert "canaries, chosen for diversity: none may fail" in shown
    assert "held by: a canary that fails; over 5 failures, or 10% of a wave" in shown


def test_a_preview_shows_what_is_on_record(lab_shell: Shell) -> None:
    """What was read last is compared with what is intended; equal to what a plan on the appliance finds."""
    name = _names(lab_shell)[-1]
    first = lab_shell.json("plan", "--lab", "--name", name)
    assert isinstance(first, dict)
    lab_shell("apply", str(first["id"]), "--lab")
    lab_shell("lab", "change", name, "set service ssh port '2022'")
    lab_shell("status", "--refresh", "--lab", "--name", name, status=1)
    preview = lab_shell.json("plan", "--from-records", "--lab", "--name", name)
    asked = lab_shell.json("plan", "--lab", "--name", name)
    assert _differences(preview) == _differences(asked) == [["delete service ssh port '2022'"]]


def test_a_plan_says_what_it_opens_and_closes(untouched: Shell) -> None:
    """Unknown for an appliance fresh from the factory; what somebody opened by hand is closed; in words and in JSON."""
    name = _names(untouched)[0]
    first = untouched.json("plan", "--lab", "--name", name)
    assert isinstance(first, dict)
    shown = untouched("plan", "show", str(first["id"])).stdout
    assert "reachability not known:" in shown
    assert "it has no firewall zones" in shown
    untouched("apply", str(first["id"]), "--lab")
    rule = "set firewall ipv4 name ADMIN-WAN rule 999000"
    for end in ("action 'accept'", "protocol 'tcp'", "destination port '5000-5001'", "description 'by hand'"):
        untouched("lab", "change", name, f"{rule} {end}")
    second = untouched.json("plan", "--lab", "--name", name)
    assert isinstance(second, dict)
    shown = untouched("plan", "show", str(second["id"])).stdout
    assert "no longer reachable:\n     1 appliance(s)  admin to wan: any but fleet-sites" in shown.replace(
        "any -> ", ""
    )
    assert "tcp/5000-5001 (IPv4)" in shown
    assert "newly reachable" not in shown
    told = untouched.json("plan", "show", str(second["id"]))
    assert isinstance(told, dict)
    assert isinstance(told["reachability"], dict)
    change = told["reachability"][name]
    assert isinstance(change, dict)
    assert change["opened"] == []
    assert change["unknown"] == ""
    assert "- reach admin to wan: " in shown


def _differences(plan: Json) -> list[list[str]]:
    assert isinstance(plan, dict)
    assert isinstance(plan["changes"], list)
    return [sorted(str(one["difference"]).splitlines()) for one in plan["changes"] if isinstance(one, dict)]


def _changed(shell: Shell) -> list[str]:
    """Options that name six appliances, each of them changed by hand."""
    names = _names(shell)[:6]
    for name in names:
        shell("lab", "change", name, "set system domain-name 'elsewhere.example'")
    return [word for name in names for word in ("--name", name)]


def _names(shell: Shell) -> list[str]:
    state = shell.json("lab", "status")
    assert isinstance(state, dict)
    assert isinstance(state["appliances"], dict)
    return sorted(state["appliances"])
