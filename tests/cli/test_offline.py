"""Commands that need no appliance."""

import os
import re
import shutil
import stat
from pathlib import Path

from tests.cli.conftest import ROOT, Shell


def test_check_counts_what_it_found(shell: Shell) -> None:
    """Everything in service is rendered."""
    found = shell.json("check")
    assert isinstance(found, dict)
    assert found["rendered"] == 30
    assert "no store here" in str(found["secrets"])


def test_check_says_file_and_line_of_every_mistake(shell: Shell, small: Path) -> None:
    """Two mistakes in two files are two lines; nothing is done; exit status 2."""
    (shell.folder / "inventory").unlink()
    shutil.copytree(small, shell.folder / "inventory")
    services = shell.folder / "inventory" / "services.yaml"
    services.write_text(services.read_text().replace("protocol: tcp", "protocol: tpc", 1))
    operator = shell.folder / "inventory" / "operator.yaml"
    operator.write_text(operator.read_text() + "colour: green\n")
    done = shell("check", status=2)
    assert re.search(r"services\.yaml:\d+: .*tpc", done.stderr)
    assert re.search(r"operator\.yaml:\d+: .*colour", done.stderr)
    assert done.stdout == ""


def test_how_the_fleet_stands_is_told_while_a_rule_is_wrong(shell: Shell, small: Path) -> None:
    """The records do not hang on services; which appliances there are hangs on groups."""
    (shell.folder / "inventory").unlink()
    shutil.copytree(small, shell.folder / "inventory")
    services, groups = (shell.folder / "inventory" / name for name in ("services.yaml", "groups.yaml"))
    services.write_text(services.read_text().replace("protocol: tcp", "protocol: tpc", 1))
    for command in ("status", "drift"):
        assert shell(command).stdout
    assert "20 never read" in shell("status").stderr
    assert "tpc" in shell("status", "--refresh", status=2).stderr
    groups.write_text(groups.read_text().replace("profile-school:", "profile-schol:", 1))
    for command in ("status", "drift"):
        assert re.search(r"hosts/.*\.yaml:\d+: .*profile-school", shell(command, status=2).stderr)


def test_a_missing_inventory_is_told_in_a_sentence(shell: Shell) -> None:
    """No traceback, and the name of the folder."""
    for command in ("check", "status"):
        assert "nowhere" in shell("--inventory", "nowhere", command, status=2).stderr


def test_render_writes_every_appliance_the_same_every_time(shell: Shell) -> None:
    """A file or a folder of files each, whatever the hash seed; no reference is replaced by a value."""
    shell("render", "--all", "-o", "one", PYTHONHASHSEED="1")
    shell("render", "--all", "-o", "two", PYTHONHASHSEED="2")
    first = _written(shell.folder / "one")
    assert len(list((shell.folder / "one").iterdir())) == 30
    assert {path.name for path in (shell.folder / "one").glob("*/nftables.conf")} == {"nftables.conf"}
    assert first == _written(shell.folder / "two")
    assert any(b"secret:" in text for text in first.values())


def _written(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_render_asks_which_appliances(shell: Shell) -> None:
    """Not even the folder is made."""
    assert "--all" in shell("render", "-o", "out", status=2).stderr
    assert not (shell.folder / "out").exists()


def test_render_can_be_narrowed(shell: Shell) -> None:
    """By profile and by name, and an unknown name is refused."""
    schools = shell.json("inventory", "list", "--profile", "school", "-l", "planned", "-l", "staged", "-l", "active")
    found = shell.json("render", "-o", "out", "--profile", "school")
    assert isinstance(schools, list)
    assert isinstance(found, dict)
    assert len(schools) == len(list((shell.folder / "out").iterdir())) > 0
    assert "unknown appliance nobody" in shell("render", "-o", "x", "--name", "nobody", status=2).stderr


def test_show_tells_all_about_a_site_and_helps_with_a_slip(shell: Shell) -> None:
    """Plain and JSON; a name that is nearly right is suggested."""
    sites = shell.json("inventory", "list", "--profile", "epci-seat", "-l", "active", "-l", "planned", "-l", "staged")
    assert isinstance(sites, list)
    assert isinstance(sites[0], dict)
    name = str(sites[0]["name"])
    text = shell("show", name).stdout
    assert all(word in text for word in ("territory", "segments", "policy", "web access"))
    found = shell.json("show", name)
    assert isinstance(found, dict)
    assert found["name"] == name
    assert found["state"] == "never read"
    assert name in shell("show", name[:-1], status=2).stderr


def test_secrets_are_made_once_and_never_shown(shell: Shell) -> None:
    """The store is private; its names are listed, its values are not."""
    first = shell.json("secrets", "init")
    assert isinstance(first, dict)
    assert first["created"] is True
    assert first["added"]
    again = shell.json("secrets", "init")
    assert isinstance(again, dict)
    assert again["added"] == []
    assert stat.S_IMODE((shell.folder / ".lisiere" / "identity.txt").stat().st_mode) == 0o600
    listed = shell.json("secrets", "list")
    assert isinstance(listed, dict)
    assert listed["held"] == first["added"]
    assert listed["missing"] == []
    assert "each has a value" in str(shell.json("check"))


def test_what_needs_appliances_says_what_is_missing(shell: Shell) -> None:
    """A store, a key, a lab, a plan: each in one sentence with what to do."""
    assert "lisiere secrets init" in shell("plan", status=2).stderr
    shell("secrets", "init")
    assert "LISIERE_SSH_KEY" in shell("plan", status=2).stderr
    assert "lisiere lab up" in shell("plan", "--lab", status=2).stderr
    assert "lisiere plan" in shell("apply", "last", "--yes", status=2).stderr
    assert "Missing argument" in shell("apply", status=2).stderr
    assert shell.json("plan", "list") == []
    assert shell.json("runs") == []
    assert "no lab runs" in shell("lab", "status", status=1).stderr


def test_a_wrong_setting_is_named(shell: Shell) -> None:
    """With the name of the variable."""
    assert "LISIERE_WORKERS" in shell("check", status=2, LISIERE_WORKERS="many").stderr


def test_generating_an_inventory_twice_gives_the_same_files(shell: Shell) -> None:
    """The second time there is nothing to write."""
    source = str(ROOT / "data" / "somme-2026.json")
    shell("inventory", "generate", "--source", source, "--count", "30", "-o", "new")
    again = shell.json("inventory", "generate", "--source", source, "--count", "30", "-o", "new")
    assert isinstance(again, dict)
    assert again["changed"] == []
    names = {path.relative_to(shell.folder / "new") for path in (shell.folder / "new").rglob("*.yaml")}
    assert {Path("policies.yaml"), Path("operator.yaml")} < names


def test_help_names_the_exit_statuses_and_needs_nothing(tmp_path: Path) -> None:
    """Also without colours when nobody looks."""
    text = Shell(tmp_path)("--help", COLUMNS="200").stdout
    assert "130 stopped by Ctrl-C" in text
    assert "\x1b[" not in text
    assert os.listdir(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_told_in_a_line(shell: Shell) -> None:
    """No traceback for what the operating system refuses."""
    done = shell("--state", "/proc/nope", "secrets", "init", status=1)
    assert "/proc/nope" in done.stderr
    assert done.stderr.count("\n") == 1
