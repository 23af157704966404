"""A played appliance behind real SSH: login, shell, and file transfer into memory."""

import asyncio
import stat
from dataclasses import dataclass, field
from typing import Any

import asyncssh

from lab.played.device import Device
from lab.played.shell import Shell

ALGORITHMS: dict[str, Any] = {
    "kex_algs": ["curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256"],
    "encryption_algs": ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes256-ctr", "aes128-ctr"],
    "mac_algs": ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512"],
    "compression_algs": None,
}


@dataclass(slots=True)
class Account:
    """Who may log in: everybody in the lab shares one account."""

    username: str
    public_key: asyncssh.SSHKey
    password: str = ""


@dataclass
class PlayedAppliance:
    """One appliance on its own address: opens, closes and re-opens its door as faults and reboots ask."""

    device: Device
    account: Account
    host_key: asyncssh.SSHKey
    host: str
    port: int
    rtt_s: float = 0.0
    reboot_s: float = 0.5
    connections: set[asyncssh.SSHServerConnection] = field(default_factory=set)
    _door: Any = None
    _is_cut: bool = False
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    async def open(self) -> None:
        """Listen; `port` 0 is replaced by the one that was taken."""
        self.device.on_reboot = self._reboot
        self.device.on_cut = self._cut
        await self._listen()

    async def close(self) -> None:
        """Stop listening and drop every session."""
        await self._shut()
        for connection in tuple(self.connections):
            connection.abort()

    async def apply_faults(self) -> None:
        """Let the door follow the faults that concern it: no answer at all, another host key."""
        await self._shut()
        await self._listen()

    async def _listen(self) -> None:
        if self._is_cut:
            return
        if self.device.faults.no_answer:
            self._door = await asyncio.start_server(_say_nothing, self.host, self.port)
            return
        key = asyncssh.generate_private_key("ssh-ed25519") if self.device.faults.other_host_key else self.host_key
        self._door = await asyncssh.create_server(
            lambda: _Login(self),
            self.host,
            self.port,
            server_host_keys=[key],
            process_factory=self._serve,
            sftp_factory=lambda channel: _Files(channel, self.device),
            line_editor=False,
            encoding="utf-8",
            server_version="OpenSSH_9.2p1",
            tcp_keepalive=False,
            login_timeout=30,
            **ALGORITHMS,
        )
        self.port = self.port or self._door.get_port()

    async def _shut(self) -> None:
        door, self._door = self._door, None
        if door is not None:
            door.close()
            await door.wait_closed()

    def _reboot(self) -> None:
        self._start(self._restart())

    async def _restart(self) -> None:
        await asyncio.sleep(0)
        await self.close()
        await asyncio.sleep(self.reboot_s)
        await self._listen()

    def _cut(self, is_cut: bool) -> None:
        if is_cut == self._is_cut:
            return
        self._is_cut = is_cut
        self._start(self._shut() if is_cut else self._listen())

    def _start(self, work: Any) -> None:  # noqa: ANN401 - a coroutine of ours
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ---- one shell -----------------------------------------------------------------------------------------------

    async def _serve(self, process: "asyncssh.SSHServerProcess[str]") -> None:
        shell = Shell(self.device, self.account.username)
        try:
            if process.command:
                process.stdout.write(shell.answer(process.command) + "\n")
                process.exit(0)
                return
            process.stdout.write(shell.prompt)
            async for line in process.stdin:
                if not await self._turn(process, shell, line.rstrip("\r\n")):
                    break
            process.exit(0)
        except (asyncssh.BreakReceived, asyncssh.TerminalSizeChanged, asyncssh.SignalReceived):
            process.exit(1)
        except (BrokenPipeError, ConnectionError):
            pass

    async def _turn(self, process: "asyncssh.SSHServerProcess[str]", shell: Shell, line: str) -> bool:
        """Echo a line, carry it out, answer; False when the session is over."""
        faults, step = self.device.faults, shell.step(line)
        delay_s = self.rtt_s + faults.delay_ms / 1000
        if delay_s:
            await asyncio.sleep(delay_s)
        if faults.spend("reboot_at", step):
            self.device.reboot()
            return False
        if faults.spend("drop_at", step):
            return self._drop(process)
        text = shell.answer(line)
        if faults.spend("drop_after", step):
            return self._drop(process)
        answer = f"{line}\r\n" + text.replace("\n", "\r\n")
        if text and not shell.question:
            answer += "\r\n"
        if faults.spend("cut_at", step):
            process.stdout.write(answer[: max(len(line) + 2, len(answer) * 2 // 3)])
            await process.stdout.drain()
            return self._drop(process)
        if shell.is_over:
            process.stdout.write(answer)
            return False
        process.stdout.write(answer + shell.prompt)
        return True

    def _drop(self, process: "asyncssh.SSHServerProcess[str]") -> bool:
        process.channel.get_connection().abort()
        return False


async def _say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take what comes until the other side gives up."""
    while await reader.read(4096):
        pass
    writer.close()


class _Login(asyncssh.SSHServer):
    """Who gets in."""

    def __init__(self, appliance: PlayedAppliance) -> None:
        self._appliance = appliance
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Remember the connection, so that a reboot can drop it."""
        self._connection = conn
        self._appliance.connections.add(conn)
        if self._appliance.device.faults.spend("drop_at", "connect"):
            conn.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        if self._connection is not None:
            self._appliance.connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        """Everybody must show something."""
        return True

    def public_key_auth_supported(self) -> bool:
        """Keys are taken."""
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """The lab's own key, for the lab's own account."""
        account = self._appliance.account
        is_right = username == account.username and key == account.public_key
        return self._admit(is_right)

    def password_auth_supported(self) -> bool:
        """Passwords are taken when the lab was given one."""
        return bool(self._appliance.account.password)

    def validate_password(self, username: str, password: str) -> bool:
        """The lab's own password."""
        account = self._appliance.account
        return self._admit(username == account.username and password == account.password)

    def _admit(self, is_right: bool) -> bool:
        device = self._appliance.device
        if not is_right or device.faults.refuse_login:
            return False
        device.counters["logins"] += 1
        return True


class _Files(asyncssh.SFTPServer):
    """A file system in memory: flat, private to the appliance, gone with a reboot."""

    def __init__(self, channel: "asyncssh.SSHServerChannel[bytes]", device: Device) -> None:
        super().__init__(channel)
        self._device = device

    def realpath(self, path: bytes) -> bytes:
        """Paths are as given, from the home folder."""
        return path if path.startswith(b"/") else b"/home/vyos/" + path.removeprefix(b"./")

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        """A file to read or write."""
        name = self.realpath(path).decode()
        device = self._device
        if pflags & asyncssh.FXF_WRITE:
            if device.faults.disk_full:
                raise asyncssh.SFTPFailure("No space left on device")
            if pflags & asyncssh.FXF_EXCL and name in device.files:
                raise asyncssh.SFTPFailure("File exists")
            if pflags & asyncssh.FXF_TRUNC or name not in device.files:
                device.files[name] = b""
            return _File(device, name, bytearray(device.files[name]), is_writing=True)
        if name == "/config/config.boot":
            return _File(device, name, bytearray(device.config_boot().encode()))
        if name not in device.files:
            raise asyncssh.SFTPNoSuchFile(f"No such file: {name}")
        return _File(device, name, bytearray(device.files[name]))

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        """A part of a file."""
        assert isinstance(file_obj, _File)  # noqa: S101 - only what `open` gave
        return bytes(file_obj.data[offset : offset + size])

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        """Write a part of a file."""
        assert isinstance(file_obj, _File)  # noqa: S101 - only what `open` gave
        if self._device.faults.disk_full:
            raise asyncssh.SFTPFailure("No space left on device")
        file_obj.data[offset : offset + len(data)] = data
        return len(data)

    def close(self, file_obj: object) -> None:
        """Keep what was written."""
        assert isinstance(file_obj, _File)  # noqa: S101 - only what `open` gave
        if file_obj.is_writing:
            self._device.files[file_obj.name] = bytes(file_obj.data)

    def stat(self, path: bytes) -> asyncssh.SFTPAttrs:
        """Size and kind of a file."""
        name = self.realpath(path).decode()
        if name in ("/", "/tmp", "/config", "/home/vyos"):  # noqa: S108 - a folder of the played file system
            return asyncssh.SFTPAttrs(size=0, permissions=stat.S_IFDIR | 0o755)
        data = self._device.config_boot().encode() if name == "/config/config.boot" else self._device.files.get(name)
        if data is None:
            raise asyncssh.SFTPNoSuchFile(f"No such file: {name}")
        return asyncssh.SFTPAttrs(size=len(data), permissions=stat.S_IFREG | 0o600)

    def lstat(self, path: bytes) -> asyncssh.SFTPAttrs:
        """There are no links."""
        return self.stat(path)

    def fstat(self, file_obj: object) -> asyncssh.SFTPAttrs:
        """Size of an open file."""
        assert isinstance(file_obj, _File)  # noqa: S101 - only what `open` gave
        return asyncssh.SFTPAttrs(size=len(file_obj.data), permissions=stat.S_IFREG | 0o600)

    def setstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        """Modes are taken without a word."""

    def fsetstat(self, file_obj: object, attrs: asyncssh.SFTPAttrs) -> None:
        """Modes are taken without a word."""

    def remove(self, path: bytes) -> None:
        """Delete a file."""
        if self._device.files.pop(self.realpath(path).decode(), None) is None:
            raise asyncssh.SFTPNoSuchFile("No such file")


@dataclass(slots=True)
class _File:
    device: Device
    name: str
    data: bytearray
    is_writing: bool = False
