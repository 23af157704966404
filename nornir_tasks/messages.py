"""What a process and those that work for it say to each other, over a pair of sockets; pickled, between our own."""

import pickle
import socket
from contextlib import suppress
from multiprocessing.connection import Connection
from os import dup
from typing import NamedTuple


class Work(NamedTuple):
    """Do this: a packed order, see `nornir_tasks.home.pack`."""

    order: bytes


class Stop(NamedTuple):
    """Begin with no other host; end what is under way."""


class Reply(NamedTuple):
    """The answer to a call, or the error that it raised."""

    number: int
    value: object
    error: BaseException | None

    def pack(self) -> bytes:
        """Pickle it; a value that cannot be pickled is an error for the one who waits."""
        try:
            return pickle.dumps(self, pickle.HIGHEST_PROTOCOL)
        except Exception as exc:  # noqa: BLE001 - whatever a value does when it is pickled
            return pickle.dumps(Reply(self.number, None, RuntimeError(type(exc).__qualname__)))

    @staticmethod
    def unpack(packed: bytes) -> "Reply":
        """What was packed."""
        reply: Reply = pickle.loads(packed)  # noqa: S301 - from a process of ours
        return reply


class Replies(NamedTuple):
    """Answers that were there at the same time."""

    packed: tuple[bytes, ...]


class Call(NamedTuple):
    """Call something that stayed at home, and reply."""

    number: int
    home: int
    method: str
    args: tuple[object, ...]


class Begun(NamedTuple):
    """The work on a host begins now."""

    host: str


class Done(NamedTuple):
    """The work on a host has ended."""

    host: str
    answer: object


class Surprise(NamedTuple):
    """Something that nobody foresaw; `host` is empty when it was not one host's."""

    host: str
    error: BaseException


class Ended(NamedTuple):
    """All of an order is done."""


class Line:
    """One end of the way between two processes. One thread may receive, one may send."""

    def __init__(self, end: socket.socket) -> None:
        self._socket, self._connection = end, Connection(dup(end.fileno()))

    def send(self, message: object) -> None:
        """Send one message. OSError: the other end is gone."""
        self._connection.send_bytes(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))

    def receive(self) -> object:
        """Wait for the next message. EOFError or OSError: the other end is gone, or this one was hung up."""
        return pickle.loads(self._connection.recv_bytes())  # noqa: S301 - from a process of ours

    def hang_up(self) -> None:
        """End it, waking whoever waits at either end."""
        with suppress(OSError):  # The other end may have been faster.
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
