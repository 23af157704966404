"""Reading appliances: the running configuration, masked, and nothing is ever written."""

from collections.abc import Iterable
from dataclasses import dataclass

from nornir.core.inventory import Host

from lisiere.errors import PendingCommitError
from nornir_tasks.fleet import Answer, FleetRunner, Progress, open_driver


@dataclass(frozen=True, slots=True)
class RunningConfiguration:
    """A running configuration as `set` text, secrets masked."""

    text: str


def read_running(host: Host) -> RunningConfiguration:
    """Read one appliance.

    Raises:
        PendingCommitError: A timed commit waits for its confirmation: what runs now says nothing of what will run.
        DeviceError: It could not be reached or understood.
    """
    driver = open_driver(host)
    running = RunningConfiguration(driver.get_config(retrieve="running")["running"])
    if driver.has_pending_commit():
        raise PendingCommitError(host.name, "a timed commit waits for its confirmation; read it again later")
    return running


def read_fleet(
    runner: FleetRunner,
    *,
    hosts: Iterable[str] | None = None,
    progress: Progress | None = None,
) -> dict[str, Answer[RunningConfiguration]]:
    """Read many appliances."""
    return runner.run(read_running, name="read", hosts=hosts, progress=progress)
