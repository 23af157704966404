"""Many played appliances in one process, for tests in a thread of their own and for the daemon."""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import asyncssh

from lab.played.device import Device
from lab.played.ssh import Account, PlayedAppliance
from lisiere.errors import LisiereError

T = TypeVar("T")
USERNAME = "lisiere"
KEY_FILE = "id_ed25519"


class LabError(LisiereError):
    """The lab cannot do what was asked."""


@dataclass(frozen=True, slots=True)
class LabAppliance:
    """One appliance to play. Without `factory` it starts as it leaves the bench: name, address, SSH and the account."""

    name: str
    release: str
    factory: str = ""


@dataclass(frozen=True, slots=True)
class Reach:
    """Where and how a played appliance answers."""

    host: str
    port: int
    host_key: str
    release: str


def factory(name: str, public_key: str) -> str:
    """What an appliance runs before its first configuration, as `set` text."""
    kind, body = public_key.split()[:2]
    user = f"system login user {USERNAME} authentication public-keys bench"
    return "".join(
        f"set {line}\n"
        for line in (
            "interfaces ethernet eth0 address '192.0.2.10/24'",
            f"interfaces ethernet eth0 hw-id '{_mac(name)}'",
            "interfaces ethernet eth1",
            "interfaces loopback lo",
            "service ntp server 192.0.2.123",
            "service ssh port '22'",
            "system config-management commit-revisions '100'",
            "system console device ttyS0 speed '115200'",
            f"system host-name '{name}'",
            f"{user} key '{body}'",
            f"{user} type '{kind}'",
            "system syslog global facility all level 'info'",
        )
    )


class Fleet:
    """The appliances of one event loop."""

    def __init__(
        self,
        appliances: Sequence[LabAppliance],
        *,
        state_dir: Path,
        minute_s: float = 60.0,
        rtt_ms: float = 0.0,
        reboot_s: float = 0.5,
        port: int = 2222,
    ) -> None:
        self._wanted, self._state_dir = tuple(appliances), state_dir
        self._minute_s, self._rtt_s, self._reboot_s, self._port = minute_s, rtt_ms / 1000, reboot_s, port
        self.appliances: dict[str, PlayedAppliance] = {}

    @property
    def key_file(self) -> Path:
        """The private key of the account that every appliance of the lab lets in."""
        return self._state_dir / KEY_FILE

    async def open(self, progress: Callable[[int], None] = lambda _: None) -> None:
        """Start every appliance."""
        key = asyncssh.generate_private_key("ssh-ed25519")
        self._state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_private(self.key_file, key.export_private_key("openssh"))
        public = key.export_public_key("openssh").decode()
        account = Account(USERNAME, key.convert_to_public())
        loop = asyncio.get_running_loop()
        for number, wanted in enumerate(self._wanted):
            text = wanted.factory or factory(wanted.name, public)
            device = Device.from_set(
                wanted.name, wanted.release, text, schedule=loop.call_later, minute_s=self._minute_s
            )
            host_key = asyncssh.generate_private_key("ssh-ed25519")
            appliance = PlayedAppliance(
                device, account, host_key, _loopback(number), self._port, rtt_s=self._rtt_s, reboot_s=self._reboot_s
            )
            try:
                await appliance.open()
            except OSError as exc:
                await self.close()
                raise LabError(f"{appliance.host} port {self._port} is taken: {exc.strerror or exc}") from exc
            self.appliances[wanted.name] = appliance
            progress(number + 1)

    async def close(self) -> None:
        """Stop every appliance."""
        for appliance in self.appliances.values():
            await appliance.close()

    def reach(self) -> dict[str, Reach]:
        """Where everybody answers."""
        return {
            name: Reach(
                one.host,
                one.port,
                " ".join(one.host_key.export_public_key("openssh").decode().split()[:2]),
                one.device.release,
            )
            for name, one in self.appliances.items()
        }

    def find(self, name: str) -> PlayedAppliance:
        """One appliance.

        Raises:
            LabError: The lab has no such appliance.
        """
        if name not in self.appliances:
            raise LabError(f"the lab plays no appliance {name}")
        return self.appliances[name]


class RunningLab:
    """A lab in a thread of its own, seen from a test."""

    def __init__(self, fleet: Fleet, loop: asyncio.AbstractEventLoop) -> None:
        self._fleet, self._loop = fleet, loop
        self.reach: Mapping[str, Reach] = fleet.reach()
        self.username, self.key_file = USERNAME, fleet.key_file

    def __getitem__(self, name: str) -> "LabHandle":
        """One appliance."""
        return LabHandle(self, self._fleet.find(name), self.reach[name])

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the lab's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)


@dataclass(frozen=True, slots=True)
class LabHandle:
    """One played appliance, seen from a test."""

    _lab: RunningLab
    _appliance: PlayedAppliance
    _reach: Reach

    @property
    def host(self) -> str:
        """Its address."""
        return self._reach.host

    @property
    def port(self) -> int:
        """Its port."""
        return self._reach.port

    @property
    def host_key(self) -> str:
        """Its public host key, as it should be pinned."""
        return self._reach.host_key

    @property
    def device(self) -> Device:
        """The appliance itself, for looking at."""
        return self._appliance.device

    @property
    def counters(self) -> Mapping[str, int]:
        """How often it was logged in to, loaded, committed, saved, reverted."""
        return dict(self._appliance.device.counters)

    def running_set(self) -> str:
        """Its running configuration as `set` text."""
        return self._appliance.device.commands() + "\n"

    def saved_set(self) -> str:
        """Its saved configuration as `set` text."""
        return self._appliance.device.commands(self._appliance.device.saved) + "\n"

    def inject(self, **faults: object) -> None:
        """Change its faults; see `lab.played.faults.Faults`."""
        self._lab.call(_inject(self._appliance, faults))

    def change_by_hand(self, *commands: str) -> None:
        """Change its configuration as a local administrator would."""
        self._lab.call(_by_hand(self._appliance, commands))

    def arm_foreign_commit(self, *commands: str, minutes: int = 10) -> None:
        """Leave a timed commit of somebody else pending."""
        self._lab.call(_foreign(self._appliance, commands, minutes))


@contextmanager
def running_lab(
    appliances: Sequence[LabAppliance],
    *,
    state_dir: Path,
    minute_s: float = 60.0,
    rtt_ms: float = 0.0,
    reboot_s: float = 0.2,
    port: int = 0,
) -> Iterator[RunningLab]:
    """A lab for the length of a `with`; `port` 0 takes a free one on each address."""
    fleet = Fleet(appliances, state_dir=state_dir, minute_s=minute_s, rtt_ms=rtt_ms, reboot_s=reboot_s, port=port)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="lab", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(fleet.open(), loop).result(timeout=120)
        yield RunningLab(fleet, loop)
    finally:
        asyncio.run_coroutine_threadsafe(fleet.close(), loop).result(timeout=60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()


async def carry_out(fleet: Fleet, request: Mapping[str, Any]) -> dict[str, object]:
    """Do what a control request asks: `faults`, `by_hand`, `counters`.

    Raises:
        LabError: The request cannot be carried out.
    """
    appliance = fleet.find(str(request.get("name", "")))
    try:
        if "faults" in request:
            await _inject(appliance, request["faults"])
        if "by_hand" in request:
            await _by_hand(appliance, request["by_hand"])
    except (ValueError, TypeError) as exc:
        raise LabError(str(exc)) from exc
    device = appliance.device
    return {"counters": dict(device.counters), "pending": device.pending is not None}


async def _inject(appliance: PlayedAppliance, faults: Mapping[str, Any]) -> None:
    appliance.device.faults.set(**faults)
    if {"no_answer", "other_host_key"} & set(faults):
        await appliance.apply_faults()


async def _by_hand(appliance: PlayedAppliance, commands: Sequence[str]) -> None:
    appliance.device.change_by_hand(commands)


async def _foreign(appliance: PlayedAppliance, commands: Sequence[str], minutes: int) -> None:
    device = appliance.device
    session = device.session()
    for line in commands:
        device.set(session, line.split()[1:])
    device.commit_confirm(session, minutes)


def _mac(name: str) -> str:
    """A locally administered MAC address that is the same whenever the appliance is played."""
    octets = sha256(name.encode()).hexdigest()
    return "02:" + ":".join(octets[start : start + 2] for start in range(0, 10, 2))


def _loopback(number: int) -> str:
    """A loopback address of its own for each appliance; 127.0.0.0/8 is all there on Linux."""
    return f"127.64.{number // 250}.{number % 250 + 1}"


def _write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, as a whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    draft.replace(path)
