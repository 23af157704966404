"""The field of the soak: a lab in a process of its own, the reference fleet on it, records, and faults at random."""

import random
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cli.lab import spread
from cli.secrets import fill
from lab import daemon
from lab.errors import LabError
from lab.faults import Fault, Kind
from lab.fleet import LabAppliance
from lab.ports import free_port
from lisiere.model.fleet import Fleet
from lisiere.model.plan import Plan, Run
from lisiere.model.site import Appliance
from lisiere.policy.site import resolve_sites
from lisiere.secrets.agefile import AgeFileStore
from lisiere.secrets.keeper import SecretKeeper
from lisiere.store.setup import connect
from lisiere.workflow.intended import render_sites
from lisiere.workflow.terrain import terrain_of
from nornir_tasks.fleet import Access, Endpoint
from nornir_tasks.plan_making import make_plan
from nornir_tasks.probes import probes_of
from nornir_tasks.rollout import Caution, Rollout, apply_plan
from tests.faults.stage import FAILING_PART
from tests.faults.verdict import ON_NEW, ON_OLD
from tests.fleets import vyos_fleet

if TYPE_CHECKING:
    from lisiere.store.records import Records
    from nornir_tasks.verifying import Probes

MINUTE_S = 20.0
"""How long a minute of a timed commit lasts: two of them are more than an apply on a busy machine takes."""
CALM_S = 90.0
MARK = "system domain-name"

FAULTS = (
    Fault(Kind.REFUSE_LOGIN),
    Fault(Kind.OTHER_HOST_KEY),
    Fault(Kind.DROP),
    Fault(Kind.DROP, when="after"),
    Fault(Kind.CUT),
    Fault(Kind.REFUSE_COMMIT),
    Fault(Kind.FAIL_SUBTREE, path=FAILING_PART),
    Fault(Kind.REBOOT),
    Fault(Kind.DISK_FULL, times=0),
    Fault(Kind.CUT_MANAGEMENT),
    Fault(Kind.VPN_DOWN_AFTER_COMMIT, times=0),
    Fault(Kind.LOAD_DROPS, path=FAILING_PART),
    Fault(Kind.NO_ANSWER),
)


@dataclass
class Field:
    """Appliances at work, and what is needed to change all of them again and again."""

    fleet: Fleet
    appliances: tuple[Appliance, ...]
    texts: dict[str, str]
    probes: "dict[str, Probes]"
    access: Access
    records: "Records"
    database: Path
    lab: Path

    @property
    def names(self) -> list[str]:
        """The appliances by name."""
        return [one.name for one in self.appliances]

    def plan(self, cycle: int) -> Plan:
        """A change for all of them: another domain name in every cycle."""
        return make_plan(
            self.appliances,
            {name: _marked(text, cycle) for name, text in self.texts.items()},
            access=self.access,
            records=self.records,
            selection=f"cycle {cycle}",
            created_by="soak@bench",
            clock=_now,
            terrain=terrain_of(self.fleet, self.appliances),
        )

    def apply(self, plan: Plan) -> Run:
        """Carry a plan out to its end, whatever fails."""
        return apply_plan(
            Rollout(
                plan=plan,
                appliances={one.name: one for one in self.appliances},
                probes=self.probes,
                access=self.access,
                records=self.records,
                started_by="soak@bench",
                clock=_now,
                caution=Caution(max_failures=len(self.names), revert_in_s=120, patience_s=0.0, settle_s=2 * CALM_S),
            )
        )

    def strike(self, names: Iterable[str], dice: random.Random) -> None:
        """Let a fault of any kind wait for each of these appliances."""
        for name in names:
            daemon.ask(self.lab, {"name": name, "fault": dice.choice(FAULTS).to_json()})

    def come_to_rest(self, names: Sequence[str]) -> None:
        """Forget all faults, and wait for whoever is restarting or going back."""
        until = time.monotonic() + CALM_S
        for name in names:
            while daemon.ask(self.lab, {"name": name, "clear": True})["pending"] and time.monotonic() < until:
                time.sleep(0.2)

    def lies(self, run: Run, plan: Plan) -> list[str]:
        """Where an appliance is not as the record of its run says, or something is armed."""
        wanted = {change.host: change for change in plan.changes}
        found = []
        for one in run.outcomes:
            answer = daemon.ask(self.lab, {"name": one.host, "show": True})
            is_new = _mark(str(answer["running"])) == _mark(
                self.records.get_configuration(wanted[one.host].intended_sha256)
            )
            is_told = one.outcome in (ON_NEW if is_new else ON_OLD)
            if answer["pending"] or not is_told:
                found.append(
                    f"{run.id} {one.host}: {one.outcome}, {one.detail}; new: {is_new}, armed: {answer['pending']}"
                )
        return found


@contextmanager
def open_field(folder: Path, *, count: int) -> Iterator[Field]:
    """A lab with part of the reference fleet on it, and empty records."""
    fleet = vyos_fleet()
    store = AgeFileStore.create(folder / "secrets.age", identity=folder / "identity.txt")
    fill(store, fleet)
    chosen = tuple(spread(sorted(fleet.in_service(), key=lambda one: one.name), count))
    names = [one.name for one in chosen]
    intents = resolve_sites(fleet, names)
    wanted = [LabAppliance(one.name, str(one.data.release)) for one in chosen]
    state = daemon.start(folder / "lab", wanted, minute_s=MINUTE_S, reboot_s=0.5, port=free_port())
    try:
        with connect(path=folder / "records.sqlite3") as records:
            yield Field(
                fleet=fleet,
                appliances=chosen,
                texts=render_sites(fleet, names),
                probes={one.name: probes_of(one, intents[one.name]) for one in chosen},
                access=_access(state, store),
                records=records,
                database=folder / "records.sqlite3",
                lab=folder / "lab",
            )
    finally:
        with suppress(LabError):
            daemon.stop(folder / "lab")


def _access(state: daemon.LabState, store: AgeFileStore) -> Access:
    return Access(
        key_file=Path(state.key_file),
        concealer=SecretKeeper(store, fingerprint_key=store.fingerprint_key),
        username=state.username,
        timeout_s=5.0,
        commit_timeout_s=30.0,
        workers=50,
        endpoints={
            name: Endpoint(str(one["hostname"]), int(one["port"]), str(one["host_key"]))
            for name, one in state.appliances.items()
        },
    )


def _marked(text: str, cycle: int) -> str:
    """An intended text with the mark of a cycle in it."""
    return "".join(
        f"set {MARK} 'cycle-{cycle}.example'\n" if line.startswith(f"set {MARK} ") else f"{line}\n"
        for line in text.splitlines()
    )


def _mark(text: str) -> str:
    return next((line for line in text.splitlines() if line.startswith(f"set {MARK} ")), "")


def _now() -> datetime:
    return datetime.now(UTC)
