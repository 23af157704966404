"""One command over one channel of an SSH connection: what goes in, what comes out, and how it ended."""

import paramiko  # type: ignore[import-untyped]

CHUNK_BYTES = 65536
FOREIGN = (paramiko.SSHException, OSError, EOFError)
"""What the library raises for a session that fails."""


class Channel:
    """Runs commands. Raises `FOREIGN` when the session fails; who calls knows what that means."""

    def __init__(self, connection: paramiko.Transport, timeout_s: float) -> None:
        self._connection, self._timeout_s = connection, timeout_s

    def run(self, command: str, data: bytes = b"", *, timeout_s: float | None = None) -> tuple[int, bytes, bytes]:
        """Exit status, output and complaints of a command. EOFError: it ended without a status."""
        patience_s = timeout_s or self._timeout_s
        channel = self._connection.open_session(timeout=self._timeout_s)
        try:
            channel.settimeout(patience_s)
            channel.exec_command(command)
            _hand_over(channel, data)
            said = bytearray()
            while piece := channel.recv(CHUNK_BYTES):
                said += piece
            if not channel.status_event.wait(patience_s) or (status := channel.recv_exit_status()) < 0:
                raise EOFError(f"no exit status of {command.split(maxsplit=1)[0]}")
            complaints = bytearray()
            while channel.recv_stderr_ready() and (piece := channel.recv_stderr(CHUNK_BYTES)):
                complaints += piece
            return status, bytes(said), bytes(complaints)
        finally:
            channel.close()


def _hand_over(channel: paramiko.Channel, data: bytes) -> None:
    """Type all of it; a command that ended before is no error here, for it says why."""
    try:
        channel.sendall(data)
        channel.shutdown_write()
    except TimeoutError:
        raise
    except OSError:
        return
