"""Looking at appliances for an audit: what they run, and what they tell. Nothing is ever written to them."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from nornir.core.inventory import Host

from lisiere.compliance.topics import WAYS
from lisiere.errors import DeviceError
from lisiere.model.compliance_words import Topic
from lisiere.model.finding import Observation
from lisiere.model.words import Platform
from nornir_tasks.evaluating import keep_readings
from nornir_tasks.fleet import FleetRunner, Progress, open_driver
from nornir_tasks.reading import read_running

if TYPE_CHECKING:
    from lisiere.store.records import Records


@dataclass(frozen=True, slots=True)
class Told:
    """What one appliance told in one session: its running configuration, answers by topic, getters as JSON."""

    running: str
    answers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Look:
    """The step: read, then ask for topics and getters.

    Args:
        topics: What to ask of each platform.
        getters: The getters of NAPALM to ask of each platform.
    """

    topics: Mapping[Platform, tuple[Topic, ...]]
    getters: Mapping[Platform, tuple[str, ...]]

    def part(self, hosts: frozenset[str]) -> "Look":
        """The same for some hosts: it is the same for all."""
        return self

    def __call__(self, host: Host) -> Told:
        """Look at one appliance.

        Raises:
            DeviceError: It could not be reached or understood.
        """
        running, driver = read_running(host), open_driver(host)
        platform = Platform(str(host.platform))
        commands = {topic: WAYS[topic, platform].command for topic in self.topics.get(platform, ())}
        seen = driver.look(list(commands.values()))
        answers = {str(topic): seen.answers[command] for topic, command in commands.items()}
        for getter in self.getters.get(platform, ()):
            answers[getter] = json.dumps(getattr(driver, getter)(), sort_keys=True)
        return Told(running.text, answers)


def look_at_fleet(
    runner: FleetRunner,
    look: Look,
    *,
    records: "Records",
    intended: Mapping[str, str],
    clock: Callable[[], datetime],
    hosts: Iterable[str] | None = None,
    progress: Progress | None = None,
) -> dict[str, DeviceError | None]:
    """Look at appliances and keep what was seen; by name, why one could not be looked at, or None.

    One that was not begun because a person asked for a stop is left out.
    """
    answers = runner.run(look, name="audit", hosts=hosts, progress=progress)
    told = {name: answer.value for name, answer in answers.items() if answer.value is not None}
    at = clock()
    keep_readings(records, {name: one.running for name, one in told.items()}, intended=intended, at=at)
    records.compliance.record_sights(
        [
            Observation(host=name, topic=topic, answer=answer, seen_at=at)
            for name, one in told.items()
            for topic, answer in one.answers.items()
        ]
    )
    return {name: _problem(name, answer.error) for name, answer in answers.items()}


def _problem(name: str, error: Exception | None) -> DeviceError | None:
    if error is None or isinstance(error, DeviceError):
        return error
    return DeviceError(name, str(error))
