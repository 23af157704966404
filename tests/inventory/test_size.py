"""The fleet of 600 is checked from cold in the time that a person waits without noticing."""

import resource
import subprocess
import sys
from pathlib import Path

INVENTORY = Path(__file__).parents[2] / "inventory"
CODE = """
from datetime import date
from pathlib import Path
from lisiere.inventory.loader import load_fleet
print(sum(1 for _ in load_fleet(Path("{path}"), as_of=date(2026, 11, 24)).in_service()))
"""
LONGEST_S = 2.0
"""Processor time of a fresh process, imports included: what other work there is on the machine does not count."""


def test_six_hundred_are_loaded_and_validated_in_time() -> None:
    """Reading, inheritance, models, references, overlaps: everything."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", CODE.format(path=INVENTORY)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert int(done.stdout) >= 600
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < LONGEST_S
