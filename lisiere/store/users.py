"""Users on record: codes that are taken once, tokens that they give. Called on the thread of the worker."""

import json
from datetime import datetime

from django.db.models import QuerySet

from lisiere.errors import UsageError
from lisiere.model.request_case import Account, Role, Standing, User
from lisiere.store import journal
from lisiere.store.ids import utc
from lisiere.store.journal import Note
from lisiere.store.models import UserRow

JOURNAL = "users"


def invite(alias: str, user: User, *, code_sha256: str, ends_at: datetime, by: str, at: datetime) -> None:
    """Keep a user, or what was granted to one anew, with a code to sign in with; the token from before is void.

    Raises:
        UsageError: It is the only engineer who can sign in.
    """
    _refuse_the_last(alias, user.name)
    confirmed_by = user.let_in_by if _is_founding(alias, user) else ""
    UserRow.objects.using(alias).update_or_create(
        name=user.name,
        defaults={
            "title": user.title,
            "grants": json.dumps([grant.model_dump(mode="json") for grant in user.grants]),
            "token_sha256": None,
            "code_sha256": code_sha256,
            "code_ends_at": utc(ends_at),
            "let_in_by": user.let_in_by,
            "confirmed_by": confirmed_by,
            "is_revoked": False,
            "made_at": utc(at),
        },
    )
    told = ", ".join(f"{one.role}{f' of {one.territory}' if one.territory else ''}" for one in user.grants)
    _tell(alias, f"{by}: {user.name} is {told}; a code until {utc(ends_at):%Y-%m-%d %H:%M} UTC", at=at)


def invite_first(alias: str, user: User, *, code_sha256: str, ends_at: datetime, by: str, at: datetime) -> None:
    """Keep the first user of all, for whom nobody can answer yet.

    Raises:
        UsageError: There are users already.
    """
    if _rows(alias).exists():
        raise UsageError("there are users already: sign in with `lisiere login`")
    invite(alias, user, code_sha256=code_sha256, ends_at=ends_at, by=by, at=at)
    _rows(alias).filter(name=user.name).update(confirmed_by=user.name)


def redeem(alias: str, code_sha256: str, *, token_sha256: str, at: datetime) -> User | None:
    """Take a code, this once, and keep the token that it gives; None when it is nobody's, or its time is over."""
    rows = _rows(alias).select_for_update()
    row: UserRow | None = rows.filter(code_sha256=code_sha256, code_ends_at__gt=utc(at), is_revoked=False).first()
    if row is None:
        return None
    row.code_sha256, row.code_ends_at, row.token_sha256 = None, None, token_sha256
    row.signed_in_at = row.signed_in_at or utc(at)
    row.save(using=alias)
    _tell(alias, f"{row.name} took the code of {row.let_in_by or 'this machine'}", at=at)
    return _user(row)


def confirm(alias: str, name: str, *, by: str, at: datetime) -> None:
    """Note that somebody else than who made the code knows the person who took it.

    Raises:
        UsageError: Nobody of that name is signed in, or it is for somebody else to say.
    """
    row: UserRow | None = _rows(alias).select_for_update().filter(name=name, is_revoked=False).first()
    if row is None or row.token_sha256 is None:
        raise UsageError(f"{name} has not signed in; `lisiere user list` shows who has")
    if by in {name, row.let_in_by}:
        raise UsageError(f"{name} is confirmed by another engineer than {name} and {row.let_in_by}, who made the code")
    row.confirmed_by = by
    row.save(using=alias)
    _tell(alias, f"{by}: it is {name} who signed in with the code of {row.let_in_by}", at=at)


def revoke(alias: str, name: str, *, by: str, at: datetime) -> None:
    """Take code and token from somebody, who stays on record.

    Raises:
        UsageError: There is nobody of that name, or it is the only engineer who can sign in.
    """
    _refuse_the_last(alias, name)
    row: UserRow | None = _rows(alias).select_for_update().filter(name=name).first()
    if row is None:
        raise UsageError(f"there is no user {name}; `lisiere user list` shows them")
    row.code_sha256, row.code_ends_at, row.token_sha256, row.confirmed_by = None, None, None, ""
    row.is_revoked = True
    row.save(using=alias)
    _tell(alias, f"{by}: {name} may no longer sign in", at=at)


def by_token(alias: str, token_sha256: str) -> User | None:
    """Whose token it is."""
    row: UserRow | None = _rows(alias).filter(token_sha256=token_sha256, is_revoked=False).first()
    return None if row is None else _user(row)


def accounts(alias: str, *, at: datetime) -> tuple[Account, ...]:
    """All users, by name, and whether they can sign in."""
    return tuple(
        Account(user=_user(row), standing=_standing(row, at), made_at=utc(row.made_at))
        for row in _rows(alias).order_by("name")
    )


def _rows(alias: str) -> QuerySet[UserRow]:
    return UserRow.objects.using(alias)


def _refuse_the_last(alias: str, name: str) -> None:
    """An engineer loses their token only while another one could make codes."""
    rows = _rows(alias).filter(is_revoked=False).exclude(token_sha256=None)
    able = {str(row.name) for row in rows if _is_engineer(_user(row))}
    if able == {name}:
        raise UsageError(f"{name} is the only engineer who can sign in; let another one sign in first")


def _is_founding(alias: str, user: User) -> bool:
    """Whether it is the second engineer of all: there is nobody yet who could confirm that one."""
    others = _rows(alias).exclude(name__in=[user.name, user.let_in_by])
    known = [row for row in others if row.signed_in_at is not None or not row.is_revoked]
    return bool(user.let_in_by) and _is_engineer(user) and not any(_is_engineer(_user(row)) for row in known)


def _is_engineer(user: User) -> bool:
    return any(grant.role is Role.ENGINEER for grant in user.grants)


def _standing(row: UserRow, at: datetime) -> Standing:
    if row.is_revoked:
        return Standing.REVOKED
    if row.token_sha256 is not None:
        return Standing.CONFIRMED if row.confirmed_by else Standing.SIGNED_IN
    return Standing.INVITED if row.code_ends_at is not None and utc(row.code_ends_at) > utc(at) else Standing.LAPSED


def _user(row: UserRow) -> User:
    return User(
        name=row.name,
        title=row.title,
        grants=json.loads(row.grants),
        let_in_by=row.let_in_by,
        confirmed_by=row.confirmed_by,
    )


def _tell(alias: str, words: str, *, at: datetime) -> None:
    journal.append(alias, [Note(utc(at), JOURNAL, "", "manage-users", words)])
