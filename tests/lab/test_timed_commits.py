"""commit-confirm in real time, scaled: the question, the revert, the confirmation."""

import re
import time

import pytest

from lab.fleet import Lab
from lab.vyos.terminal import HungUpError, Terminal
from tests.lab.conftest import MINUTE_S
from tests.lab.talk import PROMPT, Talk, wait_until

QUESTION = re.compile(rb"Proceed \? \[Y/n\] $")


def arm(talk: Talk, *lines: str, minutes: int = 2, answer: str = "y") -> str:
    """Commit lines for some minutes; what was printed after the question."""
    talk.ask_all("configure", *lines)
    talk.send(f"commit-confirm {minutes}\n")
    asked = talk.until(QUESTION)
    assert f"in {minutes} minutes" in asked
    talk.send(f"{answer}\n")
    return talk.until(PROMPT).replace("\r", "")


def test_1_5_reloads_the_revision_before(lab: Lab) -> None:
    """The session stays; everybody at a terminal is told."""
    before = lab["new"].running_set()
    with Talk(lab, "new") as talk:
        said = arm(talk, "set system host-name other")
        assert "Initialized commit-confirm; 2 minutes to confirm before reload\n" in said
        assert "host-name 'other'" in lab["new"].running_set()
        assert talk.ask("systemctl is-active commit-confirm.timer") == "active"
        wait_until(lambda: not lab["new"].is_pending)
        assert lab["new"].running_set() == before
        talk.until(re.compile(rb"Reverting to previous config now\r\n$"))
        assert talk.ask("systemctl is-active commit-confirm.timer") == "inactive"
        assert talk.ask("confirm") == "No confirm pending"
    assert (lab["new"].counters.reverts, lab["new"].counters.reboots) == (1, 0)


def test_1_4_reboots_into_the_saved_configuration(lab: Lab) -> None:
    """Sessions drop, the appliance is away for a while, and what was never saved is lost as well."""
    with Talk(lab, "old") as talk:
        talk.ask_all("configure", "set service ssh port 2022", "commit", "exit")
        talk.ask_all("configure", "set system host-name other")
        talk.send("commit-confirm 1\n")
        assert "You should save previous commits before commit-confirm !" in talk.until(QUESTION)
        talk.send("\n")
        assert "before reboot" in talk.until(PROMPT)
        with pytest.raises(EOFError):
            talk.until(PROMPT)
    with pytest.raises(ConnectionRefusedError):
        Talk(lab, "old")
    wait_until(lambda: answers(lab, "old"))
    assert "host-name 'old'" in lab["old"].running_set()
    assert "2022" not in lab["old"].running_set()


class Gone:
    """A far end that has just hung up, and is still among the terminals."""

    async def read(self, n: int = -1) -> bytes:
        """Nothing is typed any more."""
        raise HungUpError

    def write(self, data: bytes) -> None:
        """Nobody is there to read it."""
        raise HungUpError

    async def drain(self) -> None:
        """The same."""
        raise HungUpError


def test_a_terminal_that_hung_up_holds_no_revert_back(lab: Lab) -> None:
    """It misses what is written to all terminals; the configuration before comes back all the same."""
    before = lab["new"].running_set()
    with Talk(lab, "new") as talk:
        arm(talk, "set system host-name other")
        gone = Gone()
        lab["new"]._appliance.terminals.add(Terminal(gone, gone, has_pty=True))
        lab["new"].expire()
        assert lab["new"].running_set() == before
        talk.until(re.compile(rb"Reverting to previous config now\r\n$"))


def answers(lab: Lab, name: str) -> bool:
    """Whether one can log in."""
    try:
        with Talk(lab, name):
            return True
    except (OSError, EOFError):
        return False


@pytest.mark.parametrize(("name", "word"), [("old", "Reboot"), ("new", "Reload")])
def test_a_confirmed_commit_stays(lab: Lab, name: str, word: str) -> None:
    """From another session too; the archive has it then."""
    with Talk(lab, name) as talk:
        arm(talk, "set system host-name other", minutes=4)
    with Talk(lab, name) as talk:
        assert talk.ask_all("configure", "confirm")[1] == f"{word} timer stopped"
        assert talk.ask("compare 0").startswith("No changes between working and revision 0")
    time.sleep(4 * MINUTE_S + 0.3)
    assert "host-name 'other'" in lab[name].running_set()
    assert (lab[name].counters.confirms, lab[name].counters.reverts) == (1, 0)


def test_a_confirmation_in_the_last_minute_stops_the_timer_without_a_word(lab: Lab) -> None:
    """As the real one, whose announcer has ended by then: the commit stays and is in no archive."""
    with Talk(lab, "new") as talk:
        arm(talk, "set system host-name other", minutes=1)
        time.sleep(0.05)
        assert talk.ask("confirm").strip() == ""
        assert not lab["new"].is_pending
        assert 'host-name "other"' in talk.ask("compare 0")


def test_no_means_no_and_one_timer_is_enough(lab: Lab) -> None:
    """Nothing is committed in either case."""
    with Talk(lab, "new") as talk:
        assert "commit-confirm canceled" in arm(talk, "set system host-name other", answer="n")
        assert "host-name 'new'" in lab["new"].running_set()
        lab["new"].foreign_commit_confirm("set service ssh port '2022'")
        assert talk.ask("commit-confirm 5") == "Another confirm is pending"
        assert lab["new"].is_pending


def test_a_failed_commit_leaves_the_timer_armed(lab: Lab) -> None:
    """The part that succeeded is reverted by it."""
    before = lab["new"].running_set()
    with Talk(lab, "new") as talk:
        said = arm(talk, "set system host-name other", "set firewall zone EMPTY default-log", minutes=1)
        assert "[[firewall]] failed\nCommit failed\n" in said
        assert lab["new"].is_pending
        assert "host-name 'other'" in lab["new"].running_set()
        wait_until(lambda: lab["new"].running_set() == before)


def test_rollback_reboots_into_a_revision(lab: Lab) -> None:
    """After a question."""
    with Talk(lab, "new") as talk:
        for host in ("one", "two"):
            talk.ask_all("configure", f"set system host-name {host}", "commit", "exit")
        talk.ask("configure")
        talk.send("rollback 1\n")
        talk.until(re.compile(rb"Proceed with reboot \? \[Y/n\] $"))
        talk.send("y\n")
        with pytest.raises(EOFError):
            talk.until(re.compile(rb"never"))
    wait_until(lambda: answers(lab, "new"))
    assert "host-name 'one'" in lab["new"].running_set()
