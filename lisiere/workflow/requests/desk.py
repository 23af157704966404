"""The desk at which somebody signed in works on requests; every door, terminal or portal, comes here."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from lisiere.errors import AlteredError, ChangedLoginError, InventoryError
from lisiere.inventory.loader import Loaded, load_whole
from lisiere.model.calendar import Span
from lisiere.model.days import day_of, paris_time
from lisiere.model.effect import Effect, sha256_of, thawed
from lisiere.model.request import ChangeWebAccess, Request
from lisiere.model.request_case import Act, Case, Damaged, Decided, Event, Kept, Remark, State, User
from lisiere.workflow.requests.applying import Applied, apply_in_memory
from lisiere.workflow.requests.effects import effect_of
from lisiere.workflow.requests.incidents import shielded
from lisiere.workflow.requests.lifecycle import IN_INVENTORY, REASONED, Step, take, voided
from lisiere.workflow.requests.moves import void_reason
from lisiere.workflow.requests.objections import letter
from lisiere.workflow.requests.permissions import may, require, sees, territories, unknown
from lisiere.workflow.requests.phrases import Phrase, RequestError, Word
from lisiere.workflow.requests.readiness import days_of, make_ready, refuse_beside
from lisiere.workflow.requests.reading import parse_request
from lisiere.workflow.requests.repository import Message, Repository
from lisiere.workflow.requests.sheets import Sheet, sheet_of
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


class Desk:
    """What somebody may do with requests. Every method refuses with `RequestError` and then has kept nothing."""

    def __init__(self, records: "Records", user: User, place: Place) -> None:
        self._records, self._user, self._place = records, user, place

    def preview(self, request: Request) -> Effect:
        """The effect of a request on the inventory as it is now."""
        return self._worked_out(request)[1]

    def sheet(self, overlay: str, partner: str) -> Sheet:
        """The sheet to hand over to a partner."""
        return sheet_of(overlay, partner, Sight(self._loaded().fleet, territories(self._user)))

    def create(self, request: Request) -> Case:
        """Keep a draft."""
        effect = self._worked_out(request)[1]
        if not may(self._user, Act.CREATE, territory=effect.territory):
            raise RequestError(Phrase.of("You may not do this: {act}", act=Word(Act.CREATE.value)))
        case = Case(
            number=0,
            territory=effect.territory,
            asked_by=self._user.name,
            request=effect.request,
            concerns_school=isinstance(request, ChangeWebAccess),
            state=State.DRAFT,
            effect_sha256=effect.sha256,
            events=(
                Event(
                    at=self._place.clock(),
                    by=self._user.name,
                    act=Act.CREATE,
                    sha256=effect.sha256,
                    line=self._user.line,
                ),
            ),
        )
        with _worded(case.number):
            return self._records.requests.create(case, effect.frozen(), by=self._user)

    def cases(self) -> tuple[Case | Damaged, ...]:
        """The requests that they see; of one that was altered on record nothing but its number."""
        return tuple(one for one in self._records.requests.everything() if sees(self._user, one))

    def case(self, number: int) -> tuple[Case, Effect | None]:
        """A request and the effect that was shown; None where its bytes were altered."""
        case, frozen = self._found(number)
        return case, thawed(frozen) if sha256_of(frozen) == case.effect_sha256 else None

    def submit(self, number: int) -> Case:
        """Send a draft, with its effect as of now; of what concerns a school the académie is told."""
        case = self._may(number, Act.SUBMIT)
        request = parse_request(case.request)
        effect = self._worked_out(request, territory=case.territory)[1]
        step = self._step(Act.SUBMIT, effect_sha256=effect.sha256)

        def decide(found: Case, _: bytes) -> Decided:
            after = take(found, step)
            return Decided(after, effect.frozen(), letter(after, effect) if after.concerns_school else "")

        return self._kept(number, decide)

    def say(self, number: int, act: Act, detail: str) -> Case:
        """Comment, refuse, withdraw, object, close, or say how the académie was told."""
        if act not in {*REASONED, Act.CLOSE}:
            raise RequestError(Phrase.of("You may not do this: {act}", act=Word(act.value)))
        step = self._step(act, detail=_remark(detail))
        if act is Act.REFUSE and self._found(number)[0].state in IN_INVENTORY:
            return self._taken_back(number, step)
        return self._kept(number, lambda found, frozen: Decided(take(found, step), frozen))

    def schedule(self, number: int, wanted: Span | None = None) -> Case:
        """Choose the window in which an approved request is applied: the next one that is free, unless one is named."""
        case, effect = self.case(number)
        require(self._user, Act.SCHEDULE, case)
        if effect is None:
            raise RequestError(Phrase.of("Request {number} was altered on record", number=number))
        now = self._place.clock()
        days = days_of(self._loaded().fleet, case, effect)
        if wanted is not None:
            days.refuse(wanted)
        span = wanted or days.next_window(now)
        told = f"{paris_time(span.starts_at)} - {paris_time(span.ends_at)}"
        step = Step(Act.SCHEDULE, self._user, now, detail=told, starts_at=span.starts_at, ends_at=span.ends_at)
        return self._kept(number, lambda found, frozen: Decided(take(found, step), frozen))

    def close(self, number: int) -> Case:
        """Note that a verified request is done with."""
        return self.say(number, Act.CLOSE, "")

    def visa(self, number: int, act: Act, *, shown_sha256: str) -> Case:
        """Give a visa for the effect that was shown. With the second one the inventory changes, in one commit."""
        self._may(number, act)
        if act is not Act.VISA_OPERATOR:
            return self._seen(number, act, shown_sha256, None)
        with self._at_work() as repository:
            self._seen(number, act, shown_sha256, repository)
            return self._commit(number, repository)

    def _seen(self, number: int, act: Act, shown_sha256: str, repository: Repository | None) -> Case:
        case = self._may(number, act)
        head = repository.check() if repository else ""
        applied, effect = self._worked_out(parse_request(case.request), territory=case.territory)
        step = self._step(act, effect_sha256=shown_sha256)

        def decide(found: Case, frozen: bytes, others: tuple[Kept | Damaged, ...]) -> Decided:
            require(self._user, act, found)
            if found.state in {State.SUBMITTED, State.EPCI_APPROVED} and (why := void_reason(found, frozen, effect)):
                return self._void(found, effect, why)
            after = take(found, step)
            if repository:
                refuse_beside(found, frozen, others)
                repository.check_still(head, applied.before.texts)
            return Decided(after, frozen)

        self._found(number)
        with _worded(number):
            kept = self._records.requests.update_beside(number, decide, by=self._user)
        if kept is None:
            raise unknown(number)
        return self._unless_void(kept)

    def commit(self, number: int) -> Case:
        """Bring an approved request into the inventory, once; also after a crash between the visa and this."""
        self._may(number, Act.COMMIT)
        with self._at_work() as repository:
            return self._commit(number, repository)

    # ---- how --------------------------------------------------------------------------------------------------

    def _commit(self, number: int, repository: Repository) -> Case:
        case = self._may(number, Act.COMMIT)
        if _is_committed(case):
            if case.plan_id:
                raise RequestError(Phrase.of("The inventory holds request {number} already", number=number))
            return self._planned(number)
        made = repository.find(self._message(case))
        if made is not None:
            self._kept(number, lambda found, frozen: Decided(self._committed(found, made), frozen))
            return self._planned(number)
        head = repository.check()
        applied, effect = self._worked_out(parse_request(case.request), territory=case.territory)

        built = repository.build(applied.files, self._message(case), after=head) if applied.files else None

        def decide(found: Case, frozen: bytes) -> Decided:
            self._committed(found, "")
            if why := void_reason(found, frozen, effect):
                return self._void(found, effect, why)
            repository.check_still(head, applied.before.texts)
            if built is not None:
                repository.move(built)
            return Decided(self._committed(found, built.commit if built else "-"), frozen)

        self._unless_void(self._kept(number, decide))
        if built is not None:
            repository.follow(built)
        return self._planned(number)

    def _taken_back(self, number: int, step: Step) -> Case:
        """Refuse what the inventory holds already: what its commit did is taken out again, in a commit of its own."""
        require(self._user, Act.COMMIT, self._may(number, Act.REFUSE))
        with self._at_work() as repository:
            case = self._may(number, Act.REFUSE)
            head = repository.check()
            made = repository.find(self._message(case))
            files = repository.without(made) if made else {}
            self._refuse_broken(files)
            message = self._message(case, is_back=True)
            built = repository.build(files, message, after=head) if files else None

            def decide(found: Case, frozen: bytes) -> Decided:
                after = take(found, step)
                repository.check_still(head, {})
                if built is not None:
                    repository.move(built)
                return Decided(after, frozen)

            kept = self._kept(number, decide)
            if built is not None:
                repository.follow(built)
            return kept

    def _refuse_broken(self, files: Mapping[str, str]) -> None:
        """See that the inventory is one without a request too."""
        try:
            load_whole(self._place.inventory, as_of=day_of(self._place.clock()), changed=files)
        except InventoryError as exc:
            raise RequestError(
                Phrase.of("Without it the inventory is refused; take it back in the inventory first"),
                *(Phrase.of("The changed inventory is refused: {reason}", reason=one.message) for one in exc.mistakes),
            ) from exc

    @contextmanager
    def _at_work(self) -> Iterator[Repository]:
        """Alone in the inventory's repository: its upstream asked, and in order where it was left in the middle."""
        repository = Repository(self._place.inventory)
        repository.ask_upstream()
        with repository.locked():
            if done := repository.recover():
                self._place.tell(done)
            yield repository

    def _void(self, found: Case, effect: Effect, why: str) -> Decided:
        """The visas are void; of what concerns a school the académie is told anew, and has its term anew."""
        after = voided(found, by=self._user, at=self._place.clock(), why=why, effect_sha256=effect.sha256)
        return Decided(after, effect.frozen(), letter(after, effect) if after.concerns_school else "")

    def _planned(self, number: int) -> Case:
        """Have a plan lie ready for what the visas were given for: its texts, and what the records say of them."""
        case, frozen = self._found(number)
        with shielded(self._records, territories(self._user), self._place.clock):
            plan = make_ready(
                self._records,
                self._loaded().fleet,
                Kept(case, frozen),
                by=self._user.name,
                at=self._place.clock(),
                extra=self._place.templates,
            )
        step = self._step(Act.PLAN, detail=plan.id, effect_sha256=case.effect_sha256)
        return self._kept(number, lambda found, frozen: Decided(take(found, step), frozen))

    def _loaded(self) -> Loaded:
        """The inventory as it is now."""
        with shielded(self._records, territories(self._user), self._place.clock):
            return load_whole(self._place.inventory, as_of=day_of(self._place.clock()))

    def _unless_void(self, case: Case) -> Case:
        last = case.events[-1]
        if last.act is Act.VOID:
            raise RequestError(Phrase.of("The visas are void, for something moved: {what}", what=last.detail))
        return case

    def _committed(self, case: Case, made: str) -> Case:
        if _is_committed(case):
            raise RequestError(Phrase.of("The inventory holds request {number} already", number=case.number))
        return take(case, self._step(Act.COMMIT, detail=made, effect_sha256=case.effect_sha256))

    def _message(self, case: Case, *, is_back: bool = False) -> Message:
        request = parse_request(case.request)
        about = request.site if isinstance(request, ChangeWebAccess) else request.overlay
        visas = [f"{one.by} ({one.act}, {one.at:%Y-%m-%dT%H:%M:%SZ})" for one in case.visas()]
        return Message(case.number, case.effect_sha256, f"{request.kind} {about}", visas, is_back)

    def _found(self, number: int) -> tuple[Case, bytes]:
        """A request that they see.

        Raises:
            RequestError: It is not there, not seen, or was altered on record.
        """
        found = self._records.requests.get(number)
        seen = found if isinstance(found, Damaged) or found is None else found[0]
        if found is None or seen is None or not sees(self._user, seen):
            raise unknown(number)
        if isinstance(found, Damaged):
            raise RequestError(Phrase.of("Request {number} was altered on record", number=number))
        return found

    def _may(self, number: int, act: Act) -> Case:
        case, _ = self._found(number)
        require(self._user, act, case)
        return case

    def _kept(self, number: int, decide: Callable[[Case, bytes], Decided]) -> Case:
        self._found(number)
        with _worded(number):
            found = self._records.requests.update(number, decide, by=self._user)
        if found is None:
            raise unknown(number)
        return found

    def _step(self, act: Act, *, detail: str = "", effect_sha256: str = "") -> Step:
        return Step(act, self._user, self._place.clock(), detail=detail, effect_sha256=effect_sha256)

    def _worked_out(self, request: Request, *, territory: str | None = None) -> tuple[Applied, Effect]:
        """What a request does to the inventory, which is to be of this territory still."""
        loaded = self._loaded()
        with shielded(self._records, territories(self._user), self._place.clock):
            sight = Sight(loaded.fleet, territories(self._user))
            applied = apply_in_memory(self._place.inventory, loaded, request, sight)
            effect = effect_of(applied, request, extra=self._place.templates)
        if territory not in {None, effect.territory}:
            raise RequestError(Phrase.of("The inventory has this private network or site in another territory now"))
        return applied, effect


@contextmanager
def _worded(number: int) -> Iterator[None]:
    """Refuse in words for people what the records refuse."""
    try:
        yield
    except AlteredError as exc:
        raise RequestError(Phrase.of("Request {number} was altered on record", number=number)) from exc
    except ChangedLoginError as exc:
        raise RequestError(Phrase.of("Your login changed meanwhile; sign in anew")) from exc


def _remark(text: str) -> str:
    """A reason or a comment without what could steer a terminal."""
    try:
        return TypeAdapter(Remark).validate_python(text)
    except ValidationError as exc:
        raise RequestError(Phrase.of("A reason has at most 2000 characters, none of them a control")) from exc


def _is_committed(case: Case) -> bool:
    return any(one.act is Act.COMMIT for one in case.events)
