"""Who signs in: tokens are made once and shown once, and only their hash is kept."""

import hashlib
import secrets
from typing import TYPE_CHECKING

from pydantic import ValidationError

from lisiere.errors import UsageError
from lisiere.model.request_case import Act, Grant, Role, User
from lisiere.workflow.requests.permissions import may
from lisiere.workflow.requests.phrases import Phrase, RequestError

if TYPE_CHECKING:
    from lisiere.store.records import Records


def user_of(records: "Records", token: str) -> User:
    """Who signs in with a token.

    Raises:
        UsageError: It is nobody's.
    """
    found = records.requests.user_of(_hash(token.strip()))
    if found is None:
        raise UsageError("this token is nobody's; an engineer makes a new one with `lisiere user add`")
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


def add_user(records: "Records", user: User, *, by: User) -> str:
    """Keep a user, or grant one something else; the token, shown this once.

    Raises:
        RequestError: They may not.
    """
    if not may(by, Act.MANAGE_USERS, territory=None):
        raise RequestError(Phrase.of("You may not do this: {act}", act=Act.MANAGE_USERS.value))
    token = secrets.token_urlsafe(32)
    records.requests.add_user(user, token_sha256=_hash(token), by=by.name)
    return token


def add_first_user(records: "Records", user: User, *, by: str) -> str:
    """Keep the first user of all, an engineer, whom the account on this machine answers for; the token.

    Raises:
        UsageError: There are users already, or it is no engineer.
    """
    if all(one.role is not Role.ENGINEER for one in user.grants):
        raise UsageError("the first user is an engineer: --role engineer")
    token = secrets.token_urlsafe(32)
    records.requests.add_first_user(user, token_sha256=_hash(token), by=by)
    return token


def users_seen(records: "Records", user: User) -> tuple[User, ...]:
    """The users that somebody may know of: all for who manages them, else oneself."""
    everybody = records.requests.users()
    return everybody if may(user, Act.MANAGE_USERS, territory=None) else (user,)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
