"""What a predicate is: a closed model of its parameters that can be asked."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from lisiere.compliance.subject import Setting, Subject
from lisiere.model.base import Model
from lisiere.model.intent import SiteIntent

Told = Sequence[str] | None
"""What is wrong, each in words; nothing when all is well, None when an appliance is not concerned."""


class IntentPredicate(Model):
    """A question about one appliance; its fields are the parameters that a rule gives."""

    @abstractmethod
    def ask(self, subject: Subject, setting: Setting) -> Told:
        """What is wrong with one appliance."""


class FleetPredicate(Model):
    """A question about the fleet; its fields are the parameters that a rule gives."""

    is_about_fleet: ClassVar[bool] = False
    """Whether the answer is about the fleet as a whole, and not about each appliance."""

    @abstractmethod
    def ask(self, intents: Mapping[str, SiteIntent], setting: Setting) -> Mapping[str, Sequence[str]]:
        """What is wrong, by appliance; under the empty name what is wrong with the fleet as a whole."""
