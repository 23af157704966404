"""Resolving the intents of all appliances in service from a fleet that is loaded."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks.jobs import Extra, Job, Work
from lisiere.inventory.loader import load_fleet
from lisiere.model.fleet import Fleet
from lisiere.policy.site import resolve_fleet


def prepare(job: Job) -> Work:
    """Load the fleet."""
    return partial(_work, load_fleet(Path(job.inventory), as_of=datetime.now(UTC).date()))


def _work(fleet: Fleet) -> Extra:
    return {"intents": sum(1 for _ in resolve_fleet(fleet))}
