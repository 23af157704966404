"""Who may what about requests: one table that every door asks; what it does not say is refused."""

from collections.abc import Mapping
from types import MappingProxyType

from lisiere.model.request_case import TERRITORIAL, Act, Case, Damaged, Role, State, User
from lisiere.model.words import Siren
from lisiere.workflow.requests.phrases import Phrase, RequestError, Word

ALLOWED: Mapping[Act, frozenset[Role]] = MappingProxyType(
    {
        Act.READ: frozenset(Role),
        Act.CREATE: frozenset({Role.EPCI_ADMIN, Role.ENGINEER}),
        Act.COMMENT: frozenset({Role.EPCI_ADMIN, Role.EPCI_APPROVER, Role.ENGINEER, Role.ACADEMIE}),
        Act.SUBMIT: frozenset({Role.EPCI_ADMIN, Role.ENGINEER}),
        Act.VISA_EPCI: frozenset({Role.EPCI_APPROVER}),
        Act.VISA_OPERATOR: frozenset({Role.ENGINEER}),
        Act.REFUSE: frozenset({Role.EPCI_APPROVER, Role.ENGINEER}),
        Act.WITHDRAW: frozenset({Role.EPCI_ADMIN, Role.ENGINEER}),
        Act.OBJECT: frozenset({Role.ACADEMIE}),
        Act.INFORM: frozenset({Role.ENGINEER}),
        Act.PLAN: frozenset({Role.ENGINEER}),
        Act.SCHEDULE: frozenset({Role.ENGINEER}),
        Act.BEGIN: frozenset({Role.WORKER}),
        Act.APPLY: frozenset({Role.WORKER}),
        Act.HOLD: frozenset({Role.WORKER}),
        Act.FAIL: frozenset({Role.WORKER}),
        Act.VERIFY: frozenset({Role.WORKER}),
        Act.END: frozenset({Role.ENGINEER}),
        Act.CLOSE: frozenset({Role.EPCI_ADMIN, Role.ENGINEER}),
        Act.COMMIT: frozenset({Role.ENGINEER}),
        Act.MANAGE_USERS: frozenset({Role.ENGINEER}),
        Act.CONFIRM_USER: frozenset({Role.ENGINEER, Role.EPCI_ADMIN, Role.EPCI_APPROVER}),
    },
)

_OWN = frozenset({"login", "logout", "request", "user"})
COMMANDS: Mapping[Role, frozenset[str] | None] = MappingProxyType(
    {
        Role.ENGINEER: None,
        Role.AUDITOR: _OWN | {"check", "drift", "explain", "flows", "policy", "report", "rules", "show", "status"},
        Role.EPCI_ADMIN: _OWN,
        Role.EPCI_APPROVER: _OWN,
        Role.ACADEMIE: _OWN,
        Role.WORKER: _OWN | {"worker"},
    },
)
"""The commands that somebody signed in may call; None for all of them. What is asked of these is judged by the acts."""


def may_call(user: User, command: str) -> bool:
    """Whether somebody signed in may call a command."""
    allowed = [COMMANDS.get(grant.role, frozenset()) for grant in user.grants]
    return any(one is None or command in one for one in allowed)


def may(user: User, act: Act, *, territory: Siren | None, concerns_school: bool = False) -> bool:
    """Whether somebody may do something for a territory; None for the fleet as a whole.

    A role that is held for a territory counts there alone, and the académie's contact sees what concerns schools.
    """
    return any(
        grant.role in ALLOWED.get(act, frozenset())
        and (grant.role not in TERRITORIAL or (territory is not None and grant.territory == territory))
        and (grant.role is not Role.ACADEMIE or concerns_school)
        for grant in user.grants
    )


def sees(user: User, case: Case | Damaged) -> bool:
    """Whether a request exists for somebody; one that was altered on record exists for who sees its territory.

    For the académie's contact one exists from the moment that it is sent.
    """
    if isinstance(case, Damaged):
        return may(user, Act.READ, territory=case.territory)
    is_shown = case.concerns_school and case.state is not State.DRAFT
    return may(user, Act.READ, territory=case.territory, concerns_school=is_shown)


def territories(user: User) -> frozenset[Siren] | None:
    """The territories whose sites somebody sees; None for all of them."""
    if any(grant.role in {Role.ENGINEER, Role.AUDITOR, Role.WORKER} for grant in user.grants):
        return None
    return frozenset(grant.territory for grant in user.grants if grant.territory is not None)


def require(user: User, act: Act, case: Case) -> None:
    """Refuse what somebody may not do to a request.

    Raises:
        RequestError: In the same words as for a request that is not there, where they may not see it.
    """
    if not sees(user, case):
        raise unknown(case.number)
    if not may(user, act, territory=case.territory, concerns_school=case.concerns_school):
        raise RequestError(Phrase.of("You may not do this: {act}", act=Word(act.value)))


def unknown(number: int) -> RequestError:
    """The refusal of a request that is not there, or not seen."""
    return RequestError(Phrase.of("There is no request {number}", number=number))
