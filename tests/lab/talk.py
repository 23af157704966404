"""A plain SSH client for the tests of the lab: what a person at a keyboard would see, byte for byte."""

import io
import re
import socket
import time
from types import TracebackType
from typing import Self

import paramiko  # type: ignore[import-untyped]

from lab.fleet import Handle, Lab

PROMPT = re.compile(rb"(?:^|[\r\n])[\w.-]+@[\w.-]+(?::~\$|#) $")
TIMEOUT_S = 10.0


class Talk:
    """One login. `raw` holds everything that was printed."""

    def __init__(self, lab: Lab, name: str, *, rows: int = 0, wait_s: float = TIMEOUT_S) -> None:
        self._handle: Handle = lab[name]
        sock = socket.create_connection((self._handle.host, self._handle.port), TIMEOUT_S)
        self.transport = paramiko.Transport(sock)
        self.raw = b""
        try:
            self.transport.start_client(timeout=TIMEOUT_S)
            self.transport.auth_publickey(lab.username, paramiko.PKey.from_path(lab.key_file))
            self._shell = self.transport.open_session(timeout=TIMEOUT_S)
            self._shell.get_pty("vt100", width=200, height=rows or 24)
            self._shell.invoke_shell()
            self.greeting = self.until(PROMPT, wait_s=wait_s)
            if not rows:
                self.ask("set terminal length 0")
        except BaseException:
            self.transport.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.transport.close()

    def send(self, keys: str) -> None:
        """Type."""
        self._shell.sendall(keys.encode())

    def until(self, pattern: re.Pattern[bytes], *, wait_s: float = TIMEOUT_S) -> str:
        """Read until what was printed since ends with a pattern.

        EOFError: the session ended before. TimeoutError: nothing came.
        """
        data = b""
        deadline = time.monotonic() + TIMEOUT_S
        self._shell.settimeout(wait_s)
        while not pattern.search(data):
            assert time.monotonic() < deadline, data
            more = self._shell.recv(65536)
            if not more:
                raise EOFError(data.decode())
            data += more
        self.raw += data
        return data.decode()

    def ask(self, line: str) -> str:
        """The answer to a line, without echo and prompt, line ends as on Linux."""
        self.send(f"{line}\n")
        text = self.until(PROMPT).replace("\r", "")
        echo, _, rest = text.partition("\n")
        assert echo == line
        answer, _, _ = rest.rpartition("\n")
        return re.sub(r"(?:^|\n)\[edit[^\]\n]*\]$", "", answer)

    def ask_all(self, *lines: str) -> list[str]:
        """The answers to lines."""
        return [self.ask(line) for line in lines]

    def put(self, path: str, text: str) -> None:
        """Upload a file."""
        with paramiko.SFTPClient.from_transport(self.transport) as sftp:
            sftp.putfo(io.BytesIO(text.encode()), path)

    def get(self, path: str) -> str:
        """Download a file."""
        content = io.BytesIO()
        with paramiko.SFTPClient.from_transport(self.transport) as sftp:
            sftp.getfo(path, content)
        return content.getvalue().decode()


def wait_until(claim: "object", *, timeout_s: float = TIMEOUT_S) -> None:
    """Wait until a claim (a callable) holds."""
    assert callable(claim)
    deadline = time.monotonic() + timeout_s
    while not claim():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)
