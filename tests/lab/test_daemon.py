"""The lab as a process of its own: up, asked, down; 600 appliances in little time and memory."""

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import paramiko  # type: ignore[import-untyped]
import pytest

from lab.daemon import CONTROL, STATE, LabState, ask, start, status, stop
from lab.errors import LabError
from lab.fleet import LabAppliance
from lab.ports import free_port
from lab.real import territory

APPLIANCES = [LabAppliance("old", "1.4"), LabAppliance("new", "1.5", hostname="other-name")]
MOST_KIB = 400 * 1024


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A state folder, deep enough that its socket's path is too long for a socket."""
    path = tmp_path / ("deep" * 20) / "lab"
    yield path
    stop(path)


def login(state: LabState, name: str) -> str:
    """Log in with what the state says; the host key that was shown."""
    one = state.appliances[name]
    transport = paramiko.Transport((one["hostname"], one["port"]))
    try:
        transport.start_client(timeout=10)
        transport.auth_publickey(state.username, paramiko.PKey.from_path(state.key_file))
        key = transport.get_remote_server_key()
        return f"{key.get_name()} {key.get_base64()}"
    finally:
        transport.close()


def test_up_says_how_to_reach_everybody(folder: Path) -> None:
    """In lab.json too; the key opens, and nobody else may read it."""
    seen: list[int] = []
    state = start(folder, APPLIANCES, port=free_port(), progress=seen.append)
    assert status(folder) == state
    written = json.loads((folder / STATE).read_text())
    assert set(written) == {"pid", "started_at", "username", "key_file", "appliances"}
    assert {name: one["release"] for name, one in written["appliances"].items()} == {"old": "1.4", "new": "1.5"}
    assert len({one["hostname"] for one in written["appliances"].values()}) == 2
    for name, one in state.appliances.items():
        assert login(state, name) == one["host_key"]
    assert stat.S_IMODE(Path(state.key_file).stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / CONTROL).stat().st_mode) == 0o600
    assert seen == sorted(seen)


def test_a_second_start_is_refused_and_changes_nothing(folder: Path) -> None:
    """With the process that runs already."""
    state = start(folder, APPLIANCES, port=free_port())
    with pytest.raises(LabError, match=rf"a lab of 2 appliances runs already \(process {state.pid}\)"):
        start(folder, APPLIANCES, port=free_port())
    assert status(folder) == state


def test_a_taken_port_is_said_so(folder: Path, tmp_path: Path) -> None:
    """And nothing is left behind."""
    port = free_port()
    start(folder, APPLIANCES, port=port)
    with pytest.raises(LabError, match=f"port {port} .* is taken"):
        start(tmp_path / "second", APPLIANCES, port=port)
    assert status(tmp_path / "second") is None
    assert stop(tmp_path / "second") is False


def test_down_ends_its_own_process_only(folder: Path) -> None:
    """Stale state is swept; a number that belongs to another process by now is left alone."""
    state = start(folder, APPLIANCES, port=free_port())
    assert stop(folder)
    assert status(folder) is None
    assert not (folder / STATE).exists()
    assert not Path(f"/proc/{state.pid}").exists() or "lab.daemon" not in Path(f"/proc/{state.pid}/cmdline").read_text()
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        (folder / STATE).write_text(
            json.dumps({"pid": stranger.pid, "started_at": "", "username": "", "key_file": "", "appliances": {}})
        )
        assert status(folder) is None
        assert stop(folder) is False
        assert stranger.poll() is None
        assert not (folder / STATE).exists()
    finally:
        stranger.kill()
        stranger.wait()


def test_a_killed_lab_is_not_believed_and_can_be_started_again(folder: Path) -> None:
    """Whatever it left in the folder."""
    port = free_port()
    state = start(folder, APPLIANCES, port=port)
    os.kill(state.pid, 9)
    deadline = time.monotonic() + 10
    while status(folder) is not None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert status(folder) is None
    assert start(folder, APPLIANCES, port=port).pid != state.pid


def test_everything_can_be_asked_over_the_control_channel(folder: Path) -> None:
    """Faults in words or in full, manual changes, counters, the running configuration."""
    state = start(folder, APPLIANCES, port=free_port())
    assert ask(folder, {"name": "new", "by_hand": ["set service ssh port '2022'"]})["pending"] is False
    answer = ask(folder, {"name": "new", "show": True})
    assert "set service ssh port '2022'" in str(answer["running"])
    assert "set system host-name 'other-name'" in str(answer["running"])
    ask(folder, {"name": "new", "commit_confirm": ["set service ssh port '2023'"]})
    assert ask(folder, {"name": "new"})["pending"] is True
    for request in ({"faults": {"refuse_login": True}}, {"fault": {"kind": "refuse-login", "times": 0}}):
        ask(folder, {"name": "old", **request})
        with pytest.raises(paramiko.AuthenticationException):
            login(state, "old")
        ask(folder, {"name": "old", "clear": True})
        login(state, "old")
    assert ask(folder, {"name": "old"})["counters"]["logins"] == 2  # type: ignore[index]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"name": "nobody"}, "the lab has no appliance 'nobody'"),
        ({"name": "new", "faults": {"nonsense": True}}, "no fault nonsense=True; there are: "),
        ({"name": "new", "fault": {"kind": "nonsense"}}, "is not a valid Kind"),
        ({"name": "new", "by_hand": ["set no such"]}, "the appliance refused"),
        ({"name": "new", "by_hand": "set x"}, "`by_hand` is a list of lines"),
    ],
)
def test_a_wrong_request_is_refused_with_its_reason(folder: Path, request_: dict[str, object], message: str) -> None:
    """And the lab lives on."""
    start(folder, APPLIANCES, port=free_port())
    with pytest.raises(LabError, match=message.replace("(", r"\(")):
        ask(folder, request_)
    assert ask(folder, {"name": "new"})["pending"] is False


def test_nobody_to_ask_is_said_so(folder: Path) -> None:
    """With what to do."""
    with pytest.raises(LabError, match="start one with"):
        ask(folder, {"name": "new"})


def test_600_appliances_start_quickly_and_stay_small(folder: Path) -> None:
    """One process, each with an address and a host key of its own."""
    wanted = [LabAppliance(f"appliance-{number:03d}", "1.4" if number % 2 else "1.5") for number in range(600)]
    began = time.monotonic()
    state = start(folder, wanted, port=free_port())
    assert time.monotonic() - began < 30
    places = [(one["hostname"], one["port"]) for one in state.appliances.values()]
    keys = {one["host_key"] for one in state.appliances.values()}
    assert len(set(places)) == len(keys) == 600
    assert login(state, "appliance-599") in keys
    memory = Path(f"/proc/{state.pid}/status").read_text()
    resident_kib = int(next(line for line in memory.splitlines() if line.startswith("VmRSS")).split()[1])
    assert resident_kib < MOST_KIB


def test_a_real_lab_and_a_simulated_one_leave_each_other_alone(folder: Path) -> None:
    """There is one lab in a workplace: the second start is refused, and each `down` ends its own kind only."""
    state = start(folder, APPLIANCES[:1], port=free_port())
    with pytest.raises(LabError, match="1 simulated appliances runs here"):
        territory.refuse_beside_another(folder)
    assert status(folder) == state
    assert stop(folder)
    real = '{"kind": "real", "appliances": {}}'
    (folder / STATE).write_text(real)
    with pytest.raises(LabError, match="lisiere lab real down"):
        start(folder, APPLIANCES[:1], port=free_port())
    assert not stop(folder)
    assert (folder / STATE).read_text() == real
