"""Records of a fleet that was read once; one appliance in ten differs in some lines. For plans from records."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.jobs import Extra, Job, Work
from benchmarks.texts import vary
from lisiere.inventory.loader import load_fleet
from lisiere.store.setup import connect
from lisiere.workflow.intended import render_sites
from nornir_tasks.evaluating import keep_readings

if TYPE_CHECKING:
    from lisiere.store.records import Records

DIFFERS = 10
AT_ONCE = 500
"""Appliances whose readings are kept in one go."""


def prepare(job: Job) -> Work:
    """Render what the appliances should run."""
    at = datetime.now(UTC)
    fleet = load_fleet(Path(job.inventory), as_of=at.date())
    texts = render_sites(fleet, sorted(one.name for one in fleet.in_service()))
    return partial(_work, texts, connect(path=Path(job.state) / "lisiere.sqlite3"), at)


def _work(texts: dict[str, str], records: "Records", at: datetime) -> Extra:
    names = sorted(texts)
    differing = frozenset(names[::DIFFERS])
    with records:
        for start in range(0, len(names), AT_ONCE):
            some = {name: texts[name] for name in names[start : start + AT_ONCE]}
            running = {name: vary(some[name]) if name in differing else some[name] for name in some}
            keep_readings(records, running, intended=some, at=at)
    return {"appliances": len(names)}
