"""What a look at policies finds, grouped by the rule, flow or exception that it is about."""

from enum import StrEnum

from lisiere.model.base import Model


class Severity(StrEnum):
    """How grave a finding is: only an error makes a check fail."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Kind(StrEnum):
    """What is wrong."""

    SHADOWED = "shadowed"
    REDUNDANT = "redundant"
    OVER_WIDE = "over-wide"
    FLOW = "flow"
    ENDING = "ending"


class PolicyFinding(Model):
    """One finding.

    Args:
        subject: What it is about, in words: layer and id of a rule, a flow, an exception.
        message: What is wrong, and what is taken to be its cause.
        sites: The sites that it concerns, by name; empty when it concerns none in particular.
    """

    severity: Severity
    kind: Kind
    subject: str
    message: str
    sites: tuple[str, ...] = ()
