"""How a site's users reach the web, and how every way around that is closed.

Sources: ANSSI interconnection guide v3.0 R4 and R30 (the gateway cannot be by-passed), R29 (explicit mode); for schools
the duty to filter of circular 2004-035.
"""

from collections.abc import Iterator, Sequence
from ipaddress import ip_network

from lisiere.model.fleet import Fleet
from lisiere.model.intent import Layer, PacFile, Tunnel, WebAccessIntent, WebProxy
from lisiere.model.operator import ProxyEndpoint
from lisiere.model.site import SCHOOL_WEB_ACCESS, Appliance, Bypass, WebAccessKind
from lisiere.model.traffic import Protocol, ServiceEntry
from lisiere.model.words import Action, Address, Zone
from lisiere.policy.capabilities import SERVES_PAC
from lisiere.policy.derived import DNS, host_prefixes, ports
from lisiere.policy.drafts import Draft, SetBook

SCHOOL_ZONES = frozenset({Zone.EDU, Zone.ADMIN, Zone.GUEST})
"""Where pupils or teachers browse from: all of them pass the filter. Voice and servers have no browser."""
OTHER_ZONES = frozenset({Zone.ADMIN, Zone.GUEST})

WEB = (ports(Protocol.TCP, 80, 443),)
BYPASSES: tuple[tuple[str, tuple[ServiceEntry, ...]], ...] = (
    ("direct-web", (ports(Protocol.TCP, 80, 443),)),
    ("quic", (ports(Protocol.UDP, 80, 443),)),
    ("foreign-dns", (ports(Protocol.UDP, 53), ports(Protocol.TCP, 53))),
    ("dot", (ports(Protocol.TCP, 853), ports(Protocol.UDP, 853))),
)
PAC_PATH = "proxy.pac"
LOCAL_PROXY = frozenset(
    {WebAccessKind.PARENT_PROXY, WebAccessKind.DNS, WebAccessKind.LOCAL_FILTER, WebAccessKind.EXPLICIT},
)
FILTERED = frozenset({WebAccessKind.DNS, WebAccessKind.LOCAL_FILTER, WebAccessKind.EXPLICIT})
"""Kinds whose own proxy filters. `dns` does too: a proxy that is asked for an address asks no resolver, and the filter
refuses addresses (VyOS: squidGuard's `!in-addr`, unless `allow-ipaddr-url` is set)."""


def web_access(site: Appliance, *, fleet: Fleet) -> WebAccessIntent:
    """What the site's kind of web access asks of the appliance."""
    kind, operator = site.data.web_access.kind, fleet.operator
    academie = operator.academie
    wanted = SCHOOL_ZONES if kind in SCHOOL_WEB_ACCESS else OTHER_ZONES
    zones = () if kind is WebAccessKind.NONE else tuple(sorted({s.zone for s in site.data.segments} & wanted))
    pac = {WebAccessKind.PAC: academie.pac_url, WebAccessKind.TUNNEL: academie.tunnel_pac_url}
    proxy = _proxy(site, fleet=fleet, zones=zones) if kind in LOCAL_PROXY else None
    return WebAccessIntent(
        kind=kind,
        zones=zones,
        proxy=proxy,
        pac_url=pac.get(kind),
        resolvers=_resolvers(kind, fleet),
        pac=_pac(site, proxy, fleet=fleet) if proxy is not None and site.platform in SERVES_PAC else None,
    )


def _pac(site: Appliance, proxy: WebProxy, *, fleet: Fleet) -> PacFile:
    """The file that browsers are given: the appliance's own proxy, and without it only the bypasses of this day."""
    direct = tuple(prefix for one in _dated(site, fleet) for prefix in fleet.address_sets[one.destination].prefixes)
    return PacFile(path=PAC_PATH, proxies=proxy.listen, port=proxy.port, direct=direct)


def pac_url(web: WebAccessIntent, gateway: Address) -> str | None:
    """Where the browsers behind a gateway get their PAC file; None where they get none."""
    return f"http://{gateway}/{web.pac.path}" if web.pac is not None else web.pac_url


def _resolvers(kind: WebAccessKind, fleet: Fleet) -> tuple[Address, ...]:
    return fleet.operator.academie.resolvers if kind is WebAccessKind.DNS else fleet.operator.resolvers


def _proxy(site: Appliance, *, fleet: Fleet, zones: Sequence[Zone]) -> WebProxy:
    kind, operator = site.data.web_access.kind, fleet.operator
    parents = {WebAccessKind.PARENT_PROXY: operator.academie.proxy, WebAccessKind.EXPLICIT: operator.proxy}
    is_filtering = kind in FILTERED
    return WebProxy(
        listen=tuple(segment.ipv4.ip for segment in site.data.segments if segment.zone in zones),
        port=operator.proxy_port,
        parent=parents.get(kind),
        filtering=operator.filtering if is_filtering else None,
    )


def web_rules(
    site: Appliance,
    *,
    fleet: Fleet,
    web: WebAccessIntent,
    tunnels: Sequence[Tunnel],
    book: SetBook,
) -> Iterator[Draft]:
    """The dated bypasses, the way that is open, then for schools every way around, closed before any other layer."""
    if not web.zones:
        return
    yield from _bypasses(site, web, fleet=fleet)
    yield from _open_way(web, fleet=fleet, tunnels=tunnels, book=book)
    if web.kind not in SCHOOL_WEB_ACCESS:
        return
    for position, (name, entries) in enumerate(BYPASSES):
        yield _web(900 + position, f"no-{name}", web.zones, Zone.WAN, entries, action=Action.DENY)
    doh = fleet.operator.doh_resolvers
    yield _web(910, "no-doh", web.zones, Zone.WAN, WEB, action=Action.DENY, destination=doh)


def _bypasses(site: Appliance, web: WebAccessIntent, *, fleet: Fleet) -> Iterator[Draft]:
    for position, bypass in enumerate(site.data.web_access.bypass):
        if bypass not in _dated(site, fleet):
            continue
        there = bypass.destination
        yield _web(100 + position, f"bypass-{there}", web.zones, Zone.WAN, WEB, destination=there)


def _dated(site: Appliance, fleet: Fleet) -> list[Bypass]:
    """The bypasses whose end has not come."""
    return [one for one in site.data.web_access.bypass if one.until >= fleet.as_of]


def _open_way(
    web: WebAccessIntent,
    *,
    fleet: Fleet,
    tunnels: Sequence[Tunnel],
    book: SetBook,
) -> Iterator[Draft]:
    academie = fleet.operator.academie
    if web.proxy is not None:
        yield _web(200, "proxy-in", web.zones, Zone.SELF, (ports(Protocol.TCP, web.proxy.port),))
        yield from _proxy_out(web.proxy, fleet=fleet, book=book)
    if web.pac is not None:
        yield _web(204, "pac-in", web.zones, Zone.SELF, (ports(Protocol.TCP, 80),))
    if web.kind is WebAccessKind.DNS:
        resolvers = book.add("academie-dns", host_prefixes(academie.resolvers))
        yield _web(210, "filtered-names", (Zone.SELF,), Zone.WAN, DNS, destination=resolvers)
    if web.kind is WebAccessKind.PAC:
        yield from _remote_proxy(web.zones, academie.proxy, book)
        entries = (ports(Protocol.TCP, 80),)
        yield _web(221, "pac-file", web.zones, Zone.WAN, entries, destination=academie.pac_host)
    if web.kind is WebAccessKind.TUNNEL:
        concentrator = next((tunnel for tunnel in tunnels if tunnel.peer == academie.tunnel_partner), None)
        if concentrator is None:
            return  # what was agreed with the académie has ended: there is no way at all
        behind = book.add("academie-tunnel", concentrator.remote_prefixes)
        entries = (ports(Protocol.TCP, 80, academie.tunnel_proxy.port),)
        yield _web(230, "tunnel-proxy", web.zones, Zone.VPN, entries, destination=behind)


def _proxy_out(proxy: WebProxy, *, fleet: Fleet, book: SetBook) -> Iterator[Draft]:
    """What the appliance's own proxy may fetch: its parent's port only, or the web."""
    if proxy.parent is None:
        doh = fleet.operator.doh_resolvers
        yield _web(201, "no-doh-by-proxy", (Zone.SELF,), Zone.WAN, WEB, action=Action.DENY, destination=doh)
        yield _web(202, "proxy-out", (Zone.SELF,), Zone.WAN, WEB)
        return
    parent = book.add("web-parent", (ip_network(proxy.parent.address),))
    entries = (ports(Protocol.TCP, proxy.parent.port),)
    yield _web(203, "proxy-parent", (Zone.SELF,), Zone.WAN, entries, destination=parent)


def _remote_proxy(zones: tuple[Zone, ...], endpoint: ProxyEndpoint, book: SetBook) -> Iterator[Draft]:
    proxy = book.add("academie-proxy", (ip_network(endpoint.address),))
    yield _web(220, "remote-proxy", zones, Zone.WAN, (ports(Protocol.TCP, endpoint.port),), destination=proxy)


def _web(
    position: int,
    name: str,
    from_zones: tuple[Zone, ...],
    to_zone: Zone,
    entries: tuple[ServiceEntry, ...],
    *,
    action: Action = Action.ALLOW,
    destination: str | None = None,
) -> Draft:
    return Draft(
        id=name,
        layer=Layer.WEB_ACCESS,
        position=position,
        from_zones=from_zones,
        to_zones=(to_zone,),
        destinations=(destination,),
        entries=entries,
        action=action,
        log=action is Action.DENY,
        flow="web-access" if action is Action.ALLOW else None,
    )
