"""Ends on the stage of the fault matrix: several appliances that are to change together, over real SSH."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lab.fleet import Handle
from lisiere.model.plan import Plan, Run
from lisiere.secrets.agefile import AgeFileStore
from lisiere.workflow.terrain import Terrain
from nornir_tasks.fleet import Access
from nornir_tasks.plan_making import make_plan
from nornir_tasks.rotating import rotate
from nornir_tasks.undertaking import Caution, Rollout, Watch
from nornir_tasks.verifying import Probes
from tests.faults.stage import FAR_END, NEW, OLD, SECRET, TUNNEL, Stage, Way, changed, intended, now

if TYPE_CHECKING:
    from lisiere.store.records import Records


@dataclass(frozen=True)
class Group:
    """Ends that change together, and how each is reached; it can be sent to another process."""

    ways: tuple[Way, ...]

    @property
    def names(self) -> list[str]:
        """Their names."""
        return [way.name for way in self.ways]

    def access(self) -> Access:
        """The way to all of them."""
        accesses = [way.access() for way in self.ways]
        endpoints = {name: one for access in accesses for name, one in access.endpoints.items()}
        return replace(accesses[0], endpoints=endpoints, workers=4)

    def plan(self, records: "Records", texts: Mapping[str, str] | None = None) -> Plan:
        """A plan from what runs to the new configuration, or to other texts, asked of all ends."""
        plan = make_plan(
            [way.appliance for way in self.ways],
            texts or {name: intended(name) for name in self.names},
            access=replace(self.access(), timeout_s=30.0),
            records=records,
            selection="ends",
            created_by="tester@stage",
            clock=now,
            terrain=Terrain(territories={}),
        )
        assert sorted(change.host for change in plan.changes) == sorted(self.names), plan.failures
        return plan

    def rollout(self, plan: Plan, records: "Records", *, watch: Watch | None = None, resume: str = "") -> Rollout:
        """A transaction that is about to begin: no patience, no pause."""
        return Rollout(
            plan=plan,
            appliances={way.name: way.appliance for way in self.ways},
            probes={name: Probes(tunnels=frozenset({TUNNEL}), addresses=(FAR_END,)) for name in self.names},
            access=self.access(),
            records=records,
            started_by="tester@stage",
            clock=now,
            caution=Caution(revert_in_s=300, patience_s=0.0, settle_s=20.0, pause_s=0.02),
            watch=watch or Watch(),
            resume=resume,
        )


def take(stage: Stage, *releases: str, timeout_s: float = 10.0) -> Group:
    """Ends of these releases that no other test has."""
    ways = [stage.way(stage.take(release), release, timeout_s=timeout_s) for release in releases]
    return Group(tuple(sorted(ways, key=lambda way: way.name)))


def rotate_key(
    group: Group, store: AgeFileStore, records: "Records", *, agreed: Callable[[Plan], None] = lambda plan: None
) -> Run:
    """Rotate the key that all ends have."""
    texts = {name: OLD.format(name=name, secret=f"secret:{SECRET}") for name in group.names}
    return rotate(
        store,
        [SECRET],
        records=records,
        planned=lambda: group.plan(records, texts),
        agreed=agreed,
        prepared=lambda plan: group.rollout(plan, records),
    )


def handles(stage: Stage, group: Group) -> list[Handle]:
    """What the lab knows of each end."""
    return [stage.handle(name) for name in group.names]


def sides(stage: Stage, group: Group) -> list[str]:
    """What each end runs: `old`, `new` or `mixed`, with `armed` behind it while a timed commit waits."""
    return [_side(handle) for handle in handles(stage, group)]


def _side(handle: Handle) -> str:
    lines = changed(handle.running_set())
    side = "new" if lines == changed(NEW) else "old" if lines == changed(OLD) else "mixed"
    return f"{side} armed" if handle.is_pending else side


def outcomes(run: Run) -> list[str]:
    """How each end ended, in the order of their names."""
    return [str(one.outcome) for one in sorted(run.outcomes, key=lambda one: one.host)]


def expire_when(text: str, handle: Handle) -> None:
    """The timer of an end is over once its run waits."""
    if text.startswith("waiting for"):
        handle.expire()


def passing_time(stage: Stage, group: Group) -> Watch:
    """Whenever we wait for ends, their timers end, and what was in the way is over."""

    def on_note(text: str) -> None:
        if text.startswith("waiting for"):
            for handle in handles(stage, group):
                handle.expire()
                handle.clear_faults()

    return Watch(on_note=on_note)
