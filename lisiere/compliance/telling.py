"""What a check answers."""

from typing import NamedTuple

from lisiere.model.compliance_words import State
from lisiere.model.finding import Evidence


class NotEvaluatedError(Exception):
    """A rule cannot be asked; the text says why. It stays inside of compliance and becomes a result."""


class Outcome(NamedTuple):
    """A state, its reason, and what it rests on."""

    state: State
    reason: str
    evidence: Evidence


def judged(complaint: str, evidence: Evidence) -> Outcome:
    """Passed without a complaint, failed with one."""
    return Outcome(State.FAILED if complaint else State.PASSED, complaint, evidence)
