"""What of the fleet somebody sees: all of it, or the own territories; the rest does not exist for them."""

from collections.abc import Iterable
from dataclasses import dataclass

from lisiere.inventory.notes import did_you_mean
from lisiere.model.fleet import Fleet
from lisiere.model.overlay import Overlay
from lisiere.model.site import Appliance
from lisiere.model.words import Lifecycle, Siren
from lisiere.workflow.requests.phrases import Phrase, RequestError


@dataclass(frozen=True, slots=True)
class Sight:
    """A fleet as somebody sees it; `territories` is None for who sees all of it."""

    fleet: Fleet
    territories: frozenset[Siren] | None = None

    def includes(self, territory: Siren) -> bool:
        """Whether a territory is seen."""
        return self.territories is None or territory in self.territories

    def overlay(self, name: str) -> Overlay:
        """An overlay by name.

        Raises:
            RequestError: It is not there, or not seen: the words are the same.
        """
        found = self.fleet.overlays.get(name)
        if found is not None and self.includes(found.territory):
            return found
        names = (one.name for one in self.fleet.overlays.values() if self.includes(one.territory))
        raise RequestError(_unknown("overlay: {name} is no private network of yours{hint}", name, names))

    def site(self, name: str) -> Appliance:
        """A site in service, by name.

        Raises:
            RequestError: It is not there, out of service, or not seen.
        """
        found = self.fleet.appliances.get(name)
        if found is None or not self.includes(found.territory):
            names = (one.name for one in self.fleet.appliances.values() if self.includes(one.territory))
            raise RequestError(_unknown("site: {name} is no site of yours{hint}", name, names))
        if found.data.lifecycle is Lifecycle.RETIRED:
            raise RequestError(Phrase.of("site: {site} is out of service", site=self.title(name)))
        return found

    def title(self, name: str) -> str:
        """`Mairie de Vron (80815-mairie-01)`; the name alone where it is no site, or one that is not seen."""
        found = self.fleet.appliances.get(name)
        return f"{found.data.site} ({name})" if found is not None and self.includes(found.territory) else name

    def territory_of(self, *, overlay: str | None, site: str | None) -> Siren:
        """The territory that a request about an overlay or a site is for."""
        return self.overlay(overlay).territory if overlay is not None else self.site(str(site)).territory


def _unknown(template: str, name: str, known: Iterable[str]) -> Phrase:
    hint = did_you_mean(name, known)
    return Phrase.of(template, name=name, hint=f" ({hint.removeprefix('did you mean ')})" if hint else "")
