"""Namespaces, links and processes of the lab, named so that they can be found again by what the kernel shows."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab.errors import LabError

PREFIX = "lisiere-"
"""Every namespace of the lab is called so; nothing else of the machine is touched."""
NAMESPACES = Path("/run/netns")
PARTS = 16


def run(*argv: str, data: str | None = None, timeout_s: float = 60.0) -> str:
    """Run a program; what it said.

    Raises:
        LabError: It failed.
    """
    done = subprocess.run(argv, input=data, capture_output=True, text=True, timeout=timeout_s, check=False)
    if done.returncode:
        raise LabError(f"{' '.join(argv)[:200]}: {(done.stderr or done.stdout).strip()[:400]}")
    return done.stdout


def batch(lines: Iterable[str], *, namespace: str = "", family: str = "") -> None:
    """Carry out lines of `ip`, all in one process, here or in a namespace; `family` is -4 or -6 where it matters."""
    place = [*(["-n", namespace] if namespace else []), *([family] if family else [])]
    run("ip", *place, "-batch", "-", data="".join(f"{line}\n" for line in lines))


def side_by_side(lines: Iterable[str]) -> None:
    """The same in several processes at once, for lines that wait for the kernel and not for each other."""
    found = list(lines)
    parts = [found[at::PARTS] for at in range(min(PARTS, len(found)))]
    with ThreadPoolExecutor(PARTS) as pool:
        list(pool.map(batch, parts))


def has_device(name: str) -> bool:
    """Whether this machine has an interface of this name."""
    return any(name == known for _, known in socket.if_nameindex())


def drop_device(name: str) -> None:
    """Delete an interface of this machine and its other end, wherever that is, if it is there still."""
    try:
        run("ip", "link", "delete", name)
    except LabError:
        if has_device(name):
            raise


def namespaces() -> tuple[str, ...]:
    """The network namespaces of the lab."""
    if not NAMESPACES.is_dir():
        return ()
    return tuple(sorted(one.name for one in NAMESPACES.iterdir() if one.name.startswith(PREFIX)))


def processes(names: Sequence[str]) -> Iterator[int]:
    """The processes that live in some network namespaces, whoever started them."""
    return (pid for pid, _ in _living(names))


def inhabited(names: Sequence[str]) -> frozenset[str]:
    """Those of some network namespaces that processes live in."""
    return frozenset(name for _, name in _living(names))


def _living(names: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Processes and the namespaces that they live in, in one pass over all of them."""
    wanted = {}
    for name in names:
        try:
            held = (NAMESPACES / name).stat()
        except OSError:
            continue
        wanted[held.st_dev, held.st_ino] = name
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            held = (entry / "ns/net").stat()
        except OSError:
            continue
        if (held.st_dev, held.st_ino) in wanted:
            yield int(entry.name), wanted[held.st_dev, held.st_ino]


def tear_down(names: Sequence[str]) -> None:
    """End all that lives in namespaces and delete them; links go with them."""
    until = time.monotonic() + 20.0
    while pids := list(processes(names)):
        for pid in pids:
            kill(pid)
        if time.monotonic() > until:
            raise LabError(f"processes of the lab do not end: {pids[:10]}")
        time.sleep(0.02)
    side_by_side(f"netns delete {name}" for name in names if (NAMESPACES / name).exists())


def kill(pid: int) -> None:
    """Kill a process that may be gone already."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def began(pid: int) -> str:
    """The clock tick at which a process began, which no other of its number has; "" when it has ended."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if words[0] in "ZX" else words[19]
