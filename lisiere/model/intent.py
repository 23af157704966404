"""What one site should be, vendor-neutral and complete: the only thing that a template sees.

Everything is resolved and ordered here; a template translates and never decides.
"""

from enum import StrEnum
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network

from lisiere.model.base import Model
from lisiere.model.crypto import CryptoProfile
from lisiere.model.operator import Collector, Filtering, ProxyEndpoint, User
from lisiere.model.overlay import Authentication
from lisiere.model.site import WebAccessKind
from lisiere.model.traffic import DayWindow, ServiceEntry
from lisiere.model.words import Action, Address, Lifecycle, Platform, ProfileName, Release, SecretRef, Siren, Zone


class Port(StrEnum):
    """The physical side of an appliance that an interface is on; a template names the port of its platform."""

    UPLINK = "uplink"
    LAN = "lan"
    LOOPBACK = "loopback"


class Interface(Model):
    """One addressed interface. `vlan` is None for the untagged uplink and the loopback."""

    name: str
    port: Port
    vlan: int | None
    zone: Zone
    ipv4: IPv4Interface
    ipv6: IPv6Interface
    description: str


class Gateway(Model):
    """A static route through a neighbour on one of our links."""

    prefix: IPv4Network | IPv6Network
    via: Address


class TunnelRoute(Model):
    """A prefix of the other members, reached through a tunnel; the smaller distance is preferred."""

    prefix: IPv4Network | IPv6Network
    tunnel: str
    distance: int


class NamedSet(Model):
    """An address set that at least one rule uses, by family. Either may be empty."""

    name: str
    ipv4: tuple[IPv4Network, ...]
    ipv6: tuple[IPv6Network, ...]


class Family(StrEnum):
    """An IP version."""

    IPV4 = "ipv4"
    IPV6 = "ipv6"


class Layer(StrEnum):
    """Where a rule comes from, in the order in which layers are concatenated."""

    MANAGEMENT = "management"
    FLEET = "fleet"
    WEB_ACCESS = "web-access"
    EXCEPTION = "exception"
    TERRITORY = "territory"
    OVERLAY = "overlay"
    PROFILE = "profile"


class PolicyRule(Model):
    """One rule between two zones for one family and one service entry; `number` is stable when neighbours come and go.

    Args:
        number: Position in its rule set, 1 to 999999, ascending.
        id: Id of the rule in its layer.
        source, destination: Names of sets; empty for any address.
        entry: Protocol with ports or types; None for any protocol.
        window: First and last moment of the day, `HH:MM:SS`, when the rule applies; None for always.
    """

    number: int
    id: str
    layer: Layer
    source: str | None = None
    destination: str | None = None
    entry: ServiceEntry | None = None
    action: Action
    log: bool
    flow: str | None
    window: tuple[str, str] | None = None


class RuleSet(Model):
    """All rules from one zone to another for one family. What nothing matches is denied and logged."""

    name: str
    from_zone: Zone
    to_zone: Zone
    family: Family
    rules: tuple[PolicyRule, ...]


class ZoneMembers(Model):
    """A zone of this site: names of its interfaces and of its tunnels. Inside an isolated zone nothing passes.

    Inside the zone `vpn` the rule sets from `vpn` to `vpn` decide; `self` has no member.
    """

    zone: Zone
    interfaces: tuple[str, ...]
    tunnels: tuple[str, ...]
    is_isolated: bool = False


class Masquerade(Model):
    """Source NAT towards the Internet for one IPv4 prefix of the site."""

    number: int
    source: IPv4Network
    description: str


class NatExemption(Model):
    """Destinations that are never translated: what a tunnel protects."""

    number: int
    destination: IPv4Network
    description: str


class Tunnel(Model):
    """Our end of one tunnel. `index` numbers its interface; the prefixes are its static traffic selectors.

    Local and remote prefixes never overlap; what matches no selector is dropped, not sent in clear.
    """

    name: str
    index: int
    overlay: str
    peer: str
    peer_title: str
    is_partner: bool
    local_address: Address
    remote_address: Address
    local_identity: str
    remote_identity: str
    initiates: bool
    authentication: Authentication
    secret: SecretRef
    crypto: CryptoProfile
    local_prefixes: tuple[IPv4Network | IPv6Network, ...]
    remote_prefixes: tuple[IPv4Network | IPv6Network, ...]


class CertificateRefs(Model):
    """The references under which a site's certificate, its key and the authority's certificate are kept."""

    authority: SecretRef
    certificate: SecretRef
    private_key: SecretRef


class WebProxy(Model):
    """The proxy that runs on the appliance."""

    listen: tuple[IPv4Address, ...]
    port: int
    parent: ProxyEndpoint | None
    filtering: Filtering | None


class WebAccessIntent(Model):
    """How users reach the web; `proxy` is None where nothing runs on the appliance."""

    kind: WebAccessKind
    zones: tuple[Zone, ...]
    proxy: WebProxy | None
    pac_url: str | None
    resolvers: tuple[Address, ...]


class DhcpScope(Model):
    """What one segment leases. `subnet_id` is stable and unique on the appliance."""

    name: str
    subnet_id: int
    subnet: IPv4Network
    start: IPv4Address
    stop: IPv4Address
    gateway: IPv4Address
    resolvers: tuple[IPv4Address, ...]
    domain: str
    lease_s: int
    pac_url: str | None


class RouterAdvert(Model):
    """Stateless IPv6 addressing of one segment (RFC 4861, RFC 8106)."""

    interface: str
    prefix: IPv6Network
    resolvers: tuple[IPv6Address, ...]


class DnsForwarder(Model):
    """The site's resolver: where it listens, for whom, whom it asks."""

    listen: tuple[Address, ...]
    allow_from: tuple[IPv4Network | IPv6Network, ...]
    upstream: tuple[Address, ...]


class SshServer(Model):
    """Administration over SSH, on the management addresses only (ANSSI OpenSSH note R25)."""

    listen: tuple[Address, ...]
    port: int
    allow_from: tuple[IPv4Network | IPv6Network, ...]


class BackupIntent(Model):
    """Backup of a site's data: the rate that it may use and where it goes."""

    destinations: tuple[IPv4Network | IPv6Network, ...]
    window: DayWindow
    rate_mbit: int
    uplink_mbit: int


class SiteIntent(Model):
    """All that one site should be."""

    name: str
    title: str
    platform: Platform
    release: Release
    territory: Siren
    territory_name: str
    profile: ProfileName
    lifecycle: Lifecycle
    domain: str
    time_zone: str
    banner: str
    users: tuple[User, ...]
    ssh: SshServer
    resolvers: tuple[Address, ...]
    time_servers: tuple[Address, ...]
    collectors: tuple[Collector, ...]
    interfaces: tuple[Interface, ...]
    gateways: tuple[Gateway, ...]
    tunnel_routes: tuple[TunnelRoute, ...]
    unreachable: tuple[IPv4Network | IPv6Network, ...]
    zones: tuple[ZoneMembers, ...]
    sets: tuple[NamedSet, ...]
    rule_sets: tuple[RuleSet, ...]
    exemptions: tuple[NatExemption, ...]
    masquerades: tuple[Masquerade, ...]
    tunnels: tuple[Tunnel, ...]
    certificates: CertificateRefs | None
    web: WebAccessIntent
    dhcp: tuple[DhcpScope, ...]
    router_adverts: tuple[RouterAdvert, ...]
    dns: DnsForwarder
    time_clients: tuple[IPv4Network | IPv6Network, ...]
    backup: BackupIntent | None

    def secrets(self) -> tuple[SecretRef, ...]:
        """Every secret that this site's configuration refers to, sorted."""
        keys = {tunnel.secret for tunnel in self.tunnels if tunnel.authentication is Authentication.PSK}
        if self.certificates is not None:
            keys |= {self.certificates.authority, self.certificates.certificate, self.certificates.private_key}
        return tuple(sorted(keys))
