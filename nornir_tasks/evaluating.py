"""Looking at appliances and keeping what was seen: readings with typed deviations from what is intended."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from lisiere.model.hashing import sha256_of
from lisiere.model.record import Reading
from lisiere.workflow import drift
from lisiere.workflow.comparing import is_same
from nornir_tasks.fleet import Answer, FleetRunner, Progress
from nornir_tasks.reading import RunningConfiguration, read_fleet

if TYPE_CHECKING:
    from lisiere.store.records import Records


def readings_of(running: Mapping[str, str], *, intended: Mapping[str, str], at: datetime) -> tuple[Reading, ...]:
    """Evaluate running texts against what is intended, by name."""
    return tuple(_reading(host, text, intended=intended[host], at=at) for host, text in sorted(running.items()))


def keep_readings(
    records: "Records", running: Mapping[str, str], *, intended: Mapping[str, str], at: datetime
) -> tuple[Reading, ...]:
    """Evaluate what was read and keep it; the running texts are kept with it, once per content."""
    readings = readings_of(running, intended=intended, at=at)
    records.put_configurations(running.values())
    records.record_readings(readings)
    return readings


def read_status(
    runner: FleetRunner,
    *,
    records: "Records",
    intended: Mapping[str, str],
    clock: Callable[[], datetime],
    hosts: Iterable[str] | None = None,
    progress: Progress | None = None,
) -> dict[str, Answer[RunningConfiguration]]:
    """Read appliances, evaluate and keep what they run; the answer tells which could not be read, and why."""
    answers = read_fleet(runner, hosts=hosts, progress=progress)
    running = {name: answer.value.text for name, answer in answers.items() if answer.value is not None}
    keep_readings(records, running, intended=intended, at=clock())
    return answers


def _reading(host: str, running: str, *, intended: str, at: datetime) -> Reading:
    if not is_same(running=running, intended=intended):
        return drift.read(host, intended=intended, running=running, at=at)
    return Reading(
        host=host,
        read_at=at,
        intended_sha256=sha256_of(intended),
        running_sha256=sha256_of(running),
        deviations=(),
    )
