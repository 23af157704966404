"""Faults on demand: each shows as it says, as often as it says."""

import re
import socket
import time
from collections.abc import Mapping
from typing import Literal

import paramiko  # type: ignore[import-untyped]
import pytest

from lab.errors import LabError
from lab.faults import Fault, Kind, Step, from_setting
from lab.fleet import Lab
from tests.lab.talk import PROMPT, Talk, wait_until
from tests.lab.test_timed_commits import answers, arm

PROMPT_OR_WALL = re.compile(rb"now\r\n$|# $")
LINES: Mapping[Step, tuple[str, ...]] = {
    Step.CONFIGURE: ("configure",),
    Step.LOAD: ("configure", "load"),
    Step.COMPARE: ("configure", "compare"),
    Step.COMMIT: ("configure", "set system host-name other", "commit"),
    Step.COMMIT_CONFIRM: ("configure", "set system host-name other", "commit-confirm 5"),
    Step.CONFIRM: ("configure", "confirm"),
    Step.SAVE: ("configure", "save"),
    Step.SHOW: ("show version",),
}


def ask_until_lost(talk: Talk, lines: tuple[str, ...]) -> str:
    """Carry out lines of which the last one loses the session; what of its answer came."""
    talk.ask_all(*lines[:-1])
    talk.send(f"{lines[-1]}\n")
    with pytest.raises(EOFError) as caught:
        talk.until(PROMPT)
    return str(caught.value)


@pytest.mark.parametrize("step", LINES)
def test_the_session_drops_at_a_step_once(lab: Lab, step: Step) -> None:
    """Before it is carried out; the next session gets through."""
    lab["new"].inject(Fault(Kind.DROP, step=step))
    with Talk(lab, "new") as talk:
        ask_until_lost(talk, LINES[step])
    assert lab["new"].counters.pushes == 0
    assert answers(lab, "new")


def test_the_session_drops_when_it_begins(lab: Lab) -> None:
    """After the login, before the first prompt."""
    lab["new"].inject(Fault(Kind.DROP, step=Step.CONNECT))
    with pytest.raises(EOFError):
        Talk(lab, "new")
    assert answers(lab, "new")


def test_the_session_drops_after_a_step(lab: Lab) -> None:
    """The commit is done, and nobody is told."""
    lab["new"].inject(Fault(Kind.DROP, step=Step.COMMIT, when="after"))
    with Talk(lab, "new") as talk:
        ask_until_lost(talk, LINES[Step.COMMIT])
    assert "host-name 'other'" in lab["new"].running_set()
    assert lab["new"].counters.pushes == 1


def test_an_answer_ends_in_the_middle_of_a_line(lab: Lab) -> None:
    """And the session with it."""
    lab["new"].inject(Fault(Kind.CUT, step=Step.SHOW))
    with Talk(lab, "new") as talk:
        text = ask_until_lost(talk, ("show configuration commands",))
    whole = "show configuration commands\n" + lab["new"].running_set()
    assert whole.startswith(text.replace("\r", "").rstrip("\n"))
    assert 40 < len(text) < len(whole)
    assert not text.endswith("\n")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", [Step.SHOW, Step.COMMIT])
def test_an_answer_never_comes(lab: Lab, step: Step, when: Literal["before", "after"]) -> None:
    """The session stands and says no more; the step was taken or not, and others get through."""
    lab["new"].inject(Fault(Kind.HANG, step=step, when=when))
    with Talk(lab, "new") as talk:
        talk.ask_all(*LINES[step][:-1])
        talk.send(f"{LINES[step][-1]}\n")
        wait_until(lambda: lab["new"].counters.pushes == (step is Step.COMMIT and when == "after"))
        talk.send("\n" * 3)
        with pytest.raises(TimeoutError):
            talk.until(PROMPT, wait_s=0.4)
        assert talk.transport.is_active()
        assert answers(lab, "new")


def test_the_first_prompt_never_comes(lab: Lab) -> None:
    """The login is there, and nothing behind it."""
    lab["new"].inject(Fault(Kind.HANG, step=Step.CONNECT))
    with pytest.raises(TimeoutError):
        Talk(lab, "new", wait_s=0.4)
    assert answers(lab, "new")


def test_a_login_is_refused_until_cleared(lab: Lab) -> None:
    """`times` 0 holds."""
    lab["new"].inject(Fault(Kind.REFUSE_LOGIN, times=0))
    for _ in range(2):
        with pytest.raises(paramiko.AuthenticationException):
            Talk(lab, "new")
    lab["new"].clear_faults()
    assert answers(lab, "new")
    assert answers(lab, "old")


def test_another_host_key_is_shown(lab: Lab) -> None:
    """Once; every appliance has its own."""
    handle = lab["new"]

    def shown() -> str:
        transport = paramiko.Transport((handle.host, handle.port))
        transport.start_client(timeout=5)
        key = transport.get_remote_server_key()
        transport.close()
        return f"{key.get_name()} {key.get_base64()}"

    assert shown() == handle.host_key
    handle.inject(Fault(Kind.OTHER_HOST_KEY))
    assert shown() != handle.host_key
    assert shown() == handle.host_key != lab["old"].host_key


def test_no_answer_takes_the_connection_and_says_nothing(lab: Lab) -> None:
    """Not even its version."""
    lab["new"].inject(Fault(Kind.NO_ANSWER))
    with socket.create_connection((lab["new"].host, lab["new"].port), 5) as sock:
        sock.settimeout(0.4)
        with pytest.raises(TimeoutError):
            sock.recv(1)


def test_an_unreachable_appliance_comes_back_when_cleared(lab: Lab) -> None:
    """At the same place."""
    lab["new"].inject(Fault(Kind.UNREACHABLE, times=0))
    with pytest.raises(ConnectionRefusedError):
        Talk(lab, "new")
    lab["new"].clear_faults()
    wait_until(lambda: answers(lab, "new"))


def test_a_refused_commit_changes_nothing(lab: Lab) -> None:
    """With the reason that was given."""
    before = lab["new"].running_set()
    lab["new"].inject(Fault(Kind.REFUSE_COMMIT, reason="the moon is full"))
    with Talk(lab, "new") as talk:
        said = talk.ask_all(*LINES[Step.COMMIT])[-1]
        assert said == "[ system host-name ]\nthe moon is full\n\n[[system host-name]] failed\nCommit failed"
        assert lab["new"].running_set() == before
        assert talk.ask("commit") == ""


def test_a_commit_fails_in_one_part(lab: Lab) -> None:
    """The others are active."""
    lab["new"].inject(Fault(Kind.FAIL_SUBTREE, path=("service", "ssh")))
    with Talk(lab, "new") as talk:
        said = talk.ask_all("configure", "set system host-name other", "set service ssh port 23", "commit")[-1]
    assert "[[service ssh]] failed\nCommit failed" in said
    assert "host-name 'other'" in lab["new"].running_set()
    assert "'23'" not in lab["new"].running_set()


def test_the_way_back_is_refused(lab: Lab) -> None:
    """Only after a commit that failed in part, and once."""
    lab["new"].inject(Fault(Kind.REFUSE_WAY_BACK, reason="stuck halfway"))
    lab["new"].inject(Fault(Kind.FAIL_SUBTREE, path=("service", "ssh")))
    with Talk(lab, "new") as talk:
        talk.ask_all("configure", "set system host-name other", "set service ssh port 23", "commit", "discard")
        talk.ask("set system host-name new")
        assert "stuck halfway" in talk.ask("commit")
        assert "host-name 'other'" in lab["new"].running_set()
        assert talk.ask("commit") == ""


def test_a_reboot_in_the_middle(lab: Lab) -> None:
    """What was committed and not saved is gone."""
    lab["new"].inject(Fault(Kind.REBOOT, step=Step.SAVE))
    with Talk(lab, "new") as talk:
        ask_until_lost(talk, (*LINES[Step.COMMIT], "save"))
    wait_until(lambda: answers(lab, "new"))
    assert "host-name 'new'" in lab["new"].running_set()
    assert lab["new"].counters.reboots == 1


def test_a_full_disk_takes_no_file_and_no_save(lab: Lab) -> None:
    """Until it is cleared."""
    lab["new"].inject(Fault(Kind.DISK_FULL, times=0))
    with Talk(lab, "new") as talk:
        with pytest.raises(OSError, match=r"No space|Failure"):
            talk.put("/tmp/x", "x")
        assert "No space left on device" in talk.ask_all("configure", "save")[1]
        lab["new"].clear_faults()
        assert talk.ask("save") == ""
        talk.put("/tmp/x", "x")


def test_a_change_cuts_the_management_path_until_it_is_reverted(lab: Lab) -> None:
    """The session that made it lives on; nobody else gets in."""
    lab["new"].inject(Fault(Kind.CUT_MANAGEMENT, path=("service", "ssh")))
    with Talk(lab, "new") as talk:
        arm(talk, "set system host-name harmless", minutes=4)
        talk.ask("confirm")
        assert answers(lab, "new")
        arm(talk, "set service ssh port 2022", minutes=2)
        assert not answers(lab, "new")
        assert talk.ask("run show version").startswith("Version:")
        wait_until(lambda: answers(lab, "new"))
    assert "2022" not in lab["new"].running_set()


def test_load_loses_a_statement_without_a_word(lab: Lab) -> None:
    """Only what comes afterwards shows it."""
    lab["new"].inject(Fault(Kind.LOAD_DROPS, path=("service", "ssh")))
    with Talk(lab, "new") as talk:
        talk.ask("configure")
        assert talk.ask("load").endswith("Load complete. Use 'commit' to make changes effective.")
        assert talk.ask("compare commands").strip() == "delete service ssh port '22'"


def test_slow_answers_take_their_time(lab: Lab) -> None:
    """Every one of them."""
    lab["new"].inject(Fault(Kind.SLOW, delay_ms=150, times=0))
    with Talk(lab, "new") as talk:
        began = time.monotonic()
        talk.ask_all("show version", "show version")
        assert 0.3 <= time.monotonic() - began < 2


def test_tunnels_go_down_with_a_commit_and_come_back_with_the_revert(lab: Lab) -> None:
    """As `show vpn ipsec sa` and `ping` tell."""
    lab["new"].drift(
        "set interfaces vti vti1 address '10.9.0.1/30'",
        "set vpn ipsec authentication psk P id 'a'",
        "set vpn ipsec authentication psk P secret 'not a real one'",
        "set vpn ipsec esp-group E pfs 'dh-group19'",
        "set vpn ipsec ike-group I key-exchange 'ikev2'",
        "set vpn ipsec site-to-site peer P authentication mode 'pre-shared-secret'",
        "set vpn ipsec site-to-site peer P default-esp-group 'E'",
        "set vpn ipsec site-to-site peer P ike-group 'I'",
        "set vpn ipsec site-to-site peer P local-address '192.0.2.1'",
        "set vpn ipsec site-to-site peer P remote-address '192.0.2.2'",
        "set vpn ipsec site-to-site peer P tunnel 0 local prefix '10.0.0.0/24'",
        "set vpn ipsec site-to-site peer P tunnel 0 remote prefix '10.1.0.0/24'",
        "set vpn ipsec site-to-site peer P vti bind 'vti1'",
    )
    with Talk(lab, "new") as talk:

        def state() -> str:
            return talk.ask("run show vpn ipsec sa").splitlines()[2].split()[1]

        talk.ask("configure")
        assert state() == "up"
        lab["new"].inject(Fault(Kind.VPN_DOWN_AFTER_COMMIT))
        assert state() == "up"
        arm(talk, "set system host-name other", minutes=1)
        assert state() == "down"
        assert "100% packet loss" in talk.ask("run ping 10.1.0.1")
        wait_until(lambda: not lab["new"].is_pending)
        lab["new"].clear_faults()
        talk.until(PROMPT_OR_WALL)
        assert state() == "up"


def test_somebody_elses_changes_are_made_or_refused_as_a_whole(lab: Lab) -> None:
    """A manual change is committed and saved; a bad one is told."""
    lab["new"].drift("set service ssh port '2022'")
    assert "set service ssh port '2022'" in lab["new"].saved_set()
    with pytest.raises(LabError, match="is not valid"):
        lab["new"].drift("set service ssh port '2023'", "set no such-thing")
    assert "2023" not in lab["new"].running_set()


def test_a_fault_survives_its_journey_as_json() -> None:
    """And what is none is refused."""
    fault = Fault(Kind.DROP, step=Step.COMMIT, when="after", times=3, path=("a", "b"), reason="x", delay_ms=5)
    assert Fault.from_json(fault.to_json()) == fault
    for wrong in ({"kind": "nonsense"}, {"kind": "drop", "colour": "red"}, {"kind": "drop", "step": "x"}):
        with pytest.raises(ValueError, match=r"not a valid|a fault has no"):
            Fault.from_json(wrong)


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("refuse_login", True, Fault(Kind.REFUSE_LOGIN, times=0)),
        ("refuse_login", False, Kind.REFUSE_LOGIN),
        ("half_commit", "vpn ipsec", Fault(Kind.FAIL_SUBTREE, path=("vpn", "ipsec"), times=0)),
        ("refuse_way_back", True, Fault(Kind.REFUSE_WAY_BACK, times=0)),
        ("hang_at", "save", Fault(Kind.HANG, step=Step.SAVE)),
        ("hang_after", "commit", Fault(Kind.HANG, step=Step.COMMIT, when="after")),
        ("drop_after", "commit", Fault(Kind.DROP, step=Step.COMMIT, when="after")),
        ("delay_ms", 20, Fault(Kind.SLOW, delay_ms=20, times=0)),
        ("delay_ms", 0, Kind.SLOW),
    ],
)
def test_a_setting_is_a_fault(name: str, value: object, meant: object) -> None:
    """Switches and paths hold, steps strike once."""
    assert from_setting(name, value) == meant


@pytest.mark.parametrize(("name", "value"), [("nonsense", True), ("refuse_login", "yes"), ("drop_at", "lunch")])
def test_a_wrong_setting_is_refused(name: str, value: object) -> None:
    """With those that there are."""
    with pytest.raises(ValueError, match="there are"):
        from_setting(name, value)
