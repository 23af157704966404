"""What surrounds the appliances of a plan: how large their territories are, and which hubs stand in for each other."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil

from lisiere.model.fleet import Fleet
from lisiere.model.pacing import TERRITORY_SHARE, Pacing
from lisiere.model.site import Appliance


@dataclass(frozen=True, slots=True)
class Terrain:
    """Facts of the fleet that decide how many appliances may change at once.

    Args:
        territories: Appliances that each territory has, in a plan or not.
        hubs: For each overlay, its hubs.
    """

    territories: Mapping[str, int]
    hubs: tuple[frozenset[str], ...] = field(default=())

    def all_hubs(self) -> frozenset[str]:
        """Every appliance that is a hub."""
        return frozenset().union(*self.hubs)

    def mates(self) -> dict[str, frozenset[str]]:
        """For each hub that another one stands in for, those others."""
        found: dict[str, frozenset[str]] = {}
        for group in self.hubs:
            for name in group:
                found[name] = found.get(name, frozenset()) | (group - {name})
        return {name: others for name, others in found.items() if others}


def terrain_of(fleet: Fleet, appliances: Iterable[Appliance]) -> Terrain:
    """The terrain of a fleet.

    Args:
        fleet: The whole fleet.
        appliances: Those that count: all that stand at their sites, whether a plan is about them or not.
    """
    hubs = (frozenset(overlay.hubs) for _, overlay in sorted(fleet.overlays.items()))
    sizes = Counter(one.territory for one in appliances)
    return Terrain(territories=dict(sorted(sizes.items())), hubs=tuple(group for group in hubs if group))


def territory_caps(terrain: Terrain, planned: Iterable[Appliance], pacing: Pacing) -> dict[str, int]:
    """How many appliances of each territory may change in one wave; never all that it has, unless it has one only."""
    counts = Counter(one.territory for one in planned)
    found = {}
    for territory, count in counts.items():
        size = max(count, terrain.territories.get(territory, 0))
        wanted = ceil(size * TERRITORY_SHARE) if pacing.max_territory is None else pacing.max_territory
        found[territory] = max(1, min(wanted, size - 1))
    return found
