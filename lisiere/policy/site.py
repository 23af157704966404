"""From the fleet to one site's intent: the single place where everything that a site should be comes together."""

from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Interface, IPv4Network, IPv6Interface, ip_network

from lisiere.model.fleet import Fleet
from lisiere.model.intent import (
    BackupIntent,
    CertificateRefs,
    DhcpScope,
    DnsForwarder,
    Gateway,
    Interface,
    Layer,
    Masquerade,
    NatExemption,
    Port,
    RouterAdvert,
    SiteIntent,
    SshServer,
    Tunnel,
    WebAccessIntent,
    ZoneMembers,
)
from lisiere.model.overlay import Authentication
from lisiere.model.site import Appliance
from lisiere.model.words import Action, Prefix, Zone
from lisiere.policy.beside import with_inside
from lisiere.policy.derived import Common, common_rules, infrastructure, no_clear_text, way_to
from lisiere.policy.drafts import Draft, SetBook, rule_sets
from lisiere.policy.layers import service_entries, written_rules
from lisiere.policy.tunnels import OverlayView, routes_of, tunnels_of, view_overlays, views_by_site
from lisiere.policy.webaccess import pac_url, web_access, web_rules

LEASE_S = 28_800
ISOLATED = frozenset({Zone.WAN, Zone.MGMT, Zone.GUEST})
"""Zones inside which nothing is forwarded: guests do not see each other's segments, links are no transit."""

ANYWHERE_IPV4, ANYWHERE_IPV6 = ip_network("0.0.0.0/0"), ip_network("::/0")


def resolve_fleet(fleet: Fleet) -> Iterator[SiteIntent]:
    """The intent of every appliance in service, by name."""
    return resolve_each(fleet, sorted(one.name for one in fleet.in_service()))


def resolve_sites(fleet: Fleet, names: Sequence[str]) -> dict[str, SiteIntent]:
    """The intents of some appliances, in the order of `names`."""
    return {intent.name: intent for intent in resolve_each(fleet, names)}


def resolve_each(fleet: Fleet, names: Sequence[str]) -> Iterator[SiteIntent]:
    """The intents of some appliances one after the other, in the order of `names`."""
    resolve = resolver(fleet)
    for name in names:
        yield resolve(name)


def resolver(fleet: Fleet) -> Callable[[str], SiteIntent]:
    """Resolves appliances by name; what the fleet has in common is worked out once."""
    views, common = views_by_site(view_overlays(fleet)), common_rules(fleet)

    def resolve(name: str) -> SiteIntent:
        return _resolve(fleet.appliances[name], fleet=fleet, views=views.get(name, []), common=common)

    return resolve


def _resolve(site: Appliance, *, fleet: Fleet, views: Sequence[OverlayView], common: Common) -> SiteIntent:
    data, operator = site.data, fleet.operator
    tunnels = tunnels_of(site, fleet=fleet, views=views)
    web = web_access(site, fleet=fleet)
    interfaces = _interfaces(site)
    zones = _zones(interfaces, tunnels)
    book = common.book.own()
    drafts = (*common.drafts, *_drafts(site, fleet=fleet, views=views, tunnels=tunnels, web=web, book=book))
    sets_of_rules = rule_sets(drafts, zones=frozenset(one.zone for one in zones), book=book)
    sets = book.named_sets()
    web = with_inside(web, interfaces=interfaces, tunnels=tunnels, sets_of_rules=sets_of_rules, sets=sets)
    lan = tuple(prefix for segment in data.segments for prefix in (segment.ipv4.network, segment.ipv6.network))
    return SiteIntent(
        name=site.name,
        title=data.site,
        platform=site.platform,
        release=data.release,
        territory=site.territory,
        territory_name=fleet.territories[site.territory].name,
        profile=site.profile,
        lifecycle=data.lifecycle,
        domain=operator.domain,
        time_zone=operator.time_zone,
        banner=operator.banner,
        users=operator.users,
        ssh=SshServer(
            listen=(data.loopback.ipv4, data.loopback.ipv6),
            port=22,
            allow_from=operator.management_prefixes,
        ),
        resolvers=web.resolvers,
        time_servers=operator.time_servers,
        collectors=operator.collectors,
        interfaces=interfaces,
        gateways=_gateways(site, fleet),
        tunnel_routes=routes_of(site.name, views=views),
        unreachable=_unreachable(fleet, tunnels),
        zones=zones,
        sets=sets,
        rule_sets=sets_of_rules,
        exemptions=_exemptions(fleet, tunnels),
        masquerades=_masquerades(site),
        tunnels=tunnels,
        certificates=_certificates(site, tunnels),
        web=web,
        dhcp=_dhcp(site, fleet=fleet, web=web),
        router_adverts=_router_adverts(site),
        dns=DnsForwarder(
            listen=tuple(ip for segment in data.segments for ip in (segment.ipv4.ip, segment.ipv6.ip)),
            allow_from=lan,
            upstream=web.resolvers,
        ),
        time_clients=lan,
        backup=_backup(site, fleet),
    )


def _drafts(
    site: Appliance,
    *,
    fleet: Fleet,
    views: Sequence[OverlayView],
    tunnels: Sequence[Tunnel],
    web: WebAccessIntent,
    book: SetBook,
) -> list[Draft]:
    return [
        *infrastructure(site, tunnels=tunnels, book=book),
        *no_clear_text(tunnels=tunnels, book=book),
        *_backup_rule(site, fleet=fleet, book=book),
        *web_rules(site, fleet=fleet, web=web, tunnels=tunnels, book=book),
        *written_rules(site, fleet=fleet, views=views, book=book),
    ]


def _zones(interfaces: Sequence[Interface], tunnels: Sequence[Tunnel]) -> tuple[ZoneMembers, ...]:
    """Every zone of the site with its members."""
    members: dict[Zone, list[str]] = {}
    for interface in interfaces:
        members.setdefault(interface.zone, []).append(interface.name)
    found = [
        ZoneMembers(zone=zone, interfaces=tuple(names), tunnels=(), is_isolated=zone in ISOLATED)
        for zone, names in sorted(members.items())
    ]
    if tunnels:
        found.append(ZoneMembers(zone=Zone.VPN, interfaces=(), tunnels=tuple(tunnel.name for tunnel in tunnels)))
    return (*found, ZoneMembers(zone=Zone.SELF, interfaces=(), tunnels=()))


def _interfaces(site: Appliance) -> tuple[Interface, ...]:
    data = site.data
    loopback = Interface(
        name="loopback",
        port=Port.LOOPBACK,
        vlan=None,
        zone=Zone.MGMT,
        ipv4=IPv4Interface((int(data.loopback.ipv4), 32)),
        ipv6=IPv6Interface((int(data.loopback.ipv6), 128)),
        description="management address",
    )
    uplink = Interface(
        name="uplink",
        port=Port.UPLINK,
        vlan=None,
        zone=Zone.WAN,
        ipv4=data.uplink.ipv4,
        ipv6=data.uplink.ipv6,
        description="operator fibre",
    )
    management_link = Interface(
        name="management",
        port=Port.UPLINK,
        vlan=data.management.vlan,
        zone=Zone.MGMT,
        ipv4=data.management.ipv4,
        ipv6=data.management.ipv6,
        description="management link",
    )
    segments = (
        Interface(
            name=f"segment-{segment.name}",
            port=Port.LAN,
            vlan=segment.vlan,
            zone=segment.zone,
            ipv4=segment.ipv4,
            ipv6=segment.ipv6,
            description=f"segment {segment.name}",
        )
        for segment in sorted(data.segments, key=lambda one: one.vlan)
    )
    return (loopback, uplink, management_link, *segments)


def _gateways(site: Appliance, fleet: Fleet) -> tuple[Gateway, ...]:
    uplink, management_link = site.data.uplink, site.data.management
    operators = (
        Gateway(
            prefix=prefix,
            via=management_link.gateway_ipv4 if prefix.version == 4 else management_link.gateway_ipv6,
        )
        for prefix in fleet.operator.management_prefixes
    )
    return (
        Gateway(prefix=ANYWHERE_IPV4, via=uplink.gateway_ipv4),
        Gateway(prefix=ANYWHERE_IPV6, via=uplink.gateway_ipv6),
        *operators,
    )


def _unreachable(fleet: Fleet, tunnels: Sequence[Tunnel]) -> tuple[Prefix, ...]:
    """Where packets end when the tunnel to them is down, rather than leave in clear: sites of the fleet, partners."""
    pools = fleet.operator.pools
    partners = {prefix for tunnel in tunnels if tunnel.is_partner for prefix in tunnel.remote_prefixes}
    return (pools.sites_ipv4, pools.sites_ipv6, *sorted(partners, key=lambda one: (one.version, one)))


def _exemptions(fleet: Fleet, tunnels: Sequence[Tunnel]) -> tuple[NatExemption, ...]:
    """What is protected is never translated, even if it were to leave by the wrong way."""
    first = NatExemption(number=10, destination=fleet.operator.pools.sites_ipv4, description="sites of the fleet")
    partners = sorted(
        (prefix, tunnel.peer)
        for tunnel in tunnels
        if tunnel.is_partner
        for prefix in tunnel.remote_prefixes
        if isinstance(prefix, IPv4Network)
    )
    return (
        first,
        *(
            NatExemption(number=20 + order, destination=prefix, description=f"partner {peer}")
            for order, (prefix, peer) in enumerate(dict.fromkeys(partners))
        ),
    )


def _masquerades(site: Appliance) -> tuple[Masquerade, ...]:
    return tuple(
        Masquerade(number=1000 + segment.vlan, source=segment.ipv4.network, description=f"segment {segment.name}")
        for segment in sorted(site.data.segments, key=lambda one: one.vlan)
    )


def _certificates(site: Appliance, tunnels: Sequence[Tunnel]) -> CertificateRefs | None:
    if not any(tunnel.authentication is Authentication.CERTIFICATE for tunnel in tunnels):
        return None
    return CertificateRefs(
        authority="secret:pki/authority/certificate",
        certificate=f"secret:pki/{site.name}/certificate",
        private_key=f"secret:pki/{site.name}/key",
    )


def _dhcp(site: Appliance, *, fleet: Fleet, web: WebAccessIntent) -> tuple[DhcpScope, ...]:
    return tuple(
        DhcpScope(
            name=segment.name,
            subnet_id=segment.vlan,
            subnet=segment.ipv4.network,
            start=segment.dhcp.start,
            stop=segment.dhcp.stop,
            gateway=segment.ipv4.ip,
            resolvers=(segment.ipv4.ip,),
            domain=fleet.operator.domain,
            lease_s=LEASE_S,
            pac_url=pac_url(web, segment.ipv4.ip) if segment.zone in web.zones else None,
        )
        for segment in site.data.segments
        if segment.dhcp is not None
    )


def _router_adverts(site: Appliance) -> tuple[RouterAdvert, ...]:
    return tuple(
        RouterAdvert(
            interface=f"segment-{segment.name}",
            prefix=segment.ipv6.network,
            resolvers=(segment.ipv6.ip,),
        )
        for segment in site.data.segments
        if segment.dhcp is not None
    )


def _backup_destinations(fleet: Fleet) -> tuple[Prefix, ...]:
    return fleet.address_sets[fleet.operator.backup.destination].prefixes


def _backup(site: Appliance, fleet: Fleet) -> BackupIntent | None:
    plan = site.data.backup
    if plan is None:
        return None
    return BackupIntent(
        destinations=_backup_destinations(fleet),
        window=plan.window,
        rate_mbit=plan.rate_mbit,
        uplink_mbit=site.data.uplink_mbit,
    )


def _backup_rule(site: Appliance, *, fleet: Fleet, book: SetBook) -> Iterator[Draft]:
    """The backup flow, inside its window only; over midnight it is two spans: a device compares times of one day."""
    plan = site.data.backup
    if plan is None:
        return
    segment = next(one for one in site.data.segments if one.name == plan.segment)
    source = book.add(f"segment-{segment.name}", (segment.ipv4.network, segment.ipv6.network))
    yield Draft(
        id="backup",
        layer=Layer.FLEET,
        position=40,
        from_zones=(segment.zone,),
        to_zones=tuple(sorted({way_to(prefix.network_address, fleet) for prefix in _backup_destinations(fleet)})),
        sources=(source,),
        destinations=(fleet.operator.backup.destination,),
        entries=service_entries((fleet.operator.backup.service,), fleet),
        action=Action.ALLOW,
        log=True,
        flow="backup",
        windows=tuple((start.isoformat(), stop.isoformat()) for start, stop in plan.window.spans()),
    )
