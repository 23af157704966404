"""A process that works for another one: it takes orders over a socket, and ends when that one does.

`python -m nornir_tasks.hand FD [FD …]` imports what the work needs, once, and becomes one process for each socket. It
opens no records and asks no terminal. Once its socket is closed it ends at once, in the middle of anything: what it
holds are sessions, and an appliance whose commit is not confirmed goes back by itself.
"""

import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from importlib import import_module
from itertools import count
from typing import NoReturn, Protocol, cast

from nornir_tasks.calm import settle_down
from nornir_tasks.home import portable, unpack
from nornir_tasks.messages import Begun, Call, Done, Ended, Line, Replies, Reply, Stop, Surprise, Work

NEEDED = ("nornir_tasks.fleet", "nornir_tasks.settling", "nornir_tasks.planning", "lisiere.drivers.vyos.driver")
"""Imported before the work is there: together more than a second."""


class Order(Protocol):
    """What arrives as work."""

    def carry_out(self, post: "Post") -> None:
        """Do it, telling the post of each host."""
        ...


class Post:
    """What an order may ask of this process: to be told of a stop, and to pass on what came of each host."""

    def __init__(self, hand: "Hand") -> None:
        self._hand, self.stop = hand, threading.Event()

    def begin(self, host: str) -> None:
        """Say that the work on a host begins."""
        self._hand.say(Begun(host))

    def done(self, host: str, answer: object) -> None:
        """Say what came of a host."""
        try:
            self._hand.say(Done(host, answer))
        except OSError:
            raise
        except Exception as exc:  # noqa: BLE001 - an answer that cannot be pickled
            self.surprise(host, exc)

    def surprise(self, host: str, error: BaseException) -> None:
        """Pass on what nobody foresaw."""
        self._hand.say(Surprise(host, portable(error)))


class Hand:
    """This process, at its end of the line."""

    def __init__(self, line: Line) -> None:
        self._line, self._door = line, threading.Lock()
        self._numbers = count()
        self._waiting: dict[int, Future[object]] = {}
        self._post = Post(self)

    def serve(self) -> None:
        """Take orders and answers until the other end is gone."""
        while True:
            try:
                message = self._line.receive()
            except (EOFError, OSError):
                return
            if isinstance(message, Replies):
                self._settle(message)
            elif isinstance(message, Stop):
                self._post.stop.set()
            elif isinstance(message, Work):
                self._post = Post(self)
                threading.Thread(target=self._work, args=(message, self._post), name="work", daemon=True).start()

    def say(self, message: object) -> None:
        """Send a message; from any thread."""
        with self._door:
            self._line.send(message)

    def call(self, home: int, method: str, args: tuple[object, ...]) -> object:
        """Call what stayed at home, and wait for the answer."""
        future: Future[object] = Future()
        number = next(self._numbers)
        self._waiting[number] = future
        self.say(Call(number, home, method, args))
        return future.result()

    def _settle(self, replies: Replies) -> None:
        for reply in map(Reply.unpack, replies.packed):
            future = self._waiting.pop(reply.number)
            if reply.error is None:
                future.set_result(reply.value)
            else:
                future.set_exception(reply.error)

    def _work(self, work: Work, post: Post) -> None:
        try:
            cast("Order", unpack(work.order, self.call)).carry_out(post)
        except BaseException as exc:  # noqa: BLE001 - flies on at the other end
            post.surprise("", exc)
        self.say(Ended())


def main() -> NoReturn:
    """Become one process for each socket named on the command line."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # Who works for another one is told by that one.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for name in NEEDED:
        import_module(name)
    gc.collect()
    settle_down()
    end = _own_end([socket.socket(fileno=int(number)) for number in sys.argv[1:]])
    try:
        Hand(Line(end)).serve()
    finally:
        os._exit(0)


def _own_end(ends: Sequence[socket.socket]) -> socket.socket:
    """Become as many processes as there are sockets; each keeps its own only, so that the end of one is seen."""
    own = ends[0]
    for end in ends[1:]:
        if os.fork() == 0:
            own = end
            break
    for end in ends:
        if end is not own:
            end.close()
    return own


if __name__ == "__main__":
    main()
