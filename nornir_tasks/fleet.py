"""A Nornir over a part of the fleet, and running one task on many hosts with progress."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from nornir.core import Nornir
from nornir.core.configuration import Config
from nornir.core.inventory import ConnectionOptions, Defaults, Groups, Host, Hosts, Inventory
from nornir.core.task import Result, Task
from nornir.plugins.runners import ThreadedRunner

from lisiere.drivers.base import Concealer
from lisiere.errors import LisiereError, UsageError
from lisiere.model.site import Appliance
from nornir_tasks.calm import calm
from nornir_tasks.connection import CONNECTION, register
from nornir_tasks.stopping import stop_on_interrupt

T = TypeVar("T")
Progress = Callable[[str], None]
"""Called with the name of each appliance that is done; from any thread."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an appliance answers, and the host key that it must show."""

    hostname: str
    port: int
    host_key: str


@dataclass(frozen=True, slots=True)
class Access:
    """How appliances are reached: the key, and what stands in for the accounts and endpoints of the inventory.

    `username` is "" for the account that the inventory names; `endpoints` is empty outside the lab.
    """

    key_file: Path
    concealer: Concealer
    username: str = ""
    timeout_s: float = 30.0
    workers: int = 50
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What a task gave for one host: a value, or the reason why there is none."""

    host: str
    value: T | None
    error: LisiereError | None


class FleetRunner:
    """Runs tasks on appliances, each with a session of its own that is closed at the end whatever happens."""

    def __init__(self, appliances: Iterable[Appliance], *, access: Access) -> None:
        register()
        hosts = Hosts({one.name: _host(one, access) for one in appliances})
        inventory = Inventory(hosts=hosts, groups=Groups(), defaults=Defaults())
        self._nornir = Nornir(inventory=inventory, runner=ThreadedRunner(num_workers=access.workers))
        self.stop = threading.Event()

    def run(
        self,
        step: Callable[[Host], T],
        *,
        name: str,
        hosts: Iterable[str] | None = None,
        progress: Progress | None = None,
    ) -> dict[str, Answer[T]]:
        """Run a step on hosts; those not begun when a stop is asked for are left out of the answer.

        Args:
            step: What to do with one host; it raises LisiereError for what a person should read.
            name: What the task is called in logs.
            hosts: Names; None for all.
            progress: Told of each host that is done.
        """
        chosen = self._nornir if hosts is None else self._nornir.filter(filter_func=_named(frozenset(hosts)))
        found: dict[str, Answer[T]] = {}

        def task(task: Task) -> Result:
            if self.stop.is_set():
                return Result(host=task.host)
            answer = _attempt(step, task.host)
            found[task.host.name] = answer
            if progress is not None:
                progress(task.host.name)
            return Result(host=task.host, failed=answer.error is not None)

        with stop_on_interrupt(self.stop), calm():
            outcome = chosen.run(task=task, name=name, on_failed=True)
        _raise_surprises(outcome.items())
        return dict(sorted(found.items()))


def open_driver(host: Host) -> Any:  # noqa: ANN401 - NAPALM ships no types
    """The driver of a host, opened at the first call and again after `close_driver`."""
    return host.get_connection(CONNECTION, Config())


def close_driver(host: Host) -> None:
    """Close a host's session, if it has one; a session that is already gone is closed too."""
    if CONNECTION in host.connections:
        connection = host.connections.pop(CONNECTION)
        connection.close()


def _attempt(step: Callable[[Host], T], host: Host) -> Answer[T]:
    try:
        return Answer(host.name, step(host), None)
    except LisiereError as exc:
        return Answer(host.name, None, exc)
    finally:
        close_driver(host)


def _named(names: frozenset[str]) -> Callable[[Host], bool]:
    return lambda host: host.name in names


def _raise_surprises(outcome: Iterable[tuple[str, Any]]) -> None:
    """Let an exception that nobody foresaw fly, with the name of its host."""
    for name, results in outcome:
        surprise = next((one.exception for one in results if one.exception is not None), None)
        if surprise is not None:
            surprise.add_note(f"while working on {name}")
            raise surprise


def _host(one: Appliance, access: Access) -> Host:
    endpoint = access.endpoints.get(one.name) or _pinned(one)
    options = {
        "name": one.name,
        "host_key": endpoint.host_key,
        "key_file": str(access.key_file),
        "secrets": access.concealer,
        "release": str(one.data.release),
        "timeout_s": access.timeout_s,
    }
    username = access.username or one.username
    connection = ConnectionOptions(
        hostname=endpoint.hostname,
        port=endpoint.port,
        username=username,
        platform=str(one.platform),
        extras={"timeout_s": access.timeout_s, "optional_args": options},
    )
    return Host(
        name=one.name,
        hostname=endpoint.hostname,
        port=endpoint.port,
        username=username,
        platform=str(one.platform),
        data={"release": str(one.data.release)},
        connection_options={CONNECTION: connection},
    )


def _pinned(one: Appliance) -> Endpoint:
    if one.data.host_key is None:
        raise UsageError(f"{one.name} has no pinned host key; enrol it before anything is sent to it")
    return Endpoint(one.hostname, one.port, one.data.host_key)
