"""What the operator gives to every site: name service, time, logs, proxies, accounts, management."""

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated

from pydantic import Field, StringConstraints

from lisiere.model.base import Model
from lisiere.model.overlay import Fqdn
from lisiere.model.words import Address, Line, Prefix, Siren, Slug

UserName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
Url = Annotated[str, StringConstraints(pattern=r"^http://[A-Za-z0-9.-]+(:[0-9]+)?/[A-Za-z0-9._/-]*$", max_length=200)]
BannerText = Annotated[str, StringConstraints(pattern=r"^[^'\"\\]+$", max_length=1000)]


class SshKey(Model):
    """A person's public key; passwords do not exist on our appliances (ANSSI OpenSSH note R17)."""

    name: UserName
    type: Annotated[str, StringConstraints(pattern=r"^(ssh-ed25519|sk-ssh-ed25519@openssh\.com)$")]
    key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/=]{60,}$")]


class User(Model):
    """A named account (ANSSI PA-022 R27, R30)."""

    name: UserName
    full_name: Line
    keys: tuple[SshKey, ...] = Field(min_length=1)


class Collector(Model):
    """Where logs go."""

    address: Address
    port: int = Field(default=514, ge=1, le=65535)
    protocol: Annotated[str, StringConstraints(pattern=r"^(udp|tcp)$")] = "tcp"


class Retention(Model):
    """How long a class of log is kept: at least, and at most."""

    log_class: Slug
    minimum_days: int = Field(ge=1)
    maximum_days: int = Field(ge=1)
    source: Line


class ProxyEndpoint(Model):
    """An explicit proxy that listens somewhere else."""

    address: Address
    port: int = Field(ge=1, le=65535)


class Academie(Model):
    """What the académie provides: its proxy, PAC file, filtering resolvers; the tunnel is a partner of an overlay."""

    name: Line
    proxy: ProxyEndpoint
    pac_url: Url
    pac_host: Slug
    resolvers: tuple[Address, ...] = Field(min_length=1)
    tunnel_partner: Slug
    tunnel_proxy: ProxyEndpoint
    tunnel_pac_url: Url


class Pools(Model):
    """The fleet's address plan: everything is numbered from these."""

    sites_ipv4: IPv4Network
    sites_ipv6: IPv6Network
    loopbacks_ipv4: IPv4Network
    loopbacks_ipv6: IPv6Network
    links_ipv4: IPv4Network
    links_ipv6: IPv6Network


class Filtering(Model):
    """The appliance's own web filter: categories that are blocked, names always blocked or always let through."""

    blocked_categories: tuple[Slug, ...] = Field(min_length=1)
    blocked_names: tuple[Fqdn, ...] = ()
    allowed_names: tuple[Fqdn, ...] = ()


class BackupService(Model):
    """The backup server of the data centre."""

    destination: Slug
    service: Slug


class Operator(Model):
    """The operator's own choices, one file for the fleet."""

    name: Line
    siren: Siren
    domain: Fqdn
    time_zone: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]+(/[A-Za-z_]+)+$|^UTC$")]
    banner: BannerText
    pools: Pools
    management_prefixes: tuple[Prefix, ...] = Field(min_length=2)
    resolvers: tuple[Address, ...] = Field(min_length=1)
    time_servers: tuple[Address, ...] = Field(min_length=1)
    collectors: tuple[Collector, ...] = Field(min_length=1)
    retention: tuple[Retention, ...] = Field(min_length=1)
    users: tuple[User, ...] = Field(min_length=1)
    proxy: ProxyEndpoint
    proxy_port: int = Field(ge=1025, le=65535)
    filtering: Filtering
    backup: BackupService
    academie: Academie
    doh_resolvers: Slug
