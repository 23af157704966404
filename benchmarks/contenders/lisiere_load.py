"""Loading and validating the whole inventory: hosts, groups, and all that they refer to."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks.jobs import Extra, Job, Work
from lisiere.inventory.loader import load_fleet


def prepare(job: Job) -> Work:
    """Nothing but the imports."""
    return partial(_work, Path(job.inventory))


def _work(inventory: Path) -> Extra:
    return {"hosts": len(load_fleet(inventory, as_of=datetime.now(UTC).date()).appliances)}
