"""A fleet of simulated appliances in one event loop, and a handle on it for code that has none."""

import asyncio
import contextlib
import errno
import resource
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lab.errors import LabError
from lab.faults import Fault
from lab.vyos.appliance import Appliance, Counters, Settings
from lab.vyos.opmode import hash_of
from lisiere.configtree import Node, parse_set

if TYPE_CHECKING:
    import asyncssh

DEFAULT_PORT = 2222
USERNAME = "lisiere"
KEY_FILE = "id_ed25519"
PORTS = ("eth0", "eth1")
PLATFORM = "vyos"
"""What the appliances of this lab run."""

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class LabAppliance:
    """One appliance to simulate.

    `hostname` is its configured name, by default the one it has in the lab. `factory` is the `set` text that it starts
    with, by default what an appliance holds when it leaves the bench.
    """

    name: str
    release: str = "1.5"
    hostname: str = ""
    management: str = "192.0.2.1/32"
    factory: str = ""


class Fleet:
    """The appliances of a lab. Everything here runs in one event loop."""

    def __init__(self, appliances: Sequence[LabAppliance], *, settings: Settings, port: int = DEFAULT_PORT) -> None:
        self.settings, self._port = settings, port
        self._wanted = tuple(appliances)
        self.appliances: dict[str, Appliance] = {}

    async def open(self, progress: Callable[[int], None] = lambda _: None) -> None:
        """Make every appliance and let it listen; `progress` is told how many do.

        Raises:
            LabError: The port is taken.
        """
        import asyncssh

        _allow_files(len(self._wanted))
        is_wide = await _binds("127.64.0.1", self._port)
        for number, one in enumerate(self._wanted):
            key = asyncssh.generate_private_key("ssh-ed25519")
            appliance = self.appliances[one.name] = Appliance(
                one.name,
                release=one.release,
                factory=factory(one, self.settings),
                macs=macs(one.name),
                key=key,
                settings=self.settings,
            )
            host = f"127.64.{number // 250}.{number % 250 + 1}" if is_wide else "127.0.0.1"
            await appliance.open(host, self._port if is_wide else 0)
            progress(number + 1)

    def close(self) -> None:
        """Close every door."""
        for appliance in self.appliances.values():
            appliance.close()


def factory(one: LabAppliance, settings: Settings) -> Node:
    """The configuration that an appliance comes with: name, management address, SSH, one user."""
    if one.factory:
        return parse_set(one.factory)
    hostname = one.hostname or one.name
    lines = [
        f"set interfaces dummy dum0 address '{one.management}'",
        "set interfaces loopback lo",
        "set service ssh port '22'",
        "set system config-management commit-revisions '100'",
        f"set system host-name '{hostname[:63]}'",
        f"set system login user {settings.username}",
    ]
    if settings.public_key:
        kind, key = settings.public_key.split()[:2]
        path = f"set system login user {settings.username} authentication public-keys lab"
        lines += [f"{path} key '{key}'", f"{path} type '{kind}'"]
    return parse_set("\n".join(lines))


def macs(name: str) -> Mapping[str, str]:
    """The addresses of the network cards of an appliance; the same on every day and machine."""
    number = hash_of(name) % 0xFFFFFF
    start = f"52:54:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
    return {port: f"{start}:{at:02x}" for at, port in enumerate(PORTS)}


def make_key(state_dir: Path) -> tuple[Path, str]:
    """The key that opens every appliance of a lab, made when it is not there: its file, and its public half."""
    import asyncssh

    file = state_dir / KEY_FILE
    if not file.exists():
        state_dir.mkdir(parents=True, exist_ok=True)
        key = asyncssh.generate_private_key("ssh-ed25519", comment="lab")
        file.touch(mode=0o600)
        file.write_bytes(key.export_private_key())
    return file, asyncssh.read_private_key(file).export_public_key().decode().strip()


async def _binds(host: str, port: int) -> bool:
    """Whether the machine lets us listen on other loopback addresses than the first."""
    try:
        server = await asyncio.get_running_loop().create_server(asyncio.Protocol, host, port)
    except OSError as exc:
        if exc.errno == errno.EADDRINUSE:
            raise LabError(f"port {port} on {host} is taken: stop the other lab, or choose another port") from exc
        return False
    server.close()
    return True


def _allow_files(count: int) -> None:
    """Let the process hold a listener and a few connections for each appliance."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count * 4 + 256
    if soft != resource.RLIM_INFINITY and soft < wanted:
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, limit), hard))


class Handle:
    """One appliance of a running lab, for code outside its event loop."""

    def __init__(self, lab: "Lab", appliance: Appliance) -> None:
        self._lab, self._appliance = lab, appliance

    @property
    def name(self) -> str:
        """Its name in the lab."""
        return self._appliance.name

    @property
    def host(self) -> str:
        """The address that it listens on."""
        return self._appliance.host

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._appliance.port

    @property
    def host_key(self) -> str:
        """Its public host key, as the inventory pins it."""
        return host_key(self._appliance.key)

    @property
    def counters(self) -> Counters:
        """What was done to it."""
        return self._appliance.counters

    @property
    def is_pending(self) -> bool:
        """Whether a timed commit waits for its confirmation."""
        return self._appliance.device.pending is not None

    def running_set(self) -> str:
        """Its running configuration in `set` commands."""
        return self._lab.call(self._appliance.device.running_set)

    def saved_set(self) -> str:
        """Its saved configuration in `set` commands."""
        from lab.vyos.trees import pack, set_text

        return self._lab.call(lambda: set_text(pack(self._appliance.device.saved_tree())))

    @property
    def files(self) -> list[str]:
        """The files that were put on it."""
        return self._lab.call(self._appliance.device.files.uploaded)

    def inject(self, fault: Fault) -> None:
        """Let a fault wait for its moment."""
        self._lab.call(lambda: self._appliance.inject(fault))

    def set_faults(self, **faults: object) -> None:
        """The same in words, such as `drop_at="commit"`; see `lab.faults.from_setting`."""
        for name, value in faults.items():
            self._lab.call(partial(self._appliance.set_fault, name, value))

    def clear_faults(self) -> None:
        """Forget all faults."""
        self._lab.call(self._appliance.clear_faults)

    def drift(self, *commands: str) -> None:
        """A manual change by a local administrator, committed and saved. LabError: it was refused."""
        self._lab.call(lambda: self._appliance.drift(commands))

    def foreign_commit_confirm(self, *commands: str, minutes: int = 10) -> None:
        """Another administrator's timed commit that waits for its confirmation. LabError: it was refused."""
        self._lab.call(lambda: self._appliance.foreign_commit_confirm(commands, minutes=minutes))

    def expire(self) -> None:
        """Let the time of a pending timed commit be over now."""
        self._lab.call(self._appliance.expire)

    def wall(self, text: str) -> None:
        """Write to every terminal on it, as `wall` does."""
        self._lab.call(lambda: self._appliance.wall(text))

    def forget_saved(self) -> None:
        """Let nothing be saved: the next boot comes up empty."""
        self._lab.call(self._appliance.device.forget_saved)

    def reboot(self) -> None:
        """Reboot it."""
        self._lab.call(self._appliance.reboot)


class Lab(Mapping[str, Handle]):
    """A running lab, by the names of its appliances."""

    def __init__(self, fleet: Fleet, loop: asyncio.AbstractEventLoop, *, key_file: Path) -> None:
        self._fleet, self._loop, self.key_file = fleet, loop, key_file
        self._handles = {name: Handle(self, one) for name, one in fleet.appliances.items()}

    @property
    def username(self) -> str:
        """Who may log in, with the key in `key_file`."""
        return self._fleet.settings.username

    def call(self, action: Callable[[], _Result]) -> _Result:
        """Do something in the event loop of the lab and wait for it."""

        async def act() -> _Result:
            return action()

        return asyncio.run_coroutine_threadsafe(act(), self._loop).result(timeout=30)

    def __getitem__(self, name: str) -> Handle:
        return self._handles[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._handles)

    def __len__(self) -> int:
        return len(self._handles)


def host_key(key: "asyncssh.SSHKey") -> str:
    """Type and base64 of a key's public half."""
    return " ".join(key.export_public_key().decode().split()[:2])


def new_event_loop() -> asyncio.AbstractEventLoop:
    """That of uvloop when it is installed, Python's own otherwise."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


@contextlib.contextmanager
def running_lab(
    appliances: Sequence[LabAppliance],
    *,
    state_dir: Path,
    port: int = 0,
    username: str = USERNAME,
    password: str = "",
    minute_s: float = 60.0,
    reboot_s: float = 0.5,
    commit_s: float = 0.0,
    rtt_ms: float = 0.0,
    scatter_ms: float = 0.0,
    seed: int = 0,
) -> Iterator[Lab]:
    """A lab in a thread of its own, for as long as the block lasts.

    Args:
        appliances: What to simulate.
        state_dir: Where the key that opens them is made.
        port: Where they listen; 0 takes a free port for each.
        username: Who may log in.
        password: Accepted besides the key, unless it is empty.
        minute_s: How long a minute of commit-confirm lasts.
        reboot_s: How long a rebooting appliance is unreachable.
        commit_s: How long a commit takes.
        rtt_ms: How much later everything that is sent arrives.
        scatter_ms: How far apart the pieces of an answer come at the most; 0 lets answers come whole.
        seed: Where they are cut, and how far apart each comes.
    """
    key_file, public_key = make_key(state_dir)
    settings = Settings(
        username=username,
        public_key=public_key,
        password=password,
        minute_s=minute_s,
        reboot_s=reboot_s,
        commit_s=commit_s,
        rtt_ms=rtt_ms,
        scatter_ms=scatter_ms,
        seed=seed,
    )
    fleet = Fleet(appliances, settings=settings, port=port)
    loop = new_event_loop()
    thread = threading.Thread(target=_run, args=(loop,), name="lab", daemon=True)
    thread.start()
    try:
        _wait(fleet.open(), loop)
        yield Lab(fleet, loop, key_file=key_file)
    finally:
        _wait(_close(fleet), loop)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()


async def _close(fleet: Fleet) -> None:
    fleet.close()
    await asyncio.sleep(0)


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()


def _wait(action: Coroutine[None, None, None], loop: asyncio.AbstractEventLoop) -> None:
    asyncio.run_coroutine_threadsafe(action, loop).result(timeout=120)
