"""What one site's intent means: rules by first match, tunnels as seen from both ends."""

from collections.abc import Iterable
from datetime import date
from functools import cache
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from lisiere.inventory.loader import load_fleet
from lisiere.model.fleet import Fleet
from lisiere.model.intent import Family, Layer, PolicyRule, RuleSet, SiteIntent, Tunnel
from lisiere.model.site import SCHOOL_WEB_ACCESS, WebAccessKind
from lisiere.model.traffic import Protocol
from lisiere.model.words import LAN_ZONES, Action, Zone
from lisiere.policy.capabilities import refusals
from lisiere.policy.drafts import BASE
from lisiere.policy.site import resolve_fleet, resolve_sites

REFERENCE = Path(__file__).parents[2] / "inventory"
AS_OF = date(2026, 11, 24)
SOMEWHERE = IPv4Address("198.51.100.200")
"""A documentation address that no set of the reference fleet names."""


@cache
def fleet() -> Fleet:
    """The reference fleet."""
    return load_fleet(REFERENCE, as_of=AS_OF)


@cache
def intents() -> dict[str, SiteIntent]:
    """Every intent of the reference fleet."""
    return {one.name: one for one in resolve_fleet(fleet())}


def by_web_access(kind: WebAccessKind) -> list[SiteIntent]:
    """The sites of one kind of web access."""
    return [one for one in intents().values() if one.web.kind is kind]


def first_match(
    intent: SiteIntent,
    pair: tuple[Zone, Zone],
    destination: IPv4Address,
    protocol: Protocol,
    port: int,
) -> PolicyRule | None:
    """The rule that decides about a packet without regard to its source; None for the default, which denies."""
    sets = {one.name: one for one in intent.sets}
    for rule in rule_set(intent, *pair, Family.IPV4).rules:
        if rule.destination is not None and not any(destination in one for one in sets[rule.destination].ipv4):
            continue
        if rule.entry is not None and (
            rule.entry.protocol is not protocol or not any(one.first <= port <= one.last for one in rule.entry.ports)
        ):
            continue
        return rule
    return None


def rule_set(intent: SiteIntent, source: Zone, target: Zone, family: Family) -> RuleSet:
    """The rule set between two zones; an empty one denies everything."""
    for one in intent.rule_sets:
        if (one.from_zone, one.to_zone, one.family) == (source, target, family):
            return one
    return RuleSet(name="none", from_zone=source, to_zone=target, family=family, rules=())


def is_allowed(rule: PolicyRule | None) -> bool:
    """Whether a packet passes."""
    return rule is not None and rule.action is Action.ALLOW


# ---- rules ---------------------------------------------------------------------------------------------------------


def test_every_allowing_rule_points_to_a_declared_flow() -> None:
    """Derived rules included, at every site."""
    rules = {rule for one in intents().values() for rules in one.rule_sets for rule in rules.rules}
    allowing = [rule for rule in rules if rule.action is Action.ALLOW]
    assert len(allowing) > 100
    assert not [rule.id for rule in allowing if rule.flow not in fleet().flows]


def test_every_denial_is_logged() -> None:
    """What is refused leaves a trace."""
    rules = (rule for one in intents().values() for rules in one.rule_sets for rule in rules.rules)
    assert not {rule.id for rule in rules if rule.action is Action.DENY and not rule.log}


def test_numbers_ascend_and_keep_the_order_of_the_layers() -> None:
    """First match wins, so the number is the meaning."""
    bases = [BASE[layer] for layer in Layer]
    assert bases == sorted(bases)
    for one in intents().values():
        for rules in one.rule_sets:
            numbers = [rule.number for rule in rules.rules]
            assert numbers == sorted(set(numbers)), (one.name, rules.name)
            layers = [list(Layer).index(rule.layer) for rule in rules.rules]
            assert layers == sorted(layers), (one.name, rules.name)


def test_management_stands_first_and_only_for_the_operator() -> None:
    """No policy can lock the operator out, and nobody else reaches SSH from anywhere."""
    for one in intents().values():
        rules = rule_set(one, Zone.MGMT, Zone.SELF, Family.IPV4).rules
        assert rules[0].layer is Layer.MANAGEMENT
        assert rules[0].source == "op-management"
        assert rules[0].number < BASE[Layer.FLEET]
        for zone in (*LAN_ZONES, Zone.WAN, Zone.VPN):
            assert not is_allowed(first_match(one, (zone, Zone.SELF), SOMEWHERE, Protocol.TCP, 22)), (one.name, zone)


def test_both_families_of_a_pair_of_zones_have_a_rule_set() -> None:
    """A device that finds no rule set for IPv6 might let it pass."""
    for one in intents().values():
        pairs = [(rules.from_zone, rules.to_zone) for rules in one.rule_sets]
        assert all(pairs.count(pair) == len(Family) for pair in pairs), one.name


def test_every_link_takes_part_in_neighbour_discovery() -> None:
    """Untracked packets: without a rule each way IPv6 is dead on that link."""
    for one in intents().values():
        for zone in {interface.zone for interface in one.interfaces}:
            for pair in ((zone, Zone.SELF), (Zone.SELF, zone)):
                types = {
                    number
                    for rule in rule_set(one, *pair, Family.IPV6).rules
                    if rule.entry and rule.entry.protocol is Protocol.ICMPV6 and rule.action is Action.ALLOW
                    for number in rule.entry.icmp_types
                }
                assert {130, 131, 132, 133, 134, 135, 136, 143} <= types, (one.name, pair)


def test_every_interface_and_every_tunnel_is_in_one_zone() -> None:
    """What is in no zone would not be filtered."""
    for one in intents().values():
        members = [name for zone in one.zones for name in (*zone.interfaces, *zone.tunnels)]
        wanted = [interface.name for interface in one.interfaces] + [tunnel.name for tunnel in one.tunnels]
        assert sorted(members) == sorted(wanted), one.name


def test_sets_hold_what_their_rules_need_and_no_more() -> None:
    """A rule of a family never refers to a set without that family, and no set stands unused."""
    for one in intents().values():
        sets = {entry.name: entry for entry in one.sets}
        used = set()
        for rules in one.rule_sets:
            for rule in rules.rules:
                for name in filter(None, (rule.source, rule.destination)):
                    assert getattr(sets[name], rules.family), (one.name, rules.name, name)
                    used.add(name)
        assert used == set(sets), one.name


# ---- the web -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(SCHOOL_WEB_ACCESS))
@pytest.mark.parametrize(
    ("protocol", "port"),
    [
        (Protocol.TCP, 80),
        (Protocol.TCP, 443),
        (Protocol.UDP, 443),
        (Protocol.UDP, 53),
        (Protocol.TCP, 53),
        (Protocol.TCP, 853),
        (Protocol.UDP, 853),
    ],
)
def test_a_school_has_no_way_around_its_filter(kind: WebAccessKind, protocol: Protocol, port: int) -> None:
    """Direct web, QUIC, foreign DNS and DoT are closed where browsers are, by a rule of the mandatory layers."""
    schools = by_web_access(kind)
    assert schools
    for one in schools:
        for zone in one.web.zones:
            rule = first_match(one, (zone, Zone.WAN), SOMEWHERE, protocol, port)
            assert rule is not None, (one.name, zone)
            assert rule.action is Action.DENY
            assert rule.layer in {Layer.FLEET, Layer.WEB_ACCESS}


def test_the_way_of_each_kind_is_open() -> None:
    """The proxy on the appliance, the académie's proxy, or its tunnel; each for its kind and for no other."""
    academie = fleet().operator.academie
    proxy_port = fleet().operator.proxy_port
    for one in intents().values():
        kind = one.web.kind
        for zone in one.web.zones:
            local = first_match(one, (zone, Zone.SELF), SOMEWHERE, Protocol.TCP, proxy_port)
            assert is_allowed(local) == (one.web.proxy is not None), one.name
            proxy = IPv4Address(str(academie.proxy.address))
            direct = first_match(one, (zone, Zone.WAN), proxy, Protocol.TCP, academie.proxy.port)
            assert is_allowed(direct) == (kind is WebAccessKind.PAC), one.name
            behind = IPv4Address(str(academie.tunnel_proxy.address))
            tunnel = first_match(one, (zone, Zone.VPN), behind, Protocol.TCP, academie.tunnel_proxy.port)
            assert is_allowed(tunnel) or kind is not WebAccessKind.TUNNEL, one.name


def test_a_proxy_that_reaches_the_web_itself_refuses_addresses() -> None:
    """Filtering resolvers see names only: a proxy without a parent needs a filter of its own, at `dns` schools too."""
    direct = [one for one in intents().values() if one.web.proxy is not None and one.web.proxy.parent is None]
    assert {one.web.kind for one in direct} == {WebAccessKind.DNS, WebAccessKind.LOCAL_FILTER}
    assert not [one.name for one in direct if one.web.proxy is None or one.web.proxy.filtering is None]


def test_a_proxy_with_a_parent_reaches_the_web_through_it_only() -> None:
    """The appliance itself has no direct path either."""
    for one in intents().values():
        if one.web.proxy is not None and one.web.proxy.parent is not None:
            assert not is_allowed(first_match(one, (Zone.SELF, Zone.WAN), SOMEWHERE, Protocol.TCP, 443)), one.name


# ---- tunnels -------------------------------------------------------------------------------------------------------


def ends() -> Iterable[tuple[str, Tunnel]]:
    """Every end of every tunnel between two appliances of ours."""
    return ((one.name, tunnel) for one in intents().values() for tunnel in one.tunnels if not tunnel.is_partner)


def test_the_two_ends_of_a_tunnel_agree() -> None:
    """Addresses, identities, selectors, key and algorithms mirror each other; one end begins, the other waits."""
    found = {(site, tunnel.overlay, tunnel.peer): tunnel for site, tunnel in ends()}
    assert len(found) > 400
    for (site, overlay, peer), tunnel in found.items():
        other = found[peer, overlay, site]
        assert (tunnel.local_address, tunnel.local_identity) == (other.remote_address, other.remote_identity)
        assert tunnel.local_prefixes == other.remote_prefixes
        assert tunnel.secret == other.secret
        assert tunnel.crypto == other.crypto
        assert tunnel.initiates != other.initiates


def test_selectors_never_overlap() -> None:
    """An overlap would make the device pass that part in clear."""
    for one in intents().values():
        for tunnel in one.tunnels:
            for ours in tunnel.local_prefixes:
                assert not [p for p in tunnel.remote_prefixes if p.version == ours.version and p.overlaps(ours)]


def test_no_two_tunnels_share_a_key_or_an_interface() -> None:
    """One key, one use (ANSSI crypto guide); one interface, one tunnel."""
    keys: dict[str, set[str]] = {}
    for site, tunnel in ends():
        keys.setdefault(tunnel.secret, set()).add(site)
    assert all(len(sites) == 2 for sites in keys.values())
    for one in intents().values():
        assert len({tunnel.index for tunnel in one.tunnels}) == len(one.tunnels)


def test_every_route_goes_through_a_tunnel_that_carries_it() -> None:
    """A packet sent to a tunnel whose selectors do not hold it would be dropped."""
    for one in intents().values():
        tunnels = {tunnel.name: tunnel for tunnel in one.tunnels}
        for route in one.tunnel_routes:
            assert route.prefix in tunnels[route.tunnel].remote_prefixes, (one.name, route)


def test_what_belongs_into_a_tunnel_never_leaves_in_clear() -> None:
    """Without the tunnel there is a blackhole, and a rule denies it towards the Internet besides."""
    for one in intents().values():
        for route in one.tunnel_routes:
            target, length = route.prefix.network_address, route.prefix.prefixlen
            holes = [hole for hole in one.unreachable if hole.version == route.prefix.version]
            assert any(target in hole and hole.prefixlen <= length for hole in holes), (one.name, route)
            if isinstance(target, IPv4Address):
                for zone in {interface.zone for interface in one.interfaces} & LAN_ZONES:
                    assert not is_allowed(first_match(one, (zone, Zone.WAN), target, Protocol.TCP, 443))


def test_a_partner_reaches_the_sites_that_its_flow_names_and_no_other() -> None:
    """A flow from a partner to one site opens nothing at the partner's other sites, and nothing the other way."""
    name, overlay = next((n, o) for n, o in fleet().overlays.items() if any(len(p.sites) > 1 for p in o.partners))
    partner = next(one for one in overlay.partners if len(one.sites) > 1)
    named, *others = partner.sites
    flow = partner.flows[0].model_copy(update={"from_members": (partner.name,), "to_members": (named,)})
    changed = overlay.model_copy(update={"partners": (partner.model_copy(update={"flows": (flow,)}),)})
    smaller = fleet().model_copy(update={"overlays": {**fleet().overlays, name: changed}})
    found = resolve_sites(smaller, [named, *others])

    def opened(site: str) -> set[tuple[Zone, Zone]]:
        sets = found[site].rule_sets
        ids = {f"{partner.name}-{flow.flow}-in", f"{partner.name}-{flow.flow}-out"}
        return {(one.from_zone, one.to_zone) for one in sets for rule in one.rules if rule.id in ids}

    assert {pair[0] for pair in opened(named)} == {Zone.VPN}
    assert not [site for site in others if opened(site)]


def test_a_new_member_renumbers_no_tunnel() -> None:
    """The number of an interface follows from its tunnel alone, so that others are not rebuilt."""
    name, overlay = next((n, o) for n, o in fleet().overlays.items() if len(o.members) > 4)
    fewer = overlay.model_copy(update={"members": overlay.members[:-1]})
    smaller = fleet().model_copy(update={"overlays": {**fleet().overlays, name: fewer}})
    hub = overlay.hubs[0]
    before = {tunnel.name: tunnel.index for tunnel in resolve_sites(smaller, [hub])[hub].tunnels}
    after = {tunnel.name: tunnel.index for tunnel in intents()[hub].tunnels}
    assert before.items() < after.items()


# ---- the rest ------------------------------------------------------------------------------------------------------


def test_a_window_over_midnight_is_two_spans() -> None:
    """A device compares times of one day."""
    windows = {
        rule.window
        for one in intents().values()
        for rules in one.rule_sets
        for rule in rules.rules
        if rule.id == "backup"
    }
    assert ("22:00:00", "23:59:59") in windows
    assert all(window is not None and window[0] < window[1] for window in windows)


def test_windows_need_clocks_in_utc_on_vyos() -> None:
    """VyOS converts hours when it loads rules: what it would keep wrongly is refused."""
    assert refusals(fleet()) == ()
    operator = fleet().operator.model_copy(update={"time_zone": "Europe/Paris"})
    refused = refusals(fleet().model_copy(update={"operator": operator}))
    concerned = sum(one.backup is not None for one in intents().values())
    assert [one.place for one in refused] == [("time_zone",)]
    assert f"{concerned} sites" in refused[0].message


def test_a_parent_proxy_listens_where_the_platform_can_reach_it() -> None:
    """VyOS takes no port below 1025 for a parent."""
    operator = fleet().operator
    low = operator.model_copy(update={"proxy": operator.proxy.model_copy(update={"port": 80})})
    refused = refusals(fleet().model_copy(update={"operator": low}))
    assert [one.place for one in refused] == [("proxy", "port")]


def test_an_ended_exception_is_not_part_of_the_intent() -> None:
    """The day after its last day, the rule is gone."""
    site = next(one for one in fleet().in_service() if one.data.exceptions)
    ids = {one.rule.id for one in site.data.exceptions}
    last = max(one.until for one in site.data.exceptions)

    def rules_as_of(day: date) -> set[str]:
        intent = resolve_sites(fleet().model_copy(update={"as_of": day}), [site.name])[site.name]
        return {rule.id for rules in intent.rule_sets for rule in rules.rules if rule.layer is Layer.EXCEPTION}

    assert rules_as_of(AS_OF) == ids
    assert rules_as_of(date(last.year + 1, 1, 1)) == set()


def test_resolving_some_sites_gives_what_resolving_all_gives() -> None:
    """An intent does not depend on which others were asked for."""
    names = sorted(intents())[:5]
    assert resolve_sites(fleet(), names) == {name: intents()[name] for name in names}
