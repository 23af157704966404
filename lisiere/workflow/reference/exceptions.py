"""What single sites have besides: dated rules, and dated ways past the proxy."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from lisiere.model.site import Bypass
from lisiere.model.traffic import SiteException
from lisiere.workflow.reference.choice import Kind, Site
from lisiere.workflow.reference.digest import share
from lisiere.workflow.reference.flows import ACADEMIE, BODIES, COMMUNES
from lisiere.workflow.reference.policies import allow
from lisiere.workflow.reference.programme import SCHOOLS


@dataclass(frozen=True, slots=True)
class _Special:
    """One exception: at the site of a kind and rank in the territory of that place in the programme."""

    place: int
    kind: Kind
    rank: int
    flow: str
    way: tuple[str, str]
    service: str
    who: str
    why: str
    until: date
    there: str | None = None
    here: str | None = None


_END, _LATER = date(2028, 12, 31), date(2029, 7, 31)
"""With the programme, or a school year later: until then the reference fleet is accepted as it is."""
_VIDEO = ("video-protection", ("admin", "wan"), "rtsps")
_HEAT = ("building-control", ("wan", "dmz"), "modbus")

_SPECIALS = (
    _Special(0, Kind.TOWN_HALL, 1, *_VIDEO, COMMUNES, "Caméras des entrées de ville", _END, there="video-relay"),
    _Special(1, Kind.TOWN_HALL, 0, *_VIDEO, COMMUNES, "Caméras du centre", _END, there="video-relay"),
    _Special(2, Kind.TOWN_HALL, 2, *_VIDEO, COMMUNES, "Caméras de la gare", _END, there="video-relay"),
    _Special(0, Kind.SEAT, 0, *_HEAT, BODIES, "Marché de chauffage du siège", _END, here="building-control"),
    _Special(3, Kind.COLLEGE, 0, *_HEAT, BODIES, "Chaufferie du collège", _LATER, here="building-control"),
    _Special(
        0, Kind.LIBRARY, 1, "culture-pilot", ("admin", "wan"), "https", BODIES, "Essai de la plateforme culturelle",
        _END, there="culture-platform",
    ),
    _Special(
        1, Kind.LIBRARY, 0, "culture-pilot", ("admin", "wan"), "https", BODIES, "Essai de la plateforme culturelle",
        _END, there="culture-platform",
    ),
    _Special(
        0, Kind.COLLEGE, 2, "school-pilot", ("dmz", "wan"), "https", ACADEMIE, "Miroir local des ressources numériques",
        _LATER, there="school-publishers",
    ),
    _Special(
        1, Kind.TECHNICAL, 0, "works-follow-up", ("admin", "wan"), "https", BODIES, "Extension de la station",
        _END, there="public-works",
    ),
    _Special(
        4, Kind.TECHNICAL, 0, "works-follow-up", ("admin", "wan"), "https", BODIES, "Rénovation du réservoir",
        _LATER, there="public-works",
    ),
)  # fmt: skip

_ONE_BYPASS_IN = 16


def exceptions(site: Site, place: int) -> tuple[SiteException, ...]:
    """A site's dated rules; `place` is its territory's in the programme."""
    return tuple(_exceptions(site, place))


def bypasses(site: Site) -> tuple[Bypass, ...]:
    """A site's dated ways past the proxy: few sites have one."""
    if site.kind is Kind.TECHNICAL or share(f"bypass/{site.name}", _ONE_BYPASS_IN):
        return ()
    is_school = site.kind in SCHOOLS
    return (
        Bypass(
            destination="school-publishers" if is_school else "procurement",
            owner=ACADEMIE if is_school else COMMUNES,
            reason="Le lecteur vidéo ne passe pas le mandataire"
            if is_school
            else "Certificat client refusé par le mandataire",
            until=_LATER if is_school else _END,
        ),
    )


def _exceptions(site: Site, place: int) -> Iterator[SiteException]:
    for number, special in enumerate(_SPECIALS, start=1):
        if (special.place, special.kind, special.rank) != (place, site.kind, site.rank) or site.is_retired:
            continue
        yield SiteException(
            rule=allow(
                f"exc-{number:02d}-{special.flow}",
                *special.way,
                [special.service],
                flow=special.flow,
                destination=special.there,
                source=special.here,
            ),
            who=special.who,
            why=special.why,
            until=special.until,
        )
