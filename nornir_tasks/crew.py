"""The processes that work for this one: started once, early, and kept for as long as there is work for them.

One process keeps all sessions in threads that share one core. A crew has a core for each of its processes, and this one
coordinates: it alone holds the records, the brake and the terminal.
"""

import os
import socket
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Lock, Thread
from types import TracebackType
from typing import Self

from nornir_tasks.crew_hand import CrewHand, Task
from nornir_tasks.home import pack
from nornir_tasks.messages import Line
from nornir_tasks.stopping import Stop

FROM_HOSTS = 64
"""Below this, starting processes takes longer than they save."""

PRIVATE = "LISIERE_"
"""Settings stay here: a process of the crew is told what it needs."""

Tell = Callable[[str, object], None]


@dataclass(frozen=True, slots=True)
class Share:
    """What one process is to do: an order that can be pickled, and the hosts that it is about."""

    hosts: tuple[str, ...]
    order: object


@dataclass(frozen=True, slots=True)
class Ended:
    """How a piece of work ended.

    Args:
        surprises: Exceptions that nobody foresaw, with the name of the host, "" where it was not one host's.
        lost: Hosts whose process died, and whether it had begun with them.
    """

    surprises: tuple[tuple[str, BaseException], ...]
    lost: dict[str, bool]


class Crew:
    """Processes to deal work to. Nothing is started before it is needed.

    Args:
        processes: How many; with one, all work stays in this process.
        from_hosts: From how many appliances on it is started.
    """

    def __init__(self, processes: int, *, from_hosts: int = FROM_HOSTS) -> None:
        self.processes, self._from_hosts = processes, from_hosts
        self._hands: list[CrewHand] = []
        self._is_closed = False
        self._door, self._turn = Lock(), Lock()
        self._end: Callable[[], None] = lambda: None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def get_ready(self, hosts: int) -> bool:
        """Start, if so many appliances are worth it; whether the crew is there to be worked with.

        A crew that is there takes everything: this process then never loads what speaks to appliances.
        """
        with self._door:
            if self._is_closed or self.processes < 2:
                return False
            if not self._hands and hosts >= self._from_hosts:
                self._start()
            return bool(self._hands)

    def _start(self) -> None:
        """Start the processes; where the system has none left, this one does without."""
        try:
            process, ends = _processes(self.processes)
        except OSError:
            self._is_closed = True
            return
        self._hands = [CrewHand(Line(end)) for end in ends]
        self._end = weakref.finalize(self, _end, process, self._hands)
        for hand in self._hands:
            Thread(target=hand.receive, name="crew answers", daemon=True).start()
            Thread(target=hand.send, name="crew orders", daemon=True).start()

    def work(self, shares: Sequence[Share], *, stop: Stop, tell: Tell) -> Ended:
        """Have work done by as many processes as there are shares, and wait for its end.

        Args:
            shares: What each is to do; as many as there are processes, or fewer.
            stop: Once set, no process begins with another host.
            tell: Told what came of each host; from any thread.
        """
        with self._turn, ExitStack() as stack:
            hands = self._hands[: len(shares)]
            stack.callback(self._let_go, hands)
            stack.enter_context(_cut_on_escape(self))
            tasks = [_hand_over(hand, share, tell) for hand, share in zip(hands, shares, strict=True)]
            stack.enter_context(stop.telling(lambda: _pass_on(hands)))
            for task in tasks:
                task.has_ended.wait()
            return Ended(
                surprises=tuple(surprise for task in tasks for surprise in task.surprises),
                lost={host: host in task.begun for task in tasks for host in task.left},
            )

    def close(self) -> None:
        """End the processes, whatever they do; a crew that was closed is not started again."""
        with self._door:
            self._is_closed = True
            self._hands = []
        self._end()

    def _let_go(self, hands: Sequence[CrewHand]) -> None:
        """A crew that lost a process is not worked with any more: this process can do without it."""
        if any(hand.is_dead for hand in hands):
            self.close()


@contextmanager
def _cut_on_escape(crew: Crew) -> Iterator[None]:
    """Cut the lines when an exception leaves the block: nothing goes on that nobody waits for."""
    try:
        yield
    except BaseException:
        crew.close()
        raise


def _hand_over(hand: CrewHand, share: Share, tell: Tell) -> Task:
    order, staying = pack(share.order)
    task = Task(share.hosts, staying, tell)
    hand.begin(task, order)
    return task


def _pass_on(hands: Sequence[CrewHand]) -> None:
    for hand in hands:
        hand.stop()


def _processes(number: int) -> tuple["subprocess.Popen[bytes]", list[socket.socket]]:
    """Start the process that becomes all of them; the ends of their lines that are ours."""
    pairs = [socket.socketpair() for _ in range(number)]
    theirs = [their.fileno() for _, their in pairs]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PRIVATE)}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    debug = bool(os.environ.get("LISIERE_DEBUG"))
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "nornir_tasks.hand", *map(str, theirs)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=None if debug else subprocess.DEVNULL,
        env=environment,
        pass_fds=theirs,
        start_new_session=True,
    )
    for _, their in pairs:
        their.close()
    return process, [our for our, _ in pairs]


def _end(process: "subprocess.Popen[bytes]", hands: Sequence[CrewHand]) -> None:
    """Cut the lines and see the first process off, also where it has not come to looking at its line yet."""
    for hand in hands:
        hand.hang_up()
    process.kill()
    process.wait()
