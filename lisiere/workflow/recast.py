"""A fleet in which some appliances run another platform than the inventory says, as in the lab of real appliances."""

from collections.abc import Iterable

from lisiere.errors import UsageError
from lisiere.model.fleet import Fleet
from lisiere.model.vocabulary import RELEASES
from lisiere.model.words import Platform
from lisiere.policy.capabilities import refusals


def recast(fleet: Fleet, names: Iterable[str], platform: Platform) -> Fleet:
    """The fleet with some appliances on another platform, in its newest release; all else stays as it is written.

    Raises:
        UsageError: The platform cannot do what the inventory asks of them.
    """
    changed = {}
    for name in names:
        one = fleet.appliances.get(name)
        if one is not None and one.platform is not platform:
            data = one.data.model_copy(update={"release": max(RELEASES[platform])})
            changed[name] = one.model_copy(update={"platform": platform, "data": data})
    if not changed:
        return fleet
    found = fleet.model_copy(update={"appliances": {**fleet.appliances, **changed}})
    if refused := refusals(found):
        raise UsageError(f"{len(changed)} appliances as {platform}: {'; '.join(one.message for one in refused)}")
    return found
