"""A socket that paramiko reads in few system calls: it asks for a handful of bytes at a time, this one fetches many."""

import contextlib
import socket

CHUNK_BYTES = 65536
POLL_S = 2.0


class BufferedSocket:
    """The part of a socket's interface that paramiko's transport uses, with a read buffer.

    paramiko wakes every tenth of a second to look whether it was closed; `close` wakes it here, so it sleeps longer.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket, self._buffer = sock, memoryview(b"")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def recv(self, size: int) -> bytes:
        """At most `size` bytes, from the buffer when it holds any."""
        if not self._buffer:
            self._buffer = memoryview(self._socket.recv(CHUNK_BYTES))
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return bytes(data)

    def send(self, data: bytes) -> int:
        """Send what the socket takes."""
        return self._socket.send(data)

    def settimeout(self, timeout_s: float | None) -> None:
        """Set the timeout, not below the polling interval."""
        self._socket.settimeout(None if timeout_s is None else max(timeout_s, POLL_S))

    def gettimeout(self) -> float | None:
        """The timeout in force."""
        return self._socket.gettimeout()

    def fileno(self) -> int:
        """The file descriptor."""
        return self._socket.fileno()

    def getpeername(self) -> object:
        """The other end."""
        return self._socket.getpeername()

    @property
    def _closed(self) -> bool:
        """Asked by paramiko's transport when it stops."""
        return self._socket.fileno() < 0

    def close(self) -> None:
        """Close, waking a reader that waits in another thread."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
