"""Other programs: run to their end, started to stay, found again and ended; and the lock between copies of this one."""

import contextlib
import fcntl
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lisiere.drivers.debian.device.disk import write_durably
from lisiere.drivers.debian.device.places import ENVIRONMENT, LOCK_S, LOGS, RUN, RUN_S
from lisiere.drivers.debian.device.refusals import RefusedError


@contextlib.contextmanager
def locked(
    *, shared: bool = False, patience_s: float = LOCK_S, insist: bool = False, name: str = "lock"
) -> Iterator[None]:
    """Hold the lock of this appliance; `insist` goes on without it: nothing may stand in the way back."""
    RUN.mkdir(mode=0o755, exist_ok=True)
    with open(RUN / name, "a", encoding="ascii") as file:
        until = time.monotonic() + patience_s
        while True:
            try:
                fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() < until:
                    time.sleep(0.02)
                elif insist:
                    break
                else:
                    raise RefusedError("locked", "another command is at work on this appliance") from None
        yield


@dataclass(frozen=True)
class Said:
    """What a program said, both streams together, and how it ended."""

    status: int
    text: str


def run(*argv: str, data: str | None = None, timeout_s: float = RUN_S, split: bool = False) -> Said:
    """Run a program to its end; one that does not end in time is killed and has failed."""
    try:
        done = subprocess.run(
            argv, input=data, stdin=subprocess.DEVNULL if data is None else None, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if split else subprocess.STDOUT, text=True, errors="replace", env=ENVIRONMENT,
            timeout=timeout_s, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Said(124, f"{Path(argv[0]).name} did not end within {timeout_s:.0f} s")
    except OSError as exc:
        return Said(127, f"{argv[0]}: {exc.strerror}")
    return Said(done.returncode, done.stdout)


def first_line(said: Said) -> str:
    """The line that says why, for people."""
    lines = [line.strip() for line in said.text.splitlines() if line.strip()]
    return next((line for line in lines if re.search(r"(?i)error|fatal|fail|invalid", line)), lines[0] if lines else "")


def born(pid: int) -> str:
    """When a process began, in clock ticks; "" when there is none: together with the number it names a process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def is_systemd() -> bool:
    """Whether systemd runs this appliance."""
    return Path("/run/systemd/system").is_dir()


def spawn(name: str, argv: Sequence[str]) -> None:
    """Start a program that outlives this one and the SSH session that it came by."""
    if is_systemd():
        run("/usr/bin/systemctl", "reset-failed", f"lisiere-{name}")
        said = run("/usr/bin/systemd-run", f"--unit=lisiere-{name}", "--collect", "--property=KillMode=mixed", *argv)
        if said.status:
            raise RefusedError("failed", f"{name} could not be started: {first_line(said)}")
        pid = int(
            run("/usr/bin/systemctl", "show", "--property=MainPID", "--value", f"lisiere-{name}").text.strip() or 0
        )
        write_durably(RUN / f"{name}.pid", f"{pid} {born(pid)}\n", 0o644)
        return
    LOGS.mkdir(mode=0o750, exist_ok=True)
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:  # A grandchild in a session of its own belongs to PID 1, with no descriptor of ours: the lock's above all.
        os.setsid()
        if os.fork():
            os._exit(0)
        write_durably(RUN / f"{name}.pid", f"{os.getpid()} {born(os.getpid())}\n", 0o644)
        out = os.open(LOGS / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        for at, handle in enumerate((os.open(os.devnull, os.O_RDONLY), out, out)):
            os.dup2(handle, at)
        os.closerange(3, 256)
        os.chdir("/")
        os.execve(argv[0], list(argv), ENVIRONMENT)
    finally:
        os._exit(127)


def process_of(name: str) -> int:
    """The process that was started under a name, 0 when it has ended."""
    try:
        pid, began = (RUN / f"{name}.pid").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return 0
    return int(pid) if born(int(pid)) == began else 0


def stop(name: str) -> None:
    """End what was started under a name."""
    if is_systemd():
        run("/usr/bin/systemctl", "stop", f"lisiere-{name}")
    for number, patience_s in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 2.0)):
        until, pid = time.monotonic() + patience_s, process_of(name)
        with contextlib.suppress(ProcessLookupError):
            if pid:
                os.kill(pid, number)
        while process_of(name) and not is_zombie(pid) and time.monotonic() < until:
            time.sleep(0.02)
    (RUN / f"{name}.pid").unlink(missing_ok=True)


def is_zombie(pid: int) -> bool:
    """Whether a process has ended and was not waited for."""
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0] == "Z"
        )
    except OSError:
        return True


def wait_until(is_so: Callable[[], object], patience_s: float) -> bool:
    """Wait until something is so; whether it came."""
    until = time.monotonic() + patience_s
    while not is_so():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def listeners() -> set[int]:
    """The TCP ports that something listens on."""
    found = set()
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            rows = (line.split() for line in Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:])
            found |= {int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == "0A"}
    return found


def undisturbed() -> None:
    """Let neither a lost session nor a stop end what is under way in the middle; programs started from here may be."""
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
