"""Users on record: codes that are taken once, tokens that they give. Called on the thread of the worker."""

import json
from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from lisiere.errors import ChangedLoginError, UsageError
from lisiere.model.request_case import Account, Binding, Event, Role, Standing, User
from lisiere.store import journal
from lisiere.store.ids import utc
from lisiere.store.journal import Note
from lisiere.store.models import BindingRow, UserRow

JOURNAL, THE_ONE = "users", 1
LOGIN = 8
"""Length of what tells a login from another, the begin of its token's hash: digits that a person reads out."""
MACHINE = "@"
"""What the name of an account of a machine holds, and that of no user."""


def invite(alias: str, user: User, *, code_sha256: str, ends_at: datetime, at: datetime) -> None:
    """Keep a user, or what was granted to one anew, with a code to sign in with; the token from before is void.

    Raises:
        UsageError: It is the only engineer who can sign in, it is somebody who was revoked, or who makes the code may
            no longer.
    """
    _acting(alias, user.let_in_by)
    _refuse_the_last(alias, user.name)
    _keep(alias, user, code_sha256=code_sha256, ends_at=ends_at, by=user.let_in_by, at=at)


def invite_by_machine(alias: str, user: User, *, code_sha256: str, ends_at: datetime, at: datetime) -> None:
    """The same as the owner of the machine, whoever can or cannot sign in.

    Raises:
        UsageError: There are no users yet.
    """
    if not _rows(alias).exists():
        raise UsageError("there are no users yet: --first")
    _keep(alias, user, code_sha256=code_sha256, ends_at=ends_at, by=user.let_in_by, at=at)


def invite_first(alias: str, user: User, *, code_sha256: str, ends_at: datetime, by: str, at: datetime) -> None:
    """Keep the first user of all, for whom nobody can answer yet; until somebody signs in, it can be said anew.

    Raises:
        UsageError: Somebody has signed in already.
    """
    if _rows(alias).exclude(signed_in_at=None).exists():
        raise UsageError("there are users already: sign in with `lisiere login`")
    _keep(alias, user, code_sha256=code_sha256, ends_at=ends_at, by=by, at=at)
    _rows(alias).exclude(name=user.name).update(is_revoked=True, code_sha256=None, code_ends_at=None, confirmed_by="")
    _rows(alias).filter(name=user.name).update(confirmed_by=user.name)


def _keep(alias: str, user: User, *, code_sha256: str, ends_at: datetime, by: str, at: datetime) -> None:
    if _rows(alias).filter(name=user.name, is_revoked=True).exists():
        raise UsageError(f"{user.name} was revoked, and the name is nobody else's; take another one")
    UserRow.objects.using(alias).update_or_create(
        name=user.name,
        defaults={
            "title": user.title,
            "grants": json.dumps([grant.model_dump(mode="json") for grant in user.grants]),
            "token_sha256": None,
            "token_ends_at": None,
            "login": "",
            "code_sha256": code_sha256,
            "code_ends_at": utc(ends_at),
            "let_in_by": user.let_in_by,
            "confirmed_by": "",
            "is_revoked": False,
            "made_at": utc(at),
        },
    )
    told = ", ".join(f"{one.role}{f' of {one.territory}' if one.territory else ''}" for one in user.grants)
    _tell(alias, f"{by}: {user.name} is {told}; a code until {utc(ends_at):%Y-%m-%d %H:%M} UTC", at=at)


def redeem(alias: str, code_sha256: str, *, token_sha256: str, ends_at: datetime, at: datetime) -> User | None:
    """Take a code, this once, and keep the token that it gives, until its end; None when it is nobody's or too late."""
    rows = _rows(alias).select_for_update()
    row: UserRow | None = rows.filter(code_sha256=code_sha256, code_ends_at__gt=utc(at), is_revoked=False).first()
    if row is None:
        return None
    row.code_sha256, row.code_ends_at, row.token_sha256 = None, None, token_sha256
    row.token_ends_at, row.login = utc(ends_at), token_sha256[:LOGIN]
    row.signed_in_at = row.signed_in_at or utc(at)
    row.save(using=alias)
    _tell(alias, f"{row.name} took the code of {row.let_in_by or 'this machine'}", at=at)
    return _user(alias, row)


def confirm(alias: str, name: str, login: str, *, by: str, at: datetime) -> None:
    """Note that somebody beside the line that let this person in heard from them by which login they signed in.

    That is an engineer; where a territory has people already who were confirmed, one of them.

    Raises:
        UsageError: Nobody of that name signed in by that login, or it is for somebody else to say.
    """
    _refuse_unseen(alias, name, by=by)
    row = _to_confirm(alias, name, login)
    if row.confirmed_by:
        raise UsageError(f"{name} is confirmed already")
    if _is_for_neighbours(alias, row, by=by):
        _confirmed(alias, row, by=by, at=at)
        return
    confirming = _acting(alias, by)
    if shared := {by, *_line(alias, confirming)} & {name, *_line(alias, row)}:
        told = ", ".join(sorted(shared))
        raise UsageError(f"{name} is confirmed by another engineer: {told} let {name} in, or let in who did")
    _confirmed(alias, row, by=by, at=at)


def vouch(alias: str, name: str, login: str, *, account: str, at: datetime) -> None:
    """Note the same as the owner of the machine says it; the line of who let this person in ends there.

    Raises:
        UsageError: Nobody of that name signed in by that login.
    """
    _confirmed(alias, _to_confirm(alias, name, login), by=account, at=at)


def revoke(alias: str, name: str, *, by: str, at: datetime) -> None:
    """Take code and token from somebody, who stays on record.

    Raises:
        UsageError: There is nobody of that name, it is the only engineer who can sign in, or who says so may no longer.
    """
    _acting(alias, by)
    _refuse_the_last(alias, name)
    row: UserRow | None = _rows(alias).select_for_update().filter(name=name).first()
    if row is None:
        raise UsageError(f"there is no user {name}; `lisiere user list` shows them")
    row.code_sha256, row.code_ends_at, row.token_sha256, row.confirmed_by = None, None, None, ""
    row.is_revoked = True
    row.save(using=alias)
    _tell(alias, f"{by}: {name} may no longer sign in", at=at)


def check_still(alias: str, user: User) -> None:
    """See that somebody is still who signed in before this transaction began. Nobody is ever deleted.

    Raises:
        ChangedLoginError: They were revoked, let in anew, confirmed, or granted something else.
    """
    row: UserRow | None = _rows(alias).filter(name=user.name).first()
    if row is not None and (row.is_revoked or row.token_sha256 is None or _user(alias, row) != user):
        raise ChangedLoginError(user.name)


def lapsed(alias: str, visas: Sequence[Event]) -> tuple[str, ...]:
    """Who gave some visas by a login that is theirs no longer: they were revoked, or let in anew."""
    if not visas:
        return ()
    rows = {str(row.name): row for row in _rows(alias).filter(name__in=[one.by for one in visas])}
    return tuple(
        one.by for one in visas if (row := rows.get(one.by)) is not None and (row.is_revoked or row.login != one.login)
    )


def by_token(alias: str, token_sha256: str, *, at: datetime) -> User | None:
    """Whose token it is; None also when its time is over."""
    rows = _rows(alias).filter(token_sha256=token_sha256, token_ends_at__gt=utc(at), is_revoked=False)
    row: UserRow | None = rows.first()
    return None if row is None else _user(alias, row)


def sign_out(alias: str, token_sha256: str, *, at: datetime) -> None:
    """Have a token be nobody's."""
    row: UserRow | None = _rows(alias).select_for_update().filter(token_sha256=token_sha256).first()
    if row is not None:
        row.token_sha256, row.token_ends_at = None, None
        row.save(using=alias)
        _tell(alias, f"{row.name} signed out", at=at)


def bind(alias: str, binding: Binding, *, by: str, at: datetime) -> None:
    """Have users and requests here be for one inventory, and no other any longer."""
    BindingRow.objects.using(alias).update_or_create(id=THE_ONE, defaults=binding.model_dump())
    _tell(alias, f"{by}: these records are for {binding.inventory} {binding.templates}".strip(), at=at)


def binding(alias: str) -> Binding | None:
    """The inventory that users and requests here are for; None while nobody said so."""
    row: BindingRow | None = BindingRow.objects.using(alias).filter(id=THE_ONE).first()
    return None if row is None else Binding(mark=row.mark, inventory=row.inventory, templates=row.templates)


def accounts(alias: str, *, at: datetime) -> tuple[Account, ...]:
    """All users, by name, and whether they can sign in."""
    return tuple(
        Account(user=_user(alias, row), standing=_standing(row, at), made_at=utc(row.made_at))
        for row in _rows(alias).order_by("name")
    )


def _rows(alias: str) -> QuerySet[UserRow]:
    return UserRow.objects.using(alias)


def _refuse_the_last(alias: str, name: str) -> None:
    """An engineer loses their token only while another one could make codes."""
    rows = _rows(alias).filter(is_revoked=False).exclude(token_sha256=None).exclude(confirmed_by="")
    able = {str(row.name) for row in rows if _is_engineer(row)}
    if able == {name}:
        raise UsageError(f"{name} is the only engineer who can sign in; let another one sign in first")


def _acting(alias: str, name: str) -> UserRow:
    """The row of an engineer who manages users.

    Raises:
        UsageError: They may no longer.
    """
    row: UserRow | None = _rows(alias).filter(name=name, is_revoked=False).exclude(token_sha256=None).first()
    if row is None or not row.confirmed_by or not _is_engineer(row):
        raise UsageError(f"{name} may not manage users any longer; sign in anew")
    return row


def _refuse_unseen(alias: str, name: str, *, by: str) -> None:
    """To who acts for a territory, people of other territories and of the operator are not there."""
    row: UserRow | None = _rows(alias).filter(name=name).first()
    confirming: UserRow | None = _rows(alias).filter(name=by, is_revoked=False).first()
    if row is None or confirming is None or _is_engineer(confirming):
        return
    wanted = _territories(row)
    if not wanted or not wanted <= _territories(confirming):
        raise _not_signed_in(name)


def _not_signed_in(name: str) -> UsageError:
    return UsageError(f"{name} has not signed in; `lisiere user list` shows who has")


def _to_confirm(alias: str, name: str, login: str) -> UserRow:
    row: UserRow | None = _rows(alias).select_for_update().filter(name=name, is_revoked=False).first()
    if row is None or row.token_sha256 is None:
        raise _not_signed_in(name)
    if row.login != login.strip().lower():
        raise UsageError(
            f"this is not the login of {name}: ask the person for what `lisiere login` told them; if they were told"
            " another one, somebody else took their code"
        )
    return row


def _is_for_neighbours(alias: str, row: UserRow, *, by: str) -> bool:
    """Whether it is for the people of a territory to say who else acts for it: once there are some, it is for them.

    Raises:
        UsageError: It is, and this is none of them.
    """
    wanted = _territories(row)
    others = _rows(alias).filter(is_revoked=False).exclude(name=row.name).exclude(token_sha256=None)
    known = {str(one.name): _territories(one) for one in others if one.confirmed_by and wanted & _territories(one)}
    if known and not wanted <= known.get(by, frozenset()):
        raise UsageError(f"{row.name} is confirmed by somebody of the territory: {', '.join(sorted(known))}")
    return bool(known)


def _territories(row: UserRow) -> frozenset[str]:
    grants = json.loads(row.grants)
    return frozenset(str(one["territory"]) for one in grants if one["territory"] is not None)


def _confirmed(alias: str, row: UserRow, *, by: str, at: datetime) -> None:
    row.confirmed_by = by
    row.save(using=alias)
    _tell(alias, f"{by}: it is {row.name} who signed in with the code of {row.let_in_by or 'this machine'}", at=at)


def _line(alias: str, row: UserRow) -> tuple[str, ...]:
    """Who made the code of somebody, who made theirs, and so on, up to whom the machine's owner vouches for."""
    found: list[str] = []
    at: UserRow | None = row
    while at is not None and not _is_vouched_for(at) and at.let_in_by and at.let_in_by not in found:
        found.append(str(at.let_in_by))
        at = _rows(alias).filter(name=at.let_in_by).first()
    return tuple(one for one in found if MACHINE not in one)


def _is_vouched_for(row: UserRow) -> bool:
    """Whether it is the first of all, or the owner of the machine said that it is this person."""
    return bool(row.confirmed_by == row.name or MACHINE in row.confirmed_by)


def _is_engineer(row: UserRow) -> bool:
    return any(grant["role"] == Role.ENGINEER for grant in json.loads(row.grants))


def _standing(row: UserRow, at: datetime) -> Standing:
    if row.is_revoked:
        return Standing.REVOKED
    if row.token_sha256 is not None and row.token_ends_at is not None and utc(row.token_ends_at) > utc(at):
        return Standing.CONFIRMED if row.confirmed_by else Standing.SIGNED_IN
    return Standing.INVITED if row.code_ends_at is not None and utc(row.code_ends_at) > utc(at) else Standing.LAPSED


def _user(alias: str, row: UserRow) -> User:
    return User(
        name=row.name,
        title=row.title,
        grants=json.loads(row.grants),
        let_in_by=row.let_in_by,
        confirmed_by=row.confirmed_by,
        line=_line(alias, row),
        login=row.login,
    )


def _tell(alias: str, words: str, *, at: datetime) -> None:
    journal.append(alias, [Note(utc(at), JOURNAL, "", "manage-users", words)])
