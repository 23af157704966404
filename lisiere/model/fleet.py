"""The whole fleet: everything an inventory holds, validated, every reference resolved."""

from collections.abc import Iterable
from datetime import date

from pydantic import Field

from lisiere.model.base import Model
from lisiere.model.crypto import CryptoProfile
from lisiere.model.operator import Operator
from lisiere.model.overlay import Overlay
from lisiere.model.site import Appliance, Profile, Territory
from lisiere.model.traffic import AddressSet, Flow, PolicyLayers, Service
from lisiere.model.words import HostName, Lifecycle, ProfileName, SecretRef, Siren, Slug


class Fleet(Model):
    """All appliances with what they refer to. `as_of` is the day on which dates were judged."""

    as_of: date
    operator: Operator
    territories: dict[Siren, Territory]
    profiles: dict[ProfileName, Profile]
    appliances: dict[HostName, Appliance]
    address_sets: dict[Slug, AddressSet]
    services: dict[Slug, Service]
    flows: dict[Slug, Flow]
    policies: PolicyLayers
    crypto: dict[Slug, CryptoProfile]
    overlays: dict[str, Overlay]
    secrets: frozenset[SecretRef] = Field(default=frozenset())

    def in_service(self) -> Iterable[Appliance]:
        """Every appliance but the retired ones, by name."""
        return (one for one in self.appliances.values() if one.data.lifecycle is not Lifecycle.RETIRED)
