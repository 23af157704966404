"""What went wrong at the operator, kept for engineers; who sees one territory gets a number, and none of the words."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from lisiere.errors import DataError
from lisiere.model.days import paris_time
from lisiere.workflow.requests.phrases import Phrase, RequestError
from lisiere.workflow.requests.sight import Seen

if TYPE_CHECKING:
    from lisiere.store.records import Records

JOURNAL, LONGEST = "incidents", 4000


def noted(records: "Records", text: str, *, at: datetime) -> str:
    """Keep for engineers what went wrong, the same words once; its number, which is drawn and says nothing of them."""
    for one in records.journal_entries(JOURNAL):
        number, _, said = one.detail.partition(": ")
        if said == text[:LONGEST]:
            return number
    number = secrets.token_hex(4)
    records.journal(JOURNAL, "", "incident", f"{number}: {text[:LONGEST]}", at=at)
    return number


@contextmanager
def shielded(records: "Records", seen: Seen, clock: Callable[[], datetime]) -> Iterator[None]:
    """Let nobody who sees less than the fleet read the mistakes of its inventory.

    Raises:
        RequestError: There are some; the operator is told of them, once an hour.
        DataError: The same with every mistake, for who sees the whole fleet.
    """
    try:
        yield
    except DataError as exc:
        if seen is None:
            raise
        number, at = secrets.token_hex(4), clock()
        records.journal(JOURNAL, "", "incident", f"{number}: {str(exc)[:LONGEST]}", at=at)
        hour = f"{paris_time(at)[:-3]} h"
        records.compliance.notify([("incident", f"inventaire illisible le {hour}", f"{number}: {exc}")], at=at)
        raise RequestError(
            Phrase.of("The operator's inventory cannot be read now; the operator was told ({number})", number=number)
        ) from None
