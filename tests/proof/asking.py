"""One packet to try, and what has to become of it: the intents say so, never a rendered text."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time
from ipaddress import IPv4Network, IPv6Network, ip_network

from lab.real.site import Site
from lisiere.model.intent import Interface, Port, SiteIntent
from lisiere.model.packet import WITH_PORTS, WITH_TYPES, Packet
from lisiere.model.traffic import Protocol
from lisiere.model.words import Zone
from lisiere.policy.lines import NUMBERS
from lisiere.policy.verdicts import verdict
from lisiere.policy.ways import End, Way, way_between
from tests.proof.ground import Address, Ground, segment_of

OTHER, DIRECT = 89, 2
"""A protocol that no rule knows (OSPF), and the appliances on a way without a hub between them."""


@dataclass(frozen=True, slots=True)
class Try:
    """A packet to try.

    Args:
        why: What it is tried for, for the table: `flow`, `neighbour`, `default`, `by-pass`, `spoofed`, `inside`.
        site: The site that it begins at, or arrives at from outside.
        zone: The zone that it begins in.
        at: The spot where it is put on the wire.
        source, destination: Its ends.
        protocol: IANA number.
        number: Destination port or ICMP type.
        about: The rule or by-pass that it is about.
    """

    why: str
    site: str
    zone: Zone
    at: str
    source: Address
    destination: Address
    protocol: int
    number: int
    about: str = ""

    def __str__(self) -> str:
        """In words, for people."""
        name = next((str(one) for one, number in NUMBERS.items() if number == self.protocol), str(self.protocol))
        service = f"{name}/{self.number}" if self.number else name
        return f"{self.at} {self.source} -> {self.destination} {service}"


@dataclass(frozen=True, slots=True)
class Fate:
    """What has to become of a packet.

    Args:
        arrives_at: The spot where it arrives; empty for nowhere.
        says: Who says so.
        beyond: Where it may be seen after that, because its destination is another appliance of the lab.
        is_answered: Whether somebody is there who answers, so that the answer has to come back as well.
        called: The address that it comes from when it arrives, which translation may have changed; None for any.
    """

    arrives_at: str
    says: str
    beyond: str = ""
    is_answered: bool = False
    called: Address | None = None


def fate_of(one: Try, ground: Ground, at: time) -> Fate | None:
    """What the intents say of a packet; None for one whose way leads out of the lab, or through no appliance."""
    if one.why == "spoofed":
        return Fate("", "no address of another place comes in here")
    if one.at.startswith("partner:") and not _is_carried(one, ground):
        return None
    way = way_between(
        one.site, one.zone, ip_network(one.source), ip_network(one.destination), intent_of=ground.intents.__getitem__
    )
    if way.end is End.SAME_SEGMENT or any(hop.site not in ground.sites for hop in way.hops):
        return None
    if not way.arrives:
        return Fate("", str(way.end))
    for hop in way.hops:
        found = denied_at(one, hop.site, hop.from_zone, hop.to_zone, ground, at)
        if found:
            return Fate("", found)
    arrives_at = _end_of(way, one, ground)
    if arrives_at is None:
        return None
    says = f"allowed at {', '.join(hop.site for hop in way.hops)}"
    beyond = _owner(one, ground, at) if arrives_at.endswith(":uplink") else ""
    called = _translated(one, way, ground)
    return Fate(arrives_at, says, beyond, is_answered=_has_answer(one, way, arrives_at, ground), called=called)


def _translated(one: Try, way: Way, ground: Ground) -> Address:
    """What a packet is called where it arrives: behind the uplink, a segment's IPv4 hosts have the uplink's address."""
    last = way.hops[-1]
    intent = ground.intents[last.site]
    if last.to_zone is not Zone.WAN or not any(one.source in found.source for found in intent.masquerades):
        return one.source
    if any(one.destination in found.destination for found in intent.exemptions):
        return one.source
    return ground.sites[last.site].uplink.near[0].ip


def _has_answer(one: Try, way: Way, arrives_at: str, ground: Ground) -> bool:
    """Whether a packet earns an answer that comes back to where it was sent: TCP does, from whoever is there.

    Not over a hub: of two tunnels that select the same, IPsec in userland takes the one that came up last, whatever
    their priorities, so that the answer may come to the other hub, which knows nothing of the question.
    """
    if one.protocol != NUMBERS[Protocol.TCP] or one.zone is Zone.MGMT or len(way.hops) > DIRECT:
        return False
    is_own = one.zone in {Zone.WAN, Zone.SELF} or one.source in ground.own_addresses
    return is_own and not arrives_at.endswith((":management", ":uplink"))


def _owner(one: Try, ground: Ground, at: time) -> str:
    """The appliance of the lab that a packet to the Internet was for, if its rules let it come; or the partner."""
    if one.destination in ground.outer:
        return ground.outer[one.destination]
    owner = next((name for name, site in ground.sites.items() if one.destination in _outside(site)), "")
    if not owner or denied_at(one, owner, Zone.WAN, Zone.SELF, ground, at):
        return ""
    return f"{owner}:self"


def _outside(site: Site) -> tuple[Address, Address]:
    ipv4, ipv6 = site.uplink.near
    return ipv4.ip, ipv6.ip


def _is_carried(one: Try, ground: Ground) -> bool:
    """Whether a partner sends a packet into its tunnel; anything else is between the partner and the Internet."""
    name = one.at.partition(":")[2]
    tunnels = (tunnel for tunnel in ground.intents[one.site].tunnels if tunnel.peer == name)
    return any(one.destination in prefix for tunnel in tunnels for prefix in tunnel.local_prefixes)


def denied_at(one: Try, site: str, from_zone: Zone, to_zone: Zone, ground: Ground, at: time) -> str:
    """What denies a packet at an appliance; empty when it passes."""
    protocol = next((known for known, number in NUMBERS.items() if number == one.protocol), None)
    if protocol is None:
        return "" if from_zone == to_zone and _is_open(ground.intents[site], from_zone) else f"{site}: default"
    said = verdict(
        ground.policies[site],
        Packet(
            from_zone=from_zone,
            to_zone=to_zone,
            source=one.source,
            destination=one.destination,
            protocol=protocol,
            port=one.number if protocol in WITH_PORTS else None,
            icmp_type=one.number if protocol in WITH_TYPES else None,
            at=at,
        ),
    )
    return "" if said.is_allowed else f"{site}: {said.rule.id if said.rule else said.reason} {from_zone}-{to_zone}"


def _is_open(intent: SiteIntent, zone: Zone) -> bool:
    """Whether everything passes inside a zone."""
    decided = any((one.from_zone, one.to_zone) == (zone, zone) for one in intent.rule_sets)
    return not decided and any(one.zone is zone and not one.is_isolated for one in intent.zones)


def _end_of(way: Way, one: Try, ground: Ground) -> str | None:
    """The spot at which a packet that passes everywhere is seen; None where nobody can look."""
    last = way.hops[-1]
    if way.end is End.PARTNER:
        tunnel = next(tunnel for tunnel in ground.intents[last.site].tunnels if tunnel.peer_title == way.end_at)
        spot = f"partner:{tunnel.peer}"
        return spot if spot in ground.spots and one.destination in ground.partners[tunnel.peer] else None
    if way.end is End.OUTSIDE:
        return f"{last.site}:{'management' if last.to_zone is Zone.MGMT else 'uplink'}"
    if last.to_zone is Zone.SELF:
        return f"{last.site}:self"
    for interface in ground.segments(last.site):
        network = interface.ipv4.network if one.destination.version == 4 else interface.ipv6.network
        if one.destination in network:
            return f"{last.site}:{segment_of(interface)}"
    return None


def is_at_home(source: Address, zone: Zone, at: str, intent: SiteIntent) -> bool:
    """Whether a source may come in at a spot: an address of a segment by that segment, none of ours by the uplink."""
    behind = {f"{intent.name}:{segment_of(one)}": one for one in intent.interfaces if one.port is Port.LAN}
    if at in behind:
        return source in (behind[at].ipv4.network if source.version == 4 else behind[at].ipv6.network)
    if zone is Zone.WAN:
        ours = [one for one in intent.interfaces if one.port is not Port.UPLINK]
        return not source.is_loopback and not any(source in _network(one, source) for one in ours)
    if zone is Zone.MGMT:
        ways = [way.prefix for way in intent.gateways if way.prefix.prefixlen and way.prefix.version == source.version]
        link = next(one for one in intent.interfaces if one.zone is Zone.MGMT and one.port is Port.UPLINK)
        return any(source in one for one in (*ways, _network(link, source)))
    return True


def _network(interface: Interface, like: Address) -> IPv4Network | IPv6Network:
    return interface.ipv4.network if like.version == 4 else interface.ipv6.network


def distinct(tries: Iterator[Try]) -> list[Try]:
    """Each packet once; the first reason to try it stands."""
    found: dict[tuple[object, ...], Try] = {}
    for one in tries:
        found.setdefault((one.at, one.source, one.destination, one.protocol, one.number), one)
    return list(found.values())
