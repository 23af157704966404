"""What must not grow: memory, file descriptors, threads, and locks in the database."""

import gc
import os
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

WARM_UP = 3
"""Cycles after which everything that is kept once is there."""
MEMORY_SHARE, MEMORY_MIB = 0.10, 24.0
"""How much more memory the last cycles may take than the first ones: the larger of the two."""
SPREAD = 3
"""File descriptors and threads that may be there by chance when they are counted."""


@dataclass(frozen=True)
class Sample:
    """One look at this process after a cycle."""

    rss_mib: float
    files: int
    threads: int
    is_locked: bool

    def __str__(self) -> str:
        return f"{self.rss_mib:.0f} MiB, {self.files} files, {self.threads} threads"


def sample(database: Path) -> Sample:
    """Look at this process and whether its database can be written by another one."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return Sample(
        rss_mib=pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
        files=len(os.listdir("/proc/self/fd")),
        threads=threading.active_count(),
        is_locked=_is_locked(database),
    )


def growth(samples: Sequence[Sample]) -> list[str]:
    """What has grown from the first third of the cycles to the last one, in words; too few cycles say so."""
    settled = samples[WARM_UP:]
    if len(settled) < 6:
        return [f"{len(samples)} cycles are too few to tell"]
    third = len(settled) // 3
    first, last = settled[:third], settled[-third:]
    found = []
    before, after = (median(one.rss_mib for one in part) for part in (first, last))
    if after - before > max(MEMORY_MIB, MEMORY_SHARE * before):
        found.append(f"memory grew from {before:.0f} to {after:.0f} MiB")
    for name in ("files", "threads"):
        was, now = (median(getattr(one, name) for one in part) for part in (first, last))
        if now - was > SPREAD:
            found.append(f"{name} grew from {was:.0f} to {now:.0f}")
    if any(one.is_locked for one in samples):
        found.append("the database was left locked")
    return found


def _is_locked(database: Path) -> bool:
    connection = sqlite3.connect(database, timeout=1.0, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError:
        return True
    finally:
        connection.close()
    return False
