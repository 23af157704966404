"""What a report is about: the part of the fleet that it may look at, and the words for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from lisiere.errors import UnknownError, UsageError
from lisiere.model.finding import FLEET
from lisiere.model.fleet import Fleet
from lisiere.model.report import Language, View
from lisiere.model.rule_pack import PackRule, Source, Text
from lisiere.workflow.packs import Packs
from lisiere.workflow.report_reasons import Reasons


@dataclass(frozen=True)
class Scene:
    """The part of the fleet that a report may look at, and the words for it.

    Args:
        fleet: The whole fleet.
        packs: The rules.
        view: What the report is about.
        language: Of titles and remedies.
        at: The moment that it tells of.
    """

    fleet: Fleet
    packs: Packs
    view: View
    language: Language
    at: datetime

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every appliance in view, those that left too."""
        return tuple(
            name
            for name, one in self.fleet.appliances.items()
            if self.view.site in ("", name) and self.view.territory in ("", one.territory)
        )

    @cached_property
    def hosts(self) -> frozenset[str]:
        """What is asked: the appliances in service, and for the whole fleet the fleet as such."""
        in_service = {one.name for one in self.fleet.in_service()}.intersection(self.names)
        return frozenset(in_service | ({FLEET} if self.view.is_fleet else set()))

    @cached_property
    def reasons(self) -> Reasons:
        """Reasons in the words of the report, without the others."""
        return Reasons(self.fleet, self.names, self.language)

    def rule(self, name: str) -> PackRule | None:
        """A rule of the packs; None for one that is no longer there."""
        found = self.packs.rules.get(name)
        return None if found is None else found.rule

    def words(self, text: Text) -> str:
        """A text in the language of the report."""
        return text.fr if self.language is Language.FR else text.en

    @cached_property
    def cited(self) -> Mapping[str, tuple[tuple[Source, str], ...]]:
        """The documents that each rule cites, with the number in it."""
        return {
            rule.id: tuple((pack.source(citation), citation.number) for citation in rule.sources)
            for pack in self.packs.packs
            for rule in pack.rules
        }

    @cached_property
    def sources(self) -> Mapping[str, str]:
        """The same in one line each."""
        return {
            name: "; ".join(f"{one.document}, {one.version}, {number}" for one, number in found)
            for name, found in self.cited.items()
        }


def scene_of(fleet: Fleet, packs: Packs, view: View, *, language: Language, at: datetime) -> Scene:
    """The scene of a report.

    Raises:
        UnknownError: There is no such territory, site or rule.
        UsageError: The site is not of the territory.
    """
    if view.territory and view.territory not in fleet.territories:
        raise UnknownError(f"there is no territory {view.territory}; `lisiere inventory list` shows all sites")
    if view.site and view.site not in fleet.appliances:
        raise UnknownError(f"there is no appliance {view.site}; `lisiere inventory list` shows them")
    if view.site and view.territory not in ("", fleet.appliances[view.site].territory):
        raise UsageError(f"{view.site} is not of territory {view.territory}; ask for one of the two")
    if view.rule and view.rule not in packs.rules:
        raise UnknownError(f"there is no rule {view.rule}; `lisiere rules` lists them")
    return Scene(fleet, packs, view, language, at)
