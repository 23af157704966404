"""The way to the lab's appliances, as the lab itself tells it."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.jobs import Job
from lab.daemon import status


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where one appliance answers, and the host key that it must show."""

    name: str
    address: str
    port: int
    host_key: str


@dataclass(frozen=True, slots=True)
class Doors:
    """Who may come in with which key, and where."""

    username: str
    key_file: str
    endpoints: tuple[Endpoint, ...]


def doors(job: Job) -> Doors:
    """The way to the appliances of a job.

    Raises:
        RuntimeError: The lab is gone.
    """
    state = status(Path(job.lab))
    if state is None:
        raise RuntimeError(f"no lab runs in {job.lab}")
    found = tuple(
        Endpoint(name, str(one["hostname"]), int(one["port"]), str(one["host_key"]))
        for name, one in ((name, state.appliances[name]) for name in job.hosts)
    )
    return Doors(state.username, state.key_file, found)
