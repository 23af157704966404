"""Plans: intended against running, frozen under a hash; and what became of them."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from lisiere.model.base import Model
from lisiere.model.pacing import Pacing, WaveNote
from lisiere.model.words import HostName


class Basis(StrEnum):
    """What intended configurations were compared with."""

    DEVICE = "device"
    RECORDS = "records"


class PlannedChange(Model):
    """What a plan would do to one appliance. Texts hold secret references, never values.

    Args:
        host: The appliance.
        wave: Position of its wave, from 1.
        intended_sha256: Hash of the intended `set` text.
        running_sha256: Hash of the running `set` text that it was compared with.
        difference: The difference as the device showed it; empty when nothing would change.
        deleted_share: Part of the running lines that would go, 0 to 1.
        is_fresh: Whether the appliance runs what it left the factory with: there is nothing to lose in it.
        unsettled: Tunnels, by their name on the appliance, that may be down after the change until the other end is
            changed too, in the same wave or the next.
    """

    host: HostName
    wave: int
    intended_sha256: str
    running_sha256: str
    difference: str
    deleted_share: float
    is_fresh: bool = False
    unsettled: tuple[str, ...] = ()


class PlanFailure(Model):
    """An appliance that could not be planned, and why."""

    host: HostName
    reason: str


class Plan(Model):
    """A frozen plan; `sha256` covers all of it but itself. `unchanged` appliances already are as intended.

    `basis` tells what it was compared with; only what was asked of the devices can be applied. `pacing` is what the
    waves were made with, None in plans older than that; `waves` says why each one is what it is. `rolls_back` is
    the run whose effect it would undo; empty in a plan towards the inventory's intent.
    """

    id: str
    created_at: datetime
    created_by: str
    selection: str
    changes: tuple[PlannedChange, ...]
    unchanged: tuple[HostName, ...]
    failures: tuple[PlanFailure, ...]
    basis: Basis = Basis.DEVICE
    pacing: Pacing | None = None
    waves: tuple[WaveNote, ...] = ()
    rolls_back: str = ""
    sha256: str

    def is_intact(self) -> bool:
        """True when the content still has the hash under which it was frozen."""
        return self.sha256 == digest(self)


_LATER: dict[str, object] = {"basis": "device", "pacing": None, "waves": [], "rolls_back": ""}
_LATER_IN_CHANGES: dict[str, object] = {"is_fresh": False, "unsettled": []}
"""Fields that came after plans were on record, with the value that they have in those."""


def digest(plan: Plan) -> str:
    """SHA-256 over the plan's canonical JSON, without the hash itself.

    A field that came later is left out as long as it says nothing, so that older plans keep their hash.
    """
    content = plan.model_dump(mode="json", exclude={"sha256"})
    _leave_out(content, _LATER)
    for change in content["changes"]:
        _leave_out(change, _LATER_IN_CHANGES)
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _leave_out(content: dict[str, object], silent: dict[str, object]) -> None:
    for name, value in silent.items():
        if content[name] == value:
            del content[name]


def freeze(
    *,
    id: str,
    created_at: datetime,
    created_by: str,
    selection: str,
    changes: Sequence[PlannedChange],
    unchanged: Sequence[HostName],
    failures: Sequence[PlanFailure],
    basis: Basis = Basis.DEVICE,
    pacing: Pacing | None = None,
    waves: Sequence[WaveNote] = (),
    rolls_back: str = "",
) -> Plan:
    """Put a plan under its hash; appliances in wave order, then by name."""
    draft = Plan(
        id=id,
        created_at=created_at,
        created_by=created_by,
        selection=selection,
        changes=tuple(sorted(changes, key=lambda change: (change.wave, change.host))),
        unchanged=tuple(sorted(unchanged)),
        failures=tuple(sorted(failures, key=lambda failure: failure.host)),
        basis=basis,
        pacing=pacing,
        waves=tuple(sorted(waves, key=lambda note: note.number)),
        rolls_back=rolls_back,
        sha256="",
    )
    return draft.model_copy(update={"sha256": digest(draft)})


class Step(StrEnum):
    """The steps of an apply on one appliance; each is journalled before it is taken.

    LOOK and REVERT are taken when something went wrong: to see what an appliance runs, and to bring the old one back.
    """

    LOCK = "lock"
    CONNECT = "connect"
    LOAD = "load"
    COMPARE = "compare"
    COMMIT = "commit"
    VERIFY = "verify"
    CONFIRM = "confirm"
    REREAD = "reread"
    REVERT = "revert"
    LOOK = "look"
    RECORD = "record"


class Event(StrEnum):
    """What happens to a run as a whole; journalled without an appliance."""

    BEGIN = "begin"
    RESUME = "resume"
    TAKE_OVER = "take over"
    WAVE = "wave"
    DECIDE = "decide"
    RESOLVE = "resolve"
    LEAVE_OUT = "leave out"
    CANCEL = "cancel"
    END = "end"


class Outcome(StrEnum):
    """How an apply ended for one appliance.

    REVERTED was seen back on its old configuration; REVERTING was left to its timer and not seen since. UNSAVED runs
    the new configuration and would lose it at a restart. UNKNOWN could not be looked at, or runs neither.
    """

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    STALE = "stale"
    REFUSED = "refused"
    REVERTING = "reverting"
    REVERTED = "reverted"
    UNSAVED = "unsaved"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


class HostOutcome(Model):
    """What became of one appliance in a run."""

    host: HostName
    wave: int
    outcome: Outcome
    detail: str
    running_sha256: str
    started_at: datetime
    ended_at: datetime


class RunStatus(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


class Run(Model):
    """One execution of a plan."""

    id: str
    plan_id: str
    status: RunStatus
    started_at: datetime
    ended_at: datetime | None
    started_by: str
    outcomes: tuple[HostOutcome, ...]


class DriftReason(StrEnum):
    """Why a line of a running configuration is not as intended."""

    MISSING = "missing"
    EXTRA = "extra"
    CHANGED = "changed"
    REORDERED = "reordered"
    UNPARSABLE = "unparsable"
    SECRET = "secret differs"


class Drift(Model):
    """One deviation of one appliance, with the time at which it was first seen."""

    host: HostName
    reason: DriftReason
    path: str
    intended: str
    running: str
    entered_at: datetime


class Conformity(StrEnum):
    """How an appliance stands against its intended configuration at its last reading."""

    CONFORMS = "conforms"
    DRIFTED = "drifted"
    UNREAD = "unread"


class ApplianceStatus(Model):
    """One line of `lisiere status`: the last reading, since when the state holds, the last run."""

    host: HostName
    conformity: Conformity
    entered_at: datetime | None
    read_at: datetime | None
    deviations: int
    last_run: str
    last_outcome: Outcome | None
