"""One appliance on the network: a device, its SSH door, its timers, and the faults that wait for it."""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from lab.errors import LabError
from lab.faults import Fault, Faults, Kind, from_setting
from lab.vyos import compare
from lab.vyos.device import CommitReport, Device
from lab.vyos.terminal import HungUpError
from lisiere.configtree import Node

if TYPE_CHECKING:
    import asyncssh

    from lab.vyos.session import ConfigSession
    from lab.vyos.terminal import Terminal


@dataclass(frozen=True, slots=True)
class Settings:
    """What all appliances of a lab share.

    `minute_s` is how long a minute of commit-confirm lasts; `reboot_s` how long a rebooting appliance is unreachable;
    `commit_s` how long a commit takes; `rtt_ms` how much later everything arrives. Answers come in pieces, at most
    `scatter_ms` apart and cut where `seed` says; whole when it is 0.
    """

    username: str
    public_key: str = ""
    password: str = field(default="", repr=False)
    minute_s: float = 60.0
    reboot_s: float = 1.0
    commit_s: float = 0.0
    rtt_ms: float = 0.0
    scatter_ms: float = 0.0
    seed: int = 0


@dataclass(slots=True)
class Counters:
    """What was done to an appliance since the lab started.

    `pushes` are commits by sessions that changed something, `repeats` loads of a file that is what runs already.
    """

    logins: int = 0
    loads: int = 0
    repeats: int = 0
    commits: int = 0
    pushes: int = 0
    confirms: int = 0
    saves: int = 0
    reverts: int = 0
    reboots: int = 0

    def to_json(self) -> dict[str, int]:
        """The counters by name."""
        return {name: int(value) for name, value in asdict(self).items()}


class Appliance:
    """An appliance that can be reached. Everything here runs in the lab's event loop."""

    def __init__(
        self,
        name: str,
        *,
        release: str,
        factory: Node,
        macs: Mapping[str, str],
        key: "asyncssh.SSHKey",
        settings: Settings,
    ) -> None:
        self.name, self.key, self.settings = name, key, settings
        self.device = Device(
            name, release=release, factory=factory, home=f"/home/{settings.username}", macs=macs, clock=time.monotonic
        )
        self.faults, self.counters = Faults(), Counters()
        self.connections: set[asyncssh.SSHServerConnection] = set()
        self.silent: set[asyncio.BaseTransport] = set()
        self.terminals: set[Terminal] = set()
        self.host, self.port = "", 0
        self._listener: asyncio.AbstractServer | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._booting: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_cut = False
        self._is_vpn_fallen = False
        self.is_half = False
        """The last commit that did anything failed in part."""
        self._other_key: asyncssh.SSHKey | None = None

    # ---- network -------------------------------------------------------------------------------------------------

    async def open(self, host: str, port: int) -> None:
        """Listen; port 0 takes any that is free and keeps it."""
        from lab.vyos.ssh import protocol

        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: protocol(self, loop), host, port, backlog=16)
        self.host, self.port = self._listener.sockets[0].getsockname()[:2]

    def close(self) -> None:
        """Stop for good."""
        for handle in (self._timer, self._booting):
            if handle:
                handle.cancel()
        self._shut()
        self._drop_all()

    def other_key(self) -> "asyncssh.SSHKey":
        """Another host key than the appliance's own."""
        import asyncssh

        self._other_key = self._other_key or asyncssh.generate_private_key("ssh-ed25519")
        return self._other_key

    def _shut(self) -> None:
        if self._listener:
            self._listener.close()
            self._listener = None

    def _reopen(self) -> None:
        if self._listener is None and not self._is_cut and not self.faults.peek(Kind.UNREACHABLE):
            task = asyncio.get_running_loop().create_task(self.open(self.host, self.port))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _drop_all(self) -> None:
        for connection in tuple(self.connections):
            connection.abort()
        for transport in tuple(self.silent):
            transport.close()
        self.silent.clear()

    # ---- what happens to it --------------------------------------------------------------------------------------

    def reboot(self) -> None:
        """Drop every session, be away for a while, come back with the saved configuration."""
        self.counters.reboots += 1
        self.disarm()
        self._shut()
        self._drop_all()
        self._booting = asyncio.get_running_loop().call_later(self.settings.reboot_s, self._boot)

    def _boot(self) -> None:
        self._booting = None
        self._is_cut = self._is_vpn_fallen = self.is_half = False
        self.device.boot()
        self._reopen()

    def arm(self, minutes: int, user: str) -> None:
        """Start the timer of a commit that must be confirmed."""
        self.device.arm(minutes, user)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(minutes * self.settings.minute_s, self._revert)

    def disarm(self) -> None:
        """Stop the timer."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def expire(self) -> None:
        """Let the time of a pending timed commit be over now; nothing happens when none waits."""
        if self._timer:
            self._timer.cancel()
            self._revert()

    def is_last_minute(self) -> bool:
        """Whether less than a minute is left to confirm."""
        pending = self.device.pending
        if pending is None:
            return False
        passed_s = self.device.clock() - pending.armed_at
        return passed_s > (pending.minutes - 1) * self.settings.minute_s

    def _revert(self) -> None:
        self._timer = None
        self.counters.reverts += 1
        if self.device.release.reverts_by_reboot:
            self.reboot()
            return
        self.wall("\n[commit-confirm] Reverting to previous config now\n")
        self.device.reload()
        self._is_cut = self._is_vpn_fallen = self.is_half = False
        self._reopen()

    def wall(self, text: str) -> None:
        """Write to every terminal, whatever stands there; one whose far end has just hung up misses it."""
        for terminal in self.terminals:
            terminal.write(text)
            with suppress(HungUpError):
                terminal.flush()

    def committed(self, before: Node, report: CommitReport) -> None:
        """Count a commit, and let it cut the management path if a fault says so."""
        self.counters.commits += 1
        if not report.applied:
            return
        self.is_half = bool(report.failed)
        self.counters.pushes += 1
        if self.faults.peek(Kind.VPN_DOWN_AFTER_COMMIT):
            self._is_vpn_fallen = True
        fault = self.faults.peek(Kind.CUT_MANAGEMENT)
        if fault and _touches(before, self.device.tree(), fault.path):
            self.faults.take(Kind.CUT_MANAGEMENT)
            self._is_cut = True
            self._shut()

    @property
    def is_vpn_down(self) -> bool:
        """Whether no tunnel is up."""
        return self._is_vpn_fallen or self.faults.peek(Kind.VPN_DOWN) is not None

    def inject(self, fault: Fault) -> None:
        """Let a fault wait for its moment; some show at once."""
        self.faults.add(fault)
        if fault.kind is Kind.DISK_FULL:
            self.device.files.is_full = True
        elif fault.kind is Kind.UNREACHABLE:
            self._shut()
            self._drop_all()

    def clear_faults(self, kind: Kind | None = None) -> None:
        """Forget all faults, or those of a kind, and undo those that show."""
        self.faults.clear(kind)
        if kind in (None, Kind.DISK_FULL):
            self.device.files.is_full = False
        if kind in (None, Kind.CUT_MANAGEMENT):
            self._is_cut = False
        if kind in (None, Kind.VPN_DOWN_AFTER_COMMIT):
            self._is_vpn_fallen = False
        if self._booting is None:
            self._reopen()

    def set_fault(self, name: str, value: object) -> None:
        """The same in one word, such as `drop_at=commit`; false, empty or 0 clears. ValueError: no such fault."""
        meant = from_setting(name, value)
        if isinstance(meant, Kind):
            self.clear_faults(meant)
        else:
            self.inject(meant)

    # ---- other people ----------------------------------------------------------------------------------------------

    def drift(self, commands: Sequence[str]) -> None:
        """A manual change as by a local administrator: `set` and `delete` lines, committed and saved.

        Raises:
            LabError: A line or the commit was refused; nothing was changed.
        """
        with self._other_session(commands) as session:
            _must(session.commit(refusals={}, comment="local change").text())
            self.device.save()

    def foreign_commit_confirm(self, commands: Sequence[str], *, minutes: int) -> None:
        """Another administrator's timed commit that waits for its confirmation.

        Raises:
            LabError: A line or the commit was refused, or another one waits already; the timer is not armed.
        """
        if self.device.pending is not None:
            _must("Another confirm is pending")
        with self._other_session(commands) as session:
            _must(session.commit(refusals={}, is_timed=True).text())
            self.arm(minutes, "local-admin")

    @contextmanager
    def _other_session(self, commands: Sequence[str]) -> "Iterator[ConfigSession]":
        from lab.vyos.session import ConfigSession, Refusal, play

        session = ConfigSession(self.device, "")
        try:
            for line in commands:
                _must(play(line, session))
            yield session
        except Refusal as exc:
            _must(str(exc))
        finally:
            session.close()


def _must(said: str) -> None:
    if said:
        raise LabError(f"the appliance refused: {' '.join(said.split())}")


def _touches(before: Node, after: Node, words: tuple[str, ...]) -> bool:
    """Whether a changed statement holds these words one after another."""
    wanted = f" {' '.join(words)} "
    changes = compare.commands(before, after).replace("'", " ").splitlines()
    return not words or any(wanted in f"{' '.join(line.split())} " for line in changes if line)
