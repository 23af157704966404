"""The conversation with VyOS's shell: one prompt counted for each line sent, so that no answer is taken for another.

A subclass of netmiko's VyOS session without its timed waits: it sends a batch of lines in one write and blocks until as
many prompts have come. What is not understood ends the session, because whatever followed would be read out of step.
"""

import contextlib
import secrets
import time
from collections.abc import Callable, Sequence
from typing import NoReturn

import paramiko  # type: ignore[import-untyped]
from netmiko.channel import SSHChannel
from netmiko.vyos.vyos_ssh import VyOSSSH

from lisiere.drivers import ssh
from lisiere.drivers.channel import FOREIGN, Channel
from lisiere.drivers.ssh import Endpoint
from lisiere.drivers.vyos.files import ROUND_TRIPS, Files
from lisiere.drivers.vyos.replies import Reply, prompt_of
from lisiere.errors import DeviceError, MisreadError, SessionLostError

COLUMNS, ROWS = 4096, 1000
MAX_LINE = 4000
"""Longest line sent: a terminal takes 4095 bytes of a line, whatever is typed."""
AHEAD_BYTES = 4000
"""Most that is typed ahead: what a terminal cannot take at once, it echoes later, into the middle of answers."""
CHUNK_BYTES = 65536


class VyOSTransport(VyOSSSH):
    """One shell on one appliance.

    Raises on opening what `lisiere.drivers.ssh.connect` raises; afterwards SessionLostError when the session ends, and
    MisreadError when an answer is not the one to what was asked.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.round_trips = 0
        """How often something was waited for since the shell was there."""
        self.is_configuring = False
        self._shell: paramiko.Channel | None = None
        self._prompt = prompt_of(endpoint.username)
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
        self._receive(Reply(self._prompt, [""]), self.endpoint.timeout_s, "the first prompt")

    # ---- asking --------------------------------------------------------------------------------------------------

    def ask(self, line: str, *, timeout_s: float | None = None) -> str:
        """Send one line and return the answer to it, without echo and prompt."""
        return self.ask_all([line], timeout_s=timeout_s)[0]

    def ask_sealed(self, lines: Sequence[str], *, timeout_s: float | None = None) -> list[str]:
        """The same for answers that may hold anything: a random mark printed behind them proves that they are whole."""
        seal = secrets.token_hex(8)
        *answers, mark = self.ask_all([*lines, f"echo {seal}"], timeout_s=timeout_s)
        if mark != seal:
            self._misread(f"the end of the answer to {_verb(lines[-1])} is not marked")
        return answers

    def ask_all(self, lines: Sequence[str], *, timeout_s: float | None = None, needed: int | None = None) -> list[str]:
        """Send lines, as many in one write as a terminal holds, and return one answer for each.

        Args:
            lines: What to send.
            timeout_s: How long each write may wait for its answers.
            needed: When the session ends after so many answers, those that came are returned, and no error is raised.
        """
        answers: list[str] = []
        for batch in _batches(lines):
            asked, reply = _verb(batch[-1]), Reply(self._prompt, batch)
            self._send(batch)
            try:
                self._receive(reply, timeout_s or self.endpoint.timeout_s, asked)
            except SessionLostError:
                if needed is None or len(answers := [*answers, *self._texts(reply, asked)]) < needed:
                    raise
                return answers
            answers += self._texts(reply, asked)
        return answers

    def ask_and_agree(
        self, lines: Sequence[str], agrees: Callable[[Sequence[str]], bool], *, timeout_s: float
    ) -> list[str]:
        """Send lines of which the last one may ask `Proceed ?`, and say yes to it, or no.

        Args:
            lines: What to send.
            agrees: Told the answers before the question; says whether to go on.
            timeout_s: How long to wait, before the question and after it.
        """
        asked, reply = _verb(lines[-1]), Reply(self._prompt, lines)
        self._send(lines)
        self._receive(reply, timeout_s, asked)
        if not reply.is_complete:
            self._write(b"y\n" if agrees(self._texts(reply, asked)) else b"n\n")
            self._receive(reply, timeout_s, asked, is_answered=True)
        return self._texts(reply, asked)

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
        """Put a text into a private file under a random name; returns its path."""
        try:
            return self._files().upload(text)
        except FOREIGN as exc:
            self._translate(exc, "the configuration could not be uploaded")

    def download(self, path: str) -> str:
        """The text of a file on the appliance."""
        try:
            return self._files().download(path)
        except FOREIGN as exc:
            self._translate(exc, f"{path} could not be read")

    def remove(self, path: str) -> None:
        """Delete a file. A session that is gone is no error here: there is nobody left to tell."""
        if self.is_open():
            with contextlib.suppress(*FOREIGN):
                self._files().remove(path)

    def _files(self) -> Files:
        if self._shell is None:
            raise SessionLostError(self.endpoint.name, "there is no open session")
        self.round_trips += ROUND_TRIPS
        return Files(Channel(self.remote_conn_pre, self.endpoint.timeout_s), self.endpoint.name)

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

    def _receive(self, reply: Reply, timeout_s: float, asked: str, *, is_answered: bool = False) -> None:
        """Read until a reply is complete, or asks what was not answered yet."""
        deadline = time.monotonic() + timeout_s
        while not reply.is_complete and (is_answered or not reply.is_asking):
            piece = self._next(deadline, asked)
            try:
                reply.feed(piece)
            except ValueError as exc:
                self._misread(f"{exc}, asked for {asked}")
        if reply.is_complete:
            self.is_configuring = reply.is_configuring

    def _texts(self, reply: Reply, asked: str) -> list[str]:
        try:
            return reply.texts()
        except ValueError as exc:
            self._misread(f"{exc}, asked for {asked}")

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

    def _misread(self, message: str) -> NoReturn:
        self.disconnect()
        raise MisreadError(self.endpoint.name, message)

    def _translate(self, exc: Exception, message: str) -> NoReturn:
        """Turn a foreign exception into ours: a session that stands was refused something, else it was lost."""
        if self.is_open() and not isinstance(exc, TimeoutError | EOFError):
            raise DeviceError(self.endpoint.name, f"{message}: {exc}") from exc
        self.disconnect()
        raise SessionLostError(self.endpoint.name, message) from exc


def _batches(lines: Sequence[str]) -> list[list[str]]:
    """Lines in groups that a terminal takes in one write."""
    batches: list[list[str]] = []
    left = 0
    for line in lines:
        size = len(line.encode()) + 1
        if size > left:
            batches.append([])
            left = AHEAD_BYTES
        batches[-1].append(line)
        left -= size
    return batches


def _verb(line: str) -> str:
    """The part of a command that can be shown: its first two words, which never hold a value."""
    return repr(" ".join(line.split()[:2]))
