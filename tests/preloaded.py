"""What processes of tests work with: imported in the process that they are forked from, before any test begins."""

import os
import tempfile
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

from tests.house.checkout import ROOT

ON_DEVICES = "lisiere.drivers.debian.device"
"""A program of its own, for appliances."""


def load() -> None:
    """Import every module that commands are made of, and what the first use of records imports."""
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "1"  # as the command line has it
    from lisiere.store.setup import connect

    with tempfile.TemporaryDirectory() as folder, connect(path=Path(folder, "records.sqlite3")) as records:
        records.list_runs(limit=1)
    for package in ("cli", "nornir_tasks", "lisiere"):
        for found in walk_packages([str(ROOT / package)], f"{package}."):
            if not found.name.startswith(ON_DEVICES):
                import_module(found.name)
    import_module("tests.faults.killed")
    import_module("tests.transactions.killed")


load()
