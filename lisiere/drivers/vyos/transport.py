"""The conversation with VyOS's shell: one prompt counted for each line sent, so that no answer is taken for another.

A subclass of netmiko's VyOS session without its timed waits: it sends a batch of lines in one write and blocks until as
many prompts have come. What is not understood ends the session, because whatever followed would be read out of step.
"""

import contextlib
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from typing import NoReturn

import paramiko  # type: ignore[import-untyped]
from netmiko.channel import SSHChannel
from netmiko.vyos.vyos_ssh import VyOSSSH

from lisiere.drivers import ssh
from lisiere.drivers.ssh import Endpoint
from lisiere.errors import DeviceError, MisreadError, SessionLostError

COLUMNS, ROWS = 4096, 1000
MAX_LINE = 4000
"""Longest line sent: a terminal takes 4095 bytes of a line, whatever is typed."""
CHUNK_BYTES = 65536
LONGEST_PROMPT = 512
"""Bytes of a prompt or a question at the most: what stands further back was looked through already."""
QUESTION = re.compile(rb"Proceed \? \[Y/n\] ?\Z")
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07)")
_EDIT_LEVEL = re.compile(r"(?:\A|\n)\[edit[^\]\n]*\]\n\Z")


class VyOSTransport(VyOSSSH):
    """One shell on one appliance.

    Raises on opening what `lisiere.drivers.ssh.connect` raises; afterwards SessionLostError when the session ends, and
    MisreadError when an answer is not the one to what was asked.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.round_trips = 0
        self.is_configuring = False
        self._shell: paramiko.Channel | None = None
        self._prompt = re.compile(re.escape(endpoint.username.encode()) + rb"@[A-Za-z0-9._-]+(?::[^\s#$]*\$|#) ")
        super().__init__(
            host=endpoint.address,
            port=endpoint.port,
            username=endpoint.username,
            device_type="vyos",
            timeout=int(endpoint.timeout_s),
        )

    # ---- netmiko's two steps of opening --------------------------------------------------------------------------

    def establish_connection(self, width: int = COLUMNS, height: int = ROWS) -> None:
        """Connect, check the pinned key, log in, start a shell wide enough that no line is ever folded."""
        self.remote_conn_pre = ssh.connect(self.endpoint)
        try:
            shell = self.remote_conn_pre.open_session(timeout=self.endpoint.timeout_s)
            shell.get_pty("vt100", width=width, height=height)
            shell.invoke_shell()
        except (paramiko.SSHException, OSError, EOFError) as exc:
            self.remote_conn_pre.close()
            raise SessionLostError(self.endpoint.name, "the session ended before a shell was there") from exc
        self._shell = self.remote_conn = shell
        self.channel = SSHChannel(conn=shell, encoding=self.encoding)

    def _try_session_preparation(self, force_data: bool = True) -> None:
        """Without netmiko's line feed, whose prompt would be taken for the answer to what is asked next."""
        del force_data
        super()._try_session_preparation(force_data=False)

    def session_preparation(self) -> None:
        """Wait for the first prompt; nothing is sent."""
        greeting = self._receive(prompts=1, timeout_s=self.endpoint.timeout_s, asked="the first prompt")
        self.base_prompt = greeting.rstrip().rpartition(b"\n")[2].decode(errors="replace").partition(":")[0]

    # ---- asking --------------------------------------------------------------------------------------------------

    def ask(self, line: str, *, timeout_s: float | None = None) -> str:
        """Send one line and return the answer to it, without echo and prompt."""
        return self.ask_all([line], timeout_s=timeout_s)[0]

    def ask_all(self, lines: Sequence[str], *, timeout_s: float | None = None) -> list[str]:
        """Send lines in one write and return one answer for each.

        The last answer is exact. In the others a terminal may echo lines that were typed ahead; those are taken out.
        """
        if not lines:
            return []
        asked = _verb(lines[-1])
        self._send(lines)
        data = self._receive(prompts=len(lines), timeout_s=timeout_s or self.endpoint.timeout_s, asked=asked)
        return [self._answer(raw, lines[at:], asked) for at, raw in enumerate(self._parts(data))]

    def ask_and_confirm(self, line: str, *, timeout_s: float) -> str:
        """Send a line that asks `Proceed ?`, say yes, and return the whole answer; it may not ask at all."""
        self._send([line])
        asked = _verb(line)
        data = self._receive(prompts=1, timeout_s=timeout_s, asked=asked, until=QUESTION)
        if QUESTION.search(data):
            self._write(b"y\n")
            data += b"\n" + self._receive(prompts=1, timeout_s=timeout_s, asked=asked)
        return self._answer(self._parts(data)[0], [line], asked)

    def is_open(self) -> bool:
        """Whether the connection stands, as far as we know without asking."""
        link = self.remote_conn_pre
        return self._shell is not None and not self._shell.closed and link is not None and bool(link.is_active())

    def disconnect(self) -> None:
        """Leave without ceremony: an unfinished candidate goes with the session."""
        self._shell = None
        super().disconnect()

    def cleanup(self, command: str = "") -> None:
        """Nothing to say before leaving."""

    # ---- files ---------------------------------------------------------------------------------------------------

    def upload(self, text: str) -> str:
        """Put a text into a file that only our account can read, under a random name; returns its path."""
        path = f"/tmp/lisiere-{secrets.token_hex(16)}"  # noqa: S108 - made exclusively, private before it has content
        try:
            with self._files().open(path, "wx") as file:
                file.chmod(0o600)
                file.set_pipelined(True)
                file.write(text)
        except (paramiko.SSHException, OSError, EOFError) as exc:
            self._translate(exc, "the configuration could not be uploaded")
        return path

    def download(self, path: str) -> str:
        """The text of a file on the appliance."""
        try:
            with self._files().open(path, "r") as file:
                file.prefetch()
                return bytes(file.read()).decode()
        except (paramiko.SSHException, OSError, EOFError) as exc:
            self._translate(exc, f"{path} could not be read")

    def remove(self, path: str) -> None:
        """Delete a file. A session that is gone is no error here: there is nobody left to tell."""
        with contextlib.suppress(paramiko.SSHException, OSError, EOFError):
            if self.is_open():
                self._files().remove(path)

    def _files(self) -> paramiko.SFTPClient:
        """The one SFTP session beside the shell, opened when first needed and closed with the connection."""
        files: paramiko.SFTPClient | None = self.__dict__.get("_sftp")
        if files is None or files.sock.closed:
            files = paramiko.SFTPClient.from_transport(self.remote_conn_pre)
            if files is None:
                raise paramiko.SSHException("no SFTP session")
            self.__dict__["_sftp"] = files
        return files

    # ---- the wire ------------------------------------------------------------------------------------------------

    def _send(self, lines: Sequence[str]) -> None:
        for line in lines:
            if len(line) > MAX_LINE or "\n" in line or not line.isprintable():
                raise DeviceError(
                    self.endpoint.name, f"a line that no terminal takes (too long or unprintable): {_verb(line)}"
                )
        self._write("".join(f"{line}\n" for line in lines).encode())

    def _write(self, data: bytes) -> None:
        if self._shell is None:
            raise SessionLostError(self.endpoint.name, "there is no open session")
        self.round_trips += 1
        try:
            self._shell.settimeout(self.endpoint.timeout_s)
            self._shell.sendall(data)
        except (OSError, EOFError, paramiko.SSHException) as exc:
            self._translate(exc, "the session ended while a command was sent")

    def _receive(self, *, prompts: int, timeout_s: float, asked: str, until: re.Pattern[bytes] | None = None) -> bytes:
        """Read until as many prompts have come as are due, the last one at the very end (or `until` matches)."""
        data, seen, at, end = bytearray(), 0, 0, 0
        deadline = time.monotonic() + timeout_s
        while True:
            data += self._next(deadline, asked)
            for _, after in self._prompts(data, at):
                seen, end = seen + 1, after
            at = max(end, len(data) - LONGEST_PROMPT)
            if seen > prompts:
                self._misread(f"more answers than questions after {asked}")
            if seen == prompts:
                if end != len(data):
                    self._misread(f"text after the last prompt of the answer to {asked}")
                self.is_configuring = data.endswith(b"# ")
                return bytes(data)
            if until and until.search(data, at):
                return bytes(data)

    def _prompts(self, data: bytes | bytearray, at: int = 0) -> Iterator[tuple[int, int]]:
        """Where prompts begin and end, from a place on; a prompt stands at the beginning of a line."""
        for match in self._prompt.finditer(data, at):
            if match.start() == 0 or data[match.start() - 1] in b"\r\n":
                yield match.span()

    def _parts(self, data: bytes) -> list[bytes]:
        """What stands before each prompt, and after the one before it."""
        starts, parts = 0, []
        for begin, end in self._prompts(data):
            parts.append(data[starts:begin])
            starts = end
        return parts

    def _next(self, deadline: float, asked: str) -> bytes:
        assert self._shell is not None  # noqa: S101 - _write came before
        try:
            self._shell.settimeout(max(deadline - time.monotonic(), 0.001))
            data = self._shell.recv(CHUNK_BYTES)
        except TimeoutError:
            self._misread(f"no complete answer to {asked} in time")
        except (OSError, EOFError, paramiko.SSHException) as exc:
            self._translate(exc, f"the session ended before the answer to {asked} was complete")
        if not data:
            self.disconnect()
            raise SessionLostError(self.endpoint.name, f"the session ended before the answer to {asked} was complete")
        return bytes(data)

    def _answer(self, raw: bytes, lines: Sequence[str], asked: str) -> str:
        """What stands between the echo of the first of `lines` and the next prompt."""
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            self._misread(f"the answer to {asked} is not UTF-8")
        if "\x1b" in text:
            text = _ESCAPES.sub("", text)
        text = text.replace("\r", "")
        line, *ahead = lines
        if not text.startswith(f"{line}\n"):
            self._misread(f"the echo of {asked} is not what was sent")
        text = _EDIT_LEVEL.sub("", text[len(line) + 1 :])
        if ahead:
            later = frozenset(ahead)
            text = "\n".join(part for part in text.split("\n") if part not in later)
        return text.strip("\n")

    def _misread(self, message: str) -> NoReturn:
        self.disconnect()
        raise MisreadError(self.endpoint.name, message)

    def _translate(self, exc: Exception, message: str) -> NoReturn:
        """Turn a foreign exception into ours: a session that stands was refused something, else it was lost."""
        if self.is_open() and not isinstance(exc, TimeoutError | EOFError):
            raise DeviceError(self.endpoint.name, f"{message}: {exc}") from exc
        self.disconnect()
        raise SessionLostError(self.endpoint.name, message) from exc


def _verb(line: str) -> str:
    """The part of a command that can be shown: its first two words, which never hold a value."""
    return repr(" ".join(line.split()[:2]))
