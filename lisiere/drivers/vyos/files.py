"""Files of an appliance, moved by programs of its own over a channel beside the shell.

Three round trips a file where SFTP takes six, and nothing of it is echoed or kept in the history of a shell.
"""

import contextlib
import secrets

import paramiko  # type: ignore[import-untyped]

from lisiere.errors import DeviceError, MisreadError

CHUNK_BYTES = 65536
ROUND_TRIPS = 3
"""A channel is opened, a command granted, its answer waited for."""
FOREIGN = (paramiko.SSHException, OSError, EOFError)
"""What the library below raises for a session that fails."""


class Files:
    """The files of one appliance. Raises `FOREIGN` when the session fails; the transport knows what that means."""

    def __init__(self, connection: paramiko.Transport, host: str, timeout_s: float) -> None:
        self._connection, self._host, self._timeout_s = connection, host, timeout_s

    def upload(self, text: str) -> str:
        """Put a text into a file that only our account can read, under a random name; returns its path.

        Raises:
            DeviceError: The appliance did not take all of it; what it took was deleted.
        """
        path = f"/tmp/lisiere-{secrets.token_hex(16)}"  # noqa: S108 - made exclusively, private before it has content
        data = text.encode()
        # `dd` makes the file only if there is none; a shell's own means for that is a word of VyOS's, too.
        status, said = self._run(f"umask 077 && dd of={path} bs=64k conv=excl status=none && wc -c < {path}", data)
        if status == 0 and said.strip() == str(len(data)).encode():
            return path
        with contextlib.suppress(*FOREIGN):
            self.remove(path)
        reason = _words(said) or f"exit status {status}"
        raise DeviceError(self._host, f"the configuration could not be uploaded: {reason}")

    def download(self, path: str) -> str:
        """The text of a file. Raises DeviceError when it cannot be read, MisreadError when it is no text."""
        status, said = self._run(f"cat {path}")
        if status != 0:
            raise DeviceError(self._host, f"{path} could not be read: {_words(said)}")
        try:
            return said.decode()
        except UnicodeDecodeError:
            raise MisreadError(self._host, f"{path} is not UTF-8") from None

    def remove(self, path: str) -> None:
        """Delete a file, if it is there."""
        self._run(f"rm -f {path}")

    def _run(self, command: str, data: bytes = b"") -> tuple[int, bytes]:
        """Carry out a command of the system: its exit status and what it said. EOFError: it ended without a status."""
        channel = self._connection.open_session(timeout=self._timeout_s)
        try:
            channel.settimeout(self._timeout_s)
            channel.set_combine_stderr(True)
            channel.exec_command(command)
            _hand_over(channel, data)
            said = bytearray()
            while piece := channel.recv(CHUNK_BYTES):
                said += piece
            if not channel.status_event.wait(self._timeout_s) or (status := channel.recv_exit_status()) < 0:
                raise EOFError(f"no exit status of {command.split(maxsplit=1)[0]}")
            return status, bytes(said)
        finally:
            channel.close()


def _words(said: bytes) -> str:
    return " ".join(said.decode(errors="replace").split())[:200]


def _hand_over(channel: paramiko.Channel, data: bytes) -> None:
    """Type all of it; a command that ended before is no error here, for it says why."""
    try:
        channel.sendall(data)
        channel.shutdown_write()
    except TimeoutError:
        raise
    except OSError:
        return
