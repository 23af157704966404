"""Files of an inventory that are to follow a commit: where that was cut short, they are brought up before all else.

A note in git's own folder names the commit; without one there is nothing to do, and no program is called to see that.
"""

from collections.abc import Callable
from pathlib import Path

from lisiere.workflow.requests import marks
from lisiere.workflow.requests.phrases import Phrase, RequestError

INTENT = "lisiere.intent"
"""The note, where git sees none."""


def is_left(inventory: Path) -> bool:
    """Whether files may not be as the branch has them, because a request's commit was cut short."""
    try:
        repository = marks.repository_of(inventory)
        return repository is not None and (repository / INTENT).exists()
    except (OSError, UnicodeDecodeError):
        return False


def bring_up(inventory: Path, tell: Callable[[Phrase], None]) -> bool:
    """Bring files up to a request's commit, where they can be; whether all of them are as they should be.

    Raises:
        RequestError: Another process works there and does not end, or git refuses.
    """
    from lisiere.workflow.requests.repository import Repository

    if not is_left(inventory):
        return True
    repository = Repository(inventory)
    try:
        with repository.locked():
            if done := repository.recover():
                tell(done)
    except OSError:
        return False
    return not is_left(inventory)


def require_followed(inventory: Path, tell: Callable[[Phrase], None]) -> None:
    """The same for who sends something to appliances.

    Raises:
        RequestError: The files are not what the branch has.
    """
    if not bring_up(inventory, tell):
        raise RequestError(
            Phrase.of("The files of the inventory do not follow the commit of a request; see `git status` there")
        )
