"""The lab as a process of its own: started, asked and stopped from another one."""

import argparse
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab.played.fleet import USERNAME, Fleet, LabAppliance, LabError, carry_out

STATE, CONTROL, LOG, WANTED = "lab.json", "control.sock", "lab.log", "appliances.json"
START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class LabState:
    """What a running lab says of itself."""

    pid: int
    started_at: str
    username: str
    key_file: str
    appliances: Mapping[str, Mapping[str, Any]]


def status(state_dir: Path) -> LabState | None:
    """The lab that runs in this folder, or None; what a dead one left is not believed."""
    try:
        state = LabState(**json.loads((state_dir / STATE).read_text("utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return state if _is_lab(state.pid, state_dir) else None


def start(
    state_dir: Path,
    appliances: Sequence[LabAppliance],
    *,
    minute_s: float = 60.0,
    rtt_ms: float = 0.0,
    port: int = 2222,
    progress: Callable[[int], None] = lambda _: None,
) -> LabState:
    """Start a lab in the background and wait until all of it answers.

    Raises:
        LabError: One runs already in this folder, or it did not come up; its log says why.
    """
    if (running := status(state_dir)) is not None:
        raise LabError(f"a lab of {len(running.appliances)} appliances runs already (process {running.pid})")
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    for leftover in (STATE, CONTROL):
        (state_dir / leftover).unlink(missing_ok=True)
    (state_dir / WANTED).write_text(json.dumps([asdict(one) for one in appliances]), "utf-8")
    options = ["--minute-s", str(minute_s), "--rtt-ms", str(rtt_ms), "--port", str(port)]
    with (state_dir / LOG).open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "lab.played.daemon", str(state_dir.resolve()), *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    return _await_state(process, state_dir, progress)


def stop(state_dir: Path) -> bool:
    """Stop the lab of this folder; False when none runs."""
    running = status(state_dir)
    if running is None:
        return False
    os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while _is_lab(running.pid, state_dir):
        if time.monotonic() > deadline:
            os.kill(running.pid, signal.SIGKILL)
            break
        time.sleep(0.05)
    for leftover in (STATE, CONTROL):
        (state_dir / leftover).unlink(missing_ok=True)
    return True


def ask(state_dir: Path, request: Mapping[str, Any]) -> dict[str, Any]:
    """Send one control request: `{"name": …, "faults": {…}}` or `{"name": …, "by_hand": ["set …"]}`.

    Raises:
        LabError: No lab runs here, or it refused the request.
    """
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(30)
            connection.connect(str(state_dir / CONTROL))
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as file:
                answer: dict[str, Any] = json.loads(file.readline())
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
            time.sleep(0.05)
    except BaseException:
        process.terminate()
        raise
    if process.poll() is None:
        process.terminate()
        raise LabError(f"the lab did not come up in {START_TIMEOUT_S:.0f} s")
    lines = (state_dir / LOG).read_text("utf-8", errors="replace").strip().splitlines()
    raise LabError(f"the lab did not come up: {lines[-1] if lines else 'it said nothing'}")


def _is_lab(pid: int, state_dir: Path) -> bool:
    """Whether a process is the lab of this folder, and not a later one under the same number."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z" and b"lab.played.daemon" in words and str(state_dir.resolve()).encode() in words


async def _serve(options: argparse.Namespace) -> None:
    state_dir = Path(options.state_dir)
    wanted = [LabAppliance(**one) for one in json.loads((state_dir / WANTED).read_text("utf-8"))]
    fleet = Fleet(wanted, state_dir=state_dir, minute_s=options.minute_s, rtt_ms=options.rtt_ms, port=options.port)
    stop_asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop_asked.set)
    await fleet.open(progress=lambda number: print("up", number, flush=True))  # noqa: T201 - read by `start`
    control = await asyncio.start_unix_server(_controller(fleet), path=state_dir / CONTROL)
    (state_dir / CONTROL).chmod(0o600)
    state = LabState(
        pid=os.getpid(),
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        username=USERNAME,
        key_file=str(fleet.key_file),
        appliances={
            name: {"hostname": one.host, "port": one.port, "host_key": one.host_key, "release": one.release}
            for name, one in fleet.reach().items()
        },
    )
    draft = state_dir / f".{STATE}"
    draft.write_text(json.dumps(asdict(state), indent=1), "utf-8")
    draft.replace(state_dir / STATE)
    await stop_asked.wait()
    control.close()
    await fleet.close()


def _controller(fleet: Fleet) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]:
    async def control(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            try:
                answer: dict[str, object] = await carry_out(fleet, json.loads(line))
            except (LabError, ValueError) as exc:
                answer = {"error": str(exc)}
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        writer.close()

    return control


def main() -> None:
    """Play a lab until told to stop."""
    parser = argparse.ArgumentParser(description="Play the appliances listed in a folder until SIGTERM.")
    parser.add_argument("state_dir")
    parser.add_argument("--minute-s", type=float, default=60.0)
    parser.add_argument("--rtt-ms", type=float, default=0.0)
    parser.add_argument("--port", type=int, default=2222)
    try:
        asyncio.run(_serve(parser.parse_args()))
    except LabError as exc:
        sys.exit(f"lab: {exc}")


if __name__ == "__main__":
    main()
