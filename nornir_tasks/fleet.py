"""Running one step on many appliances: in threads of this process, or dealt to the processes of a crew."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self, TypeVar, cast, runtime_checkable

from nornir.core.inventory import Host

from lisiere.drivers.base import Concealer
from lisiere.errors import ProcessLostError, UsageError
from lisiere.model.site import Appliance
from nornir_tasks.calm import calm
from nornir_tasks.crew import Crew, Share
from nornir_tasks.sessions import Answer, Contact, Order, Way, close_driver, open_driver, work
from nornir_tasks.stopping import Stop, stop_on_interrupt

__all__ = ["Access", "Answer", "Divisible", "Endpoint", "FleetRunner", "Progress", "close_driver", "open_driver"]

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

    `username` is "" for the account that the inventory names; `endpoints` is empty outside the lab. `crew` are the
    processes that work may be dealt to; each gets its own concealer by `reopen`, for secrets never cross.
    """

    key_file: Path
    concealer: Concealer
    username: str = ""
    timeout_s: float = 30.0
    commit_timeout_s: float = 600.0
    workers: int = 50
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    crew: Crew | None = None
    reopen: Callable[[], Concealer] | None = None

    def get_ready(self, hosts: int) -> bool:
        """Let the crew start, if so many appliances are worth it; called early, it is there when it is needed."""
        return self.reopen is not None and self.crew is not None and self.crew.get_ready(hosts)


@runtime_checkable
class Divisible(Protocol):
    """A step that can be dealt to several processes: it can be pickled, and be cut down to what some hosts need."""

    def part(self, hosts: frozenset[str]) -> Self:
        """The same step for these hosts only."""
        ...


class FleetRunner:
    """Runs tasks on appliances, each with a session of its own that is closed at the end whatever happens."""

    def __init__(self, appliances: Iterable[Appliance], *, access: Access) -> None:
        self._contacts = {one.name: _contact(one, access) for one in appliances}
        self._access = access
        self._way = Way(str(access.key_file), access.timeout_s, access.commit_timeout_s, access.workers)
        access.get_ready(len(self._contacts))
        self.stop = Stop()

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
            step: What to do with one host; it raises LisiereError for what a person should read. What it raises beside
                that flies on from here, once the others have ended.
            name: What the task is called in logs.
            hosts: Names; None for all.
            progress: Told of each host that is done.
        """
        wanted = self._contacts.keys() if hosts is None else frozenset(hosts)
        chosen = [contact for host, contact in self._contacts.items() if host in wanted]
        found: dict[str, Answer[T]] = {}

        def tell(host: str, answer: object) -> None:
            found[host] = cast("Answer[T]", answer)
            if progress is not None:
                progress(host)

        with stop_on_interrupt(self.stop):
            if self.stop.is_set():
                surprises: Sequence[tuple[str, BaseException]] = ()
            elif _can_be_dealt(step) and self._access.get_ready(len(chosen)):
                surprises = self._deal(step, chosen, name=name, tell=tell)
            else:
                surprises = self._work(step, chosen, name=name, tell=tell)
        _raise_first(surprises)
        return dict(sorted(found.items()))

    def _work(
        self, step: Callable[[Host], T], chosen: Sequence[Contact], *, name: str, tell: Callable[[str, object], None]
    ) -> Sequence[tuple[str, BaseException]]:
        """Work in threads of this process."""
        with calm():
            return work(
                step, chosen, way=self._way, concealer=self._access.concealer, name=name, stop=self.stop, tell=tell
            )

    def _deal(
        self, step: Callable[[Host], T], chosen: Sequence[Contact], *, name: str, tell: Callable[[str, object], None]
    ) -> Sequence[tuple[str, BaseException]]:
        """Deal the hosts to the processes of the crew, and wait for them."""
        assert self._access.crew is not None and self._access.reopen is not None  # noqa: S101, PT018 - get_ready said so
        crew, reopen = self._access.crew, self._access.reopen
        way = self._way.shared_by(crew.processes)
        shares = []
        for part in (chosen[number :: crew.processes] for number in range(min(crew.processes, len(chosen)))):
            hosts = tuple(one.name for one in part)
            shares.append(
                Share(hosts, Order(step=_part(step, hosts), contacts=tuple(part), way=way, reopen=reopen, name=name))
            )
        ended = crew.work(shares, stop=self.stop, tell=tell)
        for host, was_begun in ended.lost.items():
            tell(host, Answer(host, None, ProcessLostError(host, was_begun=was_begun)))
        return ended.surprises


def _can_be_dealt(step: Callable[[Host], object]) -> bool:
    """Whether a step can cross to another process: a function of a module, or an object made for it."""
    is_function = inspect.isfunction(step) and "<" not in step.__qualname__
    return is_function or isinstance(step, Divisible)


def _part(step: Callable[[Host], T], hosts: Sequence[str]) -> Callable[[Host], T]:
    part: Callable[[frozenset[str]], Callable[[Host], T]] | None = getattr(step, "part", None)
    return step if part is None else part(frozenset(hosts))


def _raise_first(surprises: Sequence[tuple[str, BaseException]]) -> None:
    """Let an exception that nobody foresaw fly, with the name of its host."""
    for host, surprise in surprises:
        if host:
            surprise.add_note(f"while working on {host}")
        raise surprise


def _contact(one: Appliance, access: Access) -> Contact:
    endpoint = access.endpoints.get(one.name) or _pinned(one)
    return Contact(
        name=one.name,
        hostname=endpoint.hostname,
        port=endpoint.port,
        username=access.username or one.username,
        platform=str(one.platform),
        release=str(one.data.release),
        host_key=endpoint.host_key,
    )


def _pinned(one: Appliance) -> Endpoint:
    if one.data.host_key is None:
        raise UsageError(f"{one.name} has no pinned host key; enrol it before anything is sent to it")
    return Endpoint(one.hostname, one.port, one.data.host_key)
