"""What it takes to carry out requests at this workplace: settings, secrets, and the way to the appliances."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cli.options import ON_LAB
from cli.output import note

if TYPE_CHECKING:
    from lisiere.model.fleet import Fleet
    from lisiere.model.plan import Plan, Run
    from lisiere.model.site import Appliance
    from lisiere.model.words import SecretRef
    from lisiere.settings import Settings
    from lisiere.store.records import Records
    from nornir_tasks.request_working import Tools
    from nornir_tasks.undertaking import Rollout


def tools_of(settings: "Settings", records: "Records", *, is_lab: bool) -> "Tools":
    """The tools of a worker."""
    from nornir_tasks.request_working import Tools

    here = _Workplace(settings, records, is_lab)
    return Tools(
        fleet=here.fleet,
        plan=here.plan,
        carry_out=here.carry_out,
        make_keys=here.make_keys,
        end_keys=here.end_keys,
        rotate=here.rotate,
        is_there=here.is_there,
        takes=here.takes,
        extra=settings.templates,
    )


@dataclass(frozen=True, slots=True)
class _Workplace:
    settings: "Settings"
    records: "Records"
    is_lab: bool

    def fleet(self) -> "Fleet":
        """The inventory as it is now."""
        from cli.workplace import open_fleet

        return open_fleet(self.settings, lab=self.is_lab)

    def is_there(self, one: "Appliance") -> bool:
        """Whether an appliance stands at its site, or is played by the lab."""
        from cli.workplace import lab_appliances
        from lisiere.workflow.selection import REACHABLE

        return one.name in lab_appliances(self.settings)[1] if self.is_lab else one.data.lifecycle in REACHABLE

    def plan(self, appliances: "Sequence[Appliance]", texts: Mapping[str, str], words: str) -> "Plan":
        """Ask appliances what would change on them."""
        from cli.workplace import access, operator_name, secret_keeper
        from lisiere.workflow.terrain import terrain_of
        from nornir_tasks.plan_making import make_plan

        way = access(self.settings, lab=self.is_lab, keeper=secret_keeper(self.settings))
        way.get_ready(len(appliances))
        fleet = self.fleet()
        return make_plan(
            appliances,
            texts,
            access=way,
            records=self.records,
            selection=f"{words}{ON_LAB}" if self.is_lab else words,
            created_by=operator_name(),
            clock=lambda: datetime.now(UTC),
            terrain=terrain_of(fleet, fleet.in_service()),
        )

    def carry_out(self, plan: "Plan") -> "Run":
        """Carry out a plan on all of its appliances, or on none."""
        from nornir_tasks.transaction import apply_as_one

        return apply_as_one(self._rollout(plan))

    def takes(self, ends: int) -> timedelta:
        """How long it may take until so many ends are on one side: to be armed and verified, and all of it back."""
        from lisiere.workflow.transactions import window_for
        from nornir_tasks.undertaking import RESTART_S, Caution

        settings, patience_s = self.settings, Caution().patience_s
        window = window_for(ends, at_once=settings.workers, patience_s=patience_s, least_s=settings.revert_in_s)
        return timedelta(seconds=2 * window.length_s + RESTART_S)

    def make_keys(self, keys: "Sequence[SecretRef]") -> "Sequence[SecretRef]":
        """Make what is missing; which it made."""
        from cli.workplace import secret_store

        if not keys:
            return ()
        made = secret_store(self.settings).generate_missing([one.removeprefix("secret:") for one in keys])
        return tuple(f"secret:{name}" for name in made)

    def end_keys(self, keys: "Sequence[SecretRef]") -> None:
        """Destroy what nobody has any more."""
        from cli.workplace import secret_store

        if not keys:
            return
        store = secret_store(self.settings)
        held = store.names()
        if known := [name for one in keys if (name := one.removeprefix("secret:")) in held]:
            store.remove(*known)

    def rotate(self, keys: "Mapping[SecretRef, int]", planned: Callable[[], "Plan"]) -> "Run":
        """Give keys new values at all of their ends that are there, or at none."""
        from cli.workplace import secret_store
        from nornir_tasks.rotating import rotate

        names = {one.removeprefix("secret:"): ends for one, ends in keys.items()}
        store = secret_store(self.settings)
        return rotate(
            store, names, records=self.records, planned=planned, agreed=lambda _: None, prepared=self._rollout
        )

    def _rollout(self, plan: "Plan") -> "Rollout":
        from cli.apply import prepared
        from nornir_tasks.undertaking import RESTART_S, Caution, Watch

        rollout = prepared(plan, records=self.records, settings=self.settings, is_lab=self.is_lab)
        revert_in_s = self.settings.revert_in_s
        caution = Caution(revert_in_s=revert_in_s, settle_s=revert_in_s + RESTART_S)
        return replace(rollout, caution=caution, watch=Watch(on_note=note))
