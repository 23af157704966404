"""Overlays with two hubs while tunnels are down: what still arrives, what is lost, and that nothing runs in a circle.

Packets are led as both platforms lead them: out by the route of the smallest distance whose tunnel is up, at the other
end by the selectors of the tunnel, and nowhere when no tunnel is left. ADR 0008 says why it is not otherwise.
"""

from collections.abc import Mapping
from functools import cache
from ipaddress import IPv4Address
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from lisiere.model.intent import SiteIntent, Tunnel
from lisiere.policy.site import resolve_fleet
from tests.render.fleet import HALL, OLD_HALL, SEAT, SECOND_SEAT, small_fleet

OVERLAY, LOST = "intranet", "lost"
Down = frozenset[frozenset[str]]
"""Tunnels that are down, each by its two ends."""


@cache
def intents(*, swapped: bool = False) -> Mapping[str, SiteIntent]:
    """The small fleet; `swapped` with the two hubs of the overlay in the other order."""
    fleet = small_fleet()
    if swapped:
        overlay = fleet.overlays[OVERLAY]
        turned = overlay.model_copy(update={"hubs": overlay.hubs[::-1]})
        fleet = fleet.model_copy(update={"overlays": {**fleet.overlays, OVERLAY: turned}})
    return {one.name: one for one in resolve_fleet(fleet)}


def members() -> tuple[str, ...]:
    """The sites of the overlay."""
    return tuple(sorted(member.site for member in small_fleet().overlays[OVERLAY].members))


def host(site: str) -> IPv4Address:
    """An address of what a site brings into the overlay."""
    member = next(one for one in small_fleet().overlays[OVERLAY].members if one.site == site)
    segments = {one.name: one for one in small_fleet().appliances[site].data.segments}
    return segments[member.segments[0]].ipv4.network.network_address + 9


def path(origin: str, target: str, down: Down = frozenset(), *, swapped: bool = False) -> list[str]:
    """The sites that a packet passes, its origin first; the last one is `lost` when it does not arrive."""
    found, source, destination = [origin], host(origin), host(target)
    while found[-1] != target:
        tunnel = _tunnel(intents(swapped=swapped)[found[-1]], destination, down)
        if tunnel is None or not _carries(tunnel, source, destination):
            return [*found, LOST]
        assert tunnel.peer not in found, f"it runs in a circle: {found} {tunnel.peer}"
        found.append(tunnel.peer)
    return found


def _tunnel(intent: SiteIntent, destination: IPv4Address, down: Down) -> Tunnel | None:
    tunnels = {one.name: one for one in intent.tunnels if frozenset({intent.name, one.peer}) not in down}
    ways = [way for way in intent.tunnel_routes if destination in way.prefix and way.tunnel in tunnels]
    return tunnels[min(ways, key=lambda way: way.distance).tunnel] if ways else None


def _carries(tunnel: Tunnel, source: IPv4Address, destination: IPv4Address) -> bool:
    ends = ((source, tunnel.local_prefixes), (destination, tunnel.remote_prefixes))
    return all(any(address in prefix for prefix in prefixes) for address, prefixes in ends)


def between(*ends: str) -> frozenset[str]:
    """A tunnel by its ends."""
    return frozenset(ends)


def test_everybody_reaches_everybody_over_the_first_hub() -> None:
    """While all tunnels are up."""
    for origin, target in permutations(members(), 2):
        assert path(origin, target)[-1] == target
    assert path(HALL, OLD_HALL) == [HALL, SEAT, OLD_HALL]


def test_a_first_hub_that_is_down_is_stood_in_for() -> None:
    """Both ways over the second one."""
    down = frozenset(between(SEAT, one) for one in members() if one != SEAT)
    assert path(HALL, OLD_HALL, down) == [HALL, SECOND_SEAT, OLD_HALL]
    assert path(OLD_HALL, HALL, down) == [OLD_HALL, SECOND_SEAT, HALL]


def test_a_spoke_whose_tunnel_to_the_first_hub_alone_is_down_gets_no_answer_from_spokes() -> None:
    """It sends over the second hub; the others do not know and send to the first, which has no way to it."""
    down = frozenset({between(SEAT, HALL)})
    assert path(HALL, OLD_HALL, down) == [HALL, SECOND_SEAT, OLD_HALL]
    assert path(OLD_HALL, HALL, down) == [OLD_HALL, SEAT, LOST]
    for one, other in permutations((HALL, SECOND_SEAT), 2):
        assert path(one, other, down) == [one, other]


def test_the_hubs_in_the_other_order_bring_it_back() -> None:
    """What an operator can do: one line of the inventory."""
    down = frozenset({between(SEAT, HALL)})
    assert path(HALL, OLD_HALL, down, swapped=True) == [HALL, SECOND_SEAT, OLD_HALL]
    assert path(OLD_HALL, HALL, down, swapped=True) == [OLD_HALL, SECOND_SEAT, HALL]


@given(
    st.frozensets(
        st.sampled_from([between(hub, one) for hub in (SEAT, SECOND_SEAT) for one in members() if one != hub])
    )
)
def test_nothing_runs_in_a_circle_whatever_is_down(down: Down) -> None:
    """A site that is switched off is a site whose tunnels are all down: what is sent to it ends, and is not relayed."""
    for origin, target in permutations(members(), 2):
        assert path(origin, target, down)[-1] in {target, LOST}
        assert len(path(origin, target, down)) <= 3
