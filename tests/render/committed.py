"""What VyOS refuses at commit or lets pass although it cannot work, as checks of our own on `set` commands."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

Tree = dict[str, Any]
WORDS = re.compile(r"'([^']*)'|(\S+)")

MOST_SELECTORS = 255
"""The number of traffic selectors is one octet (RFC 7296, 3.13)."""


def mistakes(text: str) -> list[str]:
    """Everything in a configuration that a commit would refuse, or that would silently not work."""
    repeated = [f"twice: {line}" for line, times in sorted(Counter(text.splitlines()).items()) if times > 1]
    tree = grown(text)
    return repeated + [found for check in CHECKS for found in check(tree)]


def grown(text: str) -> Tree:
    """The commands as a tree; values are nodes too."""
    root: Tree = {}
    for line in text.splitlines():
        node = root
        for quoted, bare in WORDS.findall(line.removeprefix("set ")):
            node = node.setdefault(quoted or bare, {})
    return root


def at(tree: Tree, path: str) -> Tree:
    """The node at a path; empty when there is none."""
    for word in path.split():
        tree = tree.get(word, {})
    return tree


def value(tree: Tree, path: str) -> str:
    """The single value of a leaf; empty when there is none."""
    return next(iter(at(tree, path)), "")


def interfaces(tree: Tree) -> dict[str, Tree]:
    """Every interface but `lo`, with its node."""
    found: dict[str, Tree] = {}
    for kind in ("ethernet", "dummy", "vti"):
        for name, node in at(tree, f"interfaces {kind}").items():
            found[name] = node
            found |= {f"{name}.{vlan}": below for vlan, below in node.get("vif", {}).items()}
    return found


def addresses(tree: Tree) -> dict[str, Any]:
    """The appliance's own addresses, with their networks."""
    return {
        str(one.ip): one.network
        for node in interfaces(tree).values()
        for one in map(ip_interface, node.get("address", {}))
    }


def _rule_sets(tree: Tree) -> Iterator[tuple[str, str, Tree]]:
    for family in ("ipv4", "ipv6"):
        for name, node in at(tree, f"firewall {family} name").items():
            yield family, name, node


def rules(tree: Tree) -> Iterator[str]:
    """A rule has an action; a port has a protocol; a group exists and is not empty."""
    for family, name, node in _rule_sets(tree):
        if value(node, "default-action") != "drop" or "default-log" not in node:
            yield f"{family} {name}: nothing is denied and logged at the end"
        kind = "network-group" if family == "ipv4" else "ipv6-network-group"
        for number, rule in node.get("rule", {}).items():
            place, protocol = f"{family} {name} rule {number}", value(rule, "protocol")
            if value(rule, "action") not in {"accept", "drop"}:
                yield f"{place}: no action"
            if at(rule, "destination port") and protocol not in {"tcp", "udp"}:
                yield f"{place}: a port without tcp or udp"
            if protocol in {"icmp", "ipv6-icmp"} and (protocol == "icmp") != (family == "ipv4"):
                yield f"{place}: {protocol} in the other family"
            for side in ("source", "destination"):
                group = value(rule, f"{side} group network-group")
                if group and not at(tree, f"firewall group {kind} {group} network"):
                    yield f"{place}: {kind} {group} does not exist or is empty"


def zones(tree: Tree) -> Iterator[str]:
    """Every interface is in exactly one zone; every zone denies; every pair is bound in both families."""
    found = at(tree, "firewall zone")
    bound: set[tuple[str, str]] = set()
    members = [name for zone in found.values() for name in zone.get("interface", {})]
    for name in interfaces(tree):
        if members.count(name) != 1:
            yield f"interface {name} is in {members.count(name)} zones"
    yield from (f"zone member {name} does not exist" for name in members if name not in interfaces(tree))
    if sum("local-zone" in zone for zone in found.values()) != 1:
        yield "there is not exactly one local zone"
    for name, zone in found.items():
        if value(zone, "default-action") != "drop":
            yield f"zone {name} does not drop by default"
        if not zone.get("interface") and "local-zone" not in zone:
            yield f"zone {name} has no interface"
        if "local-zone" not in zone and not zone.get("intra-zone-filtering"):
            yield f"zone {name} does not say what passes inside it"
        yield from (f"zone {name} from {other}: no such zone" for other in zone.get("from", {}) if other not in found)
        pairs = [pair.get("firewall", {}) for pair in zone.get("from", {}).values()]
        for pair in pairs + [inside for inside in [at(zone, "intra-zone-filtering firewall")] if inside]:
            if set(pair) != {"name", "ipv6-name"}:
                yield f"zone {name}: a pair is not bound in both families"
            bound |= {("ipv4", value(pair, "name")), ("ipv6", value(pair, "ipv6-name"))}
    defined = {(family, name) for family, name, _ in _rule_sets(tree)}
    yield from (f"rule set {family} {name} does not exist" for family, name in sorted(bound - defined))
    yield from (f"rule set {family} {name} is bound nowhere" for family, name in sorted(defined - bound))


def translation(tree: Tree) -> Iterator[str]:
    """NAT leaves by an interface that exists, exempts or translates, and exempts first."""
    numbers: dict[bool, list[int]] = {True: [], False: []}
    for number, rule in at(tree, "nat source rule").items():
        if value(rule, "outbound-interface name") not in interfaces(tree):
            yield f"nat rule {number}: its interface does not exist"
        if ("exclude" in rule) == bool(at(rule, "translation address")):
            yield f"nat rule {number}: neither exempts nor translates, or both"
        numbers["exclude" in rule].append(int(number))
    if numbers[True] and numbers[False] and max(numbers[True]) > min(numbers[False]):
        yield "nat: a prefix is translated before it is exempted"


def routes(tree: Tree) -> Iterator[str]:
    """A route leads through an interface that exists or a neighbour on a link."""
    links = list(addresses(tree).values())
    for kind in ("route", "route6"):
        for prefix, route in at(tree, f"protocols static {kind}").items():
            for name in route.get("interface", {}):
                if name not in interfaces(tree):
                    yield f"route {prefix}: interface {name} does not exist"
            for hop in route.get("next-hop", {}):
                if not any(ip_address(hop) in link for link in links):
                    yield f"route {prefix}: next hop {hop} is on no link"


def listeners(tree: Tree) -> Iterator[str]:
    """Services listen on addresses that the appliance has, and have what they cannot work without."""
    own = addresses(tree)
    for service in ("ssh", "dns forwarding", "webproxy"):
        for address in at(tree, f"service {service} listen-address"):
            if address not in own:
                yield f"{service}: {address} is no address of this appliance"
    if not at(tree, "service ssh listen-address") or "disable-password-authentication" not in at(tree, "service ssh"):
        yield "ssh: listens everywhere or accepts passwords"
    if not at(tree, "service ntp server"):
        yield "ntp: no server"
    for host, node in at(tree, "system syslog host").items():
        if not node.get("facility"):
            yield f"syslog {host}: no facility"
        if value(node, "protocol") == "tcp" and "octet-counted" not in node.get("format", {}):
            yield f"syslog {host}: over TCP nothing is sent without counted frames"


def accounts(tree: Tree) -> Iterator[str]:
    """Whoever may log in has a key."""
    for name, user in at(tree, "system login user").items():
        keys = at(user, "authentication public-keys").values()
        if not keys or not all(key.get("type") and key.get("key") for key in keys):
            yield f"user {name}: no complete key"


def leases(tree: Tree) -> Iterator[str]:
    """A range lies in its subnet, whose gateway is ours; router advertisements have an interface."""
    for name, network in at(tree, "service dhcp-server shared-network-name").items():
        for subnet, node in network.get("subnet", {}).items():
            options = node.get("option", node)
            inside = ip_network(subnet)
            ends = [value(node, f"range pool {end}") for end in ("start", "stop")]
            if not all(ends) or not all(ip_address(end) in inside for end in ends):
                yield f"dhcp {name}: the range is not inside {subnet}"
            if value(options, "default-router") not in addresses(tree):
                yield f"dhcp {name}: the router is not this appliance"
    for name in at(tree, "service router-advert interface"):
        if name not in interfaces(tree):
            yield f"router-advert: {name} does not exist"


def tunnels(tree: Tree) -> Iterator[str]:
    """A peer has its groups, interface, selectors and key; nothing is left to a weak default."""
    for name, peer in at(tree, "vpn ipsec site-to-site peer").items():
        ike = at(tree, f"vpn ipsec ike-group {value(peer, 'ike-group') or '-'}")
        esp = at(tree, f"vpn ipsec esp-group {value(peer, 'default-esp-group') or '-'}")
        needed = ("encryption", "hash", "prf", "dh-group")
        if value(ike, "key-exchange") != "ikev2" or not all(value(ike, f"proposal 1 {leaf}") for leaf in needed):
            yield f"peer {name}: IKE is not complete"
        if not all(value(esp, leaf) for leaf in ("pfs", "lifetime", "proposal 1 encryption", "proposal 1 hash")):
            yield f"peer {name}: ESP is not complete"
        if value(peer, "vti bind") not in interfaces(tree):
            yield f"peer {name}: its interface does not exist"
        if value(peer, "local-address") not in addresses(tree) or not value(peer, "remote-address"):
            yield f"peer {name}: an address is missing or not ours"
        yield from (f"peer {name}: {what}" for what in _selectors(peer))
        yield from (f"peer {name}: {what}" for what in _key(tree, peer))
    if at(tree, "vpn ipsec site-to-site") and "disable-route-autoinstall" not in at(tree, "vpn ipsec options"):
        yield "ipsec: routes would be installed beside ours"


def _selectors(peer: Tree) -> Iterator[str]:
    local, remote = (list(map(ip_network, at(peer, f"tunnel 0 {side} prefix"))) for side in ("local", "remote"))
    if not local or not remote:
        yield "no selectors"
    if max(len(local), len(remote)) > MOST_SELECTORS:
        yield "more selectors than IKEv2 can carry"
    if any(ours.version == theirs.version and ours.overlaps(theirs) for ours in local for theirs in remote):
        yield "its selectors overlap"


def _key(tree: Tree, peer: Tree) -> Iterator[str]:
    ids = {value(peer, "authentication local-id"), value(peer, "authentication remote-id")}
    if value(peer, "authentication mode") == "pre-shared-secret":
        keys = at(tree, "vpn ipsec authentication psk").values()
        if not any(set(key.get("id", {})) == ids and key.get("secret") for key in keys):
            yield "no key under both identities"
        return
    certificate = at(tree, f"pki certificate {value(peer, 'authentication x509 certificate') or '-'}")
    authority = at(tree, f"pki ca {value(peer, 'authentication x509 ca-certificate') or '-'}")
    if not (certificate.get("certificate") and at(certificate, "private key") and authority.get("certificate")):
        yield "no certificate"


def shaping(tree: Tree) -> Iterator[str]:
    """A policy is on an interface that exists and has a default class."""
    for name, node in at(tree, "qos interface").items():
        policy = at(tree, f"qos policy shaper {value(node, 'egress') or '-'}")
        if name not in interfaces(tree) or not value(policy, "default bandwidth"):
            yield f"qos {name}: no such interface, or no default class"


CHECKS: tuple[Callable[[Tree], Iterator[str]], ...] = (
    rules,
    zones,
    translation,
    routes,
    listeners,
    accounts,
    leases,
    tunnels,
    shaping,
)
