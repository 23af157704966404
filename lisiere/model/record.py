"""What the records hold besides plans and runs: readings, the journal, leases, and summaries for lists."""

from datetime import datetime
from enum import StrEnum

from lisiere.model.base import Model
from lisiere.model.plan import Drift, HostOutcome, Outcome, Run, RunStatus
from lisiere.model.words import HostName


class World(StrEnum):
    """Whose appliances records tell of: those in service, or those of a lab; never both."""

    APPLIANCES = "appliances"
    LAB = "lab"


class Reading(Model):
    """One look at a running configuration, compared with the intended one; no deviation means that it conforms."""

    host: HostName
    read_at: datetime
    intended_sha256: str
    running_sha256: str
    deviations: tuple[Drift, ...]


class JournalEntry(Model):
    """One line of the journal; `sha256` covers the line and the hash of the line before it. `host` may be empty."""

    position: int
    at: datetime
    run_id: str
    host: str
    step: str
    detail: str
    sha256: str


class JournalCheck(Model):
    """Whether the chain of the journal holds; `broken_at` is the first position that does not fit, 0 when all do.

    `sha256` is the hash of the last sound entry: noted elsewhere, it proves later that nothing before it was changed.
    """

    entries: int
    broken_at: int
    reason: str
    sha256: str

    @property
    def is_sound(self) -> bool:
        """True when every entry fits the one before it, up to the last one written."""
        return self.broken_at == 0


class Lease(Model):
    """The right to work on one appliance, held by one run until it expires.

    `is_abandoned`: the process of its run died, or fell silent until the lease expired. Nobody works on the appliance,
    but something may be armed on it: it is taken over by who has looked.
    """

    host: HostName
    run_id: str
    owner: str
    acquired_at: datetime
    expires_at: datetime
    is_abandoned: bool = False

    def __str__(self) -> str:
        """Who holds it and since when, for a message."""
        verb = "was left by" if self.is_abandoned else "is held by"
        return f"{self.host} {verb} {self.owner} since {self.acquired_at:%Y-%m-%d %H:%M:%S} UTC"


class LeaseAnswer(Model):
    """Which of the leases asked for are held now, and who holds the others."""

    held: tuple[HostName, ...]
    refused: tuple[Lease, ...]


class PlanSummary(Model):
    """One line in a list of plans."""

    id: str
    created_at: datetime
    created_by: str
    selection: str
    changes: int
    unchanged: int
    failures: int


class RunSummary(Model):
    """One line in a list of runs; `outcomes` counts appliances."""

    id: str
    plan_id: str
    status: RunStatus
    started_at: datetime
    ended_at: datetime | None
    started_by: str
    outcomes: dict[Outcome, int]


class Result(Model):
    """What came of one appliance in a run, in one piece: the outcome, what it ran last and how that conforms.

    `running` is the text as last read, "" when it was not read; `reading` is None then.
    """

    outcome: HostOutcome
    running: str
    reading: Reading | None


class Interruption(Model):
    """A run whose process died: what is known of it, and the last journalled step of each appliance, by name."""

    run: Run
    last_steps: tuple[JournalEntry, ...]
