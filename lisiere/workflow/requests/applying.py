"""A request on its way into the inventory: checked, edited in memory, the changed inventory validated as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lisiere.errors import InventoryError
from lisiere.inventory.loader import Loaded, load_whole
from lisiere.model.request import Request
from lisiere.workflow.requests.checking import check_request
from lisiere.workflow.requests.edits import edited
from lisiere.workflow.requests.phrases import Phrase, RequestError
from lisiere.workflow.requests.sight import Sight


@dataclass(frozen=True, slots=True)
class Applied:
    """An inventory before and after a request; `files` holds the texts that change."""

    before: Loaded
    after: Loaded
    files: Mapping[str, str]


def apply_in_memory(folder: Path, loaded: Loaded, request: Request, sight: Sight) -> Applied:
    """What the inventory would be with a request; nothing is written.

    Raises:
        RequestError: The request does not fit the fleet. Who sees one territory is told of no other.
    """
    check_request(request, sight)
    files = edited(loaded, request)
    try:
        after = load_whole(folder, as_of=loaded.fleet.as_of, changed=files) if files else loaded
    except InventoryError as exc:
        raise _refused(exc, sight) from exc
    return Applied(loaded, after, files)


def _refused(exc: InventoryError, sight: Sight) -> RequestError:
    """The mistakes of the changed inventory; they may speak of any territory."""
    if sight.territories is not None:
        return RequestError(Phrase.of("The request contradicts the operator's rules; ask the operator what to change"))
    return RequestError(
        *(Phrase.of("The changed inventory is refused: {reason}", reason=one.message) for one in exc.mistakes[:10])
    )
