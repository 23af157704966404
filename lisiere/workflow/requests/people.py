"""Who signs in: an engineer makes a code, the person takes it for a token, and of both only hashes are kept.

A login gives visas, and makes others, only when another engineer has confirmed that it is the person's own: one who has
nothing to do with the line of people who let it in. Nobody gives two visas by making the second person up. Where there
are too few engineers for that, the owner of the machine, who holds the records anyway, vouches for one.
"""

import hashlib
import secrets
from collections.abc import Set as AbstractSet
from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import ValidationError

from lisiere.errors import UsageError
from lisiere.model.request_case import Account, Act, Case, Damaged, Grant, Role, State, User
from lisiere.workflow.requests.permissions import may
from lisiere.workflow.requests.phrases import Phrase, RequestError, Word

if TYPE_CHECKING:
    from lisiere.store.records import Records

TOKEN_TERM = timedelta(days=180)
"""For how long a token is good: half a year, and then an engineer makes a new code."""
CODE_TERM = timedelta(hours=8)
"""For how long a code can be taken: a working day."""
LONGEST_ACCOUNT = 63
PENDING = frozenset({State.SUBMITTED, State.EPCI_APPROVED})


def user_of(records: "Records", token: str) -> User:
    """Who signs in with a token.

    Raises:
        RequestError: It is nobody's.
    """
    found = records.requests.user_of(_hash(token.strip()))
    if found is None:
        raise RequestError(Phrase.of("This token is nobody's here; an engineer makes a code for `lisiere login`"))
    return found


def make_user(name: str, title: str, role: str, territories: tuple[str, ...]) -> User:
    """A user with one role, for each of some territories or for the fleet.

    Raises:
        UsageError: There is no such role, or it is held otherwise.
    """
    try:
        grants = tuple(Grant(role=Role(role), territory=one) for one in territories or (None,))
        return User(name=name, title=title, grants=grants)
    except ValidationError as exc:
        told = "; ".join(str(one.get("ctx", {}).get("error", f"{one['loc'][0]} is not valid")) for one in exc.errors())
        raise UsageError(f"no such user: {told}") from exc
    except ValueError as exc:
        raise UsageError(f"there is no role {role!r}; there are {', '.join(Role)}") from exc


def invite(records: "Records", user: User, *, by: User) -> str:
    """Keep a user, or grant one something else; the code to hand over, shown this once. Their token is void.

    Raises:
        RequestError: They may not, or they could then give the other visa of a request that they had a hand in.
        UsageError: No engineer could sign in any more, or the name is that of somebody who was revoked.
    """
    require_manager(by)
    code = secrets.token_urlsafe(16)
    records.requests.invite(
        user.model_copy(update={"let_in_by": by.name}),
        code_sha256=_hash(code),
        ends_at=records.requests.now() + CODE_TERM,
        judge=lambda cases: _judge(cases, user, by),
    )
    return code


def invite_by_machine(records: "Records", user: User, *, account: str) -> str:
    """The same by who owns the machine: where no engineer can sign in any more, nobody else could.

    Raises:
        UsageError: There are no users yet.
    """
    code = secrets.token_urlsafe(16)
    records.requests.invite_by_machine(
        user.model_copy(update={"let_in_by": account[:LONGEST_ACCOUNT]}),
        code_sha256=_hash(code),
        ends_at=records.requests.now() + CODE_TERM,
    )
    return code


def invite_first(records: "Records", user: User, *, by: str) -> str:
    """Keep the first user of all, an engineer, whom the account on this machine answers for; the code.

    Raises:
        UsageError: Somebody has signed in already, or it is no engineer.
    """
    if all(one.role is not Role.ENGINEER for one in user.grants):
        raise UsageError("the first user is an engineer: --role engineer")
    code = secrets.token_urlsafe(16)
    ends_at = records.requests.now() + CODE_TERM
    records.requests.invite_first(user, code_sha256=_hash(code), ends_at=ends_at, by=by)
    return code


def redeem(records: "Records", code: str) -> tuple[User, str]:
    """Take a code for a token, which nobody else ever sees.

    Raises:
        RequestError: It is nobody's, was taken, or its time is over.
    """
    token = secrets.token_urlsafe(32)
    ends_at = records.requests.now() + TOKEN_TERM
    found = records.requests.redeem(_hash(code.strip()), token_sha256=_hash(token), ends_at=ends_at)
    if found is None:
        raise RequestError(
            Phrase.of("This code is nobody's, was taken already, or its time is over; an engineer makes a new one")
        )
    return found, token


def confirm(records: "Records", name: str, login: str, *, by: User) -> None:
    """Say that this person signed in by this login, as they told: their visas count from now on.

    An engineer says so; for a territory that has people already, one of these: the operator does not choose alone who
    stands for a territory.

    Raises:
        RequestError: They may not, or their own login is not confirmed.
        UsageError: Nobody of that name signed in by that login, or it is for somebody else to say.
    """
    require_confirmer(by)
    records.requests.confirm(name, login, by=by.name)


def confirm_by_machine(records: "Records", name: str, login: str, *, account: str) -> None:
    """The same, as who owns the machine says: where there are too few engineers, nobody else could.

    Raises:
        UsageError: Nobody of that name signed in by that login.
    """
    records.requests.vouch(name, login, account=account[:LONGEST_ACCOUNT])


def sign_out(records: "Records", token: str) -> None:
    """Have a token be nobody's from now on."""
    records.requests.sign_out(_hash(token.strip()))


def revoke(records: "Records", name: str, *, by: User) -> None:
    """Let somebody sign in no longer.

    Raises:
        RequestError: They may not, or their own login is not confirmed.
        UsageError: There is nobody of that name, or no engineer could sign in any more.
    """
    require_manager(by)
    records.requests.revoke(name, by=by.name)


def accounts_seen(records: "Records", user: User) -> tuple[Account, ...]:
    """The accounts that somebody may know of: all for who manages them, else the own and those of the own territories.

    Of others nobody sees by which login they signed in: they say so themselves to who confirms them.
    """
    everybody = tuple(_without_login(one, user) for one in records.requests.accounts())
    if may(user, Act.MANAGE_USERS, territory=None):
        return everybody
    own = {one.territory for one in user.grants if one.territory is not None}
    return tuple(filter(None, (_as_neighbour(one, user.name, own) for one in everybody)))


def _without_login(account: Account, user: User) -> Account:
    if account.user.name == user.name:
        return account
    return account.model_copy(update={"user": account.user.model_copy(update={"login": ""})})


def _as_neighbour(account: Account, name: str, own: AbstractSet[str]) -> Account | None:
    """An account with what it may do for some territories; None where that is nothing."""
    if account.user.name == name:
        return account
    grants = tuple(one for one in account.user.grants if one.territory in own)
    return account.model_copy(update={"user": account.user.model_copy(update={"grants": grants})}) if grants else None


def require_confirmer(by: User) -> None:
    """Refuse who neither manages users nor acts for a territory.

    Raises:
        RequestError: They may not, or their own login is not confirmed.
    """
    if not any(may(by, Act.CONFIRM_USER, territory=one.territory) for one in by.grants):
        raise RequestError(Phrase.of("You may not do this: {act}", act=Word(Act.CONFIRM_USER.value)))
    _require_confirmed(by)


def require_manager(by: User) -> None:
    """Refuse who does not manage users.

    Raises:
        RequestError: They may not, or their own login is not confirmed.
    """
    if not may(by, Act.MANAGE_USERS, territory=None):
        raise RequestError(Phrase.of("You may not do this: {act}", act=Word(Act.MANAGE_USERS.value)))
    _require_confirmed(by)


def _require_confirmed(by: User) -> None:
    if not by.confirmed_by:
        raise RequestError(Phrase.of("Your own login is not confirmed; another engineer does that"))


def _judge(cases: tuple[Case | Damaged, ...], user: User, by: User) -> None:
    """Nobody makes the login that gives a visa beside their own, or for what they asked for themselves."""
    for case in cases:
        if isinstance(case, Damaged) or case.state not in PENDING:
            continue
        had_a_hand = by.name == case.asked_by or any(one.by == by.name for one in case.visas())
        if had_a_hand and any(_may_give(user, act, case) for act in (Act.VISA_EPCI, Act.VISA_OPERATOR)):
            raise RequestError(
                Phrase.of(
                    "You had a hand in request {number}, for which {name} may give a visa; "
                    "another engineer makes the code",
                    number=case.number,
                    name=user.name,
                )
            )


def _may_give(user: User, act: Act, case: Case) -> bool:
    return may(user, act, territory=case.territory, concerns_school=case.concerns_school)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
