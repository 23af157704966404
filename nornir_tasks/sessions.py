"""Sessions with many appliances in the threads of one process: a Nornir over them, and one step on each."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from threading import Event
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from nornir.core import Nornir
from nornir.core.configuration import Config
from nornir.core.inventory import ConnectionOptions, Defaults, Groups, Host, Hosts, Inventory
from nornir.core.task import Result, Task
from nornir.plugins.runners import ThreadedRunner

from lisiere.drivers.base import Concealer
from lisiere.errors import LisiereError
from nornir_tasks.connection import CONNECTION, register

if TYPE_CHECKING:
    from nornir_tasks.hand import Post

T = TypeVar("T")
STOP = "stop"
"""Under this name, a host's data hold the event that is set when a person asks for a stop."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Where one appliance answers, as whom we come, and who it must be."""

    name: str
    hostname: str
    port: int
    username: str
    platform: str
    release: str
    host_key: str


@dataclass(frozen=True, slots=True)
class Way:
    """What is the same for all appliances: the key's file, the patience, and how many sessions are open at once."""

    key_file: str
    timeout_s: float
    commit_timeout_s: float
    workers: int

    def shared_by(self, processes: int) -> "Way":
        """The part of one process out of several: together they keep as many sessions open."""
        return replace(self, workers=-(-self.workers // processes))


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What a task gave for one host: a value, or the reason why there is none."""

    host: str
    value: T | None
    error: LisiereError | None


@dataclass(frozen=True, slots=True)
class Order(Generic[T]):
    """Work for a process of a crew, as it is pickled."""

    step: Callable[[Host], T]
    contacts: tuple[Contact, ...]
    way: Way
    reopen: Callable[[], Concealer]
    name: str

    def carry_out(self, post: "Post") -> None:
        """Do it, telling the post of each host."""
        surprises = work(
            self.step,
            self.contacts,
            way=self.way,
            concealer=_opened(self.reopen),
            name=self.name,
            stop=post.stop,
            tell=post.done,
            begin=post.begin,
        )
        for host, error in surprises:
            post.surprise(host, error)


def work(
    step: Callable[[Host], T],
    contacts: Iterable[Contact],
    *,
    way: Way,
    concealer: Concealer,
    name: str,
    stop: Event,
    tell: Callable[[str, Answer[T]], None],
    begin: Callable[[str], None] = lambda host: None,
) -> list[tuple[str, BaseException]]:
    """Take a step on many appliances; none is begun once `stop` is set.

    Args:
        step: What to do with one host.
        contacts: The appliances.
        way: How they are reached.
        concealer: Keeper of their secrets.
        name: What the task is called in logs.
        stop: Once it is set, no other host is begun.
        tell: Told what came of each host that was begun; from any thread.
        begin: Told of each host before it is begun; from any thread.

    Returns:
        Exceptions that nobody foresaw, by host.
    """
    register()
    hosts = Hosts({one.name: _host(one, way, concealer, stop) for one in contacts})
    inventory = Inventory(hosts=hosts, groups=Groups(), defaults=Defaults())
    nornir = Nornir(inventory=inventory, runner=ThreadedRunner(num_workers=way.workers))

    def task(task: Task) -> Result:
        if stop.is_set():
            return Result(host=task.host)
        begin(task.host.name)
        answer = _attempt(step, task.host)
        tell(task.host.name, answer)
        return Result(host=task.host, failed=answer.error is not None)

    outcome = nornir.run(task=task, name=name, on_failed=True)
    return [(host, one.exception) for host, results in outcome.items() for one in results if one.exception is not None]


def open_driver(host: Host) -> Any:  # noqa: ANN401 - NAPALM ships no types
    """The driver of a host, opened at the first call and again after `close_driver`."""
    held = host.connections.get(CONNECTION)
    return host.get_connection(CONNECTION, Config()) if held is None else held.connection


def close_driver(host: Host) -> None:
    """Close a host's session, if it has one; a session that is already gone is closed too."""
    if CONNECTION in host.connections:
        connection = host.connections.pop(CONNECTION)
        connection.close()


def wait(host: Host, time_s: float) -> bool:
    """Let time pass, but not once a person has asked for a stop; whether that was so."""
    stop: Event = host.data[STOP]
    return stop.wait(time_s)


@lru_cache(maxsize=1)
def _opened(reopen: Callable[[], Concealer]) -> Concealer:
    """The concealer of this process, opened once."""
    return reopen()


def _attempt(step: Callable[[Host], T], host: Host) -> Answer[T]:
    try:
        return Answer(host.name, step(host), None)
    except LisiereError as exc:
        return Answer(host.name, None, exc)
    finally:
        close_driver(host)


def _host(one: Contact, way: Way, concealer: Concealer, stop: Event) -> Host:
    options = {
        "name": one.name,
        "host_key": one.host_key,
        "key_file": way.key_file,
        "secrets": concealer,
        "release": one.release,
        "timeout_s": way.timeout_s,
        "commit_timeout_s": way.commit_timeout_s,
    }
    connection = ConnectionOptions(
        hostname=one.hostname,
        port=one.port,
        username=one.username,
        platform=one.platform,
        extras={"timeout_s": way.timeout_s, "optional_args": options},
    )
    return Host(
        name=one.name,
        hostname=one.hostname,
        port=one.port,
        username=one.username,
        platform=one.platform,
        data={"release": one.release, STOP: stop},
        connection_options={CONNECTION: connection},
    )
