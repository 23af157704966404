"""The address plan: every address follows from two numbers, the territory's and the site's, and those never change.

Territory k has 10.(64+k).0.0/16 and fd80:8000:k::/48; site n of it has 10.(64+k).n.0/24. A site that is known keeps its
number; a new one takes the lowest that is free.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from pathlib import Path

from lisiere.errors import InventoryError, UsageError
from lisiere.inventory.notes import Notebook, Place
from lisiere.inventory.reading import Reader
from lisiere.model.operator import Pools
from lisiere.model.site import DhcpRange, Loopback, ManagementLink, Segment, Uplink
from lisiere.model.words import HostName, Siren, Zone
from lisiere.workflow.reference.choice import Kind, Site

MANAGEMENT_VLAN = 900
LAST_TERRITORY, LAST_SITE = 63, 254

POOLS = Pools(
    sites_ipv4=IPv4Network("10.64.0.0/10"),
    sites_ipv6=IPv6Network("fd80:8000::/32"),
    loopbacks_ipv4=IPv4Network("10.48.0.0/16"),
    loopbacks_ipv6=IPv6Network("fd80:80ff::/48"),
    links_ipv4=IPv4Network("100.64.0.0/10"),
    links_ipv6=IPv6Network("2001:db8::/40"),
)


@dataclass(frozen=True, slots=True)
class Lan:
    """Where a kind of segment stands in a site's /24; `leases` are the first and last address given, from its start."""

    name: str
    zone: Zone
    vlan: int
    offset: int
    length: int
    leases: tuple[int, int] | None


_GUEST = Lan("guest", Zone.GUEST, 30, 64, 27, (3, 30))
_VOICE = Lan("voice", Zone.VOICE, 40, 96, 27, (3, 30))
_OFFICE = (Lan("admin", Zone.ADMIN, 10, 0, 26, (20, 62)), _GUEST, _VOICE, Lan("servers", Zone.DMZ, 50, 128, 28, None))
_SCHOOL = (
    Lan("staff", Zone.ADMIN, 10, 0, 27, (10, 30)),
    Lan("pupils", Zone.EDU, 20, 128, 25, (20, 126)),
    _GUEST,
    _VOICE,
    Lan("servers", Zone.DMZ, 50, 32, 28, None),
)
_WORKS = (Lan("admin", Zone.ADMIN, 10, 0, 26, None), Lan("servers", Zone.DMZ, 50, 128, 28, None))
LAYOUTS: Mapping[Kind, Sequence[Lan]] = {
    Kind.SEAT: _OFFICE,
    Kind.TOWN_HALL: _OFFICE,
    Kind.SCHOOL: _SCHOOL,
    Kind.COLLEGE: _SCHOOL,
    Kind.LIBRARY: _OFFICE,
    Kind.TECHNICAL: _WORKS,
}


@dataclass(frozen=True, slots=True)
class Number:
    """A site's place in the plan: its territory's number and its own."""

    territory: int
    site: int


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers that are taken: of territories, and of the sites of each."""

    territories: Mapping[Siren, int] = field(default_factory=dict)
    sites: Mapping[Siren, Mapping[HostName, int]] = field(default_factory=dict)


def number_sites(sites: Sequence[Site], known: Numbers) -> dict[HostName, Number]:
    """A number for each site: the known one, else the lowest that is free.

    Raises:
        UsageError: A territory has more sites than its prefix has numbers, or there are too many territories.
    """
    sirens = tuple(dict.fromkeys(site.territory for site in sites))
    territories = _assign(sirens, known.territories, range(LAST_TERRITORY + 1), "territories in the fleet")
    found: dict[HostName, Number] = {}
    for siren in sirens:
        names = [site.name for site in sites if site.territory == siren]
        taken = _assign(names, known.sites.get(siren, {}), range(1, LAST_SITE + 1), f"sites in territory {siren}")
        found |= {name: Number(territories[siren], taken[name]) for name in names}
    return found


def read_numbers(inventory: Path) -> Numbers:
    """The numbers that an inventory's addresses show; none where there is no inventory yet.

    Raises:
        InventoryError: A file cannot be read, or its addresses are none of this plan.
    """
    if not (inventory / "groups.yaml").exists():
        return Numbers()
    notes = Notebook(inventory)
    reader = Reader(inventory, notes)
    territories = _territory_numbers(reader.read("groups.yaml"), notes)
    sites = {name[6:15]: _site_numbers(reader.read(name), Place(name), notes) for name in reader.names("hosts")}
    mistakes = notes.mistakes(reader.texts)
    if mistakes:
        raise InventoryError(mistakes)
    return Numbers(territories, sites)


def territory_prefixes(number: int) -> tuple[IPv4Network, IPv6Network]:
    """What a territory's sites are numbered from."""
    return IPv4Network((_ipv4(10, 64 + number, 0, 0), 16)), IPv6Network((_ipv6(0xFD80, 0x8000, number), 48))


def loopback(number: Number) -> Loopback:
    """A site's management addresses."""
    return Loopback(
        ipv4=_ipv4(10, 48, number.territory, number.site),
        ipv6=_ipv6(0xFD80, 0x80FF, 0, number.territory, tail=number.site),
    )


def uplink(number: Number) -> Uplink:
    """A site's way out; the operator has the lower address of each pair."""
    gateway_ipv4, gateway_ipv6 = _link(number, 0)
    return Uplink(
        ipv4=IPv4Interface((gateway_ipv4 + 1, 31)),
        gateway_ipv4=gateway_ipv4,
        ipv6=IPv6Interface((gateway_ipv6 + 1, 127)),
        gateway_ipv6=gateway_ipv6,
    )


def management_link(number: Number) -> ManagementLink:
    """A site's management link; the operator has the lower address of each pair."""
    gateway_ipv4, gateway_ipv6 = _link(number, 1)
    return ManagementLink(
        ipv4=IPv4Interface((gateway_ipv4 + 1, 31)),
        gateway_ipv4=gateway_ipv4,
        ipv6=IPv6Interface((gateway_ipv6 + 1, 127)),
        gateway_ipv6=gateway_ipv6,
        vlan=MANAGEMENT_VLAN,
    )


def segments(number: Number, kind: Kind, zones: Iterable[Zone]) -> tuple[Segment, ...]:
    """A site's segments in some zones, ordered by VLAN."""
    wanted = frozenset(zones)
    return tuple(_segment(number, lan) for lan in LAYOUTS[kind] if lan.zone in wanted)


def _segment(number: Number, lan: Lan) -> Segment:
    start = _ipv4(10, 64 + number.territory, number.site, lan.offset)
    subnet = _ipv6(0xFD80, 0x8000, number.territory, number.site << 8 | lan.vlan, tail=1)
    leases = lan.leases and DhcpRange(start=start + lan.leases[0], stop=start + lan.leases[1])
    return Segment(
        name=lan.name,
        zone=lan.zone,
        vlan=lan.vlan,
        ipv4=IPv4Interface((start + 1, lan.length)),
        ipv6=IPv6Interface((subnet, 64)),
        dhcp=leases,
    )


def _link(number: Number, which: int) -> tuple[IPv4Address, IPv6Address]:
    """The operator's end of one of a site's two links."""
    place = 4 * (number.territory << 8 | number.site) + 2 * which
    tail = 2 + 8 * which
    return _ipv4(100, 64, 0, 0) + place, _ipv6(0x2001, 0xDB8, number.territory, number.site, tail=tail)


def _ipv4(*octets: int) -> IPv4Address:
    return IPv4Address(bytes(octets))


def _ipv6(*groups: int, tail: int = 0) -> IPv6Address:
    return IPv6Address(sum(group << 112 - 16 * place for place, group in enumerate(groups)) + tail)


def _assign(names: Sequence[str], known: Mapping[str, int], numbers: range, what: str) -> dict[str, int]:
    found = {name: known[name] for name in names if name in known}
    free = iter(sorted(set(numbers) - set(found.values())))
    for name in names:
        if name not in found:
            number = next(free, None)
            if number is None:
                raise UsageError(f"too many {what}: the address plan has room for {len(numbers)}")
            found[name] = number
    return found


def _territory_numbers(groups: object, notes: Notebook) -> dict[Siren, int]:
    """The second octet of each territory's prefix, less 64."""
    found: dict[Siren, int] = {}
    for group in _keys(groups):
        territory = _below(groups, group, "data", "territory")
        if isinstance(territory, dict):
            place = Place("groups.yaml", (group, "data", "territory", "ipv4"))
            octets = _octets(territory.get("ipv4"), POOLS.sites_ipv4, place, notes)
            if octets is not None:
                found[str(territory.get("siren"))] = octets[1] - 64
    return found


def _site_numbers(hosts: object, file: Place, notes: Notebook) -> dict[HostName, int]:
    """The last octet of each site's management address."""
    found: dict[HostName, int] = {}
    for name in _keys(hosts):
        address = _below(hosts, name, "data", "loopback", "ipv4")
        octets = _octets(address, POOLS.loopbacks_ipv4, file.at(name, "data", "loopback", "ipv4"), notes)
        if octets is not None:
            found[name] = octets[3]
    return found


def _octets(text: object, pool: IPv4Network, place: Place, notes: Notebook) -> bytes | None:
    try:
        address = IPv4Address(str(text).partition("/")[0])
    except ValueError:
        notes.add(place, "no IPv4 address stands here", "an inventory that keeps its numbers must show them")
        return None
    if address not in pool:
        notes.add(place, f"{address} is outside {pool}", "this inventory is numbered by another plan")
        return None
    return address.packed


def _keys(value: object) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, dict) else ()


def _below(value: object, *keys: str) -> object:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
