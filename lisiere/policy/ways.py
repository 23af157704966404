"""The appliances that a packet passes on its way, and its zones at each: what the routes and tunnels of intents say."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from lisiere.model.intent import Interface, Port, SiteIntent, Tunnel
from lisiere.model.words import Prefix, Zone

MOST_HOPS = 4
"""An overlay leads over one hub at most, two overlays over one more; what is longer runs in a circle."""

IntentOf = Callable[[str], SiteIntent]


class End(StrEnum):
    """How a way ends."""

    THERE = "arrives"
    OUTSIDE = "leaves the fleet"
    PARTNER = "goes on to a partner"
    NO_OVERLAY = "no overlay joins them"
    NOT_CARRIED = "no tunnel carries it"
    CIRCLE = "runs in a circle"
    SAME_SEGMENT = "stays on its segment"


@dataclass(frozen=True, slots=True)
class Hop:
    """One appliance on the way."""

    site: str
    from_zone: Zone
    to_zone: Zone


@dataclass(frozen=True, slots=True)
class Way:
    """The appliances that a packet passes, in order, and how its way ends; `end_at` is who or what is there."""

    hops: tuple[Hop, ...]
    end: End
    end_at: str = ""

    @property
    def arrives(self) -> bool:
        """Whether appliances let it come through, if their rules do."""
        return self.end in {End.THERE, End.OUTSIDE, End.PARTNER, End.SAME_SEGMENT}


def way_between(site: str, from_zone: Zone, source: Prefix, destination: Prefix, *, intent_of: IntentOf) -> Way:
    """The way from a segment, or from an appliance itself, to a prefix; a prefix is taken as one destination.

    Args:
        site: Where the packet begins.
        from_zone: The zone that it begins in; `self` for the appliance.
        source: The segment's prefix, or an address of the appliance.
        destination: Where it goes, of the same family.
        intent_of: Gives the intent of a site.
    """
    hops: list[Hop] = []
    while len(hops) < MOST_HOPS:
        intent = intent_of(site)
        zone = _local_zone(intent, destination)
        if from_zone is not Zone.VPN and zone is not Zone.SELF and _is_in(destination, source):
            return Way((), End.SAME_SEGMENT, site)
        if zone is not None:
            is_outer = zone in {Zone.WAN, Zone.MGMT}
            return Way((*hops, Hop(site, from_zone, zone)), End.OUTSIDE if is_outer else End.THERE, site)
        tunnel = _tunnel_to(intent, destination)
        if tunnel is None:
            return _without_tunnel(intent, tuple(hops), from_zone, destination)
        hops.append(Hop(site, from_zone, Zone.VPN))
        if not _carries(tunnel, source, destination):
            return Way(tuple(hops), End.NOT_CARRIED, tunnel.name)
        if tunnel.is_partner:
            return Way(tuple(hops), End.PARTNER, tunnel.peer_title)
        site, from_zone = tunnel.peer, Zone.VPN
    return Way(tuple(hops), End.CIRCLE, site)


def _without_tunnel(intent: SiteIntent, hops: tuple[Hop, ...], from_zone: Zone, destination: Prefix) -> Way:
    """What no tunnel leads to ends here, or leaves by a gateway."""
    if any(_is_in(destination, prefix) for prefix in intent.unreachable):
        return Way(hops, End.NO_OVERLAY, intent.name)
    gateways = [one for one in intent.gateways if _is_in(destination, one.prefix)]
    if not gateways:
        return Way(hops, End.NO_OVERLAY, intent.name)
    nearest = max(gateways, key=lambda one: one.prefix.prefixlen)
    zone = next(one.zone for one in intent.interfaces if nearest.via in _network(one, nearest.prefix))
    return Way((*hops, Hop(intent.name, from_zone, zone)), End.OUTSIDE, zone)


def _local_zone(intent: SiteIntent, destination: Prefix) -> Zone | None:
    """The zone of a destination on one of the appliance's own links; None for what is not there."""
    for one in intent.interfaces:
        network = _network(one, destination)
        address = one.ipv4.ip if destination.version == 4 else one.ipv6.ip
        if destination.prefixlen == destination.max_prefixlen and destination.network_address == address:
            return Zone.SELF
        if one.port is not Port.LOOPBACK and _is_in(destination, network):
            return one.zone
    return None


def _tunnel_to(intent: SiteIntent, destination: Prefix) -> Tunnel | None:
    """The tunnel that the best route to a destination leads into."""
    routes = [one for one in intent.tunnel_routes if _is_in(destination, one.prefix)]
    if not routes:
        return None
    best = min(routes, key=lambda one: (-one.prefix.prefixlen, one.distance, one.tunnel))
    return next(one for one in intent.tunnels if one.name == best.tunnel)


def _carries(tunnel: Tunnel, source: Prefix, destination: Prefix) -> bool:
    """Whether the selectors of a tunnel hold a packet."""
    return any(_is_in(source, one) for one in tunnel.local_prefixes) and any(
        _is_in(destination, one) for one in tunnel.remote_prefixes
    )


def _network(interface: Interface, like: Prefix) -> Prefix:
    return interface.ipv4.network if like.version == 4 else interface.ipv6.network


def _is_in(inner: Prefix, outer: Prefix) -> bool:
    """Whether a prefix lies in another one of its family."""
    if inner.version != outer.version or inner.prefixlen < outer.prefixlen:
        return False
    return inner.network_address in outer
