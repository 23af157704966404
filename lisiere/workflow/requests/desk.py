"""The desk at which somebody signed in works on requests; every door, terminal or portal, comes here."""

from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from lisiere.model.calendar import Span
from lisiere.model.days import paris_time
from lisiere.model.effect import Effect, thawed
from lisiere.model.hashing import sha256_of
from lisiere.model.request import ChangeWebAccess, Request
from lisiere.model.request_case import Act, Case, Damaged, Decided, Event, Kept, Remark, State, User
from lisiere.workflow.requests.ground import Ground, Place, unless_void, worded
from lisiere.workflow.requests.lifecycle import IN_INVENTORY, REASONED, Step, take
from lisiere.workflow.requests.moves import void_reason
from lisiere.workflow.requests.objections import letter
from lisiere.workflow.requests.permissions import may, require, sees, territories
from lisiere.workflow.requests.phrases import Phrase, RequestError, Word
from lisiere.workflow.requests.readiness import days_of, refuse_beside
from lisiere.workflow.requests.reading import parse_request
from lisiere.workflow.requests.registrar import Registrar
from lisiere.workflow.requests.repository import Repository
from lisiere.workflow.requests.sheets import Sheet, sheet_of
from lisiere.workflow.requests.sight import Sight

if TYPE_CHECKING:
    from lisiere.store.records import Records


class Desk:
    """What somebody may do with requests. Every method refuses with `RequestError` and then has kept nothing."""

    def __init__(self, records: "Records", user: User, place: Place) -> None:
        self._ground = Ground(records, user, place)
        self._registrar = Registrar(self._ground)

    def preview(self, request: Request) -> Effect:
        """The effect of a request on the inventory as it is now."""
        return self._ground.worked_out(request)[1]

    def sight(self) -> Sight:
        """The fleet as they see it now."""
        return Sight(self._ground.loaded().fleet, territories(self._ground.user))

    def sheet(self, overlay: str, partner: str) -> Sheet:
        """The sheet to hand over to a partner."""
        return sheet_of(overlay, partner, Sight(self._ground.loaded().fleet, territories(self._ground.user)))

    def create(self, request: Request) -> Case:
        """Keep a draft."""
        self._ground.check_place()
        effect = self._ground.worked_out(request)[1]
        if not may(self._ground.user, Act.CREATE, territory=effect.territory):
            raise RequestError(Phrase.of("You may not do this: {act}", act=Word(Act.CREATE.value)))
        case = Case(
            number=0,
            territory=effect.territory,
            asked_by=self._ground.user.name,
            request=effect.request,
            concerns_school=isinstance(request, ChangeWebAccess),
            state=State.DRAFT,
            effect_sha256=effect.sha256,
            events=(
                Event(
                    at=self._ground.clock(),
                    by=self._ground.user.name,
                    act=Act.CREATE,
                    sha256=effect.sha256,
                    line=self._ground.user.line,
                    login=self._ground.user.login,
                ),
            ),
        )
        with worded(case.number):
            return self._ground.records.requests.create(case, effect.frozen(), by=self._ground.user)

    def cases(self) -> tuple[Case | Damaged, ...]:
        """The requests that they see; of one that was altered on record nothing but its number."""
        return tuple(one for one in self._ground.records.requests.everything() if sees(self._ground.user, one))

    def case(self, number: int) -> tuple[Case, Effect | None]:
        """A request and the effect that was shown; None where its bytes were altered."""
        case, frozen = self._ground.found(number)
        return case, thawed(frozen) if sha256_of(frozen) == case.effect_sha256 else None

    def submit(self, number: int) -> Case:
        """Send a draft, with its effect as of now; of what concerns a school the académie is told."""
        case = self._ground.may(number, Act.SUBMIT)
        request = parse_request(case.request)
        effect = self._ground.worked_out(request, territory=case.territory)[1]
        step = self._ground.step(Act.SUBMIT, effect_sha256=effect.sha256)

        def decide(found: Case, _: bytes) -> Decided:
            after = take(found, step)
            return Decided(after, effect.frozen(), letter(after, effect) if after.concerns_school else "")

        return self._ground.kept(number, decide)

    def say(self, number: int, act: Act, detail: str) -> Case:
        """Comment, refuse, withdraw, object, close, or say how the académie was told."""
        if act not in {*REASONED, Act.CLOSE}:
            raise RequestError(Phrase.of("You may not do this: {act}", act=Word(act.value)))
        step = self._ground.step(act, detail=_remark(detail))
        if act is Act.REFUSE and self._ground.found(number)[0].state in IN_INVENTORY:
            return self._registrar.take_back(number, step)
        if act is Act.END and self._ground.may(number, act).state is State.APPLYING and self._is_held(number):
            raise RequestError(Phrase.of("The worker is at it now; end it when it has left it"))
        return self._ground.kept(number, lambda found, frozen: Decided(take(found, step), frozen))

    def _is_held(self, number: int) -> bool:
        return self._ground.records.requests.is_held(number)

    def schedule(self, number: int, wanted: Span | None = None) -> Case:
        """Choose the window in which an approved request is applied: the next one that is free, unless one is named."""
        case, effect = self.case(number)
        require(self._ground.user, Act.SCHEDULE, case)
        if effect is None:
            raise RequestError(Phrase.of("Request {number} was altered on record", number=number))
        now = self._ground.clock()
        days = days_of(self._ground.loaded().fleet, case, effect)
        if wanted is not None:
            days.refuse(wanted)
        span = wanted or days.next_window(now)
        told = f"{paris_time(span.starts_at)} - {paris_time(span.ends_at)}"
        step = Step(Act.SCHEDULE, self._ground.user, now, detail=told, starts_at=span.starts_at, ends_at=span.ends_at)
        return self._ground.kept(number, lambda found, frozen: Decided(take(found, step), frozen))

    def close(self, number: int) -> Case:
        """Note that a verified request is done with."""
        return self.say(number, Act.CLOSE, "")

    def visa(self, number: int, act: Act, *, shown_sha256: str) -> Case:
        """Give a visa for the effect that was shown. With the second one the inventory changes, in one commit."""
        self._ground.may(number, act)
        if act is not Act.VISA_OPERATOR:
            return self._seen(number, act, shown_sha256, None)
        with self._registrar.at_work() as repository:
            self._seen(number, act, shown_sha256, repository)
            return self._registrar.commit(number, repository)

    def _seen(self, number: int, act: Act, shown_sha256: str, repository: Repository | None) -> Case:
        case = self._ground.may(number, act)
        head = repository.check() if repository else ""
        applied, effect = self._ground.worked_out(parse_request(case.request), territory=case.territory)
        step = self._ground.step(act, effect_sha256=shown_sha256)

        def decide(found: Case, frozen: bytes, others: tuple[Kept | Damaged, ...]) -> Decided:
            require(self._ground.user, act, found)
            if found.state in {State.SUBMITTED, State.EPCI_APPROVED} and (why := void_reason(found, frozen, effect)):
                return self._ground.void(found, effect, why)
            after = take(found, step)
            if repository:
                refuse_beside(found, frozen, others)
                repository.check_still(head, applied.before.texts)
            return Decided(after, frozen)

        return unless_void(self._ground.kept_beside(number, decide))

    def commit(self, number: int) -> Case:
        """Bring an approved request into the inventory, once; also after a crash between the visa and this."""
        self._ground.may(number, Act.COMMIT)
        with self._registrar.at_work() as repository:
            return self._registrar.commit(number, repository)


def _remark(text: str) -> str:
    """A reason or a comment without what could steer a terminal."""
    try:
        return TypeAdapter(Remark).validate_python(text)
    except ValidationError as exc:
        raise RequestError(Phrase.of("A reason has at most 2000 characters, none of them a control")) from exc
