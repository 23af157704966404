"""From overlays to one site's tunnels: both ends of a tunnel come from the same object."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from zlib import crc32

from lisiere.model.fleet import Fleet
from lisiere.model.intent import Tunnel, TunnelRoute
from lisiere.model.overlay import Overlay, Partner, Topology, secret_name
from lisiere.model.site import Appliance, Segment
from lisiere.model.words import Prefix
from lisiere.policy.drafts import Order, order_of

FIRST_INDEX, INDEX_COUNT = 10_000, 90_000
NEAR, FAR = 10, 20
"""Distances of a route through the tunnel that should be used, and through the one that stands in for it."""


@dataclass(frozen=True)
class OverlayView:
    """An overlay with what its members bring in, worked out once for the fleet."""

    overlay: Overlay
    prefixes: Mapping[str, tuple[Prefix, ...]]
    partners: Mapping[str, Partner]

    @cached_property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """Every tunnel between members, as sorted pairs of names."""
        names = sorted(self.prefixes)
        if self.overlay.topology is Topology.MESH:
            return frozenset(combinations(names, 2))
        hubs = self.overlay.hubs
        return frozenset((min(a, b), max(a, b)) for a in hubs for b in names if a != b)

    @cached_property
    def _neighbours(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, set[str]] = {name: set() for name in self.prefixes}
        for one, other in self.pairs:
            found[one].add(other)
            found[other].add(one)
        return {name: tuple(sorted(others)) for name, others in found.items()}

    @cached_property
    def ordered(self) -> Mapping[str, tuple[tuple[Order, Prefix], ...]]:
        """What each member brings in, each prefix with its order."""
        return {name: tuple((order_of(one), one) for one in found) for name, found in self.prefixes.items()}

    @cached_property
    def _routes(self) -> dict[tuple[int, str, int], TunnelRoute]:
        return {}

    def route(self, prefix: Prefix, tunnel: str, distance: int) -> TunnelRoute:
        """A route; members that reach a prefix of the overlay in the same way share it."""
        place = (id(prefix), tunnel, distance)
        found = self._routes.get(place)
        if found is None:
            found = self._routes[place] = TunnelRoute(prefix=prefix, tunnel=tunnel, distance=distance)
        return found

    def neighbours(self, site: str) -> tuple[str, ...]:
        """The members with which a site has a tunnel, sorted."""
        return self._neighbours.get(site, ())

    def behind(self, one: str, other: str) -> tuple[Prefix, ...]:
        """What `one` answers for towards `other`: its own and, as a hub towards a spoke, what other spokes bring in.

        The two directions of a tunnel never overlap; a hub does not answer for the other hub.
        """
        hubs = self.overlay.hubs
        own = self.prefixes[one]
        if one not in hubs or other in hubs:
            return own
        spokes = (name for name in self.prefixes if name not in hubs and name != other)
        return own + tuple(prefix for name in spokes for prefix in self.prefixes[name])

    def others(self, site: str, among: Iterable[str] | None = None) -> tuple[Prefix, ...]:
        """What other members bring in: all of them, or only those named."""
        names = self.prefixes if among is None else [name for name in among if name in self.prefixes]
        return tuple(prefix for name in names if name != site for prefix in self.prefixes[name])


def segment_prefixes(segment: Segment) -> tuple[Prefix, Prefix]:
    """The two prefixes of a segment."""
    return segment.ipv4.network, segment.ipv6.network


def view_overlays(fleet: Fleet) -> dict[str, OverlayView]:
    """Every overlay of the fleet with its members' prefixes, and the partners that have not ended."""
    views = {}
    for name, overlay in sorted(fleet.overlays.items()):
        prefixes = {}
        for member in overlay.members:
            segments = {one.name: one for one in fleet.appliances[member.site].data.segments}
            brought = (segment_prefixes(segments[name]) for name in member.segments)
            prefixes[member.site] = tuple(prefix for pair in brought for prefix in pair)
        partners = {partner.name: partner for partner in overlay.partners if partner.until >= fleet.as_of}
        views[name] = OverlayView(overlay, prefixes, partners)
    return views


def views_by_site(views: Mapping[str, OverlayView]) -> dict[str, list[OverlayView]]:
    """The overlays that concern each site, as a member or as the end of a partner's tunnel."""
    found: dict[str, list[OverlayView]] = {}
    for _, view in sorted(views.items()):
        concerned = set(view.prefixes) | {site for partner in view.partners.values() for site in partner.sites}
        for site in concerned:
            found.setdefault(site, []).append(view)
    return found


def tunnels_of(site: Appliance, *, fleet: Fleet, views: Sequence[OverlayView]) -> tuple[Tunnel, ...]:
    """A site's end of each of its tunnels, ordered by name."""
    indexes = _Indexes()
    members = [
        _member_tunnel(site, fleet.appliances[other], fleet=fleet, view=view, indexes=indexes)
        for view in views
        for other in view.neighbours(site.name)
    ]
    partners = [
        _partner_tunnel(site, partner, fleet=fleet, view=view, indexes=indexes)
        for view in views
        for _, partner in sorted(view.partners.items())
        if site.name in partner.sites
    ]
    return tuple(sorted(members + partners, key=lambda tunnel: tunnel.name))


def routes_of(site: str, *, views: Sequence[OverlayView]) -> tuple[TunnelRoute, ...]:
    """Routes to what the other members bring in; a hub that stands in for another has the larger distance."""
    found: dict[tuple[int, int, int, str], TunnelRoute] = {}
    for rank, view in enumerate(views):
        for order, prefix, neighbour, distance in _ways(site, view):
            tunnel = tunnel_name(view.overlay.name, neighbour)
            found[(*order, tunnel)] = view.route(prefix, tunnel, distance + rank)
    return tuple(route for _, route in sorted(found.items()))


def tunnel_name(overlay: str, peer: str) -> str:
    """Name of a tunnel at one end: the overlay and the other end."""
    return f"{overlay}-{peer}"


def _ways(site: str, view: OverlayView) -> Iterator[tuple[Order, Prefix, str, int]]:
    """(order, prefix, neighbour to go through, distance) for all that a site reaches in an overlay."""
    for partner in view.partners.values():
        if site in partner.sites:
            yield from ((order_of(prefix), prefix, partner.name, NEAR) for prefix in partner.prefixes)
    if site not in view.prefixes:
        return
    neighbours = set(view.neighbours(site))
    for other, prefixes in view.ordered.items():
        if other == site:
            continue
        through = [other] if other in neighbours else list(view.overlay.hubs)
        for order, prefix in prefixes:
            for rank, neighbour in enumerate(through):
                yield order, prefix, neighbour, NEAR if rank == 0 else FAR


def _member_tunnel(
    site: Appliance,
    other: Appliance,
    *,
    fleet: Fleet,
    view: OverlayView,
    indexes: "_Indexes",
) -> Tunnel:
    overlay, domain = view.overlay, fleet.operator.domain
    is_hub, other_is_hub = site.name in overlay.hubs, other.name in overlay.hubs
    initiates = other_is_hub if is_hub != other_is_hub else site.name < other.name
    return Tunnel(
        name=tunnel_name(overlay.name, other.name),
        index=indexes.take(secret_name(overlay.name, site.name, other.name)),
        overlay=overlay.name,
        peer=other.name,
        peer_title=other.data.site,
        is_partner=False,
        local_address=site.data.uplink.ipv4.ip,
        remote_address=other.data.uplink.ipv4.ip,
        local_identity=f"{site.name}.{domain}",
        remote_identity=f"{other.name}.{domain}",
        initiates=initiates,
        authentication=overlay.authentication,
        secret=secret_name(overlay.name, site.name, other.name),
        crypto=fleet.crypto[overlay.crypto],
        local_prefixes=view.behind(site.name, other.name),
        remote_prefixes=view.behind(other.name, site.name),
    )


def _partner_tunnel(
    site: Appliance,
    partner: Partner,
    *,
    fleet: Fleet,
    view: OverlayView,
    indexes: "_Indexes",
) -> Tunnel:
    overlay, uplink = view.overlay, site.data.uplink
    return Tunnel(
        name=tunnel_name(overlay.name, partner.name),
        index=indexes.take(secret_name(overlay.name, site.name, partner.name)),
        overlay=overlay.name,
        peer=partner.name,
        peer_title=partner.title,
        is_partner=True,
        local_address=uplink.ipv4.ip if partner.address.version == 4 else uplink.ipv6.ip,
        remote_address=partner.address,
        local_identity=f"{site.name}.{fleet.operator.domain}",
        remote_identity=partner.identity,
        initiates=True,
        authentication=overlay.authentication,
        secret=secret_name(overlay.name, site.name, partner.name),
        crypto=fleet.crypto[overlay.crypto],
        local_prefixes=view.prefixes[site.name],
        remote_prefixes=partner.prefixes,
    )


class _Indexes:
    """Numbers for tunnel interfaces: derived from the tunnel itself, so that a new neighbour renumbers no other."""

    def __init__(self) -> None:
        self._taken: set[int] = set()

    def take(self, key: str) -> int:
        index = crc32(key.encode()) % INDEX_COUNT
        while index in self._taken:
            index = (index + 1) % INDEX_COUNT
        self._taken.add(index)
        return FIRST_INDEX + index
