"""Tunnels that change at both ends, found in what is really rendered before and after a change of the inventory."""

from collections.abc import Callable

import pytest

from lisiere.model.fleet import Fleet
from lisiere.model.overlay import Overlay, Topology
from lisiere.model.plan import Plan
from lisiere.workflow.intended import render_sites
from lisiere.workflow.pairing import Pair, TunnelEnds, far_ends, pairs_of, tunnel_ends, unsettled_of
from lisiere.workflow.plans import Found, Origin, freeze_plan
from lisiere.workflow.preview import compare_texts
from lisiere.workflow.terrain import terrain_of
from tests.store.samples import NOON

Edit = Callable[[Overlay], Overlay]


@pytest.fixture(scope="session")
def overlay(fleet: Fleet) -> Overlay:
    """The smallest hub-and-spoke overlay with one hub and at least eight members."""
    fitting = (
        one
        for one in fleet.overlays.values()
        if one.topology is Topology.HUB_SPOKE and len(one.hubs) == 1 and len(one.members) >= 8
    )
    return min(fitting, key=lambda one: (len(one.members), one.name))


@pytest.fixture(scope="session")
def names(fleet: Fleet, overlay: Overlay) -> list[str]:
    """The members of the overlay."""
    return [member.site for member in overlay.members]


@pytest.fixture(scope="session")
def running(fleet: Fleet, names: list[str]) -> dict[str, str]:
    """What its members run."""
    return render_sites(fleet, names)


def after(fleet: Fleet, running: dict[str, str], overlay: Overlay, edit: Edit) -> dict[str, Found]:
    """What changes on whom once the overlay is another one."""
    changed = fleet.model_copy(update={"overlays": {**fleet.overlays, overlay.name: edit(overlay)}})
    intended = render_sites(changed, sorted(running))
    found = {name: compare_texts(running=running[name], intended=intended[name]) for name in sorted(running)}
    return {name: one for name, one in found.items() if one is not None}


def planned(fleet: Fleet, found: dict[str, Found]) -> Plan:
    """A plan for it."""
    return freeze_plan(
        [fleet.appliances[name] for name in found],
        found,
        unchanged=(),
        failures={},
        origin=Origin("all", "camille", NOON),
        terrain=terrain_of(fleet, fleet.in_service()),
    )


def with_other_crypto(fleet: Fleet) -> Edit:
    """The overlay with another crypto profile."""

    def edit(overlay: Overlay) -> Overlay:
        other = next(name for name in sorted(fleet.crypto) if name != overlay.crypto)
        return overlay.model_copy(update={"crypto": other})

    return edit


def without_last_member(overlay: Overlay) -> Overlay:
    """The overlay without its last member."""
    return overlay.model_copy(update={"members": overlay.members[:-1]})


def test_another_crypto_profile_changes_every_tunnel_at_both_ends(
    fleet: Fleet, running: dict[str, str], overlay: Overlay, names: list[str]
) -> None:
    """A pair of the hub with each spoke; whichever end is first, its tunnel waits for the other."""
    found = after(fleet, running, overlay, with_other_crypto(fleet))
    (hub,) = overlay.hubs
    pairs = pairs_of({name: one.ends for name, one in found.items()})
    assert pairs == tuple(
        sorted(Pair(min(hub, name), max(hub, name), (overlay.name,)) for name in names if name != hub)
    )
    plan = planned(fleet, found)
    waves = {change.host: change.wave for change in plan.changes}
    for change in plan.changes:
        for tunnel in change.unsettled:
            far = tunnel.removeprefix(f"{overlay.name}-")
            assert 0 <= waves[far] - change.wave <= 1
    ends = far_ends(plan)
    assert ends[hub] == {f"{overlay.name}-{name}": name for name in names if name != hub}
    assert all(ends[name] == {f"{overlay.name}-{hub}": hub} for name in names if name != hub)
    told = " ".join(words for note in plan.waves for words in note.notes)
    assert f"hub {hub}" in told


def test_a_member_that_leaves_changes_the_selectors_of_the_others(
    fleet: Fleet, running: dict[str, str], overlay: Overlay, names: list[str]
) -> None:
    """The hub no longer answers for it, so every tunnel of the hub changes, and its own ends."""
    found = after(fleet, running, overlay, without_last_member)
    (hub,) = overlay.hubs
    assert {
        pair.other if pair.one == hub else pair.one for pair in pairs_of({n: f.ends for n, f in found.items()})
    } == {name for name in names if name != hub}


def test_a_member_that_joins_is_no_pair_but_the_others_are(
    fleet: Fleet, running: dict[str, str], overlay: Overlay, names: list[str]
) -> None:
    """Nothing stood between it and the hub, so nothing is lost until both have the tunnel."""
    smaller = fleet.model_copy(update={"overlays": {**fleet.overlays, overlay.name: without_last_member(overlay)}})
    before = render_sites(smaller, names)
    found = after(smaller, before, overlay, lambda _: overlay)
    joined = names[-1]
    pairs = pairs_of({name: one.ends for name, one in found.items()})
    assert joined in found
    assert len(pairs) == len(names) - 2
    assert all(joined not in (pair.one, pair.other) for pair in pairs)


def test_a_title_changes_no_tunnel(fleet: Fleet, running: dict[str, str], names: list[str]) -> None:
    """What each end settles for itself is no pair: titles, lifetimes, its own certificate."""
    for line in (
        "set vpn ipsec site-to-site peer admin-80021-siege-01 description 'Mairie'",
        "set vpn ipsec esp-group anssi-2031 lifetime '1800'",
        "set pki certificate 80021-mairie-01 certificate 'c2VjcmV0'",
        "set firewall ipv4 name wan-self rule 10 description 'vpn ipsec'",
    ):
        ends = tunnel_ends(difference=line, running=running[names[0]], intended=running[names[0]])
        assert ends.touched == frozenset()


RUNNING = (
    "set vpn ipsec site-to-site peer admin-b authentication mode 'x509'\n"
    "set vpn ipsec site-to-site peer admin-b ike-group 'strong-initiator'\n"
    "set vpn ipsec site-to-site peer admin-b default-esp-group 'strong'\n"
    "set vpn ipsec site-to-site peer admin-c ike-group 'other-initiator'\n"
)


@pytest.mark.parametrize(
    ("line", "touched"),
    [
        ("delete vpn ipsec site-to-site peer admin-b", {"admin-b"}),
        ("set vpn ipsec site-to-site peer admin-b tunnel 0 local prefix '10.0.0.0/24'", {"admin-b"}),
        ("set vpn ipsec authentication psk admin-c secret 'secret:overlay/admin/a--c'", {"admin-c"}),
        ("set vpn ipsec ike-group strong-initiator proposal 1 dh-group '20'", {"admin-b"}),
        ("set vpn ipsec esp-group strong pfs 'dh-group20'", {"admin-b"}),
        ("delete vpn ipsec ike-group other-initiator", {"admin-c"}),
        ("set pki ca authority certificate 'YXV0aG9yaXR5'", {"admin-b"}),
        ("delete vpn", {"admin-b", "admin-c"}),
        ("delete vpn ipsec site-to-site", {"admin-b", "admin-c"}),
        ("set interfaces vti vti10001 mtu '1400'", set()),
    ],
)
def test_what_touches_a_tunnel(line: str, touched: set[str]) -> None:
    """Peers, selectors, secrets, proposals, the authority; through the groups that peers use."""
    ends = tunnel_ends(difference=f"{line}\n", running=RUNNING, intended=RUNNING)
    assert ends.touched == touched


def test_one_end_alone_is_no_pair() -> None:
    """When the far end does not change, the tunnel must work at once."""
    a = TunnelEnds(frozenset({"admin-b"}), frozenset({"admin-b"}))
    b = TunnelEnds(frozenset(), frozenset({"admin-a"}))
    assert pairs_of({"a": a, "b": b}) == ()
    assert pairs_of({"a": a}) == ()


def test_a_tunnel_under_a_new_name_between_two_appliances_is_a_pair() -> None:
    """An overlay that is renamed takes the tunnel down until both ends have the new one."""
    a = TunnelEnds(frozenset({"old-b", "new-b"}), frozenset({"old-b"}))
    b = TunnelEnds(frozenset({"old-a", "new-a"}), frozenset({"old-a"}))
    assert pairs_of({"a": a, "b": b}) == (Pair("a", "b", ("new", "old")),)


def test_the_end_that_changes_last_finds_its_tunnel_up() -> None:
    """In one wave either may be the first."""
    pair = Pair("a", "b", ("admin",))
    assert unsettled_of([pair], {"a": 1, "b": 2}) == {"a": ("admin-b",)}
    assert unsettled_of([pair], {"a": 2, "b": 2}) == {"a": ("admin-b",), "b": ("admin-a",)}
