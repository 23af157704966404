"""The ground of the desk: requests found, changed and kept, and what they do to the inventory as it is now."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lisiere.errors import AlteredError, ChangedLoginError
from lisiere.inventory.loader import Loaded
from lisiere.inventory.rereading import load_again
from lisiere.model.days import day_of
from lisiere.model.effect import Effect
from lisiere.model.request import Request
from lisiere.model.request_case import Act, Case, Damaged, Decided, Kept, User
from lisiere.workflow.requests.applying import Applied, apply_in_memory
from lisiere.workflow.requests.effects import effect_of
from lisiere.workflow.requests.following import bring_up
from lisiere.workflow.requests.incidents import shielded
from lisiere.workflow.requests.lifecycle import Step, voided
from lisiere.workflow.requests.objections import letter
from lisiere.workflow.requests.pairing import check_writing
from lisiere.workflow.requests.permissions import require, sees, territories, unknown
from lisiere.workflow.requests.phrases import Phrase, RequestError
from lisiere.workflow.requests.readiness import WAITING
from lisiere.workflow.requests.sight import Sight

if TYPE_CHECKING:
    from lisiere.store.records import Records


def _silent(_: Phrase) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where requests are worked on: the inventory, the operator's own templates, and the clock.

    Args:
        tell: Told of what was put right on the way.
    """

    inventory: Path
    clock: Callable[[], datetime]
    templates: Path | None = None
    tell: Callable[[Phrase], None] = _silent


class Ground:
    """What everything at the desk rests on: the records, who works there, and where."""

    def __init__(self, records: "Records", user: User, place: Place) -> None:
        self.records, self.user, self.place = records, user, place
        self.is_at_work = False
        """Whether this process has the inventory's repository for itself, in order."""

    def clock(self) -> datetime:
        """The time."""
        return self.place.clock()

    def check_place(self) -> None:
        """See that what is written is for the inventory and the templates that the records are for.

        Raises:
            RequestError: They are others, or nobody said which.
        """
        check_writing(self.records, inventory=self.place.inventory, templates=self.place.templates)

    def found(self, number: int) -> tuple[Case, bytes]:
        """A request that they see.

        Raises:
            RequestError: It is not there, not seen, or was altered on record.
        """
        found = self.records.requests.get(number)
        seen = found if isinstance(found, Damaged) or found is None else found[0]
        if found is None or seen is None or not sees(self.user, seen):
            raise unknown(number)
        if isinstance(found, Damaged):
            raise RequestError(Phrase.of("Request {number} was altered on record", number=number))
        return found

    def may(self, number: int, act: Act) -> Case:
        """A request to which they may do something.

        Raises:
            RequestError: They may not.
        """
        case, _ = self.found(number)
        require(self.user, act, case)
        return case

    def kept(self, number: int, decide: Callable[[Case, bytes], Decided]) -> Case:
        """Change a request, in one transaction."""
        self.check_place()
        self.found(number)
        with worded(number):
            found = self.records.requests.update(number, decide, by=self.user)
        if found is None:
            raise unknown(number)
        return found

    def step(self, act: Act, *, detail: str = "", effect_sha256: str = "") -> Step:
        """A step of theirs, now."""
        return Step(act, self.user, self.place.clock(), detail=detail, effect_sha256=effect_sha256)

    def worked_out(self, request: Request, *, territory: str | None = None) -> tuple[Applied, Effect]:
        """What a request does to the inventory, which is to be of this territory still.

        Raises:
            RequestError: Every reason against it.
        """
        loaded = self.loaded()
        with shielded(self.records, territories(self.user), self.place.clock):
            sight = Sight(loaded.fleet, territories(self.user))
            applied = apply_in_memory(self.place.inventory, loaded, request, sight)
            effect = effect_of(applied, request, extra=self.place.templates)
        if territory not in {None, effect.territory}:
            raise RequestError(Phrase.of("The inventory has this private network or site in another territory now"))
        return applied, effect

    def kept_beside(self, number: int, decide: Callable[[Case, bytes, tuple[Kept | Damaged, ...]], Decided]) -> Case:
        """Change a request in the light of those that wait for their appliances, in one transaction."""
        self.check_place()
        self.found(number)
        with worded(number):
            found = self.records.requests.update_beside(number, decide, among=WAITING, by=self.user)
        if found is None:
            raise unknown(number)
        return found

    def loaded(self) -> Loaded:
        """The inventory as it is now, its files as the branch has them; who sees one territory is not told why."""
        if not self.is_at_work:
            bring_up(self.place.inventory, self.place.tell if territories(self.user) is None else _silent)
        with shielded(self.records, territories(self.user), self.place.clock):
            return load_again(self.place.inventory, as_of=day_of(self.place.clock()))

    def void(self, found: Case, effect: Effect, why: str) -> Decided:
        """The visas are void; of what concerns a school the académie is told anew, and has its term anew."""
        after = voided(found, by=self.user, at=self.place.clock(), why=why, effect_sha256=effect.sha256)
        return Decided(after, effect.frozen(), letter(after, effect) if after.concerns_school else "")


def unless_void(case: Case) -> Case:
    """The request, unless its visas were found void.

    Raises:
        RequestError: They were; what moved.
    """
    last = case.events[-1]
    if last.act is Act.VOID:
        raise RequestError(Phrase.of("The visas are void, for something moved: {what}", what=last.detail))
    return case


@contextmanager
def worded(number: int) -> Iterator[None]:
    """Refuse in words for people what the records refuse."""
    try:
        yield
    except AlteredError as exc:
        raise RequestError(Phrase.of("Request {number} was altered on record", number=number)) from exc
    except ChangedLoginError as exc:
        raise RequestError(Phrase.of("Your login changed meanwhile; sign in anew")) from exc
