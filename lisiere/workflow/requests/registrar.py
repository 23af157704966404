"""The inventory's part of a request: its commit after the second visa, the plan that lies ready, and the way back."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from lisiere.errors import InventoryError
from lisiere.inventory.loader import load_whole
from lisiere.model.days import day_of
from lisiere.model.request import ChangeWebAccess
from lisiere.model.request_case import Act, Case, Decided, Kept
from lisiere.workflow.requests.ground import Ground, unless_void
from lisiere.workflow.requests.incidents import shielded
from lisiere.workflow.requests.lifecycle import Step, take
from lisiere.workflow.requests.moves import void_reason
from lisiere.workflow.requests.permissions import require, territories
from lisiere.workflow.requests.phrases import Phrase, RequestError
from lisiere.workflow.requests.readiness import make_ready
from lisiere.workflow.requests.reading import parse_request
from lisiere.workflow.requests.repository import Message, Repository


class Registrar:
    """Who brings requests into the inventory and takes them out again, each in a commit of its own."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    @contextmanager
    def at_work(self, *, may_be_alone: bool = False) -> Iterator[Repository]:
        """Alone in the inventory's repository: its upstream asked, and in order where it was left in the middle.

        Args:
            may_be_alone: Go on where the upstream cannot be reached, and say so.
        """
        self._ground.check_place()
        repository = Repository(self._ground.place.inventory)
        try:
            repository.ask_upstream()
        except RequestError as exc:
            if not may_be_alone:
                raise
            for phrase in exc.phrases:
                self._ground.place.tell(phrase)
        with repository.locked():
            if done := repository.recover():
                self._ground.place.tell(done)
            self._ground.is_at_work = True
            try:
                yield repository
            finally:
                self._ground.is_at_work = False

    def commit(self, number: int, repository: Repository) -> Case:
        """Bring an approved request into the inventory, once; also after a crash between the visa and this.

        Raises:
            RequestError: It is there already, the visas are void, or the repository is not in order.
        """
        case = self._ground.may(number, Act.COMMIT)
        if _is_committed(case):
            if case.plan_id:
                raise RequestError(Phrase.of("The inventory holds request {number} already", number=number))
            return self._planned(number)
        made = repository.find(self._message(case))
        if made is not None:
            self._ground.kept(number, lambda found, frozen: Decided(self._committed(found, made), frozen))
            return self._planned(number)
        head = repository.check()
        applied, effect = self._ground.worked_out(parse_request(case.request), territory=case.territory)

        built = repository.build(applied.files, self._message(case), after=head) if applied.files else None

        def decide(found: Case, frozen: bytes) -> Decided:
            self._committed(found, "")
            if why := void_reason(found, frozen, effect):
                return self._ground.void(found, effect, why)
            repository.check_still(head, applied.before.texts)
            if built is not None:
                repository.move(built)
            return Decided(self._committed(found, built.commit if built else "-"), frozen)

        unless_void(self._ground.kept(number, decide))
        if built is not None:
            repository.follow(built)
        return self._planned(number)

    def take_back(self, number: int, step: Step) -> Case:
        """Refuse what the inventory holds already: what its commit did is taken out again, in a commit of its own.

        Raises:
            RequestError: They may not, or the inventory would be refused without it.
        """
        require(self._ground.user, Act.COMMIT, self._ground.may(number, Act.REFUSE))
        with self.at_work(may_be_alone=True) as repository:
            case = self._ground.may(number, Act.REFUSE)
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

            kept = self._ground.kept(number, decide)
            if built is not None:
                repository.follow(built)
            return kept

    def _refuse_broken(self, files: Mapping[str, str]) -> None:
        """See that the inventory is one without a request too."""
        try:
            load_whole(self._ground.place.inventory, as_of=day_of(self._ground.clock()), changed=files)
        except InventoryError as exc:
            raise RequestError(
                Phrase.of("Without it the inventory is refused; take it back in the inventory first"),
                *(Phrase.of("The changed inventory is refused: {reason}", reason=one.message) for one in exc.mistakes),
            ) from exc

    def _planned(self, number: int) -> Case:
        """Have a plan lie ready for what the visas were given for: its texts, and what the records say of them."""
        case, frozen = self._ground.found(number)
        with shielded(self._ground.records, territories(self._ground.user), self._ground.clock):
            plan = make_ready(
                self._ground.records,
                self._ground.loaded().fleet,
                Kept(case, frozen),
                by=self._ground.user.name,
                at=self._ground.clock(),
                extra=self._ground.place.templates,
            )
        step = self._ground.step(Act.PLAN, detail=plan.id, effect_sha256=case.effect_sha256)
        return self._ground.kept(number, lambda found, frozen: Decided(take(found, step), frozen))

    def _committed(self, case: Case, made: str) -> Case:
        if _is_committed(case):
            raise RequestError(Phrase.of("The inventory holds request {number} already", number=case.number))
        return take(case, self._ground.step(Act.COMMIT, detail=made, effect_sha256=case.effect_sha256))

    def _message(self, case: Case, *, is_back: bool = False) -> Message:
        request = parse_request(case.request)
        about = request.site if isinstance(request, ChangeWebAccess) else request.overlay
        visas = [f"{one.by} ({one.act}, {one.at:%Y-%m-%dT%H:%M:%SZ})" for one in case.visas()]
        return Message(case.number, case.effect_sha256, f"{request.kind} {about}", visas, is_back)


def _is_committed(case: Case) -> bool:
    return any(one.act is Act.COMMIT for one in case.events)
