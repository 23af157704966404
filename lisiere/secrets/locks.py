"""Files that one process holds at a time, for as long as it lives at most."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lisiere.errors import SecretError


@contextmanager
def held(lock: Path, *, waits: bool) -> Iterator[bool]:
    """Hold a lock; False at once where another process has it and this one does not wait.

    Raises:
        SecretError: The file cannot be made.
    """
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise SecretError(f"{lock}: cannot be locked: {exc.strerror}") from exc
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)
