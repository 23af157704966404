"""Which inventory records of users and requests are for: said once, known to both, and every other pairing refused.

Who sees one territory could otherwise bring an inventory in which another one is theirs, or records in which they are
somebody else.
"""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from lisiere.model.request_case import Binding, User
from lisiere.workflow.requests import marks
from lisiere.workflow.requests.permissions import territories
from lisiere.workflow.requests.phrases import Phrase, RequestError

if TYPE_CHECKING:
    from lisiere.store.records import Records


def bind(records: "Records", *, inventory: Path, templates: Path | None, by: str) -> Binding:
    """Have records be for one inventory, with a new mark, so that what was paired before is no longer."""
    found = Binding(mark=secrets.token_hex(16), inventory=_place(inventory), templates=_place(templates))
    records.requests.bind(found, by=by)
    return found


def refuse_other(records: "Records", inventory: Path) -> None:
    """See that an inventory is not the one of other records.

    Raises:
        RequestError: It is.
    """
    binding, mark = records.requests.binding(), marks.of_inventory(inventory)
    if mark and (binding is None or mark != binding.mark):
        raise other_pair()


def check_writing(records: "Records", *, inventory: Path, templates: Path | None) -> None:
    """See that what is written is for the inventory and the templates that the records are for, whoever writes.

    Raises:
        RequestError: They are others, or nobody said which.
    """
    refuse_other(records, inventory)
    binding = records.requests.binding()
    if binding is None:
        raise RequestError(Phrase.of("An engineer has to say which inventory this is for: `lisiere user bind`"))
    if (_place(inventory), _place(templates)) != (binding.inventory, binding.templates):
        raise other_pair()


def check_signed_in(records: "Records", user: User, *, inventory: Path, templates: Path | None) -> None:
    """See that somebody looks at the inventory that the records are for; who sees the whole fleet may look at others.

    Raises:
        RequestError: It is another one, or nobody said which.
    """
    if territories(user) is None:
        refuse_other(records, inventory)
    else:
        check_writing(records, inventory=inventory, templates=templates)


def _place(folder: Path | None) -> str:
    return "" if folder is None else str(folder.resolve())


def other_pair() -> RequestError:
    """What is said where records and inventory were not paired with one another."""
    return RequestError(Phrase.of("These records are not those of this inventory"))
