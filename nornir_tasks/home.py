"""What stays in the process that made it: work that is dealt to other processes calls it from there.

The journal, the brake and the clock of a run are such things: there is one of each, whoever works.
"""

import io
import pickle
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
Call = Callable[[int, str, tuple[object, ...]], object]
"""`call(number, method, arguments)` calls a method of what stayed at home under a number, and waits for the answer."""


class AtHome:
    """Base of what is never copied to another process; its methods can be called from there, by position only."""


class Home(AtHome, Generic[P, T]):
    """A function that is called at home, wherever the caller is; it may not wait for anything."""

    def __init__(self, function: Callable[P, T]) -> None:
        self._function = function

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call it."""
        return self._function(*args, **kwargs)

    begin = __call__


class Promise(AtHome, Generic[P, T]):
    """A function that answers later. The caller waits for it, wherever that is; nobody waits at home."""

    def __init__(self, function: Callable[P, Future[T]]) -> None:
        self._function = function

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call it and wait for the answer."""
        return self.begin(*args, **kwargs).result()

    def begin(self, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call it without waiting."""
        return self._function(*args, **kwargs)


class Away:
    """Stands for something at home, in another process."""

    def __init__(self, number: int, call: Call) -> None:
        self._number, self._call = number, call

    def __call__(self, *args: object) -> object:
        """What `Home` and `Promise` are for."""
        return self._call(self._number, "begin", args)

    def __getattr__(self, name: str) -> Callable[..., object]:
        if name.startswith("_"):
            raise AttributeError(name)
        return partial(self._by_name, name)

    def _by_name(self, name: str, *args: object) -> object:
        return self._call(self._number, name, args)


def pack(content: object) -> tuple[bytes, list[AtHome]]:
    """Pickle something, leaving out what stays at home; that is answered beside it."""
    staying: list[AtHome] = []
    buffer = io.BytesIO()
    _Pickler(buffer, staying).dump(content)
    return buffer.getvalue(), staying


def unpack(packed: bytes, call: Call) -> object:
    """What was packed, with stand-ins for what stayed at home."""
    return _Unpickler(io.BytesIO(packed), call).load()


def portable(error: BaseException) -> BaseException:
    """An error as it can cross to another process; one that cannot is told by its name."""
    try:
        arrived = pickle.loads(pickle.dumps(error))  # noqa: S301 - made a moment ago
    except Exception:  # noqa: BLE001 - whatever an exception of somebody else's does when it is pickled
        return RuntimeError(type(error).__qualname__)
    return arrived if type(arrived) is type(error) else RuntimeError(type(error).__qualname__)


class _Pickler(pickle.Pickler):
    def __init__(self, buffer: io.BytesIO, staying: list[AtHome]) -> None:
        super().__init__(buffer, pickle.HIGHEST_PROTOCOL)
        self._staying = staying

    def persistent_id(self, obj: object) -> int | None:
        """The number of what stays at home; None for all else."""
        if not isinstance(obj, AtHome):
            return None
        if not any(one is obj for one in self._staying):
            self._staying.append(obj)
        return next(number for number, one in enumerate(self._staying) if one is obj)


class _Unpickler(pickle.Unpickler):
    def __init__(self, buffer: io.BytesIO, call: Call) -> None:
        super().__init__(buffer)
        self._call = call

    def persistent_load(self, pid: int) -> Away:
        """The stand-in of what has a number."""
        return Away(pid, self._call)
