"""What processes cost, as the kernel tells it under /proc."""

import os
import signal
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 2**20
_PARENT, _TIMES = 1, slice(11, 15)
"""Fields of /proc/PID/stat after the name: the parent; own and waited-for user and system time."""


def cpu_s() -> float:
    """CPU time of this process, of the children that it has waited for, and of those that still run."""
    own = os.times()
    return own.user + own.system + own.children_user + own.children_system + _ticks_s(descendants(os.getpid()))


def cpu_of_s(pid: int) -> float:
    """CPU time of another process."""
    return _ticks_s([pid])


def peak_rss_mib() -> float:
    """The most memory that this process has held."""
    for line in Path("/proc/self/status").read_text("utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def rss_of_tree_mib(pid: int) -> float:
    """Memory that a process and its descendants hold now; what they share is counted for each."""
    return sum(_rss_mib(one) for one in (pid, *descendants(pid)))


def descendants(pid: int) -> list[int]:
    """The processes below another one, those included that have ended and are not waited for yet."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[_PARENT]), []).append(int(entry.name))
    found, left = [], children.get(pid, [])
    while left:
        one = left.pop()
        found.append(one)
        left.extend(children.get(one, []))
    return found


def kill_tree(pid: int) -> None:
    """End a process of ours and all below it at once."""
    for one in (*descendants(pid), pid):
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


def end_descendants() -> None:
    """End what a contender left running below this process."""
    for one in descendants(os.getpid()):
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGTERM)


def _ticks_s(pids: list[int]) -> float:
    return sum(int(ticks) for pid in pids for ticks in _stat(pid)[_TIMES]) * _TICK_S


def _rss_mib(pid: int) -> float:
    try:
        return int((PROC / str(pid) / "statm").read_text("utf-8").split()[1]) * _PAGE_MIB
    except (OSError, IndexError):
        return 0.0


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name; empty when the process is gone."""
    try:
        return (PROC / str(pid) / "stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return []
