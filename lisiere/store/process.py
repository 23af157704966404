"""Which process does something, and whether it still runs."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Process:
    """One process: a number alone is given again, so its start and the boot of its machine belong to it."""

    machine: str
    boot_id: str
    pid: int
    pid_started: str

    def __str__(self) -> str:
        return f"{self.machine}:{self.pid}"

    def is_alive(self) -> bool | None:
        """Whether it runs; None when it belongs to another machine, which cannot be asked."""
        if self.machine != socket.gethostname():
            return None
        if self.boot_id != _boot_id():
            return False
        return _is_running(self.pid) and _started(self.pid) == self.pid_started


def this_process() -> Process:
    """The process that asks."""
    pid = os.getpid()
    return Process(machine=socket.gethostname(), boot_id=_boot_id(), pid=pid, pid_started=_started(pid))


def _boot_id() -> str:
    return _read("/proc/sys/kernel/random/boot_id").strip()


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return _state(pid) != "Z"


def _state(pid: int) -> str:
    return next(iter(_stat(pid)), "")


def _started(pid: int) -> str:
    """Ticks between the boot and the start of the process; empty where the system does not tell."""
    fields = _stat(pid)
    return fields[19] if len(fields) > 19 else ""


def _stat(pid: int) -> list[str]:
    """The fields of `/proc/<pid>/stat` after the name, which may hold blanks and brackets."""
    return _read(f"/proc/{pid}/stat").rpartition(")")[2].split()


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
