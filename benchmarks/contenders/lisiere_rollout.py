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

from benchmarks.endpoints import doors
from benchmarks.jobs import Extra, Job, Work
from lisiere.drivers.registry import driver_class
from lisiere.inventory.loader import load_fleet
from lisiere.model.plan import Plan, RunStatus
from lisiere.model.site import Appliance
from lisiere.policy.site import resolve_sites
from lisiere.secrets.agefile import AgeFileStore
from lisiere.secrets.keeper import SecretKeeper
from lisiere.store.setup import connect
from nornir_tasks.fleet import Access, Endpoint
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
    access: Access


def prepare(job: Job) -> Work:
    """Load the fleet and the drivers, open the records; the texts are those of the job, not those of the fleet."""
    fleet = load_fleet(Path(job.inventory), as_of=_now().date())
    intents = resolve_sites(fleet, job.hosts)
    table = _Table(
        appliances=tuple(fleet.appliances[name] for name in job.hosts),
        intended={name: job.text_after(name) for name in job.hosts},
        probes={name: probes_of(fleet.appliances[name], intents[name]) for name in job.hosts},
        access=_access(job),
    )
    for platform in {one.platform for one in table.appliances}:
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


def _access(job: Job) -> Access:
    way, state = doors(job), Path(job.state)
    store = AgeFileStore(state / "secrets.age", identity=state / "identity.txt")
    return Access(
        key_file=Path(way.key_file),
        concealer=SecretKeeper(store, fingerprint_key=store.fingerprint_key),
        username=way.username,
        timeout_s=60.0,
        workers=job.workers,
        endpoints={one.name: Endpoint(one.address, one.port, one.host_key) for one in way.endpoints},
    )


def _now() -> datetime:
    return datetime.now(UTC)
