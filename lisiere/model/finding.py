"""What audits find, and waivers: who accepts that a rule is not kept, why, and until when."""

from datetime import date, datetime
from typing import NamedTuple

from pydantic import Field

from lisiere.model.base import Model
from lisiere.model.compliance_words import Basis, ScopeKind, State
from lisiere.model.words import Prose, RuleId

FLEET = ""
"""Stands for the fleet as a whole where the name of an appliance would stand."""


class Evidence(Model):
    """What a result rests on: the hash of a text on record and when it was read; no hash for what nobody keeps."""

    what: str
    sha256: str = ""
    seen_at: datetime | None = None


class Result(Model):
    """How one appliance stands against one rule; `reason` is empty when it passed and there is nothing to say."""

    host: str
    rule: RuleId
    state: State
    reason: str = ""
    evidence: Evidence


class Finding(Model):
    """A result on record with its times.

    Args:
        state: WAIVED where a waiver covers what failed.
        entered_at: Since when this state holds; a waiver that began or ended since counts.
        failed_at: Since when the rule is not kept, whatever a waiver says; None unless it is not kept.
        seen_at: When it was judged last, as far as that is on record; what it was judged by may be older.
        evidence: What it was judged by last; no hash and no time where only something newer is on record.
        waiver: The number of the waiver that covers it, 0 for none.
    """

    host: str
    rule: RuleId
    state: State
    reason: str
    entered_at: datetime
    failed_at: datetime | None
    seen_at: datetime
    evidence: Evidence
    waiver: int = 0


class Change(Model):
    """A state that a finding entered, and left unless it still holds: what a comparison of two dates is made of.

    `audit` is the audit that saw it first, `run_id` the run after which that was, empty for none.
    """

    host: str
    rule: RuleId
    state: State
    reason: str
    entered_at: datetime
    left_at: datetime | None
    audit: int
    run_id: str = ""


class Span(NamedTuple):
    """From when until when an appliance did not keep a rule; None while it does not."""

    host: str
    rule: str
    entered_at: datetime
    left_at: datetime | None


class Audit(Model):
    """One audit on record; counts are as they were found, before waivers."""

    number: int
    at: datetime
    by: str
    basis: Basis
    selection: str
    packs_sha256: str
    appliances: int
    passed: int
    failed: int
    not_evaluated: int
    run_id: str = ""


class Scope(Model):
    """What a waiver covers: the fleet, a territory by its SIREN number, or a site by the name of its appliance."""

    kind: ScopeKind
    name: str = ""

    def __str__(self) -> str:
        """`fleet`, `territory 200037059`, `site 80001-mairie-01`."""
        return f"{self.kind} {self.name}".strip()


class Audited(Model):
    """What an audit found and over what.

    Args:
        hosts: The appliances that were audited; the empty name for the fleet as a whole.
        results: What was found on them; no result for a rule that does not concern an appliance.
        known_hosts: Every appliance of the inventory in service: what is on record of others has ended.
        known_rules: The rules that were asked; None when all there are were, so that others have ended.
    """

    at: datetime
    by: str
    basis: Basis
    selection: str
    packs_sha256: str
    hosts: frozenset[str]
    results: tuple[Result, ...]
    known_hosts: frozenset[str]
    known_rules: frozenset[str] | None = None
    run_id: str = ""


class Waiver(Model):
    """Who accepts that a rule is not kept. In force from its approval until its last day has ended in Paris.

    Args:
        measure: What is done meanwhile to make up for it.
        until: The last day, Europe/Paris.
        ends_at: The instant at which that day has ended.
        approved_by: Empty until somebody else than `asked_by` approved it.
        ended_by: Who ended it before its time; empty otherwise.
        asked_login, approved_login: The login name and machine behind these names; empty where nobody noted them.
    """

    number: int
    rule: RuleId
    scope: Scope
    reason: Prose
    measure: Prose
    asked_by: str
    asked_at: datetime
    asked_login: str = ""
    approved_by: str = ""
    approved_login: str = ""
    approved_at: datetime | None = None
    until: date
    ends_at: datetime
    ended_by: str = ""
    ended_at: datetime | None = None

    @property
    def stop_at(self) -> datetime:
        """When it ends or ended."""
        return self.ends_at if self.ended_at is None else min(self.ends_at, self.ended_at)

    def is_in_force(self, at: datetime) -> bool:
        """Whether it covers what fails at that instant."""
        return self.approved_at is not None and self.approved_at <= at < self.stop_at


class Notice(Model):
    """Something to tell people once; sending is another's work.

    `given_up` names the channels through which it did not go, and is not tried again.
    """

    number: int
    kind: str
    subject: str
    text: str
    made_at: datetime
    sent_at: datetime | None = None
    given_up: tuple[str, ...] = ()


class Delivery(Model):
    """A notice to be sent through a channel now; `attempt` is 1 at first."""

    notice: Notice
    channel: str
    attempt: int


class Observation(Model):
    """What an appliance told of one topic, or to one getter, and when."""

    host: str
    topic: str
    answer: str
    sha256: str = ""
    seen_at: datetime


class StateCounts(Model):
    """How many findings are in each state."""

    passed: int = Field(default=0, ge=0)
    failed: int = Field(default=0, ge=0)
    not_evaluated: int = Field(default=0, ge=0)
    waived: int = Field(default=0, ge=0)
