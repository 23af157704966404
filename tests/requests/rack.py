"""Appliances as texts that run, for tests of the worker; a fault stands in for what happens on the way to them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from lisiere.errors import LisiereError
from lisiere.inventory.rereading import load_again
from lisiere.model.days import day_of
from lisiere.model.fleet import Fleet
from lisiere.model.plan import Plan, Run, RunStatus
from lisiere.model.request_case import Act, Case, Role, State
from lisiere.model.site import Appliance
from lisiere.model.transaction import Side, Terms
from lisiere.model.words import SecretRef
from lisiere.workflow.intended import render_sites
from lisiere.workflow.plans import Found, Origin, freeze_plan
from lisiere.workflow.preview import compare_texts
from lisiere.workflow.requests.due import WorkerDesk
from lisiere.workflow.terrain import terrain_of
from nornir_tasks.request_working import Tools, work
from tests.requests.office import APPROVER, ENGINEER, OPEN_FLOW, Office, person

WORKER = person("execution", Role.WORKER)
NAMES = ("80620-mairie-01", "80620-siege-01")


class KilledError(BaseException):
    """The process ends here."""


def scheduled(office: Office, text: str = OPEN_FLOW) -> Case:
    """A request in a window that is open."""
    sent = office.submitted(text)
    seen = office.desk(APPROVER).visa(sent.number, Act.VISA_EPCI, shown_sha256=sent.effect_sha256)
    case = office.desk(ENGINEER).schedule(office.approve(seen).number)
    assert case.starts_at is not None
    office.clock.now = case.starts_at + timedelta(minutes=5)
    return case


@dataclass
class Rack:
    """Two appliances of one territory."""

    office: Office
    running: dict[str, str] = field(default_factory=dict)
    fault: BaseException | None = None
    pushed: list[str] = field(default_factory=list)
    spoils: str = ""
    whole: str = ""
    rotated: int = 0
    keys: set[SecretRef] = field(default_factory=set)
    ends: dict[SecretRef, int] = field(default_factory=dict)
    unreadable: LisiereError | None = None

    @classmethod
    def of(cls, office: Office) -> "Rack":
        """Appliances that run what the inventory of an office intends now."""
        found = cls(office)
        found.running = dict(render_sites(found.fleet(), NAMES))
        return found

    def fleet(self) -> Fleet:
        """The inventory as it is now."""
        if self.unreadable is not None:
            raise self.unreadable
        return load_again(self.office.inventory, as_of=day_of(self.office.clock.now)).fleet

    def plan(self, appliances: Sequence[Appliance], texts: Mapping[str, str], words: str) -> Plan:
        """Compare what runs with what should."""
        found: dict[str, Found] = {}
        for one in appliances:
            if (change := compare_texts(running=self.running[one.name], intended=texts[one.name])) is not None:
                found[one.name] = change
        fleet = self.fleet()
        plan = freeze_plan(
            appliances,
            found,
            unchanged=[one.name for one in appliances if one.name not in found],
            failures={},
            origin=Origin(words, "tests", self.office.clock()),
            terrain=terrain_of(fleet, fleet.in_service()),
        )
        self.office.records.save_plan(plan, texts=[*texts.values(), *self.running.values()])
        return plan

    def carry_out(self, plan: Plan) -> Run:
        """Let all of them run what was planned, as one transaction, unless something is in the way."""
        if isinstance(self.fault, LisiereError):
            raise self.fault
        run = self.office.records.transactions.begin(plan.id, Terms(window_s=60), started_by="tests")
        texts = self.office.records.get_configurations(change.intended_sha256 for change in plan.changes)
        self.running |= {change.host: texts[change.intended_sha256] for change in plan.changes}
        self.pushed += [change.host for change in plan.changes]
        if self.spoils:
            self.whole = self.running[self.spoils]
            self.running[self.spoils] += "set service ssh port '2022'\n"
        if self.fault is not None:
            raise self.fault
        self.resolve(run.id)
        return self.office.records.load_run(run.id)

    def resolve(self, run_id: str, side: Side = Side.NEW) -> None:
        """Bring a transaction to its end, as a worker does before anything else."""
        records = self.office.records
        records.transactions.decide(run_id, side, reason="tests")
        records.transactions.end(run_id, side, detail="tests")
        records.finish_run(run_id, status=RunStatus.SUCCEEDED if side is Side.NEW else RunStatus.FAILED)

    def rotate(self, keys: Mapping[SecretRef, int], planned: Callable[[], Plan]) -> Run:
        """Give keys new values: the texts that name them are the same as before."""
        plan = planned()
        self.ends = dict(keys)
        self.rotated += 1
        return self.carry_out(plan)

    def make_keys(self, keys: Sequence[SecretRef]) -> Sequence[SecretRef]:
        """Make what is missing."""
        made = sorted(set(keys) - self.keys)
        self.keys.update(made)
        return made

    def mend(self) -> None:
        """Put right what was spoiled."""
        self.running[self.spoils] = self.whole

    def tools(self) -> Tools:
        """The tools of a worker here."""
        return Tools(
            fleet=self.fleet,
            plan=self.plan,
            carry_out=self.carry_out,
            make_keys=self.make_keys,
            end_keys=self.keys.difference_update,
            rotate=self.rotate,
            is_there=lambda one: one.name in self.running,
        )

    def worked(self) -> list[tuple[State, str]]:
        """What one look of the worker does."""
        desk = WorkerDesk(self.office.records, WORKER, self.office.clock)
        return [(one.case.state, one.problem) for one in work(desk, self.tools())]
