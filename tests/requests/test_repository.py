"""Git as it is called: it asks nobody anything, and nothing of it is waited for for ever."""

import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from lisiere.model.request_case import Act, Case, State
from lisiere.workflow.requests.following import INTENT, require_followed
from lisiere.workflow.requests.phrases import Phrase, RequestError
from lisiere.workflow.requests.reading import parse_request
from lisiere.workflow.requests.repository import NEW, Message, Repository
from tests.requests.office import ADMIN, CLOSE_FLOW, ENGINEER, Office
from tests.requests.rack import Rack

FLOWS = "flows.yaml"
MESSAGE = Message(123456, "0" * 64, "open-flow admin-haute-somme", ["bruno", "marie"])


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


def left(office: Office) -> str:
    """Let a process die between the move of the branch and the files; what the file is to be."""
    text = (office.inventory / FLOWS).read_text(encoding="utf-8") + "# one line more\n"
    repository = Repository(office.inventory)
    repository.move(repository.build({FLOWS: text}, MESSAGE, after=repository.head()))
    return text


def test_whoever_comes_next_reads_the_files_as_the_branch_has_them(office: Office) -> None:
    """Also who only looks, and sees one territory: of whose commit it was they hear nothing."""
    text = left(office)
    told: list[str] = []
    office.desk(ADMIN, told).preview(parse_request(CLOSE_FLOW))
    assert (office.inventory / FLOWS).read_text(encoding="utf-8") == text
    assert (told, office.git("status", "--porcelain")) == ([], "")


def test_nothing_is_sent_from_files_that_do_not_follow(office: Office) -> None:
    """Who plans, applies or is the worker brings them up, unless somebody edited them since."""
    text = left(office)
    file, told = office.inventory / FLOWS, list[Phrase]()
    before = file.read_text(encoding="utf-8")
    file.write_text("---\nflows: []\n", encoding="utf-8")
    with pytest.raises(RequestError, match="ne suivent pas"):
        require_followed(office.inventory, told.append)
    assert file.read_text(encoding="utf-8") == "---\nflows: []\n"
    file.write_text(before, encoding="utf-8")
    require_followed(office.inventory, told.append)
    assert [dict(one.facts)["number"] for one in told] == ["123456"]
    assert file.read_text(encoding="utf-8") == text
    assert not (office.folder / ".git" / INTENT).exists()


def test_a_repository_on_another_file_system_is_followed_too(office: Office) -> None:
    """A file is replaced in one step there as well, and what is half written is no file of the inventory."""
    with TemporaryDirectory(dir="/dev/shm") as place:
        shutil.move(office.folder / ".git", f"{place}/git")
        (office.folder / ".git").write_text(f"gitdir: {place}/git\n", encoding="utf-8")
        text = left(office)
        half = office.inventory / "hosts" / f"{NEW}x"
        half.write_text("half", encoding="utf-8")
        require_followed(office.inventory, lambda _: None)
        assert (office.inventory / FLOWS).read_text(encoding="utf-8") == text
        assert office.git("status", "--porcelain") == ""


def test_a_repository_that_git_refuses_is_not_said_to_be_none(office: Office) -> None:
    """One that is broken, or of an account that git does not trust, is told in git's words."""
    (office.folder / ".git" / "config").write_text("[core\n", encoding="utf-8")
    with pytest.raises(RequestError, match=r"Git refuse.*config"):
        Repository(office.inventory).head()


def test_an_engineer_refuses_where_the_upstream_does_not_answer(rack: Rack, case: Case) -> None:
    """What the inventory holds is taken back here, and it is said that the upstream could not be asked."""
    office, told = rack.office, list[str]()
    over_ssh(office, "exit 1")
    assert office.desk(ENGINEER, told).say(case.number, Act.REFUSE, "Annulée").state is State.REFUSED
    assert ["Git refuse" in one for one in told] == [True]
    assert "taken back" in office.git("log", "-n1", "--format=%s")
