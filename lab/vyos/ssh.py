"""The SSH door of an appliance: connections in, shells and file transfers behind it."""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import asyncssh

from lab.faults import Kind
from lab.vyos.proposal import Section
from lab.vyos.scatter import Scattered
from lab.vyos.sftp import MemorySFTPServer
from lab.vyos.shell import FellSilentError, SessionDroppedError, Shell
from lab.vyos.terminal import HungUpError, Terminal, Writer

if TYPE_CHECKING:
    from lab.vyos.appliance import Appliance

KEY_EXCHANGES = ("curve25519-sha256", "curve25519-sha256@libssh.org")
CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")


def protocol(appliance: "Appliance", loop: asyncio.AbstractEventLoop) -> asyncio.BaseProtocol:
    """What speaks on a connection that was just accepted."""
    if appliance.faults.take(Kind.NO_ANSWER):
        return _Silence(appliance)
    key = appliance.other_key() if appliance.faults.take(Kind.OTHER_HOST_KEY) else appliance.key
    options = asyncssh.SSHServerConnectionOptions(
        server_factory=partial(_Door, appliance),
        server_host_keys=[key],
        kex_algs=KEY_EXCHANGES,
        encryption_algs=CIPHERS,
        gss_host=None,
        allow_scp=True,
        line_editor=False,
        encoding=None,
        login_timeout=60,
        session_factory=partial(_serve, appliance),
        sftp_factory=partial(_files, appliance),
    )
    connection = asyncssh.SSHServerConnection(loop, options)
    rtt_s = appliance.settings.rtt_ms / 1000
    return _Late(connection, loop, rtt_s) if rtt_s else connection


class _Door(asyncssh.SSHServer):
    """Who may come in: the lab's own user, and users with keys in the running configuration."""

    def __init__(self, appliance: "Appliance") -> None:
        self._appliance = appliance
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._appliance.connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection is not None:
            self._appliance.connections.discard(self._connection)

    def auth_completed(self) -> None:
        self._appliance.counters.logins += 1

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        if self._is_refused():
            return False
        settings = self._appliance.settings
        shown = key.export_public_key().decode().split()[:2]
        if username == settings.username and shown == settings.public_key.split()[:2]:
            return True
        users = Section(self._appliance.device.tree().at(("system", "login", "user", username)))
        keys = users.at("authentication", "public-keys").sections().values()
        return any([one.value("type"), one.value("key")] == shown for one in keys)

    def password_auth_supported(self) -> bool:
        return bool(self._appliance.settings.password)

    def validate_password(self, username: str, password: str) -> bool:
        settings = self._appliance.settings
        return not self._is_refused() and (username, password) == (settings.username, settings.password)

    def _is_refused(self) -> bool:
        return self._appliance.faults.take(Kind.REFUSE_LOGIN) is not None


class _Silence(asyncio.Protocol):
    """Takes the connection and never says a word."""

    def __init__(self, appliance: "Appliance") -> None:
        self._appliance = appliance

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._appliance.silent.add(transport)


class _Late(asyncio.Protocol):
    """Hands on what arrives one round trip later."""

    def __init__(self, inner: asyncio.Protocol, loop: asyncio.AbstractEventLoop, rtt_s: float) -> None:
        self._inner, self._loop, self._rtt_s = inner, loop, rtt_s
        self._due: deque[Callable[[], object]] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._later(partial(self._inner.connection_made, transport))

    def data_received(self, data: bytes) -> None:
        self._later(partial(self._inner.data_received, data))

    def eof_received(self) -> bool:
        self._later(self._inner.eof_received)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._later(partial(self._inner.connection_lost, exc))

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def _later(self, action: Callable[[], object]) -> None:
        self._due.append(action)
        self._loop.call_later(self._rtt_s, self._act)

    def _act(self) -> None:
        self._due.popleft()()


class _Keys:
    """The keys typed at the far end, without the signals that go with them."""

    def __init__(self, reader: "asyncssh.SSHReader[bytes]") -> None:
        self._reader = reader

    async def read(self, n: int = -1) -> bytes:
        while True:
            try:
                return await self._reader.read(n)
            except asyncssh.TerminalSizeChanged:
                continue
            except (asyncssh.BreakReceived, asyncssh.SignalReceived):
                return b"\x03"
            except asyncssh.Error as exc:
                raise HungUpError from exc


class _Screen:
    """What is printed at the far end; nobody minds when it is gone."""

    def __init__(self, writer: "asyncssh.SSHWriter[bytes]") -> None:
        self._writer = writer

    def write(self, data: bytes) -> None:
        try:
            self._writer.write(data)
        except (OSError, asyncssh.Error) as exc:
            raise HungUpError from exc

    async def drain(self) -> None:
        try:
            await self._writer.drain()
        except (OSError, asyncssh.Error) as exc:
            raise HungUpError from exc


def _screen(appliance: "Appliance", stdout: "asyncssh.SSHWriter[bytes]") -> Writer:
    settings, screen = appliance.settings, _Screen(stdout)
    if not settings.scatter_ms:
        return screen
    seed = f"{settings.seed}/{appliance.name}/{appliance.counters.logins}"
    return Scattered(screen, seed=seed, longest_ms=settings.scatter_ms)


async def _serve(
    appliance: "Appliance",
    stdin: "asyncssh.SSHReader[bytes]",
    stdout: "asyncssh.SSHWriter[bytes]",
    _stderr: "asyncssh.SSHWriter[bytes]",
) -> None:
    channel = stdout.channel
    connection = channel.get_connection()
    if not isinstance(channel, asyncssh.SSHServerChannel):
        return
    has_pty = channel.get_terminal_type() is not None
    rows = channel.get_terminal_size()[1] if has_pty else 0
    terminal = Terminal(_Keys(stdin), _screen(appliance, stdout), has_pty=has_pty, rows=rows or 24)
    shell = Shell(appliance, str(channel.get_extra_info("username")), terminal)
    command = channel.get_command()
    appliance.terminals.add(terminal)
    try:
        status = await (shell.run_one(command) if command else shell.run())
        channel.exit(status)
    except HungUpError:
        channel.close()
    except FellSilentError:
        await channel.wait_closed()
    except SessionDroppedError:
        connection.abort()
    finally:
        appliance.terminals.discard(terminal)


def _files(appliance: "Appliance", channel: "asyncssh.SSHServerChannel[bytes]") -> MemorySFTPServer:
    return MemorySFTPServer(channel, appliance.device.files)
