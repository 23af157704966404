"""What an intent wants done with a packet, and packets worth asking about: each rule's own, and its near misses."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from lisiere.model.intent import Family, Interface, PolicyRule, Port, RuleSet, SiteIntent
from lisiere.model.words import Action, Zone
from lisiere.policy.derived import FLEET_SITES
from lisiere.render.debian import device_names
from tests.render.debian.held import Packet

NOON, NIGHT = 12 * 3600, 23 * 3600
Address = IPv4Address | IPv6Address
OUTSIDE: dict[int, Address] = {4: ip_address("192.0.2.201"), 6: ip_address("2001:db8:5555::1")}
"""An address that no set of the small fleet holds."""

ANY_PORTS = (22, 25, 53, 80, 123, 443, 445, 853, 3128, 5060, 8443)


class Wanted:
    """An intent as a judge of packets: it reads the model alone, and no rendered text."""

    def __init__(self, intent: SiteIntent) -> None:
        self.intent = intent
        device = device_names(intent)
        self.zone_of = {device[name]: zone.zone for zone in intent.zones for name in (*zone.interfaces, *zone.tunnels)}
        self.isolated = {zone.zone for zone in intent.zones if zone.is_isolated}
        self.sets: dict[str, list[IPv4Network | IPv6Network]] = {
            one.name: [*one.ipv4, *one.ipv6] for one in intent.sets
        }
        self.rule_sets = {(one.from_zone, one.to_zone, one.family): one for one in intent.rule_sets}
        self.interface_of: dict[str, Interface] = {device[one.name]: one for one in intent.interfaces}

    def verdict(self, packet: Packet) -> str:
        """`accept` or `drop`."""
        if packet.came and not self._is_at_home(packet):
            return "drop"
        source = self.zone_of[packet.came] if packet.came else Zone.SELF
        target = self.zone_of[packet.leaves] if packet.leaves else Zone.SELF
        if source == target and source is not Zone.VPN:
            return "drop" if source in self.isolated else "accept"
        rules = self.rule_sets.get((source, target, Family(f"ipv{packet.source.version}")))
        return "drop" if rules is None else self._first(rules, packet)

    def _is_at_home(self, packet: Packet) -> bool:
        """Whether a source may come in where it does."""
        here = self.interface_of.get(packet.came)
        if here is None:
            return True
        if packet.source.is_unspecified:
            return here.zone is not Zone.WAN and (packet.source.version == 6 or packet.number == 67)
        if here.port is Port.UPLINK and here.zone is Zone.WAN:
            others = [one for one in self.intent.interfaces if one.port is not Port.UPLINK]
            return not packet.source.is_loopback and not any(_behind(one, packet) for one in others)
        if packet.source.is_link_local and packet.source.version == 6:
            return True
        ways = self.intent.gateways if here.zone is Zone.MGMT else ()
        far = any(
            packet.source in way.prefix
            for way in ways
            if way.prefix.version == packet.source.version
            and (way.via in here.ipv4.network or way.via in here.ipv6.network)
        )
        return far or _behind(here, packet)

    def _first(self, rules: RuleSet, packet: Packet) -> str:
        for rule in rules.rules:
            if self._matches(rule, packet):
                return "accept" if rule.action is Action.ALLOW else "drop"
        return "drop"

    def _matches(self, rule: PolicyRule, packet: Packet) -> bool:
        ends = ((rule.source, packet.source), (rule.destination, packet.destination))
        if not all(name is None or any(address in one for one in self.sets[name]) for name, address in ends):
            return False
        if rule.window is not None and not _second(rule.window[0]) <= packet.second <= _second(rule.window[1]):
            return False
        entry = rule.entry
        if entry is None:
            return True
        if packet.protocol != entry.protocol:
            return False
        if entry.ports:
            return any(one.first <= packet.number <= one.last for one in entry.ports)
        return not entry.icmp_types or packet.number in entry.icmp_types


def _behind(interface: Interface, packet: Packet) -> bool:
    return packet.source in interface.ipv4.network or packet.source in interface.ipv6.network


def _second(moment: str) -> int:
    hours, minutes, *seconds = map(int, moment.split(":"))
    return hours * 3600 + minutes * 60 + (seconds[0] if seconds else 0)


def packets(wanted: Wanted) -> Iterator[Packet]:
    """For every rule a packet that it is about, and that packet with one thing changed at a time."""
    devices = sorted(wanted.zone_of)
    for rules in wanted.rule_sets.values():
        for came, leaves in _pairs(wanted, rules, devices):
            version = 4 if rules.family is Family.IPV4 else 6
            yield from _about(wanted, None, came, leaves, version)
            for rule in rules.rules:
                yield from _about(wanted, rule, came, leaves, version)
    for came in devices:
        for leaves in devices:
            yield from _about(wanted, None, came, leaves, 4)
            yield from _about(wanted, None, came, leaves, 6)


def _pairs(wanted: Wanted, rules: RuleSet, devices: list[str]) -> Iterator[tuple[str, str]]:
    from_self, to_self = rules.from_zone is Zone.SELF, rules.to_zone is Zone.SELF
    for came in [""] if from_self else [one for one in devices if wanted.zone_of[one] is rules.from_zone]:
        for leaves in [""] if to_self else [one for one in devices if wanted.zone_of[one] is rules.to_zone]:
            yield came, leaves


def _about(wanted: Wanted, rule: PolicyRule | None, came: str, leaves: str, version: int) -> Iterator[Packet]:
    if "lo" in (came, leaves):
        return
    hook = "output" if not came else "forward" if leaves else "input"
    services = _services(rule, version)
    sources = _addresses(wanted, rule.source if rule else None, came, version)
    destinations = _addresses(wanted, rule.destination if rule else None, leaves, version)
    seconds = (NOON, NIGHT) if rule is not None and rule.window else (NOON,)
    first, source, destination = services[0], sources[0], destinations[0]
    asked = {(one, source, destination) for one in services}
    asked |= {(first, one, destination) for one in sources} | {(first, source, one) for one in destinations}
    for (protocol, number), one, other in sorted(asked, key=str):
        for second in seconds:
            yield Packet(hook, came, leaves, one, other, protocol, number, second)


def _services(rule: PolicyRule | None, version: int) -> list[tuple[str, int]]:
    """Protocol and port or type: of a rule, the first one its own, and just beside; for no rule, what is common."""
    entry = rule.entry if rule else None
    if entry is None:
        return [(protocol, number) for protocol in ("tcp", "udp") for number in ANY_PORTS]
    protocol, other = str(entry.protocol), {"tcp": "udp", "udp": "tcp"}.get(str(entry.protocol))
    if entry.ports:
        edges = {number + step for one in entry.ports for number in (one.first, one.last) for step in (-1, 0, 1)}
        near = [(protocol, one) for one in sorted(edges) if 0 < one < 65536]
        return [(protocol, entry.ports[0].first), *near, *((other, one.first) for one in entry.ports if other)]
    if entry.icmp_types:
        return [(protocol, one) for one in (*entry.icmp_types, 3 if version == 4 else 2)]
    return [(protocol, -1)]


def _addresses(wanted: Wanted, name: str | None, device: str, version: int) -> list[Address]:
    """Addresses of a set, or behind the interface, the first one such; then just beside, of the fleet, of nowhere."""
    inside: list[Address] = []
    beside: list[Address] = [OUTSIDE[version]]
    here = wanted.interface_of.get(device)
    network = None if here is None else here.ipv4.network if version == 4 else here.ipv6.network
    if network is not None:
        beside.append(network.network_address + min(5, network.num_addresses - 1))
    for prefix in wanted.sets[name][:4] if name else ():
        if prefix.version == version:
            inside += [prefix.network_address, prefix.broadcast_address]
            beside += [prefix.network_address - 1, prefix.broadcast_address + 1]
    beside += [one.network_address + 9 for one in wanted.sets.get(FLEET_SITES, ()) if one.version == version]
    return [*inside, *reversed(beside[:2]), *beside[2:]]


UNPLACED = [
    Packet("input", "lan-offices", "", ip_address("0.0.0.0"), ip_address("255.255.255.255"), "udp", 67, NOON),  # noqa: S104
    Packet("input", "lan-offices", "", ip_address("fe80::5"), ip_address("ff02::2"), "icmpv6", 133, NOON),
    Packet("input", "lan-offices", "", ip_address("::"), ip_address("ff02::1:ff00:1"), "icmpv6", 135, NOON),
    Packet("input", "wan0", "", ip_address("127.0.0.1"), ip_address("198.51.100.14"), "tcp", 22, NOON),
]
"""Packets of hosts that have no address yet, and one that claims to come from the appliance itself."""
