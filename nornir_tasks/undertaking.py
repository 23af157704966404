"""What carrying out a plan takes: the plan and the way to its appliances, how careful to be, and who is told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Self

from lisiere.errors import PlanError
from lisiere.model.plan import Plan, PlannedChange, Run
from lisiere.model.site import Appliance
from nornir_tasks.applying import Job
from nornir_tasks.brake import MAX_FAILURE_SHARE, MAX_FAILURES
from nornir_tasks.fleet import Access
from nornir_tasks.health import HealthLimits
from nornir_tasks.probes import probes_within
from nornir_tasks.verifying import PATIENCE_S, Probes

if TYPE_CHECKING:
    from lisiere.store.records import Records

RESTART_S = 300
"""How long an appliance may be away when it goes back by a restart."""
LONGEST_PAUSE_S = 30.0


@dataclass(frozen=True, slots=True)
class Caution:
    """How careful a rollout is.

    Args:
        max_failures: Failures borne after the canaries before nothing more is sent.
        max_failure_share: Part of a wave's appliances that may fail, 0 to 1.
        limits: How unhealthy a wave may be before the next one is held back.
        revert_in_s: Time after which an unconfirmed commit reverts by itself.
        patience_s: How long what worked before may take to come back after a commit.
        settle_s: How long those that go back by themselves are watched at the end, so that it is seen.
        pause_s: Time between two looks at them, at first; it grows.
    """

    max_failures: int = MAX_FAILURES
    max_failure_share: float = MAX_FAILURE_SHARE
    limits: HealthLimits = field(default_factory=HealthLimits)
    revert_in_s: int = 300
    patience_s: float = PATIENCE_S
    settle_s: float = 300 + RESTART_S
    pause_s: float = 2.0

    @classmethod
    def within(
        cls, revert_in_s: int, *, max_failures: int = MAX_FAILURES, max_failure_share: float = MAX_FAILURE_SHARE
    ) -> Self:
        """Commits confirmed within some time; an appliance that is away is watched for that long and a restart."""
        return cls(
            max_failures=max_failures,
            max_failure_share=max_failure_share,
            revert_in_s=revert_in_s,
            settle_s=revert_in_s + RESTART_S,
        )


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told how a rollout goes. `on_host` is called from any thread."""

    on_wave: Callable[[int, int], None] = lambda number, size: None
    on_host: Callable[[str], None] = lambda name: None
    on_note: Callable[[str], None] = lambda text: None


@dataclass(frozen=True, slots=True)
class Rollout:
    """One plan about to be carried out, with all that it takes.

    `resume` is an earlier run of it to take up. `reference` holds the texts that readings are judged by where these are
    not the planned ones: after a rollback, an appliance does not conform. `after` is called with the run as it ended.
    """

    plan: Plan
    appliances: Mapping[str, Appliance]
    probes: Mapping[str, Probes]
    access: Access
    records: "Records"
    started_by: str
    clock: Callable[[], datetime]
    caution: Caution = field(default_factory=Caution)
    watch: Watch = field(default_factory=Watch)
    resume: str = ""
    reference: Mapping[str, str] = field(default_factory=dict)
    after: Callable[[Run], None] = lambda run: None


def jobs_of(rollout: Rollout, changes: Sequence[PlannedChange]) -> dict[str, Job]:
    """What each appliance is to get, out of the records; the texts are those that were planned.

    Raises:
        PlanError: An appliance left the inventory.
    """
    gone = sorted(change.host for change in changes if change.host not in rollout.appliances)
    if gone:
        raise PlanError(f"{', '.join(gone[:5])}: no longer in the inventory or in service; make a new plan")
    texts = rollout.records.get_configurations({change.intended_sha256 for change in changes})
    return {change.host: _job(rollout, change, intended=texts[change.intended_sha256]) for change in changes}


def _job(rollout: Rollout, change: PlannedChange, *, intended: str) -> Job:
    probes = rollout.probes[change.host]
    return Job(change, intended, probes_within(probes, intended) if rollout.plan.rolls_back else probes)
