"""Users on record. Called on the thread of the worker."""

import json
from datetime import datetime

from lisiere.errors import UsageError
from lisiere.model.request_case import User
from lisiere.store import journal
from lisiere.store.ids import utc
from lisiere.store.journal import Note
from lisiere.store.models import UserRow


def add(alias: str, user: User, *, token_sha256: str, by: str, at: datetime) -> None:
    """Keep a user, or what was granted to one anew; the token that was before is no longer taken."""
    UserRow.objects.using(alias).update_or_create(
        name=user.name,
        defaults={
            "title": user.title,
            "grants": json.dumps([grant.model_dump(mode="json") for grant in user.grants]),
            "token_sha256": token_sha256,
            "made_at": utc(at),
            "made_by": by,
        },
    )
    told = ", ".join(f"{one.role}{f' of {one.territory}' if one.territory else ''}" for one in user.grants)
    journal.append(alias, [Note(utc(at), "users", "", "manage-users", f"{by}: {user.name} is {told}")])


def add_first(alias: str, user: User, *, token_sha256: str, by: str, at: datetime) -> None:
    """Keep the first user of all, for whom nobody can answer yet.

    Raises:
        UsageError: There are users already.
    """
    if UserRow.objects.using(alias).exists():
        raise UsageError("there are users already: sign in with `lisiere login`")
    add(alias, user, token_sha256=token_sha256, by=by, at=at)


def by_token(alias: str, token_sha256: str) -> User | None:
    """Whose token it is."""
    row: UserRow | None = UserRow.objects.using(alias).filter(token_sha256=token_sha256).first()
    return None if row is None else _user(row)


def everybody(alias: str) -> tuple[User, ...]:
    """All users, by name."""
    return tuple(map(_user, UserRow.objects.using(alias).order_by("name")))


def _user(row: UserRow) -> User:
    return User.model_validate({"name": row.name, "title": row.title, "grants": json.loads(row.grants)})
