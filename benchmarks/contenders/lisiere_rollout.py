"""Lisière itself: a plan of all appliances, then the plan carried out in waves, with records on SQLite.

It does more than the others: it asks every appliance for a plan first, arms the commit, verifies over a new session,
confirms, reads again, and keeps a journal and the records. All of it counts.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.jobs import Extra, Job, Work
from cli.workplace import Places, access, open_fleet, read_settings, secret_keeper
from lisiere.drivers.registry import driver_class
from lisiere.model.plan import Plan, RunStatus
from lisiere.model.site import Appliance
from lisiere.policy.site import resolve_sites
from lisiere.store.setup import connect
from lisiere.workflow.terrain import Terrain, terrain_of
from nornir_tasks.fleet import Access
from nornir_tasks.plan_making import make_plan
from nornir_tasks.probes import probes_of
from nornir_tasks.rollout import Rollout, apply_plan
from nornir_tasks.verifying import Probes

if TYPE_CHECKING:
    from lisiere.store.records import Records

OPERATOR = "benchmark"


@dataclass(frozen=True, slots=True)
class _Table:
    """All that the work needs."""

    appliances: tuple[Appliance, ...]
    intended: dict[str, str]
    probes: dict[str, Probes]
    terrain: Terrain
    access: Access


def prepare(job: Job) -> Work:
    """Do what the command line does before: start helpers, load the fleet and the drivers, open the records.

    The texts are those of the job, not those that the fleet would get.
    """
    settings = read_settings(Places(inventory=Path(job.inventory), state=Path(job.state)))
    way = access(settings, lab=True, keeper=secret_keeper(settings))
    has_helpers = way.get_ready(len(job.hosts))
    fleet = open_fleet(settings)
    intents = resolve_sites(fleet, job.hosts)
    table = _Table(
        appliances=tuple(fleet.appliances[name] for name in job.hosts),
        intended={name: job.text_after(name) for name in job.hosts},
        probes={name: probes_of(fleet.appliances[name], intents[name]) for name in job.hosts},
        terrain=terrain_of(fleet, fleet.in_service()),
        access=way,
    )
    for platform in () if has_helpers else {one.platform for one in table.appliances}:
        driver_class(platform)
    records = connect(path=Path(job.folder) / "lisiere.sqlite3")
    return partial(_work, table, records)


def _work(table: _Table, records: "Records") -> Extra:
    with records:
        began = time.perf_counter()
        plan = make_plan(
            table.appliances,
            table.intended,
            access=table.access,
            records=records,
            selection="benchmark (lab)",
            created_by=OPERATOR,
            clock=_now,
            terrain=table.terrain,
        )
        planned = time.perf_counter()
        _must_change_all(plan, table)
        run = apply_plan(
            Rollout(
                plan=plan,
                appliances={one.name: one for one in table.appliances},
                probes=table.probes,
                access=table.access,
                records=records,
                started_by=OPERATOR,
                clock=_now,
            )
        )
        applied = time.perf_counter()
    if run.status is not RunStatus.SUCCEEDED:
        bad = next((f"{one.host}: {one.detail}" for one in run.outcomes if one.outcome != "applied"), str(run.status))
        raise RuntimeError(f"the rollout did not succeed: {bad}")
    return {"plan_s": planned - began, "apply_s": applied - planned}


def _must_change_all(plan: Plan, table: _Table) -> None:
    if plan.failures or len(plan.changes) != len(table.appliances):
        reason = plan.failures[0].reason if plan.failures else "appliances are as intended already"
        raise RuntimeError(f"the plan does not change every appliance: {reason}")


def _now() -> datetime:
    return datetime.now(UTC)
