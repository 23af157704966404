"""Into a network namespace of this machine and back: a socket lives in the namespace in which it was made."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

from lab.errors import LabError
from lab.real import kernel

CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Have this thread in a network namespace for a while.

    Raises:
        LabError: It cannot be entered.
    """
    with open("/proc/thread-self/ns/net", "rb") as home, open(kernel.NAMESPACES / namespace, "rb") as there:
        _enter(there.fileno())
        try:
            yield
        finally:
            _enter(home.fileno())


def _enter(handle: int) -> None:
    if _LIBC.setns(handle, CLONE_NEWNET):
        raise LabError(f"a network namespace cannot be entered: {os.strerror(ctypes.get_errno())}")
