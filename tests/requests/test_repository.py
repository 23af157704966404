"""Git as it is called: it asks nobody anything, and nothing of it is waited for for ever."""

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from lisiere.workflow.requests.phrases import RequestError
from lisiere.workflow.requests.repository import NEW, Repository
from tests.requests.office import Office


def over_ssh(office: Office, script: str) -> Path:
    """Give the repository an upstream over SSH, of which a script is the program; where that writes down."""
    told = office.folder / ".git" / "told"
    program = office.folder / ".git" / "ssh"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    for words in (
        ("core.sshCommand", str(program)),
        ("ssh.variant", "ssh"),
        ("remote.origin.url", "ssh://git.example/inventory"),
        ("remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"),
        ("branch.main.remote", "origin"),
        ("branch.main.merge", "refs/heads/main"),
    ):
        office.git("config", *words)
    return told


def test_an_upstream_over_ssh_asks_for_no_password(office: Office) -> None:
    """The operator's own program is called, and is told to ask nothing."""
    told = over_ssh(office, f'echo "$@" >{office.folder}/.git/told; exit 1')
    with pytest.raises(RequestError, match="Git refuse"):
        Repository(office.inventory).ask_upstream()
    assert "-oBatchMode=yes" in told.read_text(encoding="utf-8").split()


def test_what_git_leaves_behind_is_not_waited_for(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upstream that never answers is refused, also where what it started keeps git's pipes open."""
    told = over_ssh(office, f"setsid sleep 600 & echo $! >{office.folder}/.git/told; sleep 600")
    monkeypatch.setattr("lisiere.workflow.requests.git.FETCH_PATIENCE_S", 2.0)
    with pytest.raises(RequestError, match="répond pas"):
        Repository(office.inventory).ask_upstream()
    left = int(told.read_text(encoding="utf-8"))
    assert Path(f"/proc/{left}").exists()
    with suppress(ProcessLookupError):
        os.kill(left, signal.SIGKILL)


def test_files_half_written_are_cleared_away(office: Office) -> None:
    """Where git sees none; each has a name of its own."""
    half = office.folder / ".git" / f"{NEW}x"
    half.write_text("half", encoding="utf-8")
    repository = Repository(office.inventory)
    with repository.locked():
        assert repository.recover() is None
    assert not half.exists()
