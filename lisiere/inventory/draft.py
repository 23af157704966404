"""An inventory as far as it could be read: what the checks look at before there is a fleet."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import PurePath

from lisiere.inventory.nornir_shape import Host, Hosts
from lisiere.inventory.notes import Place
from lisiere.inventory.sections import Item, Section, each
from lisiere.model.crypto import CryptoProfile
from lisiere.model.operator import Operator
from lisiere.model.overlay import Overlay, OverlayFlow
from lisiere.model.traffic import AddressSet, Flow, Rule, Service
from lisiere.model.words import Lifecycle, SecretRef, Siren


@dataclass(frozen=True, slots=True)
class Scope:
    """For which sites a rule is written: all, those of a territory or of a profile, or one host."""

    territory: Siren | None = None
    profile: str | None = None
    host: Host | None = None

    def includes(self, host: Host) -> bool:
        """Whether a rule of this scope concerns a host."""
        if self.host is not None:
            return self.host is host
        one = host.value
        return self.territory in (None, one.territory) and self.profile in (None, one.profile)


@dataclass(frozen=True, slots=True)
class PlacedRule:
    """A rule where it is written, and for whom."""

    rule: Rule
    place: Place
    scope: Scope


@dataclass(slots=True)
class Policies:
    """The rules of the shared layers; `is_sound` is False when one could not be read."""

    rules: list[PlacedRule] = field(default_factory=list)
    is_sound: bool = True


@dataclass(slots=True)
class Draft:
    """Everything that was read and is valid by itself."""

    as_of: date
    nornir: Hosts
    operator: Item[Operator] | None
    address_sets: Section[AddressSet]
    services: Section[Service]
    flows: Section[Flow]
    policies: Policies
    crypto: Section[CryptoProfile]
    overlays: Section[Overlay]
    secrets: dict[SecretRef, Place]
    are_secrets_sound: bool

    def rules(self) -> Iterator[PlacedRule]:
        """Every rule: the shared layers, then the exceptions of the sites."""
        yield from self.policies.rules
        for host in self.nornir.each():
            for index, exception in enumerate(host.value.data.exceptions):
                yield PlacedRule(exception.rule, host.at("exceptions", index, "rule"), Scope(host=host))

    def overlay_flows(self) -> Iterator[tuple[OverlayFlow, Place]]:
        """Every flow that an overlay or a partner allows."""
        for _, overlay, place in each(self.overlays):
            for index, flow in enumerate(overlay.flows):
                yield flow, place.at("flows", index)
            for number, partner in enumerate(overlay.partners):
                for index, flow in enumerate(partner.flows):
                    yield flow, place.at("partners", number, "flows", index)


@lru_cache(maxsize=1024)
def siren_of(file: str) -> str:
    """The territory that a file is for, by its name `<folder>/<siren>-<name>.yaml`."""
    return PurePath(file).stem.partition("-")[0]


def is_misplaced(host: Host) -> bool:
    """Whether a host stands in the file of another territory than its group's, so that either may be wrong."""
    return siren_of(host.place.file) != host.value.territory


def is_retired(host: Host) -> bool:
    """Whether an appliance is out of service: its prefixes stay reserved, and nothing else of it counts."""
    return host.value.data.lifecycle is Lifecycle.RETIRED
