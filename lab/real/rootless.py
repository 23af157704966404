"""A lab without root: namespaces of users, mounts, processes and networks that hold all of it, kept by one process.

In there the user is root, with the user's range of subordinate ids for all others, and /run is a file system of its
own. `lab.json` names the holder; the end of the holder is the end of the lab.
"""

import json
import os
import pwd
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.errors import LabError
from lab.real import kernel, needs

HOLDER_VARIABLE, WORD_VARIABLE = "LISIERE_LAB_HOLDER", "LISIERE_LAB_HOLDER_FD"
"""In the environment of a command that went in: who holds the lab; and, while it starts, where to say that it stays."""
NEIGHBOURS_VARIABLE = "LISIERE_LAB_NEIGHBOURS"
"""The same: for how many neighbours the machine has room, which cannot be seen in there."""
ROOM, MESSAGE_ROOM = Path("/proc/sys/net/ipv4/neigh/default/gc_thresh3"), Path("/proc/sys/net/core/wmem_default")
LARGE_RULES_BYTES = 1 << 20
UNSHARED = (
    "/usr/bin/unshare", "--user", "--map-root-user", "--map-auto",
    "--mount", "--net", "--ipc", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc",
)  # fmt: skip
HOLD = """set -e
mount -t tmpfs -o mode=755 lisiere-run /run
mkdir -p /run/netns /run/lock /run/sshd
hostname "$(hostname)-lab"
ip link set lo up
echo ready
read -r _
exec <&- >&- 2>&-
while :; do
  sleep 3600 &
  wait
done
"""
"""PID 1 of the lab. Who began it says a word when the lab stands; dies who began it, the lab is gone with it.

It is a machine by another name: its numbers of processes are not those outside, by which a run is known to live.
"""
PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that holds a lab: its number, and the clock tick at which it began, which no other has."""

    pid: int
    began: str

    def lives(self) -> bool:
        """Whether it is there still."""
        return kernel.began(self.pid) == self.began


def lacking() -> tuple[str, ...]:
    """What is missing here for a lab of this user, in words; empty when there can be one."""
    found = list(needs.missing_programs())
    if shutil.which("newuidmap", path=needs.PLACES) is None:
        found.append(f"package uidmap is missing ({needs.HINT})")
    user = pwd.getpwuid(os.getuid()).pw_name
    for file, option in (("subuid", "--add-subuids"), ("subgid", "--add-subgids")):
        if not _has_range(Path("/etc", file), user):
            found.append(
                f"{user} has no range of 65,536 in /etc/{file} (as root: usermod {option} 200000-265535 {user})"
            )
    try:
        os.close(os.open("/dev/net/tun", os.O_RDWR))
    except OSError as exc:
        found.append(f"{user} cannot open /dev/net/tun, which userland IPsec needs: {exc.strerror} (chmod 0666)")
    return (*found, *(() if found else needs.refused(UNSHARED)))


def begin() -> tuple[Holder, int]:
    """Start a holder: who it is, and a descriptor that keeps it alive until `stays` is called or it is closed.

    Raises:
        LabError: There can be none here.
    """
    if missing := lacking():
        raise LabError("; ".join(missing))
    process = subprocess.Popen(
        [*UNSHARED, "/bin/bash", "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True, cwd="/", env={"PATH": needs.PLACES},
    )  # fmt: skip
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise LabError("the lab's own namespace has no way in")
    is_there = select.select([process.stdout], [], [], PATIENCE_S)[0]
    if not is_there or process.stdout.readline() != "ready\n":
        process.kill()
        raise LabError(f"no namespace for a lab without root: {process.stderr.read().strip()[-300:]}")
    pid = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()[0])
    word = os.dup(process.stdin.fileno())
    process.stdin.close()
    return Holder(pid, kernel.began(pid)), word


def go_in(holder: Holder, argv: Sequence[str], *, word: int | None = None) -> None:
    """Become a command in the namespace of a lab, with folder, terminal and environment as they are."""
    name = os.environ.get("LOGNAME") or pwd.getpwuid(os.getuid()).pw_name
    told = [
        f"{HOLDER_VARIABLE}={holder.pid} {holder.began}",
        f"LOGNAME={name}",
        f"PATH={os.environ['PATH']}:{needs.PLACES}",
    ]
    if ROOM.exists():
        told.append(f"{NEIGHBOURS_VARIABLE}={ROOM.read_text(encoding='ascii').strip()}")
    if word is not None:
        os.set_inheritable(word, True)
        told.append(f"{WORD_VARIABLE}={word}")
    sys.stdout.flush()
    sys.stderr.flush()
    entered = [
        "/usr/bin/nsenter", f"--target={holder.pid}", "--user", "--preserve-credentials",
        "--mount", "--net", "--ipc", "--uts", "--pid", "--", "/usr/bin/env", f"--chdir={Path.cwd()}", *told, *argv,
    ]  # fmt: skip
    os.execv(entered[0], entered)  # noqa: S606 - no shell is wanted


def inside() -> Holder | None:
    """Who holds the lab whose namespace this is; None outside of any."""
    pid, _, began = os.environ.get(HOLDER_VARIABLE, "").partition(" ")
    return Holder(int(pid), began) if pid.isdecimal() else None


def neighbours() -> int:
    """For how many neighbours the machine around this namespace has room."""
    return int(os.environ.get(NEIGHBOURS_VARIABLE, "0"))


def advice() -> str:
    """What root could do so that more goes in a lab without root; empty when nothing is to be done.

    nft sends all rules in one message, for which only root of the machine may ask for more room than there is.
    """
    if int(MESSAGE_ROOM.read_text(encoding="ascii")) >= LARGE_RULES_BYTES:
        return ""
    words = "sysctl net.core.wmem_default=4194304"
    return f"appliances with many rules will refuse them (`Message too long`) until root does: {words}"


def stays() -> None:
    """Say that the lab stands: it outlives this process."""
    if word := os.environ.get(WORD_VARIABLE, ""):
        os.write(int(word), b"stay\n")
        os.close(int(word))


def told() -> Mapping[str, object]:
    """What `lab.json` says of the holder: nothing for a lab of root."""
    found = inside()
    return {} if found is None else {"holder": asdict(found)}


def holder_of(state: Path) -> Holder | None:
    """Who holds the lab that a `lab.json` tells of, dead or alive; None for a lab of another kind, or none."""
    try:
        found: dict[str, str] = json.loads(state.read_text(encoding="utf-8"))["holder"]
        return Holder(int(found["pid"]), str(found["began"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def end(holder: Holder) -> int:
    """End a lab with all that is in it; how many network namespaces it had."""
    if not holder.lives():
        return 0
    try:
        ended = len(list(Path(f"/proc/{holder.pid}/root/run/netns").iterdir()))
    except OSError:
        ended = 0
    kernel.kill(holder.pid)
    until = time.monotonic() + PATIENCE_S
    while holder.lives():
        if time.monotonic() > until:
            raise LabError(f"the lab's process {holder.pid} does not end")
        time.sleep(0.02)
    return ended


def _has_range(file: Path, user: str) -> bool:
    """Whether a file of subordinate ids has enough for a user."""
    try:
        rows = [line.split(":") for line in file.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return False
    mine = [row for row in rows if len(row) == 3 and row[0] in (user, str(os.getuid()))]
    return any(row[2].isdecimal() and int(row[2]) >= 65_536 for row in mine)
