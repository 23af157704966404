"""The conversation with an appliance's script: one command a channel, its exit status, and a random mark at the end."""

import contextlib
import json
import re
import secrets
from typing import NoReturn

import paramiko  # type: ignore[import-untyped]

from lisiere.drivers import ssh
from lisiere.drivers.channel import FOREIGN, Channel
from lisiere.drivers.debian.bootstrap import SCRIPT
from lisiere.drivers.debian.parse import Answer
from lisiere.drivers.ssh import Endpoint
from lisiere.errors import DeviceError, MisreadError, SessionLostError

_WORD = re.compile(r"[a-z0-9_]{1,40}")


class EdgeTransport:
    """One SSH connection to one appliance.

    Raises on opening what `lisiere.drivers.ssh.connect` raises; afterwards SessionLostError when the session ends, and
    MisreadError when an answer is not the one to what was asked.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.round_trips = 0
        """How often an answer was waited for since the session was open."""
        self._connection: paramiko.Transport | None = ssh.connect(endpoint)

    def ask(self, *words: str, text: str = "", timeout_s: float | None = None) -> Answer:
        """Have one command carried out.

        Args:
            words: The command and its arguments.
            text: What it reads.
            timeout_s: How long it may take.
        """
        if bad := [word for word in words if not _WORD.fullmatch(word)]:
            raise DeviceError(self.endpoint.name, f"a word that the script does not know: {bad[0]!r}")
        seal = secrets.token_hex(8)
        line = f"sudo -n {SCRIPT} --seal {seal} {' '.join(words)}"
        status, said, complaints = self._run(line, text.encode(), timeout_s, words[0])
        body, _, mark = said.decode(errors="replace").rstrip("\n").rpartition("\n@@ ")
        if mark != seal and status in (0, 1) and not complaints:
            self._misread(f"the end of the answer to {words[0]} is not marked")
        if mark != seal:
            words_of_sudo = " ".join(complaints.decode(errors="replace").split())[:200]
            raise DeviceError(
                self.endpoint.name,
                f"cannot run {SCRIPT} ({words_of_sudo or f'exit status {status}'}); was it prepared for Lisière?",
            )
        return self._read(body, status, words[0])

    def is_open(self) -> bool:
        """Whether the connection stands, as far as we know without asking."""
        return self._connection is not None and bool(self._connection.is_active())

    def disconnect(self) -> None:
        """Hang up."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _run(self, line: str, data: bytes, timeout_s: float | None, asked: str) -> tuple[int, bytes, bytes]:
        if self._connection is None:
            raise SessionLostError(self.endpoint.name, "there is no open session")
        self.round_trips += 1
        try:
            return Channel(self._connection, self.endpoint.timeout_s).run(line, data, timeout_s=timeout_s)
        except TimeoutError:
            return self._misread(f"no complete answer to {asked} in time")
        except FOREIGN as exc:
            self.disconnect()
            reason = f"the session ended before the answer to {asked} was complete"
            raise SessionLostError(self.endpoint.name, reason) from exc

    def _read(self, body: str, status: int, asked: str) -> Answer:
        if status not in (0, 1):
            self._misread(f"{asked} ended with exit status {status}")
        found: object = None
        with contextlib.suppress(ValueError):
            found = json.loads(body)
        if isinstance(found, dict):
            return found
        return self._misread(f"the answer to {asked} is not what the script gives")

    def _misread(self, message: str) -> NoReturn:
        self.disconnect()
        raise MisreadError(self.endpoint.name, message)
