"""What stands around the sites of a lab, in plain values: the operator's services, the académie's, partners' far ends.

Who opens the lab knows the inventory and fills these in; the lab itself knows nothing of policies and templates.
"""

from dataclasses import dataclass, field

Endpoint = tuple[str, int]
"""An address and a port."""


@dataclass(frozen=True, slots=True)
class Academie:
    """The académie's side: its proxy, its resolvers, and the host of its PAC file."""

    proxy: Endpoint
    resolvers: tuple[str, ...]
    pac_addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Datacentre:
    """The operator's side: proxy, resolvers, clocks, collectors of logs, and the vault that backups go to.

    Args:
        collectors: Ports by address.
        vaults: The prefixes of the vault; every address in them answers.
    """

    proxy: Endpoint
    resolvers: tuple[str, ...]
    time_servers: tuple[str, ...]
    collectors: tuple[Endpoint, ...]
    vaults: tuple[str, ...]
    vault_ports: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PartnerTunnel:
    """A partner's end of one tunnel: local is the partner's side."""

    name: str
    site: str
    remote_address: str
    local_identity: str
    remote_identity: str
    ike: str
    esp: str
    local_prefixes: tuple[str, ...]
    remote_prefixes: tuple[str, ...]
    secret: str = field(default="", repr=False)
    """The pre-shared key; "" when it is not known, and then this end stays down."""


@dataclass(frozen=True, slots=True)
class Partner:
    """An external end of tunnels: where it is, and one address out of each prefix that it protects."""

    name: str
    address: str
    addresses: tuple[str, ...]
    tunnels: tuple[PartnerTunnel, ...]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All of it.

    Args:
        operators: The prefixes that the operator manages from; this machine gets an address out of each.
        names: Names that every resolver knows, with their addresses; any other name is somewhere in the Internet.
    """

    operators: tuple[str, ...]
    academie: Academie
    datacentre: Datacentre
    names: tuple[tuple[str, tuple[str, ...]], ...] = ()
    partners: tuple[Partner, ...] = ()
