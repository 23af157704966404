"""The cells of the fault matrix: what goes wrong, at which step of the journal it strikes, on which release."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from lab.errors import LabError
from lab.faults import Fault, Kind
from lab.faults import Step as LabStep
from lab.fleet import Handle
from lisiere.model.plan import Step
from tests.faults.stage import FAILING_PART

RELEASES = ("1.4", "1.5")

STEPS = (
    Step.LOCK,
    Step.CONNECT,
    Step.LOAD,
    Step.COMPARE,
    Step.COMMIT,
    Step.VERIFY,
    Step.CONFIRM,
    Step.REREAD,
    Step.RECORD,
)
"""Every step that an apply journals when all goes well, in its order."""

Strike = Callable[[Handle], None]


def _inject(*faults: Fault) -> Strike:
    def strike(handle: Handle) -> None:
        for fault in faults:
            handle.inject(fault)

    return strike


def _foreign(handle: Handle) -> None:
    """Another administrator's timed commit; the appliance refuses it while ours waits."""
    with suppress(LabError):
        handle.foreign_commit_confirm("set system domain-name 'theirs.example'")


def _anywhere(kind: Kind, *, when: str = "before") -> Fault:
    return Fault(kind, when="after" if when == "after" else "before")


FAULTS: dict[str, Strike] = {
    "refused-login": _inject(Fault(Kind.REFUSE_LOGIN, times=0)),
    "refused-login-once": _inject(Fault(Kind.REFUSE_LOGIN)),
    "changed-host-key": _inject(Fault(Kind.OTHER_HOST_KEY, times=0)),
    "no-answer": _inject(_anywhere(Kind.HANG), Fault(Kind.NO_ANSWER)),
    "no-answer-after-it-was-done": _inject(_anywhere(Kind.HANG, when="after")),
    "session-dropped": _inject(_anywhere(Kind.DROP)),
    "session-dropped-after-it-was-done": _inject(_anywhere(Kind.DROP, when="after")),
    "session-dropped-before-save": _inject(Fault(Kind.DROP, step=LabStep.SAVE)),
    "answer-cut": _inject(_anywhere(Kind.CUT)),
    "commit-refused": _inject(Fault(Kind.REFUSE_COMMIT)),
    "commit-half-applied": _inject(Fault(Kind.FAIL_SUBTREE, path=FAILING_PART)),
    "commit-half-applied-and-dropped": _inject(
        Fault(Kind.FAIL_SUBTREE, path=FAILING_PART), Fault(Kind.DROP, step=LabStep.COMMIT, when="after")
    ),
    "reboot": lambda handle: handle.reboot(),
    "reboot-at-next-command": _inject(_anywhere(Kind.REBOOT)),
    "disk-full": _inject(Fault(Kind.DISK_FULL, times=0)),
    "foreign-pending-commit": _foreign,
    "management-cut-by-the-change": _inject(Fault(Kind.CUT_MANAGEMENT)),
    "vpn-down-after-the-change": _inject(Fault(Kind.VPN_DOWN_AFTER_COMMIT, times=0)),
    "load-drops-statements": _inject(Fault(Kind.LOAD_DROPS, path=FAILING_PART)),
}


class Moment(StrEnum):
    """When Lisière is killed around the writing of a journal entry."""

    BEFORE = "before"
    AFTER = "after"


class Later(StrEnum):
    """What happens between the kill and the resumption."""

    AT_ONCE = "at-once"
    TIMER_ENDED = "timer-ended"
    KILLED_AGAIN = "killed-again"


@dataclass(frozen=True)
class FaultCell:
    """One fault, striking when one step has been journalled and before it is taken."""

    fault: str
    step: Step
    release: str

    def __str__(self) -> str:
        return f"{self.fault}-at-{self.step}-on-{self.release}"


@dataclass(frozen=True)
class KillCell:
    """Lisière killed at one step, and then resumed."""

    step: Step
    moment: Moment
    later: Later
    release: str

    def __str__(self) -> str:
        return f"kill-{self.moment}-{self.step}-{self.later}-on-{self.release}"


FAULT_CELLS = [FaultCell(fault, step, release) for fault in FAULTS for step in STEPS for release in RELEASES]
KILL_CELLS = [
    KillCell(step, moment, later, release) for step, moment, later, release in product(STEPS, Moment, Later, RELEASES)
]
