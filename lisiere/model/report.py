"""A compliance report: how a part of the fleet stands against the rules, in one language, ready to be written."""

from datetime import date, datetime
from enum import StrEnum

from pydantic import Field

from lisiere.model.base import Model
from lisiere.model.compliance_words import Force, ReadAs, Severity, State
from lisiere.model.finding import StateCounts


class Language(StrEnum):
    """The languages of a report."""

    FR = "fr"
    EN = "en"


class View(Model):
    """What a report is about: the fleet, or less. Nothing of what is outside may be in it.

    Args:
        territory: Its SIREN number; empty for all of them.
        site: The name of its appliance; empty for all of them.
        rule: The id of the only rule; empty for all of them.
    """

    territory: str = ""
    site: str = ""
    rule: str = ""

    @property
    def is_fleet(self) -> bool:
        """Whether every site is in it, and the fleet as a whole."""
        return not self.territory and not self.site


class SeenOn(StrEnum):
    """Whose appliances all of a report tells of; those of the lab prove nothing."""

    APPLIANCES = "appliances"
    LAB = "lab"


class Share(Model):
    """A group of results, by territory, family, severity or site, and how many are in each state."""

    key: str
    title: str
    counts: StateCounts


class Cited(Model):
    """A document that a rule comes from, and where in it."""

    document: str
    version: str
    dated: date
    language: str
    number: str
    force: Force
    read_as: ReadAs


class RuleLine(Model):
    """A rule, how the sites in view stand against it, and what mends it."""

    id: str
    title: str
    severity: Severity
    family: str
    remedy: str
    sources: tuple[Cited, ...]
    counts: StateCounts


class FindingLine(Model):
    """One site against one rule. `host` is empty for the fleet as a whole; `reason` is in English, as it is on record.

    Args:
        reason_fr: The same in French in a French report, empty in an English one.
        entered_at: Since when this state holds.
        failed_at: Since when the rule is not kept, waived or not; None while it is kept.
        seen_at: When it was last judged.
        read_at: When that by which it was judged was read from the appliance; None for what is not read from it.
    """

    host: str
    site: str
    territory: str
    territory_name: str
    rule: str
    title: str
    severity: Severity
    family: str
    state: State
    reason: str
    reason_fr: str
    entered_at: datetime
    failed_at: datetime | None
    seen_at: datetime
    read_at: datetime | None
    evidence: str
    evidence_sha256: str
    seen_on: SeenOn
    waiver: int
    source: str


class WaiverState(StrEnum):
    """How a waiver stands at the moment of a report."""

    ASKED = "asked for"
    IN_FORCE = "in force"
    ENDED = "ended"


class WaiverLine(Model):
    """A waiver that concerns what is in view."""

    number: int
    rule: str
    scope: str
    state: WaiverState
    until: date
    reason: str
    measure: str
    asked_by: str
    approved_by: str


class TrendPoint(Model):
    """How many results were in each state at an instant."""

    at: datetime
    counts: StateCounts


class ProgrammeLine(Model):
    """The sites that were to be replaced in one quarter, by what became of it.

    Args:
        late: Their day has passed, and they are not in service.
        to_come: Their day has not come, and they are not in service.
    """

    quarter: str
    scheduled: int = Field(ge=0)
    in_service: int = Field(ge=0)
    late: int = Field(ge=0)
    to_come: int = Field(ge=0)


class Move(StrEnum):
    """What changed between two dates."""

    APPEARED = "appeared"
    MENDED = "mended"
    WAIVED = "waived"
    REOPENED = "waiver ended"
    UNSEEN = "not evaluated"
    SEEN = "evaluated again"
    CLOSED = "no longer asked"


class ChangeLine(Model):
    """A result that is not what it was, and by which plan; empty when it did not come with a run.

    `reason` and `reason_fr` are those of a `FindingLine`.
    """

    host: str
    site: str
    territory: str
    rule: str
    title: str
    severity: Severity
    move: Move
    reason: str
    reason_fr: str
    at: datetime
    run: str
    plan: str


class Comparison(Model):
    """What appeared, what was mended between the ends of two days, and how many results did not change."""

    since: date
    until: date
    counts_before: StateCounts
    counts_after: StateCounts
    changes: tuple[ChangeLine, ...]


class Report(Model):
    """All that a report says.

    Args:
        title: What it is about, in words.
        at: The moment it tells of.
        on: The day at whose end that is; None for the moment at which it was made.
        audited_at: When what is in view was judged last, the oldest and the newest; None when nothing ever was.
        read_at: When that by which it was judged was read from appliances, the oldest and the newest.
        is_lab: Whether all of it was seen on the lab, so that it proves nothing of appliances.
        has_every_result: Whether `findings` holds what is kept too, and not only what is not.
        refused_packs: Mistakes for which rule packs could not serve.
        appliances: How many have a result.
        unaudited: How many are in the inventory, not retired, and were never audited: planned ones, say.
    """

    version: str
    language: Language
    view: View
    title: str
    at: datetime
    on: date | None = None
    is_lab: bool = False
    audited_at: tuple[datetime, datetime] | None
    read_at: tuple[datetime, datetime] | None
    packs_sha256: str
    refused_packs: tuple[str, ...]
    appliances: int
    unaudited: int
    counts: StateCounts
    territories: tuple[Share, ...]
    sites: tuple[Share, ...]
    families: tuple[Share, ...]
    severities: tuple[Share, ...]
    trend: tuple[TrendPoint, ...]
    programme: tuple[ProgrammeLine, ...]
    rules: tuple[RuleLine, ...]
    has_every_result: bool
    findings: tuple[FindingLine, ...]
    waivers: tuple[WaiverLine, ...]
    comparison: Comparison | None = None
