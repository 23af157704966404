"""The closed vocabularies of compliance; this module imports nothing heavy."""

from enum import StrEnum


class Severity(StrEnum):
    """How much a rule that is not kept weighs."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Force(StrEnum):
    """What a document may demand: a law obliges, a draft is not in force, own rules bind the operator."""

    LAW = "law"
    RECOMMENDATION = "recommendation"
    DRAFT = "draft"
    OWN = "own"


class ReadAs(StrEnum):
    """How the text behind a source was known to who wrote a rule."""

    TEXT = "text"
    SUMMARY = "summary"
    UNREAD = "unread"


class State(StrEnum):
    """How an appliance stands against a rule."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_EVALUATED = "not evaluated"
    WAIVED = "waived"


class Basis(StrEnum):
    """What an audit looked at: the appliances, their last records, what a run recorded, or what is only intended."""

    LIVE = "live"
    LAST = "last"
    APPLY = "apply"
    INTENDED = "intended"


class Topic(StrEnum):
    """What an appliance is asked to tell of its state."""

    TUNNELS = "tunnels"
    TIME = "time"
    INTERFACES = "interfaces"
    VERSION = "version"


class ScopeKind(StrEnum):
    """What a waiver covers."""

    FLEET = "fleet"
    TERRITORY = "territory"
    SITE = "site"
