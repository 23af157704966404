"""What is known of one appliance when rules are asked of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from lisiere.model.compliance_words import Topic
from lisiere.model.finding import Observation
from lisiere.model.fleet import Fleet
from lisiere.model.intent import SiteIntent
from lisiere.model.plan import Drift
from lisiere.model.site import Appliance

MAX_AGE_DAYS = 30
"""How old a reading may be unless a setting says otherwise."""


@dataclass(frozen=True, slots=True)
class Running:
    """A configuration text and its hash; `is_intended` for one that nobody read, but which should run."""

    text: str
    sha256: str
    read_at: datetime | None
    is_intended: bool = False


@dataclass(frozen=True, slots=True)
class Compared:
    """The last comparison with what is intended; `conformed_at` is when this very text conformed last, if it did."""

    drift: tuple[Drift, ...]
    read_at: datetime
    conformed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """One appliance: what it is, what it should be, what it runs, what it told. None for what was never seen.

    `missed` is why nothing newer was seen, for reasons.
    """

    appliance: Appliance
    intent: SiteIntent
    running: Running | None = None
    compared: Compared | None = None
    states: Mapping[Topic, Observation] = field(default_factory=dict)
    getters: Mapping[str, Observation] = field(default_factory=dict)
    missed: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """What holds for all appliances of an audit.

    Args:
        fleet: The fleet.
        as_of: The day on which dates are judged.
        at: The moment.
        max_age_days: How old what was read may be to say something of what runs.
    """

    fleet: Fleet
    as_of: date
    at: datetime
    max_age_days: int = MAX_AGE_DAYS
