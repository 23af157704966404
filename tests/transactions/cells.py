"""The cells of the matrix of transactions: what goes wrong with which end, or where the process is killed."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import product

from lab.errors import LabError
from lab.faults import Fault, Kind
from lab.faults import Step as LabStep
from lab.fleet import Handle
from tests.faults.cells import Later, Moment
from tests.faults.stage import FAILING_PART

STEPS = ("connect", "load", "compare", "commit", "verify", "decide", "look", "confirm")
"""Every step of a transaction in its order: those on each end, and the decision between them."""

ENTRIES = ("begin", *STEPS, "end", "forget")
"""All that a process may be killed at: `forget` is where a rotation keeps no word of the value before any more."""

WHICH = {"first": 0, "second": 1}

Strike = Callable[[Handle], None]


def _inject(*faults: Fault) -> Strike:
    def strike(handle: Handle) -> None:
        for fault in faults:
            handle.inject(fault)

    return strike


def _expire(handle: Handle) -> None:
    with suppress(LabError):
        handle.expire()


def _away_and_expired(handle: Handle) -> None:
    _inject(Fault(Kind.REFUSE_LOGIN, times=0))(handle)
    _expire(handle)


FAULTS: dict[str, Strike] = {
    "away": _inject(Fault(Kind.REFUSE_LOGIN, times=0), Fault(Kind.DROP)),
    "away-and-its-timer-ends": _away_and_expired,
    "away-for-good": _inject(Fault(Kind.REFUSE_LOGIN, times=0), Fault(Kind.DROP)),
    "dropped": _inject(Fault(Kind.DROP)),
    "dropped-after-it-was-done": _inject(Fault(Kind.DROP, when="after")),
    "no-answer": _inject(Fault(Kind.HANG)),
    "no-answer-after-it-was-done": _inject(Fault(Kind.HANG, when="after")),
    "late-answers": _inject(Fault(Kind.SLOW, delay_ms=60, times=0)),
    "answer-cut": _inject(Fault(Kind.CUT, when="after")),
    "commit-refused": _inject(Fault(Kind.REFUSE_COMMIT)),
    "commit-half-applied": _inject(Fault(Kind.FAIL_SUBTREE, path=FAILING_PART)),
    "confirm-lost": _inject(Fault(Kind.DROP, step=LabStep.CONFIRM)),
    "confirm-lost-after-it-was-done": _inject(Fault(Kind.DROP, step=LabStep.CONFIRM, when="after")),
    "confirm-refused-as-its-timer-ended": _expire,
    "reboot": lambda handle: handle.reboot(),
    "tunnel-down-after-the-change": _inject(Fault(Kind.VPN_DOWN_AFTER_COMMIT, times=0)),
    "management-cut-by-the-change": _inject(Fault(Kind.CUT_MANAGEMENT)),
}
FOR_GOOD = frozenset({"away-for-good"})
"""Faults that are over only when somebody comes to resolve the transaction."""

SILENT = frozenset({"no-answer", "no-answer-after-it-was-done"})


@dataclass(frozen=True)
class EndCell:
    """One fault of one end, striking when a step of it has been journalled and before it is taken."""

    fault: str
    step: str
    which: str

    def __str__(self) -> str:
        return f"{self.fault}-at-{self.step}-of-the-{self.which}"


@dataclass(frozen=True)
class DeathCell:
    """The process killed around an entry of the journal: that of the first or of the second end that comes there."""

    step: str
    moment: Moment
    which: str
    later: Later

    def __str__(self) -> str:
        return f"kill-{self.moment}-{self.step}-of-the-{self.which}-{self.later}"


END_CELLS = [EndCell(*cell) for cell in product(FAULTS, STEPS, WHICH)]
DEATH_CELLS = [
    DeathCell(step, moment, which, later)
    for step, moment, which, later in product((*STEPS, "end"), Moment, WHICH, Later)
    if which == "first" or step not in ("decide", "end")
]


@dataclass(frozen=True)
class RotationCell:
    """The process that rotates a key killed around an entry of the journal, or around what it does with the store."""

    step: str
    moment: Moment

    def __str__(self) -> str:
        return f"kill-{self.moment}-{self.step}"

    @property
    def side(self) -> str:
        """What both ends and the store have to be then."""
        is_decided = self.step in ("confirm", "end", "forget") or (self.step, self.moment) == ("decide", Moment.AFTER)
        return "new" if is_decided else "old"


ROTATION_CELLS = [
    RotationCell(step, moment)
    for step, moment in product(("begin", "connect", "commit", "decide", "confirm", "end", "forget"), Moment)
]


@dataclass(frozen=True)
class DebianCell:
    """The command killed around an entry of its journal, on real appliances."""

    step: str
    moment: Moment
    which: str

    def __str__(self) -> str:
        return f"kill-{self.moment}-{self.step}-of-the-{self.which}"

    @property
    def occurrence(self) -> int:
        """How many such entries come before it."""
        return WHICH[self.which]

    @property
    def side(self) -> str:
        """What both ends have to be then."""
        is_decided = self.step in ("confirm", "end") or (self.step, self.moment) == ("decide", Moment.AFTER)
        return "new" if is_decided else "old"


DEBIAN_CELLS = [
    DebianCell("connect", Moment.AFTER, "second"),
    DebianCell("commit", Moment.BEFORE, "second"),
    DebianCell("verify", Moment.AFTER, "second"),
    DebianCell("decide", Moment.BEFORE, "first"),
    DebianCell("decide", Moment.AFTER, "first"),
    DebianCell("confirm", Moment.BEFORE, "second"),
    DebianCell("confirm", Moment.AFTER, "second"),
    DebianCell("end", Moment.BEFORE, "first"),
]
