"""A request on its way: who asked, who gave which visa for what effect, and all that happened, in order."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from lisiere.model.base import Model
from lisiere.model.hashing import sha256_of
from lisiere.model.words import Line, Siren

UserId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9._-]{1,62}$")]
"""The name under which a person signs in."""
Remark = Annotated[
    str,
    StringConstraints(
        max_length=2000,
        pattern=r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]*$",
    ),
]
"""A reason or a comment: lines of text without controls."""


class Role(StrEnum):
    """What somebody is to the fleet, or to one territory."""

    ENGINEER = "engineer"
    EPCI_ADMIN = "epci-admin"
    EPCI_APPROVER = "epci-approver"
    AUDITOR = "auditor"
    ACADEMIE = "academie"
    WORKER = "worker"


TERRITORIAL = frozenset({Role.EPCI_ADMIN, Role.EPCI_APPROVER})
"""Roles that are held for a territory; the others are held for the fleet."""


class Grant(Model):
    """A role, and the territory for which it is held; None for the fleet."""

    role: Role
    territory: Siren | None = None

    @model_validator(mode="after")
    def _placed(self) -> "Grant":
        if (self.role in TERRITORIAL) != (self.territory is not None):
            raise ValueError(f"{self.role} is held for {'a territory' if self.role in TERRITORIAL else 'the fleet'}")
        return self


class User(Model):
    """Somebody who signs in, with what was granted to them.

    Args:
        let_in_by: Who made the code that they signed in with; empty for the first of all.
        confirmed_by: Who else says that it is this person who signed in; empty while nobody did.
        line: Who made that code, who made the code of that one, and so on, up to whom the machine's owner vouches for.
        login: What tells this login from any other of the same name; empty while they did not sign in.
    """

    name: UserId
    title: Line
    grants: tuple[Grant, ...] = Field(min_length=1, max_length=100)
    let_in_by: str = ""
    confirmed_by: str = ""
    line: tuple[str, ...] = ()
    login: str = ""


class Standing(StrEnum):
    """Whether somebody can sign in."""

    CONFIRMED = "confirmed"
    SIGNED_IN = "signed-in"
    INVITED = "invited"
    LAPSED = "lapsed"
    REVOKED = "revoked"


class Account(Model):
    """A user as who manages users sees them."""

    user: User
    standing: Standing
    made_at: datetime


class Binding(Model):
    """The inventory and the templates that records are for; `mark` is known to all three.

    Args:
        inventory: Its folder, without symbolic links.
        templates: The same of the operator's own templates; empty where there are none.
    """

    mark: str
    inventory: str
    templates: str = ""


class Act(StrEnum):
    """What somebody does; every one but reading is written down."""

    READ = "read"
    CREATE = "create"
    COMMENT = "comment"
    SUBMIT = "submit"
    VISA_EPCI = "visa-epci"
    VISA_OPERATOR = "visa-operator"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    OBJECT = "object"
    INFORM = "inform"
    PLAN = "plan"
    SCHEDULE = "schedule"
    BEGIN = "begin"
    APPLY = "apply"
    HOLD = "hold"
    FAIL = "fail"
    VERIFY = "verify"
    END = "end"
    CLOSE = "close"
    VOID = "void"
    COMMIT = "commit"
    MANAGE_USERS = "manage-users"
    CONFIRM_USER = "confirm-user"


class State(StrEnum):
    """How far a request is."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    EPCI_APPROVED = "epci-approved"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    APPLYING = "applying"
    APPLIED = "applied"
    VERIFIED = "verified"
    CLOSED = "closed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Event(Model):
    """One thing that happened to a request.

    Args:
        sha256: Of the effect that was shown when it did.
        line: Who made the code of who did it, and so on.
        login: The login by which they did it.
    """

    at: datetime
    by: UserId
    act: Act
    detail: str = ""
    sha256: str = ""
    line: tuple[str, ...] = ()
    login: str = ""


FOUND = frozenset({"informed_at", "lapsed"})
"""What is found anew whenever a request is read, and is no part of its history."""


class Case(Model):
    """A request with its history.

    Args:
        number: 0 until it is kept.
        plan_id: The plan that lies ready since the second visa: what the records say that it will change.
        informed_at: When the académie's contact was told of it, where it concerns a school; None for not yet.
        lapsed: Who gave a visa in force by a login that is no longer theirs.
    """

    number: int
    territory: Siren
    asked_by: UserId
    request: str
    concerns_school: bool
    state: State
    effect_sha256: str
    events: tuple[Event, ...]
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    plan_id: str = ""
    informed_at: datetime | None = None
    lapsed: tuple[UserId, ...] = ()

    def sent(self) -> int:
        """How often it was sent, or is to be looked at anew for its visas became void."""
        return sum(event.act in {Act.SUBMIT, Act.VOID} for event in self.events)

    def visas(self) -> tuple[Event, ...]:
        """The visas in force: those given after the last submission and after the last time that they became void."""
        found: list[Event] = []
        for event in self.events:
            if event.act in {Act.SUBMIT, Act.VOID}:
                found.clear()
            elif event.act in {Act.VISA_EPCI, Act.VISA_OPERATOR}:
                found.append(event)
        return tuple(found)

    @property
    def seal(self) -> str:
        """SHA-256 over all of it: what was altered or exchanged on record no longer fits."""
        content = json.dumps(self.model_dump(mode="json", exclude=set(FOUND)), sort_keys=True, ensure_ascii=False)
        return sha256_of(content)


class Damaged(Model):
    """A request that was altered on record: nothing of it is to be believed but that it is there."""

    number: int
    territory: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A request as it is on record, with the bytes of its effect."""

    case: Case
    effect: bytes


@dataclass(frozen=True, slots=True)
class Decided:
    """What becomes of a request and the bytes of its effect, and what the académie's contact is to be told."""

    case: Case
    effect: bytes
    notice: str = ""
