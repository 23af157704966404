"""Where a question about a policy begins and ends: segments, appliances, zones, address sets and addresses by name."""

import re
from dataclasses import dataclass
from datetime import time
from difflib import get_close_matches
from ipaddress import ip_address, ip_network

from lisiere.errors import UsageError
from lisiere.model.fleet import Fleet
from lisiere.model.intent import Family
from lisiere.model.site import Appliance
from lisiere.model.traffic import PortRange, Protocol, ServiceEntry
from lisiere.model.words import Prefix, Zone
from lisiere.policy.lines import ANY_MOMENT, ANY_SERVICE, entry_ranges, family_of
from lisiere.policy.ranges import Ranges, merged

PORT_OR_TYPES = re.compile(r"^(tcp|udp|icmp|icmpv6|esp)(?:/([0-9]+(?:-[0-9]+)?))?$")
MOST_TYPE = 255
FAMILY_OF = {Protocol.ICMP: Family.IPV4, Protocol.ICMPV6: Family.IPV6}
"""Protocols that only one family has."""


@dataclass(frozen=True, slots=True)
class Place:
    """One end of a question.

    Args:
        label: What it is called.
        site: The site that it belongs to; empty for a zone, an address set and an address.
        zone: The zone, where the name says it.
        prefixes: Its addresses; empty for a zone as a whole.
    """

    label: str
    site: str
    zone: Zone | None
    prefixes: tuple[Prefix, ...]

    def of(self, family: Family) -> tuple[Prefix, ...]:
        """Its addresses of a family."""
        return tuple(one for one in self.prefixes if family_of(one) is family)


def origins(fleet: Fleet, text: str) -> tuple[Place, ...]:
    """What `SITE`, `SITE:segment` or `SITE:self` names; a site alone stands for each of its segments.

    Raises:
        UsageError: There is no such thing; names that look alike are told.
    """
    name, _, part = text.partition(":")
    if name not in fleet.appliances:
        raise _unknown("site", name, list(fleet.appliances))
    site = fleet.appliances[name]
    found = [_segment(site, one.name) for one in site.data.segments]
    if not part:
        return tuple(found)
    if part == Zone.SELF:
        return (_appliance(site),)
    known = [one.name for one in site.data.segments]
    if part not in known:
        raise _unknown("segment", text, [f"{name}:{one}" for one in (*known, "self")])
    return (_segment(site, part),)


def targets(fleet: Fleet, text: str) -> tuple[Place, ...]:
    """What a destination names: an address or prefix, a zone, a site or its segment, or an address set.

    Raises:
        UsageError: There is no such thing; names that look alike are told.
    """
    prefix = _prefix(text)
    if prefix is not None:
        return (Place(text, "", None, (prefix,)),)
    if text in set(Zone):
        return (Place(text, "", Zone(text), ()),)
    if text in fleet.address_sets:
        return (Place(text, "", None, fleet.address_sets[text].prefixes),)
    if text.partition(":")[0] in fleet.appliances:
        return origins(fleet, text)
    known = [*Zone, *fleet.address_sets, *fleet.appliances]
    raise _unknown("site, zone, address set or address", text, known)


def service_ranges(fleet: Fleet, text: str) -> dict[Family, Ranges]:
    """What a service names by family: one of the inventory, `tcp/443`, `udp/5000-5010`, `icmp/8`, `esp`, or `any`.

    Raises:
        UsageError: There is no such service; names that look alike are told.
    """
    if text == "any":
        return dict.fromkeys(Family, ANY_SERVICE)
    entries = fleet.services[text].entries if text in fleet.services else _entries(text)
    if entries is None:
        advice = [*fleet.services, *(f"{one}/443" for one in (Protocol.TCP, Protocol.UDP))]
        raise _unknown("service", text, advice, hint="a service of the inventory, tcp/443, icmp/8, esp, or any")
    found = {}
    for family in Family:
        fitting = [one for one in entries if FAMILY_OF.get(one.protocol, family) is family]
        if fitting:
            found[family] = merged(part for one in fitting for part in entry_ranges(one))
    return found


def moments_at(text: str) -> Ranges:
    """The moment of the day that `HH:MM` names; all of the day for an empty text.

    Raises:
        UsageError: It is no moment.
    """
    if not text:
        return ANY_MOMENT
    try:
        at = time.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text} is no moment of the day; write it as 22:30") from None
    second = (at.hour * 60 + at.minute) * 60 + at.second
    return ((second, second),)


def _segment(site: Appliance, name: str) -> Place:
    one = next(segment for segment in site.data.segments if segment.name == name)
    return Place(f"{site.name}:{name}", site.name, one.zone, (one.ipv4.network, one.ipv6.network))


def _appliance(site: Appliance) -> Place:
    """The appliance itself: it speaks with its uplink's address."""
    uplink = site.data.uplink
    return Place(f"{site.name}:self", site.name, Zone.SELF, (ip_network(uplink.ipv4.ip), ip_network(uplink.ipv6.ip)))


def _prefix(text: str) -> Prefix | None:
    try:
        return ip_network(ip_address(text)) if "/" not in text else ip_network(text)
    except ValueError:
        return None


def _entries(text: str) -> tuple[ServiceEntry, ...] | None:
    found = PORT_OR_TYPES.match(text)
    if found is None:
        return None
    protocol, detail = Protocol(found[1]), found[2]
    first, _, last = (detail or "").partition("-")
    try:
        if protocol in FAMILY_OF and detail:
            types = range(int(first), int(last or first) + 1)
            is_sound = bool(types) and types[-1] <= MOST_TYPE
            return (ServiceEntry(protocol=protocol, icmp_types=tuple(types)),) if is_sound else None
        ports = (PortRange(first=int(first), last=int(last or first)),) if detail else ()
        return (ServiceEntry(protocol=protocol, ports=ports),)
    except ValueError:
        return None


def _unknown(kind: str, name: str, known: list[str], *, hint: str = "") -> UsageError:
    close = get_close_matches(name, known, n=3)
    advice = f"; did you mean {', '.join(close)}?" if close else f"; {hint}" if hint else ""
    return UsageError(f"unknown {kind} {name}{advice}")
