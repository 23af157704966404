"""One appliance of the reference fleet: its segments, web access, backup, dates."""

from collections.abc import Mapping, Sequence

from lisiere.model.site import BackupPlan, Profile, SiteData, Territory, WebAccess, WebAccessKind
from lisiere.model.traffic import DayWindow
from lisiere.model.words import Lifecycle, Platform, ProfileName, Zone
from lisiere.workflow.reference import numbers, programme
from lisiere.workflow.reference.choice import Kind, Site
from lisiere.workflow.reference.digest import public_key, share
from lisiere.workflow.reference.exceptions import bypasses, exceptions
from lisiere.workflow.reference.numbers import Number
from lisiere.workflow.reference.source import Body

_ZONES: Mapping[Kind, Sequence[Zone]] = {
    Kind.SEAT: (Zone.ADMIN, Zone.GUEST, Zone.VOICE, Zone.DMZ),
    Kind.TOWN_HALL: (Zone.ADMIN, Zone.GUEST, Zone.VOICE),
    Kind.SCHOOL: (Zone.ADMIN, Zone.EDU),
    Kind.COLLEGE: (Zone.ADMIN, Zone.EDU, Zone.GUEST, Zone.VOICE, Zone.DMZ),
    Kind.LIBRARY: (Zone.ADMIN, Zone.GUEST),
    Kind.TECHNICAL: (Zone.ADMIN,),
}
_UPLINK_MBIT: Mapping[Kind, int] = {
    Kind.SEAT: 1000,
    Kind.TOWN_HALL: 100,
    Kind.SCHOOL: 200,
    Kind.COLLEGE: 500,
    Kind.LIBRARY: 200,
    Kind.TECHNICAL: 100,
}
_WINDOWS = ("22:00-05:00", "23:30-04:30", "01:00-05:00")

_SCHOOL_WEB = (
    (WebAccessKind.PARENT_PROXY, 46),
    (WebAccessKind.PAC, 20),
    (WebAccessKind.DNS, 16),
    (WebAccessKind.LOCAL_FILTER, 18),
)
"""Parts of a hundred; the schools behind the académie's tunnel are named apart."""

TUNNEL_PLACES, TUNNEL_RANKS = range(1, 6), (1, 2)
"""Five territories of the programme, and in each the schools of that rank: groupings behind the académie's tunnel."""

_LARGE_TOWN, _SMALL_TOWN = 2_000, 500
_ONE_GUEST_SCHOOL_IN, _ONE_DMZ_WORKS_IN = 4, 3


def site_data(site: Site, number: Number, place: int, runs: Platform) -> SiteData:
    """All that an inventory says of one site; `place` is its territory's in the programme, `runs` its platform."""
    scheduled = programme.scheduled_on(site, place)
    stage = programme.lifecycle(site, scheduled)
    rate = _uplink_mbit(site)
    return SiteData(
        site=site.title,
        insee=site.commune.insee,
        lifecycle=stage,
        scheduled_on=scheduled,
        release=programme.release(scheduled, runs),
        host_key=None if stage is Lifecycle.PLANNED else f"ssh-ed25519 {public_key(f'host/{site.name}')}",
        loopback=numbers.loopback(number),
        uplink=numbers.uplink(number),
        management=numbers.management_link(number),
        uplink_mbit=rate,
        segments=numbers.segments(number, site.kind, _zones(site, place)),
        web_access=_web_access(site, place),
        backup=_backup(site, rate),
        exceptions=exceptions(site, place),
    )


def is_behind_tunnel(site: Site, place: int) -> bool:
    """True for a school that reaches the web through the académie's concentrator."""
    is_chosen = place in TUNNEL_PLACES and site.rank in TUNNEL_RANKS
    return site.kind is Kind.SCHOOL and is_chosen and not site.is_retired


def territory(body: Body, number: int) -> Territory:
    """A territory with its prefixes."""
    ipv4, ipv6 = numbers.territory_prefixes(number)
    return Territory(siren=body.siren, name=body.title, kind=body.kind, ipv4=ipv4, ipv6=ipv6)


def profiles() -> tuple[Profile, ...]:
    """What each kind of site may have."""
    schools = (*(kind for kind, _ in _SCHOOL_WEB), WebAccessKind.TUNNEL)
    others = (WebAccessKind.EXPLICIT, WebAccessKind.NONE)
    all_school_zones = (Zone.ADMIN, Zone.EDU, Zone.GUEST)
    return (
        _profile(ProfileName.TOWN_HALL, "Mairie", _ZONES[Kind.TOWN_HALL], others),
        _profile(ProfileName.SCHOOL, "École primaire", all_school_zones, schools),
        _profile(ProfileName.COLLEGE, "Collège", _ZONES[Kind.COLLEGE], schools),
        _profile(ProfileName.EPCI_SEAT, "Siège de communauté", _ZONES[Kind.SEAT], others),
        _profile(ProfileName.PUBLIC_ACCESS, "Lieu ouvert au public", _ZONES[Kind.LIBRARY], others),
        _profile(ProfileName.TECHNICAL, "Site technique", (Zone.ADMIN, Zone.DMZ), (WebAccessKind.NONE,)),
    )


def _profile(name: ProfileName, title: str, zones: Sequence[Zone], web: Sequence[WebAccessKind]) -> Profile:
    return Profile(name=name, title=title, zones=tuple(zones), web_access=tuple(web))


def _zones(site: Site, place: int) -> tuple[Zone, ...]:
    """The zones of a site; behind the académie's tunnel there are no guests, who may not enter it."""
    zones = tuple(_ZONES[site.kind])
    if site.kind is Kind.SCHOOL and not is_behind_tunnel(site, place):
        has_guests = not share(f"guest/{site.name}", _ONE_GUEST_SCHOOL_IN)
        return (*zones, Zone.GUEST) if has_guests else zones
    if site.kind is Kind.TECHNICAL and not share(f"dmz/{site.name}", _ONE_DMZ_WORKS_IN):
        return (*zones, Zone.DMZ)
    return zones


def _uplink_mbit(site: Site) -> int:
    rate = _UPLINK_MBIT[site.kind]
    if site.kind is Kind.TOWN_HALL:
        population = site.commune.population
        return 500 if population >= _LARGE_TOWN else 200 if population >= _SMALL_TOWN else rate
    return rate


def _web_access(site: Site, place: int) -> WebAccess:
    return WebAccess(kind=_web_kind(site, place), bypass=bypasses(site))


def _web_kind(site: Site, place: int) -> WebAccessKind:
    if site.kind is Kind.TECHNICAL:
        return WebAccessKind.NONE
    if site.kind not in programme.SCHOOLS:
        return WebAccessKind.EXPLICIT
    if is_behind_tunnel(site, place):
        return WebAccessKind.TUNNEL
    drawn = share(f"web/{site.name}", sum(part for _, part in _SCHOOL_WEB))
    for kind, part in _SCHOOL_WEB:
        if drawn < part:
            return kind
        drawn -= part
    raise AssertionError("the parts do not sum up")


def _backup(site: Site, uplink_mbit: int) -> BackupPlan | None:
    """Nights are shared out, so that not everybody asks the data centre at once; a fifth of the uplink at most."""
    if site.kind not in {Kind.SEAT, Kind.TOWN_HALL, Kind.COLLEGE}:
        return None
    window = DayWindow.model_validate(_WINDOWS[share(f"backup/{site.name}", len(_WINDOWS))])
    segment = "staff" if site.kind in programme.SCHOOLS else "admin"
    return BackupPlan(segment=segment, window=window, rate_mbit=uplink_mbit // 5)
