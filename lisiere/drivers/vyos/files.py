"""Files of an appliance, moved by programs of its own over a channel beside the shell.

Three round trips a file where SFTP takes six, and nothing of it is echoed or kept in the history of a shell.
"""

import contextlib
import secrets

import paramiko  # type: ignore[import-untyped]

from lisiere.errors import DeviceError

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
        reason = "it did not take all of it"
        try:
            # `dd` makes the file only if there is none; a shell's own means for that is a word of VyOS's, too.
            command = f"umask 077 && dd of={path} bs=64k conv=excl status=none && wc -c < {path}"
            status, said = self._run(command, data)
            if status == 0 and said.strip() == str(len(data)):
                return path
            reason = " ".join(said.split())[:200] or f"exit status {status}"
        except TimeoutError:
            raise
        except FOREIGN as exc:
            if not self._connection.is_active():
                raise
            reason = str(exc) or reason
        with contextlib.suppress(*FOREIGN):
            self.remove(path)
        raise DeviceError(self._host, f"the configuration could not be uploaded: {reason}")

    def download(self, path: str) -> str:
        """The text of a file. Raises DeviceError when it cannot be read."""
        status, said = self._run(f"cat {path}")
        if status != 0:
            raise DeviceError(self._host, f"{path} could not be read: {' '.join(said.split())[:200]}")
        return said

    def remove(self, path: str) -> None:
        """Delete a file, if it is there."""
        self._run(f"rm -f {path}")

    def _run(self, command: str, data: bytes = b"") -> tuple[int, str]:
        """Carry out a command of the system: its exit status and what it said. -1: it ended without one."""
        channel = self._connection.open_session(timeout=self._timeout_s)
        try:
            channel.settimeout(self._timeout_s)
            channel.set_combine_stderr(True)
            channel.exec_command(command)
            channel.sendall(data)
            channel.shutdown_write()
            said = bytearray()
            while piece := channel.recv(CHUNK_BYTES):
                said += piece
            return (channel.recv_exit_status() if channel.status_event.wait(self._timeout_s) else -1), said.decode()
        finally:
            channel.close()
