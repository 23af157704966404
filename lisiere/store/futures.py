"""Answers that are not there yet."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

First = TypeVar("First")
Second = TypeVar("Second")


def then(first: Future[First], change: Callable[[First], Second]) -> Future[Second]:
    """The future of what becomes of another one's answer; `change` is called on the thread that answers that one."""
    second: Future[Second] = Future()

    def pass_on(done: Future[First]) -> None:
        try:
            second.set_result(change(done.result()))
        except Exception as exc:  # noqa: BLE001 - belongs to the one who waits
            second.set_exception(exc)

    first.add_done_callback(pass_on)
    return second
