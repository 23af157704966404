"""The lab as a process of its own: started, asked and stopped from another one."""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from lab.control import serve_control
from lab.errors import LabError
from lab.fleet import DEFAULT_PORT, USERNAME, Fleet, LabAppliance, host_key, make_key, new_event_loop
from lab.vyos.appliance import Settings

STATE, CONTROL, LOG, WANTED = "lab.json", "control.sock", "lab.log", "appliances.json"
MODULE = "lab.daemon"
START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 20.0
POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class LabState:
    """What a running lab says of itself: `appliances` holds hostname, port, host_key and release by name."""

    pid: int
    started_at: str
    username: str
    key_file: str
    appliances: Mapping[str, Mapping[str, str | int]]


def status(state_dir: Path) -> LabState | None:
    """The lab that runs in this folder, or None; what a dead one left is not believed."""
    try:
        state = LabState(**json.loads((state_dir / STATE).read_text("utf-8")))
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
        return None
    return state if _is_lab(state.pid, state_dir) else None


def start(
    state_dir: Path,
    appliances: Sequence[LabAppliance],
    *,
    minute_s: float = 60.0,
    rtt_ms: float = 0.0,
    reboot_s: float = 1.0,
    port: int = DEFAULT_PORT,
    username: str = USERNAME,
    scatter_ms: float = 0.0,
    seed: int = 0,
    progress: Callable[[int], None] = lambda _: None,
) -> LabState:
    """Start a lab in the background and wait until all of it answers.

    Raises:
        LabError: One runs already in this folder, of whichever kind, or it did not come up; its log says why.
    """
    if (running := status(state_dir)) is not None:
        raise LabError(f"a lab of {len(running.appliances)} appliances runs already (process {running.pid})")
    if _is_of_real(state_dir):
        raise LabError("real appliances run here; `lisiere lab real down` ends them")
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    _sweep(state_dir)
    wanted = {
        "appliances": [asdict(one) for one in appliances],
        "minute_s": minute_s,
        "rtt_ms": rtt_ms,
        "reboot_s": reboot_s,
        "port": port,
        "username": username,
        "scatter_ms": scatter_ms,
        "seed": seed,
    }
    (state_dir / WANTED).write_text(json.dumps(wanted), "utf-8")
    with (state_dir / LOG).open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", MODULE, str(state_dir.resolve())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    return _await_state(process, state_dir, progress)


def stop(state_dir: Path) -> bool:
    """Stop the lab of this folder; False when none runs. What a dead one left is cleared away."""
    running = status(state_dir)
    if running is not None:
        os.kill(running.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while _is_lab(running.pid, state_dir):
            if time.monotonic() > deadline:
                os.kill(running.pid, signal.SIGKILL)
                break
            time.sleep(POLL_S)
    _sweep(state_dir)
    return running is not None


def ask(state_dir: Path, request: Mapping[str, object]) -> dict[str, object]:
    """Send one control request and return the answer; see `lab.control.carry_out` for what can be asked.

    Raises:
        LabError: No lab runs here, or it refused the request.
    """
    try:
        with _control_path(state_dir) as path, socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(30)
            connection.connect(path)
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as file:
                answer: dict[str, object] = json.loads(file.readline())
    except (OSError, ValueError) as exc:
        raise LabError(f"no lab answers in {state_dir}; start one with `lisiere lab up`") from exc
    if "error" in answer:
        raise LabError(str(answer["error"]))
    return answer


def _await_state(process: "subprocess.Popen[bytes]", state_dir: Path, progress: Callable[[int], None]) -> LabState:
    deadline = time.monotonic() + START_TIMEOUT_S
    try:
        while process.poll() is None and time.monotonic() < deadline:
            progress((state_dir / LOG).read_text("utf-8", errors="replace").count("up "))
            if (state := status(state_dir)) is not None:
                return state
            time.sleep(POLL_S)
    except BaseException:
        process.terminate()
        raise
    if process.poll() is None:
        process.terminate()
        raise LabError(f"the lab did not come up in {START_TIMEOUT_S:.0f} s")
    lines = (state_dir / LOG).read_text("utf-8", errors="replace").strip().splitlines()
    raise LabError(f"the lab did not come up: {lines[-1].removeprefix('lab: ') if lines else 'it said nothing'}")


def _is_lab(pid: int, state_dir: Path) -> bool:
    """Whether a process is the lab of this folder, and not a later one under the same number."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z" and MODULE.encode() in words and str(state_dir.resolve()).encode() in words


def _is_of_real(state_dir: Path) -> bool:
    """Whether the state in a folder is that of real appliances (`lab.real.territory`), which this lab leaves alone."""
    try:
        return bool(json.loads((state_dir / STATE).read_text("utf-8")).get("kind") == "real")
    except (OSError, ValueError, AttributeError):
        return False


def _sweep(state_dir: Path) -> None:
    if _is_of_real(state_dir):
        return
    for leftover in (STATE, CONTROL):
        (state_dir / leftover).unlink(missing_ok=True)


@contextlib.contextmanager
def _control_path(state_dir: Path) -> Iterator[str]:
    """The control socket by a path that is short enough for a socket, wherever the folder stands."""
    folder = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{CONTROL}"
    finally:
        os.close(folder)


# ---- in the process of the lab ---------------------------------------------------------------------------------------


async def _serve(state_dir: Path) -> None:
    wanted = json.loads((state_dir / WANTED).read_text("utf-8"))
    key_file, public_key = make_key(state_dir)
    settings = Settings(
        username=wanted["username"],
        public_key=public_key,
        minute_s=wanted["minute_s"],
        reboot_s=wanted["reboot_s"],
        rtt_ms=wanted["rtt_ms"],
        scatter_ms=wanted["scatter_ms"],
        seed=wanted["seed"],
    )
    fleet = Fleet([LabAppliance(**one) for one in wanted["appliances"]], settings=settings, port=wanted["port"])
    stop_asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop_asked.set)
    await fleet.open(progress=lambda number: print("up", number, flush=True))  # noqa: T201 - read by `start`
    with _control_path(state_dir) as path:
        control = await serve_control(fleet, path)
    (state_dir / CONTROL).chmod(0o600)
    _publish(fleet, state_dir, key_file)
    await stop_asked.wait()
    control.close()
    fleet.close()
    await asyncio.sleep(0)


def _publish(fleet: Fleet, state_dir: Path, key_file: Path) -> None:
    """Write lab.json, as a whole or not at all."""
    state = LabState(
        pid=os.getpid(),
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        username=fleet.settings.username,
        key_file=str(key_file.resolve()),
        appliances={
            name: {
                "hostname": one.host,
                "port": one.port,
                "host_key": host_key(one.key),
                "release": one.device.release.name,
            }
            for name, one in fleet.appliances.items()
        },
    )
    draft = state_dir / f".{STATE}"
    draft.write_text(json.dumps(asdict(state), indent=1), "utf-8")
    draft.replace(state_dir / STATE)


def main() -> None:
    """Run the lab that a folder asks for until told to stop."""
    parser = argparse.ArgumentParser(description="Run the appliances listed in a folder until SIGTERM.")
    parser.add_argument("state_dir", type=Path)
    loop = new_event_loop()
    try:
        loop.run_until_complete(_serve(parser.parse_args().state_dir))
    except (LabError, OSError) as exc:
        sys.exit(f"lab: {exc}")


if __name__ == "__main__":
    main()
