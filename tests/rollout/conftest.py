"""A bench: appliances of the inventory in the lab, each used by one test only, with secrets and records."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cli.secrets import fill
from lab.fleet import Lab, LabAppliance, running_lab
from lisiere.model.fleet import Fleet
from lisiere.model.plan import Plan, Run
from lisiere.model.site import Appliance
from lisiere.policy.site import resolve_sites
from lisiere.secrets.agefile import AgeFileStore
from lisiere.secrets.keeper import SecretKeeper
from lisiere.secrets.opening import Opening
from lisiere.workflow.intended import render_sites
from lisiere.workflow.terrain import terrain_of
from nornir_tasks.crew import Crew
from nornir_tasks.fleet import Access, Endpoint
from nornir_tasks.plan_making import make_plan
from nornir_tasks.probes import probes_of
from nornir_tasks.rollout import Caution, Rollout, Watch, apply_plan
from tests.fleets import vyos_fleet
from tests.records import empty_records

if TYPE_CHECKING:
    from lisiere.store.records import Records

APPLIANCES = 80
OPERATOR = "tester@bench"


def now() -> datetime:
    """The clock of these tests."""
    return datetime.now(UTC)


@dataclass
class Bench:
    """The lab with the fleet that it plays, and a shelf of appliances fresh from the factory."""

    fleet: Fleet
    lab: Lab
    store: AgeFileStore
    shelf: list[Appliance] = field(default_factory=list)

    def take(self, count: int, *, profile: str = "") -> tuple[Appliance, ...]:
        """Appliances that no other test has."""
        found = [one for one in self.shelf if profile in ("", one.profile)][:count]
        assert len(found) == count, "the shelf of the bench is empty: start it with more appliances"
        self.shelf = [one for one in self.shelf if one not in found]
        return tuple(found)

    def access(self, *, workers: int = 8, timeout_s: float = 30.0, crew: Crew | None = None) -> Access:
        """The way to the appliances of the lab; with a crew, by its processes."""
        return Access(
            key_file=self.lab.key_file,
            concealer=SecretKeeper(self.store, fingerprint_key=self.store.fingerprint_key),
            username=self.lab.username,
            timeout_s=timeout_s,
            workers=workers,
            endpoints={name: Endpoint(one.host, one.port, one.host_key) for name, one in self.lab.items()},
            crew=crew,
            reopen=Opening(self.store.path, self.store.identity),
        )

    def texts(self, appliances: Sequence[Appliance]) -> dict[str, str]:
        """What they should run."""
        return render_sites(self.fleet, [one.name for one in appliances])

    def plan(self, appliances: Sequence[Appliance], records: "Records", *, access: Access | None = None) -> Plan:
        """A plan for some appliances."""
        return make_plan(
            appliances,
            self.texts(appliances),
            access=access or self.access(),
            records=records,
            selection="test",
            created_by=OPERATOR,
            clock=now,
            terrain=terrain_of(self.fleet, self.fleet.in_service()),
        )

    def rollout(self, plan: Plan, records: "Records") -> Rollout:
        """An apply that is about to begin, with little patience."""
        return rollout_of(self.fleet, plan, records, self.access())

    def apply(
        self,
        plan: Plan,
        records: "Records",
        *,
        caution: Caution | None = None,
        watch: Watch | None = None,
        access: Access | None = None,
        reference: Mapping[str, str] | None = None,
    ) -> Run:
        """Apply a plan."""
        rollout = self.rollout(plan, records)
        return apply_plan(
            replace(
                rollout,
                caution=caution or rollout.caution,
                watch=watch or rollout.watch,
                access=access or rollout.access,
                reference=reference or {},
            )
        )


def rollout_of(fleet: Fleet, plan: Plan, records: "Records", access: Access) -> Rollout:
    """An apply that is about to begin, with little patience."""
    hosts = [change.host for change in plan.changes]
    intents = resolve_sites(fleet, hosts)
    return Rollout(
        plan=plan,
        appliances=fleet.appliances,
        probes={host: probes_of(fleet.appliances[host], intents[host]) for host in hosts},
        access=access,
        records=records,
        started_by=OPERATOR,
        clock=now,
        caution=Caution(revert_in_s=300, patience_s=0.0),
    )


@pytest.fixture(scope="session")
def fleet() -> Fleet:
    """The reference fleet."""
    return vyos_fleet()


@pytest.fixture(scope="session")
def bench(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One lab for all tests; its minutes are long enough that no timed commit ends by accident."""
    folder = tmp_path_factory.mktemp("bench")
    store = AgeFileStore.create(folder / "secrets.age", identity=folder / "identity.txt")
    fill(store, fleet)
    chosen = sorted(fleet.in_service(), key=lambda one: one.name)[:: len(fleet.appliances) // APPLIANCES]
    wanted = [LabAppliance(one.name, str(one.data.release)) for one in chosen]
    with running_lab(wanted, state_dir=folder / "lab") as lab:
        yield Bench(fleet, lab, store, list(chosen))


@pytest.fixture
def records(tmp_path: Path) -> Iterator["Records"]:
    """Empty records."""
    with empty_records(tmp_path / "records.sqlite3") as opened:
        yield opened
