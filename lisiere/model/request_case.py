"""A request on its way: who asked, who gave which visa for what effect, and all that happened, in order."""

import hashlib
import json
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from lisiere.model.base import Model
from lisiere.model.words import Line, Siren

UserId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9._-]{1,62}$")]
"""The name under which a person signs in."""
Remark = Annotated[
    str, StringConstraints(max_length=2000, pattern=r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$")
]
"""A reason or a comment: lines of text without controls."""


class Role(StrEnum):
    """What somebody is to the fleet, or to one territory."""

    ENGINEER = "engineer"
    EPCI_ADMIN = "epci-admin"
    EPCI_APPROVER = "epci-approver"
    AUDITOR = "auditor"
    ACADEMIE = "academie"


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
    """Somebody who signs in, with what was granted to them."""

    name: UserId
    title: Line
    grants: tuple[Grant, ...] = Field(min_length=1, max_length=100)


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
    SCHEDULE = "schedule"
    VOID = "void"
    COMMIT = "commit"
    MANAGE_USERS = "manage-users"


class State(StrEnum):
    """How far a request is."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    EPCI_APPROVED = "epci-approved"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    APPLIED = "applied"
    VERIFIED = "verified"
    CLOSED = "closed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Event(Model):
    """One thing that happened to a request; `sha256` is of the effect that was shown when it did."""

    at: datetime
    by: UserId
    act: Act
    detail: str = ""
    sha256: str = ""


class Case(Model):
    """A request with its history; `number` is 0 until it is kept."""

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
        """SHA-256 over all of it: what was altered on record no longer fits."""
        content = json.dumps(self.model_dump(mode="json", exclude={"number"}), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()
