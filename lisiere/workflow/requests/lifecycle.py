"""What may happen to a request, and what it is afterwards; pure, so that it can be decided inside one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from lisiere.model.days import paris_time
from lisiere.model.request_case import Act, Case, Event, State, User
from lisiere.workflow.requests.permissions import may, require
from lisiere.workflow.requests.phrases import Phrase, RequestError, Word

OBJECTION_TERM = timedelta(days=7)
"""How long the académie's contact may object to what concerns a school."""

OPEN = frozenset({State.DRAFT, State.SUBMITTED, State.EPCI_APPROVED})
NEXT: Mapping[tuple[State, Act], State] = MappingProxyType(
    {
        (State.DRAFT, Act.SUBMIT): State.SUBMITTED,
        (State.SUBMITTED, Act.VISA_EPCI): State.EPCI_APPROVED,
        (State.EPCI_APPROVED, Act.VISA_OPERATOR): State.APPROVED,
        (State.SUBMITTED, Act.REFUSE): State.REFUSED,
        (State.EPCI_APPROVED, Act.REFUSE): State.REFUSED,
        (State.APPROVED, Act.REFUSE): State.REFUSED,
        (State.SCHEDULED, Act.REFUSE): State.REFUSED,
        (State.SUBMITTED, Act.OBJECT): State.REFUSED,
        (State.EPCI_APPROVED, Act.OBJECT): State.REFUSED,
        (State.APPROVED, Act.SCHEDULE): State.SCHEDULED,
        (State.SCHEDULED, Act.SCHEDULE): State.SCHEDULED,
        **{(state, Act.WITHDRAW): State.WITHDRAWN for state in OPEN},
        **{(state, Act.COMMENT): state for state in State},
        (State.APPROVED, Act.COMMIT): State.APPROVED,
        (State.APPROVED, Act.PLAN): State.APPROVED,
        (State.SCHEDULED, Act.BEGIN): State.APPLYING,
        (State.SCHEDULED, Act.FAIL): State.SCHEDULED,
        (State.SCHEDULED, Act.HOLD): State.SCHEDULED,
        (State.APPLYING, Act.BEGIN): State.APPLYING,
        (State.APPLYING, Act.APPLY): State.APPLIED,
        (State.APPLYING, Act.FAIL): State.SCHEDULED,
        (State.APPLYING, Act.HOLD): State.APPLYING,
        (State.APPLYING, Act.END): State.CLOSED,
        (State.APPLIED, Act.FAIL): State.APPLIED,
        (State.APPLIED, Act.END): State.CLOSED,
        (State.APPLIED, Act.VERIFY): State.VERIFIED,
        (State.VERIFIED, Act.CLOSE): State.CLOSED,
        **{(state, Act.INFORM): state for state in (State.SUBMITTED, State.EPCI_APPROVED)},
    },
)
REASONED = frozenset({Act.REFUSE, Act.WITHDRAW, Act.OBJECT, Act.COMMENT, Act.INFORM, Act.END})
IN_INVENTORY = frozenset({State.APPROVED, State.SCHEDULED})
"""States in which the inventory holds a request: who commits there takes it back, and nobody else refuses it.

While it is being applied nobody does: what its appliances have is known only after that."""
VISAS = frozenset({Act.VISA_EPCI, Act.VISA_OPERATOR})


@dataclass(frozen=True, slots=True)
class Step:
    """What somebody wants to do to a request, and the hash of the effect as it is now."""

    act: Act
    user: User
    at: datetime
    detail: str = ""
    effect_sha256: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None


def take(case: Case, step: Step) -> Case:
    """The request after a step.

    Raises:
        RequestError: They may not, it is not the time for it, or something it needs is missing.
    """
    require(step.user, step.act, case)
    after = NEXT.get((case.state, step.act))
    if after is None:
        raise RequestError(
            Phrase.of("Request {number} is {state}: not possible", number=case.number, state=Word(case.state.value))
        )
    if (
        step.act is Act.REFUSE
        and case.state in IN_INVENTORY
        and not may(step.user, Act.COMMIT, territory=case.territory)
    ):
        raise RequestError(Phrase.of("You may not do this: {act}", act=Word(step.act.value)))
    if step.act in REASONED and not step.detail.strip():
        raise RequestError(Phrase.of("Give a reason"))
    if step.act in VISAS:
        _check_visa(case, step)
    if step.act is Act.OBJECT and case.informed_at is not None and step.at > case.informed_at + OBJECTION_TERM:
        raise RequestError(Phrase.of("The time to object has ended"))
    if step.act is Act.INFORM and not case.concerns_school:
        raise RequestError(Phrase.of("Request {number} concerns no school", number=case.number))
    if step.act is Act.SCHEDULE:
        if not case.plan_id:
            raise RequestError(Phrase.of("The inventory does not hold the request yet; commit it first"))
        _check_term(case, step)
        _check_window(step)
    return case.model_copy(update={"state": after, "events": (*case.events, _event(step)), **_fields(case, step)})


def voided(case: Case, *, by: User, at: datetime, why: str, effect_sha256: str) -> Case:
    """The request with a new effect, its visas void: what they were given for is no longer what would happen."""
    event = Event(at=at, by=by.name, act=Act.VOID, detail=why, sha256=effect_sha256, line=by.line, login=by.login)
    return case.model_copy(
        update={"state": State.SUBMITTED, "effect_sha256": effect_sha256, "events": (*case.events, event)}
    )


def _check_visa(case: Case, step: Step) -> None:
    """Four eyes, the effect that was shown, and the term of who may object."""
    if step.effect_sha256 != case.effect_sha256:
        raise RequestError(Phrase.of("The effect is no longer the one that was shown; look at it again"))
    _check_eyes(case, step.user)
    if any(one.sha256 != case.effect_sha256 for one in case.visas()):
        raise RequestError(Phrase.of("The other visa was given for another effect"))
    if step.act is Act.VISA_OPERATOR:
        _check_term(case, step)


def _check_eyes(case: Case, user: User) -> None:
    """Two visas are of two persons, neither of whom asked; none of the three is in the line that let another one in."""
    if not user.confirmed_by:
        raise RequestError(
            Phrase.of("Your login is not confirmed; an engineer does that, who did not make the code that you took")
        )
    if any(one.by == user.name for one in case.visas()):
        raise RequestError(Phrase.of("You have given a visa for this request already; somebody else gives the other"))
    if user.name == case.asked_by:
        raise RequestError(Phrase.of("You asked for this yourself; somebody else gives the visa"))
    asking = [one for one in case.events if one.act in {Act.CREATE, Act.SUBMIT}]
    if any(one.by == user.name for one in asking):
        raise RequestError(Phrase.of("You sent this yourself; somebody else gives the visa"))
    if any(_let_in(user, one) for one in asking):
        raise RequestError(Phrase.of("You let in who asked for this, or they you; somebody else gives the visa"))
    if any(_let_in(user, one) for one in case.visas()):
        raise RequestError(Phrase.of("One of you two let the other one in; somebody else gives the visa"))


def _let_in(user: User, event: Event) -> bool:
    """Whether one of two made the code that the other took, or that of somebody who did, and so on."""
    return user.name in event.line or event.by in user.line


def _check_term(case: Case, step: Step) -> None:
    """What concerns a school waits until the académie was told of it and had the time to object."""
    if not case.concerns_school:
        return
    if case.informed_at is None:
        raise RequestError(Phrase.of("The contact of the académie has not been told yet"))
    end = case.informed_at + OBJECTION_TERM
    if step.at < end:
        raise RequestError(Phrase.of("The académie may object until {day}", day=paris_time(end)))


def _check_window(step: Step) -> None:
    if step.starts_at is None or step.ends_at is None or not step.at < step.ends_at:
        raise RequestError(Phrase.of("The window begins in the future and ends after it begins"))


def _event(step: Step) -> Event:
    return Event(
        at=step.at,
        by=step.user.name,
        act=step.act,
        detail=step.detail,
        sha256=step.effect_sha256,
        line=step.user.line,
        login=step.user.login,
    )


def _fields(case: Case, step: Step) -> dict[str, object]:
    if step.act is Act.SUBMIT:
        return {"effect_sha256": step.effect_sha256}
    if step.act is Act.SCHEDULE or (step.act in {Act.FAIL, Act.HOLD} and NEXT[case.state, step.act] is State.SCHEDULED):
        return {"starts_at": step.starts_at, "ends_at": step.ends_at}
    return {"plan_id": step.detail} if step.act is Act.PLAN else {}
