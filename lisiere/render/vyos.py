"""VyOS's words for what an intent names: interfaces, zones, protocols, numbered rules."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lisiere.model.crypto import CryptoProfile
from lisiere.model.intent import Interface, PolicyRule, Port, RuleSet, SiteIntent, Tunnel
from lisiere.model.traffic import Protocol
from lisiere.model.words import Zone
from lisiere.render.guard import Checked, UnsafeValueError, path, text

UPLINK_PORT, LAN_PORT, LOOPBACK = "eth0", "eth1", "dum0"
PORTS = {Port.UPLINK: UPLINK_PORT, Port.LAN: LAN_PORT, Port.LOOPBACK: LOOPBACK}
ZONES = {zone: "LOCAL" if zone is Zone.SELF else zone.upper() for zone in Zone}
PROTOCOLS = {protocol: "ipv6-icmp" if protocol is Protocol.ICMPV6 else str(protocol) for protocol in Protocol}


def view(intent: SiteIntent) -> dict[str, object]:
    """All that the templates of the platform see: the intent, and VyOS's names for what it refers to."""
    return {
        "intent": intent,
        "device": device_names(intent),
        "zone_names": ZONES,
        "protocols": PROTOCOLS,
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


def numbered(rule_set: RuleSet) -> Iterator[tuple[int, PolicyRule, int | None]]:
    """Every rule as VyOS can hold it: number, rule, and its ICMP type, of which a VyOS rule has one at most.

    Raises:
        UnsafeValueError: A rule with several types reaches the number of the next one.
    """
    last = 0
    for rule in rule_set.rules:
        types = rule.entry.icmp_types if rule.entry is not None else ()
        for number, icmp_type in enumerate(types or (None,), start=rule.number):
            if number <= last:
                raise UnsafeValueError(f"{rule_set.name}: rule {rule.id} has no number of its own below {number + 1}")
            yield number, rule, icmp_type
            last = number


def origin(rule: PolicyRule) -> Checked:
    """Where a rule comes from and for which flow it stands, as its description."""
    return text(f"{rule.layer} {rule.id}" + (f", flow {rule.flow}" if rule.flow else ""))


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
