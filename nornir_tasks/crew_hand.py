"""One process of a crew, as the one that it works for sees it: two threads that receive and send, and one task."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from threading import Event, Lock

from nornir_tasks.home import AtHome, portable
from nornir_tasks.messages import Begun, Call, Done, Ended, Line, Replies, Reply, Stop, Surprise, Work


class Task:
    """What a process was given to do, and how far it is.

    Args:
        hosts: The hosts that it is about.
        staying: What it calls at home, by number.
        tell: Told what came of each host.
    """

    def __init__(self, hosts: Sequence[str], staying: Sequence[AtHome], tell: Callable[[str, object], None]) -> None:
        self.left, self.begun = set(hosts), set[str]()
        self.surprises: list[tuple[str, BaseException]] = []
        self.has_ended = Event()
        self._staying, self._tell = staying, tell

    def take(self, message: object) -> None:
        """Take note of what the process says about its hosts."""
        if isinstance(message, Begun):
            self.begun.add(message.host)
        elif isinstance(message, Done):
            self.left.discard(message.host)
            try:
                self._tell(message.host, message.answer)
            except Exception as exc:  # noqa: BLE001 - flies on where the end is waited for
                self.surprises.append((message.host, exc))
        elif isinstance(message, Surprise):
            self.left.discard(message.host)
            self.surprises.append((message.host, message.error))
        elif isinstance(message, Ended):
            self.left.clear()
            self.has_ended.set()

    def call(self, call: Call) -> object:
        """Do what the process asked for; the answer, or a future of it."""
        answer: object = getattr(self._staying[call.home], call.method)(*call.args)
        return answer


class CrewHand:
    """Our end of the line to one process. What it calls is called on the thread that receives: it may not wait long."""

    def __init__(self, line: Line) -> None:
        self.is_dead = False
        self._line, self._door = line, Lock()
        self._outbox: SimpleQueue[object] = SimpleQueue()
        self._task = Task((), (), lambda host, answer: None)

    def begin(self, task: Task, order: bytes) -> None:
        """Give it something to do. `task` says when that has ended, also when the process dies of it."""
        with self._door:
            self._task = task
            if self.is_dead:
                task.has_ended.set()
        self._outbox.put(Work(order))

    def stop(self) -> None:
        """Have it begin with nothing more; never waits."""
        self._outbox.put(Stop())

    def hang_up(self) -> None:
        """Cut the line: the process ends."""
        self._line.hang_up()

    def receive(self) -> None:
        """Take what the process says, until it is gone."""
        while True:
            try:
                message = self._line.receive()
                if isinstance(message, Call):
                    self._answer(message, self._task)
                else:
                    self._task.take(message)
            except (EOFError, ConnectionError):
                break
            except Exception as exc:  # noqa: BLE001 - an answer that cannot be read: nothing after it is believed
                self._task.surprises.append(("", exc))
                break
        self._line.hang_up()
        with self._door:
            self.is_dead = True
            self._task.has_ended.set()
        self._outbox.put(None)

    def send(self) -> None:
        """Send what there is to say, answers that are there at the same time in one message, until the line is cut."""
        while (message := self._outbox.get()) is not None:
            waiting: list[object] = [message]
            while not self._outbox.empty():
                waiting.append(self._outbox.get())
            replies = [one.pack() for one in waiting if isinstance(one, Reply)]
            others = [one for one in waiting if one is not None and not isinstance(one, Reply)]
            try:
                for other in [*([Replies(tuple(replies))] if replies else []), *others]:
                    self._line.send(other)
            except OSError:
                return
            if None in waiting:
                return

    def _answer(self, call: Call, task: Task) -> None:
        try:
            answer = task.call(call)
        except Exception as exc:  # noqa: BLE001 - belongs to the one who called
            self._outbox.put(Reply(call.number, None, portable(exc)))
            return
        if isinstance(answer, Future):
            answer.add_done_callback(partial(self._reply, call.number))
        else:
            self._outbox.put(Reply(call.number, answer, None))

    def _reply(self, number: int, done: "Future[object]") -> None:
        error = done.exception()
        self._outbox.put(Reply(number, done.result(), None) if error is None else Reply(number, None, portable(error)))
