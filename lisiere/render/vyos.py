"""VyOS's words for what an intent names: interfaces, zones, protocols, numbered rules."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache

from lisiere.model.crypto import CryptoProfile
from lisiere.model.intent import Family, Interface, PolicyRule, Port, RuleSet, SiteIntent, Tunnel
from lisiere.model.traffic import Protocol
from lisiere.model.words import Zone
from lisiere.render.guard import CACHE_SIZE, Checked, UnsafeValueError, path, text

UPLINK_PORT, LAN_PORT, LOOPBACK = "eth0", "eth1", "dum0"
PORTS = {Port.UPLINK: UPLINK_PORT, Port.LAN: LAN_PORT, Port.LOOPBACK: LOOPBACK}
ZONES = {zone: "LOCAL" if zone is Zone.SELF else zone.upper() for zone in Zone}
PROTOCOLS = {protocol: "ipv6-icmp" if protocol is Protocol.ICMPV6 else str(protocol) for protocol in Protocol}

ICMP_TYPES: dict[Family, dict[int, str]] = {
    Family.IPV4: {0: "echo-reply", 3: "destination-unreachable", 8: "echo-request", 11: "time-exceeded"},
    Family.IPV6: {
        1: "destination-unreachable",
        2: "packet-too-big",
        3: "time-exceeded",
        128: "echo-request",
        129: "echo-reply",
        133: "nd-router-solicit",
        134: "nd-router-advert",
        135: "nd-neighbor-solicit",
        136: "nd-neighbor-advert",
    },
}
"""What VyOS calls the ICMP types that a network needs; any other is written as its number."""


def view(intent: SiteIntent) -> dict[str, object]:
    """All that the templates of the platform see: the intent, and VyOS's names for what it refers to."""
    return {
        "intent": intent,
        "device": device_names(intent),
        "is_current": intent.release != "1.4",
        "uplink": UPLINK_PORT,
        "trunk": LAN_PORT,
    }


def device_names(intent: SiteIntent) -> dict[str, str]:
    """Interface name of every interface and of every tunnel, by its name in the intent."""
    tunnels = {tunnel.name: f"vti{tunnel.index}" for tunnel in intent.tunnels}
    return tunnels | {interface.name: _device_name(interface) for interface in intent.interfaces}


def _device_name(interface: Interface) -> str:
    port = PORTS[interface.port]
    return port if interface.vlan is None else f"{port}.{interface.vlan}"


def interface_path(interface: Interface) -> Checked:
    """Where an interface is configured: a VLAN is a part of its port."""
    kind = "dummy" if interface.port is Port.LOOPBACK else "ethernet"
    port = path("interfaces", kind, PORTS[interface.port])
    return port if interface.vlan is None else path(port, "vif", interface.vlan)


def numbered(rule_set: RuleSet, here: Checked) -> Iterator[tuple[Checked, PolicyRule, tuple[Checked, str] | None]]:
    """Every rule as VyOS can hold it: its path, itself, and how it matches its ICMP type, of which it has one at most.

    Raises:
        UnsafeValueError: A rule with several types reaches the number of the next one.
    """
    last = 0
    for rule in rule_set.rules:
        types = rule.entry.icmp_types if rule.entry is not None else ()
        for number, icmp_type in enumerate(types or (None,), start=rule.number):
            if number <= last:
                raise UnsafeValueError(f"{rule_set.name}: rule {rule.id} has no number of its own below {number + 1}")
            yield (
                Checked(f"{here} rule {number}"),
                rule,
                None if icmp_type is None else _icmp_match(rule_set.family, icmp_type),
            )
            last = number


@cache
def _icmp_match(family: Family, icmp_type: int) -> tuple[Checked, str]:
    """The leaf that matches an ICMP type, and its value."""
    node = "icmp" if family is Family.IPV4 else "icmpv6"
    name = ICMP_TYPES[family].get(icmp_type)
    return (path(node, "type"), str(icmp_type)) if name is None else (path(node, "type-name"), name)


def origin(rule: PolicyRule) -> Checked:
    """Where a rule comes from and for which flow it stands, as its description."""
    return _origin(rule.layer, rule.id, rule.flow)


@lru_cache(maxsize=CACHE_SIZE)
def _origin(layer: str, rule_id: str, flow: str | None) -> Checked:
    return text(f"{layer} {rule_id}" + (f", flow {flow}" if flow else ""))


@dataclass(frozen=True, slots=True, order=True)
class IkeRole:
    """A crypto profile as one side uses it: who begins a tunnel also brings it back."""

    name: str
    initiates: bool
    crypto: CryptoProfile = field(compare=False)


def ike_group(tunnel: Tunnel) -> str:
    """Name of the IKE group of a tunnel: its profile and our role."""
    return f"{tunnel.crypto.name}-{'initiator' if tunnel.initiates else 'responder'}"


def ike_roles(tunnels: Iterable[Tunnel]) -> list[IkeRole]:
    """The profiles and roles in use, each once, by name."""
    return sorted({IkeRole(ike_group(one), one.initiates, one.crypto) for one in tunnels})
