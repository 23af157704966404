"""What of the fleet somebody sees: all of it, or the own territories; the rest does not exist for them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from lisiere.inventory.notes import did_you_mean
from lisiere.model.fleet import Fleet
from lisiere.model.overlay import Overlay
from lisiere.model.site import Appliance
from lisiere.model.words import Lifecycle, Siren
from lisiere.policy.derived import WELL_KNOWN_FLOWS
from lisiere.workflow.requests.phrases import Phrase, RequestError

Seen = frozenset[Siren] | None
"""The territories that somebody sees; None for all of them."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A fleet as somebody sees it; `territories` is None for who sees all of it."""

    fleet: Fleet
    territories: Seen = None

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

    def new_flow(self, field: str, name: str, territory: Siren) -> Iterator[Phrase]:
        """What stands against the name of a new flow, which ends in its territory's number: none is in its way."""
        if not is_named_for(name, territory):
            yield Phrase.of("{field}: {flow} does not end in -{siren}", field=field, flow=name, siren=territory)
        elif name in self.fleet.flows:
            yield Phrase.of("{field}: the name {flow} is taken; choose another", field=field, flow=name)

    def knows_flow(self, name: str) -> bool:
        """Whether a flow is declared, and used for the fleet as a whole or where they see it."""
        return name in self.fleet.flows and (self.territories is None or name in self._flows())

    def _flows(self) -> frozenset[str]:
        """The flows of every site, of profiles, and of the territories that are seen."""
        fleet, policies = self.fleet, self.fleet.policies
        own = [rules for siren, rules in policies.territories.items() if self.includes(siren)]
        written = chain(policies.fleet, *policies.profiles.values(), *own)
        exceptions = (
            one.rule
            for site in fleet.appliances.values()
            if self.includes(site.territory)
            for one in site.data.exceptions
        )
        inside = (
            flow.flow
            for overlay in fleet.overlays.values()
            if self.includes(overlay.territory)
            for flow in chain(overlay.flows, *(partner.flows for partner in overlay.partners))
        )
        rules = {rule.flow for rule in chain(written, exceptions) if rule.flow is not None}
        return frozenset({*WELL_KNOWN_FLOWS, *rules, *inside})

    def territory_of(self, *, overlay: str | None, site: str | None) -> Siren:
        """The territory that a request about an overlay or a site is for."""
        return self.overlay(overlay).territory if overlay is not None else self.site(str(site)).territory


def is_named_for(flow: str, territory: Siren) -> bool:
    """Whether the name of a flow says that it is one territory's own."""
    return flow.endswith(f"-{territory}")


def _unknown(template: str, name: str, known: Iterable[str]) -> Phrase:
    hint = did_you_mean(name, known)
    return Phrase.of(template, name=name, hint=f" ({hint.removeprefix('did you mean ')})" if hint else "")
