"""What is written to disk is there as a whole or not at all."""

import stat
from pathlib import Path

import pytest

from cli.files import write_configuration
from lisiere.bundle import File, write
from lisiere.errors import UsageError

TEXT = write([File("squid/squid.conf", "0640", "cache deny all\n"), File("nftables.conf", "0600", "flush ruleset\n")])


def test_commands_are_one_file(tmp_path: Path) -> None:
    """A configuration of commands is `<name>.set`."""
    assert write_configuration(tmp_path, "one", "set a\n") == ("one.set",)
    assert (tmp_path / "one.set").read_text() == "set a\n"


def test_files_are_a_folder_of_them(tmp_path: Path) -> None:
    """A configuration of files is a folder, each file with its mode; what an earlier one left is gone."""
    write_configuration(tmp_path, "one", write([File("old.conf", "0644", "old\n")]))
    assert write_configuration(tmp_path, "one", TEXT) == ("one/nftables.conf", "one/squid/squid.conf")
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"one/nftables.conf", "one/squid/squid.conf"}
    assert (tmp_path / "one/squid/squid.conf").read_text() == "cache deny all\n"
    assert stat.S_IMODE((tmp_path / "one/nftables.conf").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_a_place_that_is_no_folder_is_told(tmp_path: Path) -> None:
    """No traceback, and the file that stands there stays."""
    (tmp_path / "out").write_text("mine\n")
    with pytest.raises(UsageError, match="cannot be written"):
        write_configuration(tmp_path / "out", "one", TEXT)
    assert (tmp_path / "out").read_text() == "mine\n"
