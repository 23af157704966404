"""Which appliances a command concerns."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Protocol, TypeVar

from lisiere.errors import UsageError
from lisiere.model.base import Model
from lisiere.model.vocabulary import Lifecycle, Platform, ProfileName, Release

REACHABLE = (Lifecycle.STAGED, Lifecycle.ACTIVE)
"""What stands at a site or on the bench: where a plan goes unless other lifecycles are asked for."""

IN_SERVICE = (Lifecycle.PLANNED, Lifecycle.STAGED, Lifecycle.ACTIVE)
"""All that is not retired: what is checked and rendered."""


class Selection(Model):
    """Filters that must all hold; an empty filter holds for every appliance. Names may have `*` and `?`."""

    territories: tuple[str, ...] = ()
    profiles: tuple[ProfileName, ...] = ()
    platforms: tuple[Platform, ...] = ()
    releases: tuple[Release, ...] = ()
    lifecycles: tuple[Lifecycle, ...] = ()
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        """`territory=200037059 profile=school`, or `all`."""
        parts = (
            ("territory", self.territories),
            ("profile", self.profiles),
            ("platform", self.platforms),
            ("release", self.releases),
            ("lifecycle", self.lifecycles),
            ("name", self.names),
        )
        return " ".join(f"{word}={','.join(values)}" for word, values in parts if values) or "all"


class Data(Protocol):
    """What is known of an appliance's place in the programme."""

    @property
    def lifecycle(self) -> Lifecycle: ...  # noqa: D102

    @property
    def release(self) -> Release: ...  # noqa: D102


class Selectable(Protocol):
    """An appliance, as far as it can be selected by."""

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def territory(self) -> str: ...  # noqa: D102

    @property
    def profile(self) -> str: ...  # noqa: D102

    @property
    def platform(self) -> Platform: ...  # noqa: D102

    @property
    def data(self) -> Data: ...  # noqa: D102


S = TypeVar("S", bound=Selectable)
Listed_co = TypeVar("Listed_co", bound=Selectable, covariant=True)


class Listing(Protocol[Listed_co]):
    """Appliances by name and territories: the fleet, or what was read of it."""

    @property
    def appliances(self) -> Mapping[str, Listed_co]: ...  # noqa: D102

    @property
    def territories(self) -> Iterable[str]: ...  # noqa: D102


def select(fleet: Listing[S], selection: Selection, *, default: Iterable[Lifecycle] = IN_SERVICE) -> tuple[S, ...]:
    """The appliances that a selection names, by name.

    Args:
        fleet: All there are.
        selection: What was asked for.
        default: The lifecycles that count when none is asked for.

    Raises:
        UsageError: A territory or a plain name is unknown, or nothing is left.
    """
    _refuse_unknown(fleet, selection)
    lifecycles = frozenset(selection.lifecycles or default)
    found = tuple(
        one for _, one in sorted(fleet.appliances.items()) if one.data.lifecycle in lifecycles and _fits(one, selection)
    )
    if not found:
        raise UsageError(f"no appliance fits {selection} (lifecycle {', '.join(sorted(lifecycles))})")
    return found


def _refuse_unknown(fleet: Listing[Selectable], selection: Selection) -> None:
    territories = set(selection.territories) - set(fleet.territories)
    names = {name for name in selection.names if not set(name) & set("*?[")} - set(fleet.appliances)
    unknown = [f"territory {one}" for one in sorted(territories)] + [f"appliance {one}" for one in sorted(names)]
    if unknown:
        raise UsageError(f"unknown {', '.join(unknown)}; `lisiere inventory list` shows what there is")


def _fits(one: Selectable, selection: Selection) -> bool:
    return (
        (not selection.territories or one.territory in selection.territories)
        and (not selection.profiles or one.profile in selection.profiles)
        and (not selection.platforms or one.platform in selection.platforms)
        and (not selection.releases or one.data.release in selection.releases)
        and (not selection.names or any(fnmatchcase(one.name, name) for name in selection.names))
    )
