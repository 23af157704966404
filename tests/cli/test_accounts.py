"""Who acts is told by the machine: neither a variable nor a namespace makes anybody another."""

import os
import pwd
from pathlib import Path

import pytest

from cli import accounts
from cli.accounts import account, outside

SOMEBODY = pwd.getpwuid(1)


def test_no_variable_makes_an_account_another(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a login shell sets is what anybody may set; root alone is taken for who called sudo."""
    monkeypatch.setattr(accounts, "UID_MAP", tmp_path / "no namespace")
    own = pwd.getpwuid(os.getuid()).pw_name
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "mallory")
    monkeypatch.delenv("SUDO_UID", raising=False)
    assert account() == own
    for said in ("", "-1", "mallory"):
        monkeypatch.setenv("SUDO_UID", said)
        assert account() == own
    monkeypatch.setenv("SUDO_UID", str(SOMEBODY.pw_uid))
    assert account() == (SOMEBODY.pw_name if os.getuid() == 0 else own)


def test_root_of_a_namespace_is_who_made_it() -> None:
    """The map of a namespace tells who that is around it."""
    lines = ["         0       1000          1", "         1     100000      65536"]
    assert [outside(uid, lines) for uid in (0, 1, 33)] == [1000, 100000, 100032]
    assert outside(7, ["         0          0 4294967295"]) == 7
