"""Where a benchmark ran: machine, interpreter, libraries; nothing that names the machine or its owner."""

import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.environments import ANSIBLE

LIBRARIES = (
    "asyncssh",
    "cryptography",
    "Django",
    "jinja2",
    "napalm",
    "netmiko",
    "nornir",
    "nornir-netmiko",
    "paramiko",
    "pydantic",
    "ryaml",
    "uvloop",
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a reader must know to compare."""

    date: str
    revision: str
    cores: int
    cpu: str
    memory_gib: int
    kernel: str
    python: str
    libraries: dict[str, str]
    ansible: str


def gather() -> Facts:
    """Look around."""
    return Facts(
        date=datetime.now(UTC).date().isoformat(),
        revision=_revision(),
        cores=len(os.sched_getaffinity(0)),
        cpu=_cpu_model(),
        memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        kernel=f"{platform.system()} {platform.release().partition('-')[0]}",
        python=platform.python_version(),
        libraries={name: found for name in LIBRARIES if (found := _version(name))},
        ansible=", ".join(ANSIBLE).replace("==", " "),
    )


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _revision() -> str:
    """The commit that was measured, "" where there is no git; a plus tells that files differ from it."""
    try:
        head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
        changed = subprocess.run(["git", "status", "--porcelain"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")
