"""What several processes of one run of tests need and is made once: by whoever comes first, in a folder of all."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that one process makes and all read; the others wait until it is whole."""
    place = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent
    folder, beside = place / name, place / f"{name}.new"
    with (place / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            beside.mkdir(exist_ok=True)
            make(beside)
            beside.rename(folder)
    return folder
