"""Plans, outcomes and readings to put on record."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from lisiere.model.pacing import Pacing, WaveNote
from lisiere.model.plan import Drift, DriftReason, HostOutcome, Outcome, Plan, PlanFailure, PlannedChange, freeze
from lisiere.model.record import Reading, Result
from lisiere.store.ids import new_id

NOON = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)


def minutes(count: float) -> datetime:
    """Noon and so many minutes."""
    return NOON + timedelta(minutes=count)


def sha256(text: str) -> str:
    """The hash of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def text_of(host: str) -> str:
    """An intended text of 350 lines."""
    return f"set system host-name '{host}'\n" + "".join(f"set firewall rule {n} log\n" for n in range(349))


def names(count: int) -> list[str]:
    """Names of appliances."""
    return [f"80021-mairie-{number:03}" for number in range(count)]


def plan_for(hosts: Sequence[str], *, at: datetime = NOON) -> Plan:
    """A plan with one change per host, one appliance as intended, one failure."""
    changes = [
        PlannedChange(
            host=host,
            wave=1 + number % 3,
            intended_sha256=sha256(text_of(host)),
            running_sha256=sha256("factory"),
            difference=f'[system]\n- host-name "vyos"\n+ host-name "{host}" # é œ\n',
            deleted_share=1 / 3,
            unsettled=("admin-80021-siege-01",) if number % 2 else (),
        )
        for number, host in enumerate(hosts)
    ]
    return freeze(
        id=new_id("plan", at),
        created_at=at,
        created_by="camille@poste",
        selection="territory=200037059",
        changes=changes,
        unchanged=["80021-ecole-01"],
        failures=[PlanFailure(host="80021-ecole-02", reason="no SSH answer in 30 s")],
        pacing=Pacing(canaries=2),
        waves=[WaveNote(number=1, appliances=1, territories=1, most_in_territory=1, reason="canaries", notes=("é",))],
    )


def outcome_for(host: str, outcome: Outcome = Outcome.APPLIED, *, at: datetime = NOON) -> HostOutcome:
    """What became of an appliance."""
    return HostOutcome(
        host=host,
        wave=1,
        outcome=outcome,
        detail="applied and verified over a new session",
        running_sha256=sha256(text_of(host)),
        started_at=at,
        ended_at=at + timedelta(seconds=4),
    )


def result_for(outcome: HostOutcome, *, reading: Reading | None = None) -> Result:
    """All that came of an appliance."""
    return Result(outcome=outcome, running="", reading=reading)


def deviation(host: str, path: str, *, reason: DriftReason = DriftReason.CHANGED, running: str = "8.8.8.8") -> Drift:
    """A deviation as an evaluation gives it: first seen now."""
    return Drift(host=host, reason=reason, path=path, intended="9.9.9.9", running=running, entered_at=NOON)


def reading(host: str, *deviations: Drift, at: datetime = NOON) -> Reading:
    """A look at an appliance."""
    return Reading(
        host=host, read_at=at, intended_sha256=sha256("i"), running_sha256=sha256("r"), deviations=deviations
    )
