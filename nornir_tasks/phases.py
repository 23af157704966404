"""What came of a step that was taken on all ends of a transaction: all of it, or what went wrong first."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from lisiere.errors import CancelledError, LisiereError, RecordError
from nornir_tasks.fleet import Answer

T = TypeVar("T")
STOPPED = "stopped by a person"


def failure_of(answers: Mapping[str, Answer[T]], hosts: Iterable[str], faults: dict[str, LisiereError]) -> str:
    """What went wrong, "" when nothing did; the errors of single ends are added to `faults`.

    An end that was kept back because another one failed, or because somebody cancelled, is no fault of its own.

    Raises:
        RecordError: It was the records that failed, or another process carries this out now.
    """
    held_back = ""
    for host in sorted(hosts):
        answer = answers.get(host)
        if answer is None:
            held_back = held_back or STOPPED
        elif isinstance(answer.error, RecordError):
            raise answer.error
        elif isinstance(answer.error, CancelledError):
            held_back = held_back or str(answer.error)
        elif answer.error is not None:
            faults[host] = answer.error
    first = next(iter(faults.values()), None)
    return str(first) if first is not None else held_back
