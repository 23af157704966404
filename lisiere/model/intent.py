"""What one site should be, vendor-neutral and complete: the only thing that a template sees.

Everything is resolved and ordered here; a template translates and never decides.
"""

from enum import StrEnum
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network

from pydantic import InstanceOf

from lisiere.model.base import Model
from lisiere.model.crypto import CryptoProfile
from lisiere.model.operator import Collector, Filtering, ProxyEndpoint, User
from lisiere.model.overlay import Authentication
from lisiere.model.site import WebAccessKind
from lisiere.model.traffic import DayWindow, ServiceEntry
from lisiere.model.words import Action, Lifecycle, Platform, ProfileName, Release, SecretRef, Siren, Zone

# Intents are made of values that the inventory validated: an address is not parsed again, only its type is looked at.
IPv4AddressGiven = InstanceOf[IPv4Address]
IPv4InterfaceGiven = InstanceOf[IPv4Interface]
IPv4NetworkGiven = InstanceOf[IPv4Network]
IPv6AddressGiven = InstanceOf[IPv6Address]
IPv6InterfaceGiven = InstanceOf[IPv6Interface]
IPv6NetworkGiven = InstanceOf[IPv6Network]
AddressGiven = IPv4AddressGiven | IPv6AddressGiven
PrefixGiven = IPv4NetworkGiven | IPv6NetworkGiven


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
    ipv4: IPv4InterfaceGiven
    ipv6: IPv6InterfaceGiven
    description: str


class Gateway(Model):
    """A static route through a neighbour on one of our links."""

    prefix: PrefixGiven
    via: AddressGiven


class TunnelRoute(Model):
    """A prefix of the other members, reached through a tunnel; the smaller distance is preferred."""

    prefix: PrefixGiven
    tunnel: str
    distance: int


class NamedSet(Model):
    """An address set that at least one rule uses, by family. Either may be empty."""

    name: str
    ipv4: tuple[IPv4NetworkGiven, ...]
    ipv6: tuple[IPv6NetworkGiven, ...]


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

    def __hash__(self) -> int:
        """Rules that differ nowhere else than beyond these are rare, and there are a hundred thousand to tell apart."""
        return hash((self.number, self.id, self.source, self.destination))


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
    source: IPv4NetworkGiven
    description: str


class NatExemption(Model):
    """Destinations that are never translated: what a tunnel protects."""

    number: int
    destination: IPv4NetworkGiven
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
    local_address: AddressGiven
    remote_address: AddressGiven
    local_identity: str
    remote_identity: str
    initiates: bool
    authentication: Authentication
    secret: SecretRef
    crypto: CryptoProfile
    local_prefixes: tuple[PrefixGiven, ...]
    remote_prefixes: tuple[PrefixGiven, ...]


class CertificateRefs(Model):
    """The references under which a site's certificate, its key and the authority's certificate are kept."""

    authority: SecretRef
    certificate: SecretRef
    private_key: SecretRef


class WebProxy(Model):
    """The proxy that runs on the appliance."""

    listen: tuple[IPv4AddressGiven, ...]
    port: int
    parent: ProxyEndpoint | None
    filtering: Filtering | None


class PacFile(Model):
    """The PAC file that the appliance itself serves: the proxies in order, and what browsers reach without them.

    `direct` are the dated bypasses, `inside` what no proxy fetches: own segments, and what rules allow inside.
    """

    path: str
    proxies: tuple[IPv4AddressGiven, ...]
    port: int
    direct: tuple[PrefixGiven, ...]
    inside: tuple[IPv4NetworkGiven, ...] = ()


class WebAccessIntent(Model):
    """How users reach the web; `proxy` is None where nothing runs on the appliance.

    `pac_url` is a PAC file that somebody else serves, `pac` the one that the appliance serves; there is one at most.
    """

    kind: WebAccessKind
    zones: tuple[Zone, ...]
    proxy: WebProxy | None
    pac_url: str | None
    resolvers: tuple[AddressGiven, ...]
    pac: PacFile | None = None


class DhcpScope(Model):
    """What one segment leases. `subnet_id` is stable and unique on the appliance."""

    name: str
    subnet_id: int
    subnet: IPv4NetworkGiven
    start: IPv4AddressGiven
    stop: IPv4AddressGiven
    gateway: IPv4AddressGiven
    resolvers: tuple[IPv4AddressGiven, ...]
    domain: str
    lease_s: int
    pac_url: str | None


class RouterAdvert(Model):
    """Stateless IPv6 addressing of one segment (RFC 4861, RFC 8106)."""

    interface: str
    prefix: IPv6NetworkGiven
    resolvers: tuple[IPv6AddressGiven, ...]


class DnsForwarder(Model):
    """The site's resolver: where it listens, for whom, whom it asks."""

    listen: tuple[AddressGiven, ...]
    allow_from: tuple[PrefixGiven, ...]
    upstream: tuple[AddressGiven, ...]


class SshServer(Model):
    """Administration over SSH, on the management addresses only (ANSSI OpenSSH note R25)."""

    listen: tuple[AddressGiven, ...]
    port: int
    allow_from: tuple[PrefixGiven, ...]


class BackupIntent(Model):
    """Backup of a site's data: the rate that it may use and where it goes."""

    destinations: tuple[PrefixGiven, ...]
    window: DayWindow
    rate_mbit: int
    uplink_mbit: int


class SiteIntent(Model):
    """All that one site should be. What is equal at several sites is one object, in a tuple that is one object too."""

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
    users: InstanceOf[tuple[User, ...]]
    ssh: SshServer
    resolvers: tuple[AddressGiven, ...]
    time_servers: tuple[AddressGiven, ...]
    collectors: InstanceOf[tuple[Collector, ...]]
    interfaces: tuple[Interface, ...]
    gateways: tuple[Gateway, ...]
    tunnel_routes: tuple[TunnelRoute, ...]
    unreachable: tuple[PrefixGiven, ...]
    zones: tuple[ZoneMembers, ...]
    sets: tuple[NamedSet, ...]
    rule_sets: InstanceOf[tuple[RuleSet, ...]]
    exemptions: tuple[NatExemption, ...]
    masquerades: tuple[Masquerade, ...]
    tunnels: tuple[Tunnel, ...]
    certificates: CertificateRefs | None
    web: WebAccessIntent
    dhcp: tuple[DhcpScope, ...]
    router_adverts: tuple[RouterAdvert, ...]
    dns: DnsForwarder
    time_clients: tuple[PrefixGiven, ...]
    backup: BackupIntent | None

    def secrets(self) -> tuple[SecretRef, ...]:
        """Every secret that this site's configuration refers to, sorted."""
        keys = {tunnel.secret for tunnel in self.tunnels if tunnel.authentication is Authentication.PSK}
        if self.certificates is not None:
            keys |= {self.certificates.authority, self.certificates.certificate, self.certificates.private_key}
        return tuple(sorted(keys))
