# ruff: noqa: RUF001 - French text has its own apostrophe
"""Which sites the fleet has: so many of each kind, shared out among bodies and communes.

Seats are shared out by highest averages (Sainte-Laguë): a larger fleet has every site of a smaller one, and some more.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar

from lisiere.errors import UsageError
from lisiere.model.words import HostName, ProfileName, Siren
from lisiere.workflow.reference.digest import share
from lisiere.workflow.reference.french import of
from lisiere.workflow.reference.source import Body, Commune, Source

_Key = TypeVar("_Key", bound=Hashable)

RETIRED_COUNT = 12
RETIRED_ORDINAL = 91
"""Appliances of closed sites are numbered from here, so that a site to come never takes the name of one that was."""


class Kind(StrEnum):
    """The middle part of an appliance's name."""

    SEAT = "siege"
    TOWN_HALL = "mairie"
    SCHOOL = "ecole"
    COLLEGE = "college"
    LIBRARY = "mediatheque"
    TECHNICAL = "technique"


PROFILES: Mapping[Kind, ProfileName] = {
    Kind.SEAT: ProfileName.EPCI_SEAT,
    Kind.TOWN_HALL: ProfileName.TOWN_HALL,
    Kind.SCHOOL: ProfileName.SCHOOL,
    Kind.COLLEGE: ProfileName.COLLEGE,
    Kind.LIBRARY: ProfileName.PUBLIC_ACCESS,
    Kind.TECHNICAL: ProfileName.TECHNICAL,
}
_SHARES = {Kind.TOWN_HALL: 260, Kind.SCHOOL: 190, Kind.LIBRARY: 50, Kind.COLLEGE: 45, Kind.TECHNICAL: 38}
"""Of 583 sites that are no seat."""

_SMALLEST_BODY = {
    Kind.TOWN_HALL: 0,
    Kind.SCHOOL: 2_000,
    Kind.LIBRARY: 4_000,
    Kind.COLLEGE: 10_000,
    Kind.TECHNICAL: 10_000,
}
"""Inhabitants from which a body has at least one site of a kind."""

_WORKS = ("Station d’épuration", "Déchetterie", "Réservoir d’eau", "Centre technique")
_TITLES = {
    Kind.TOWN_HALL: "Mairie",
    Kind.SCHOOL: "École primaire",
    Kind.COLLEGE: "Collège",
    Kind.LIBRARY: "Médiathèque",
}


@dataclass(frozen=True, slots=True)
class Site:
    """A site before it is numbered; `rank` is its place among those of its kind in its territory, from 0."""

    kind: Kind
    territory: Siren
    commune: Commune
    ordinal: int
    rank: int
    title: str
    is_retired: bool = False

    @property
    def name(self) -> HostName:
        """Name of its appliance."""
        return f"{self.commune.insee}-{self.kind}-{self.ordinal:02d}"

    @property
    def profile(self) -> ProfileName:
        """What it gets."""
        return PROFILES[self.kind]


def choose_sites(source: Source, count: int) -> tuple[Site, ...]:
    """The sites in service, `count` of them, and those that were closed; by territory, then as they are numbered.

    Raises:
        UsageError: The source has not the communes for a fleet of that size, or has more bodies than that.
    """
    bodies = source.epci
    if count < len(bodies):
        raise UsageError(f"a fleet has at least one appliance for each of the {len(bodies)} territories")
    of_kind = _of_kinds(source, count - len(bodies))
    shares = {kind: _of_bodies(bodies, kind, number) for kind, number in of_kind.items()}
    ranked = source.ranked
    found: list[Site] = []
    for body in sorted(bodies, key=lambda one: one.siren):
        found.append(_seat(body))
        for kind in _SHARES:
            found.extend(_of_communes(body, kind, shares[kind].get(body.siren, 0)))
        found.extend(_closed(body, ranked.index(body)))
    return tuple(found)


def share_out(
    weights: Mapping[_Key, int],
    count: int,
    *,
    limits: Mapping[_Key, int] | None = None,
    floor: Sequence[_Key] = (),
) -> tuple[_Key, ...]:
    """`count` seats by highest averages, in the order of award; those of `floor` first have one each."""
    won = dict.fromkeys(weights, 0)
    order: list[_Key] = []
    place = {key: number for number, key in enumerate(weights)}
    for number in range(count):
        open_keys = [key for key in weights if limits is None or won[key] < limits[key]]
        if not open_keys:
            break
        if number < len(floor):
            best = floor[number]
        else:
            best = max(open_keys, key=lambda key: (Fraction(weights[key], 2 * won[key] + 1), -place[key]))
        won[best] += 1
        order.append(best)
    return tuple(order)


def _of_kinds(source: Source, count: int) -> dict[Kind, int]:
    """How many sites of each kind; there are no more town halls than communes."""
    communes = sum(len(body.communes) for body in source.epci)
    limits = dict.fromkeys(_SHARES, count) | {Kind.TOWN_HALL: communes}
    order = share_out(_SHARES, count, limits=limits)
    return {kind: order.count(kind) for kind in _SHARES}


def _of_bodies(bodies: Sequence[Body], kind: Kind, count: int) -> dict[Siren, int]:
    """How many sites of a kind each body has: by inhabitants, and for what every commune has by communes too."""
    ranked = sorted(bodies, key=lambda one: (-one.population, one.siren))
    per_commune = 500 if kind in {Kind.TOWN_HALL, Kind.LIBRARY, Kind.TECHNICAL} else 0
    weights = {body.siren: body.population + per_commune * len(body.communes) for body in ranked}
    limits = {body.siren: len(body.communes) if kind is Kind.TOWN_HALL else count for body in ranked}
    floor = [body.siren for body in ranked if body.population >= _SMALLEST_BODY[kind]]
    order = share_out(weights, count, limits=limits, floor=floor)
    return {siren: order.count(siren) for siren in weights}


def _of_communes(body: Body, kind: Kind, count: int) -> Iterator[Site]:
    """The sites of a kind in a body: every town hall in another commune, the others where people live."""
    communes = {commune.insee: commune for commune in body.ranked}
    weights = {insee: commune.population + 1 for insee, commune in communes.items()}
    limits = dict.fromkeys(weights, 1) if kind in {Kind.TOWN_HALL, Kind.TECHNICAL} and count <= len(weights) else None
    taken = dict.fromkeys(weights, 0)
    for rank, insee in enumerate(share_out(weights, count, limits=limits)):
        taken[insee] += 1
        yield _site(body, kind, communes[insee], ordinal=taken[insee], rank=rank)


def _site(body: Body, kind: Kind, commune: Commune, *, ordinal: int, rank: int) -> Site:
    works = _WORKS[share(f"works/{commune.insee}/{ordinal}", len(_WORKS))]
    title = f"{_TITLES.get(kind, works)} {of(commune.name)}" + (f" n° {ordinal}" if ordinal > 1 else "")
    return Site(kind, body.siren, commune, ordinal, rank, title)


def _seat(body: Body) -> Site:
    """The seat stands in the largest commune; a body that is mostly elsewhere has a branch there."""
    is_elsewhere = 2 * len(body.communes) < body.communes_total
    short = body.title.partition(" (")[0]
    title = f"{'Antenne' if is_elsewhere else 'Siège'} de la {short}"
    return Site(Kind.SEAT, body.siren, body.ranked[0], 1, 0, title)


def _closed(body: Body, place: int) -> Iterator[Site]:
    """One closed site in each of the larger bodies."""
    if place >= RETIRED_COUNT:
        return
    commune = body.ranked[-1 - place % len(body.communes)]
    kind, what = ((Kind.SCHOOL, "Ancienne école"), (Kind.TOWN_HALL, "Ancienne mairie"))[place % 3 == 2]
    title = f"{what} {of(commune.name)}"
    yield Site(kind, body.siren, commune, RETIRED_ORDINAL, 0, title, is_retired=True)
