"""What VyOS looks at when it commits: companions that a setting must have, and references that must lead somewhere."""

from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_network

from lisiere.configtree import Node

Path = tuple[str, ...]
EMPTY = Node()


def at(root: Node, *path: str) -> Node:
    """The node at a path, or an empty one."""
    return root.at(path) or EMPTY


def value(node: Node, name: str) -> str:
    """The value of a leaf, or ""."""
    values = at(node, name).values
    return values[0] if values else ""


def interfaces(root: Node) -> set[str]:
    """The names of all interfaces of a configuration, VLANs as `eth0.10`."""
    names: set[str] = set()
    for kind in at(root, "interfaces").children.values():
        for name, interface in kind.children.items():
            names.add(name)
            names |= {f"{name}.{vif}" for vif in at(interface, "vif").children}
    return names


def assigned(root: Node) -> set[str]:
    """Every address that an interface has, without length."""
    found: set[str] = set()
    for kind in at(root, "interfaces").children.values():
        for interface in kind.children.values():
            for node in (interface, *at(interface, "vif").children.values()):
                found |= {one.partition("/")[0] for one in at(node, "address").values}
    return found


def firewall(root: Node) -> Iterator[str]:
    """Zones, rule sets and groups."""
    tree, names = at(root, "firewall"), interfaces(root)
    seen: dict[str, str] = {}
    for zone, node in at(tree, "zone").children.items():
        members = at(node, "interface").values
        is_local = "local-zone" in node.children
        if not members and not is_local:
            yield f'Zone "{zone}" has no interfaces and is not the local zone'
        if members and is_local:
            yield "Local zone cannot have interfaces assigned!"
        for member in members:
            if member in seen:
                yield "Interfaces cannot be assigned to multiple zones"
            if member not in names:
                yield f'Interface "{member}" of zone "{zone}" does not exist'
            seen[member] = zone
        yield from _zone_pairs(tree, zone, node)
    for family, ruleset, rule, node in _rules(tree):
        yield from _rule(tree, family, f"{ruleset} rule {rule}", node)


def _zone_pairs(tree: Node, zone: str, node: Node) -> Iterator[str]:
    pairs = [(at(pair, "firewall"), other) for other, pair in at(node, "from").children.items()]
    for pair, other in [*pairs, (at(node, "intra-zone-filtering", "firewall"), zone)]:
        if other not in at(tree, "zone").children:
            yield f'Zone "{zone}" refers to a non-existent or deleted zone "{other}"'
        for leaf, family in (("name", "ipv4"), ("ipv6-name", "ipv6")):
            name = value(pair, leaf)
            if name and name not in at(tree, family, "name").children:
                yield f"Invalid firewall {leaf} referenced in zone {zone}: {name} does not exist"


def _rules(tree: Node) -> Iterator[tuple[str, str, str, Node]]:
    for family in ("ipv4", "ipv6"):
        for ruleset, node in at(tree, family, "name").children.items():
            for rule, content in at(node, "rule").children.items():
                yield family, ruleset, rule, content


def _rule(tree: Node, family: str, where: str, node: Node) -> Iterator[str]:
    if not value(node, "action"):
        yield f"Rule action must be defined ({where})"
    protocol = value(node, "protocol")
    for side in ("source", "destination"):
        content = at(node, side)
        if ("port" in content.children or "port-group" in at(content, "group").children) and protocol not in (
            "tcp",
            "udp",
            "tcp_udp",
        ):
            yield f"Protocol must be tcp, udp, or tcp_udp when specifying a port or port-group ({where})"
        for leaf, reference in at(content, "group").children.items():
            kind = f"ipv6-{leaf}" if family == "ipv6" and leaf in ("network-group", "address-group") else leaf
            for name in reference.values:
                if name.lstrip("!") not in at(tree, "group", kind).children:
                    yield f"Invalid {leaf} {name!r} on firewall rule ({where})"


def nat(root: Node) -> Iterator[str]:
    """Source NAT."""
    for number, rule in at(root, "nat", "source", "rule").children.items():
        if "exclude" not in rule.children and not value(at(rule, "translation"), "address"):
            yield f"NAT configuration error in source rule {number}: translation requires address and/or port"
        has_port = any("port" in at(rule, side).children for side in ("source", "destination", "translation"))
        if has_port and value(rule, "protocol") not in ("tcp", "udp", "tcp_udp"):
            yield f"NAT configuration error in source rule {number}: ports can only be specified with tcp or udp"


def ipsec(root: Node) -> Iterator[str]:
    """Site-to-site peers."""
    tree, names = at(root, "vpn", "ipsec"), interfaces(root)
    secrets = [set(at(node, "id").values) for node in at(tree, "authentication", "psk").children.values()]
    for name, node in at(tree, "authentication", "psk").children.items():
        if not at(node, "id").values or not value(node, "secret"):
            yield f"id and secret must be defined for pre-shared-secret {name}"
    for interface in at(tree, "interface").values:
        if interface not in names:
            yield f"Interface {interface} does not exist"
    for peer, node in at(tree, "site-to-site", "peer").children.items():
        yield from _peer(root, tree, peer, node, secrets, names)


def _peer(root: Node, tree: Node, peer: str, node: Node, secrets: list[set[str]], names: set[str]) -> Iterator[str]:
    yield from _authentication(root, peer, at(node, "authentication"), secrets)
    if value(node, "ike-group") not in at(tree, "ike-group").children:
        yield f"Invalid ike-group on site-to-site peer {peer}"
    groups = [value(node, "default-esp-group"), value(at(node, "vti"), "esp-group")]
    groups += [value(tunnel, "esp-group") for tunnel in at(node, "tunnel").children.values()]
    for esp in filter(None, groups):
        if esp not in at(tree, "esp-group").children:
            yield f"Invalid esp-group on site-to-site peer {peer}"
    if not value(node, "local-address") and not value(node, "dhcp-interface"):
        yield f"Missing local-address or dhcp-interface on site-to-site peer {peer}"
    if "vti" not in node.children and "tunnel" not in node.children:
        yield f"Missing tunnel or vti on site-to-site peer {peer}"
    vti = value(at(node, "vti"), "bind")
    if vti and vti not in names:
        yield f"VTI interface {vti} for site-to-site peer {peer} does not exist!"


def _authentication(root: Node, peer: str, node: Node, secrets: list[set[str]]) -> Iterator[str]:
    mode = value(node, "mode")
    if not mode:
        yield f"Missing authentication on site-to-site peer {peer}"
    if mode == "pre-shared-secret":
        identities = {value(node, "local-id"), value(node, "remote-id")}
        if not any(identities <= ids for ids in secrets):
            yield f"No pre-shared-secret for site-to-site peer {peer}"
    if mode == "x509":
        for leaf, kind in (("ca-certificate", "ca"), ("certificate", "certificate")):
            if value(at(node, "x509"), leaf) not in at(root, "pki", kind).children:
                yield f"{kind} not found in PKI for site-to-site peer {peer}"


def webproxy(root: Node) -> Iterator[str]:
    """The web proxy."""
    tree = at(root, "service", "webproxy")
    if not at(tree, "listen-address").children:
        yield "listen-address needs to be configured!"
    for name, peer in at(tree, "cache-peer").children.items():
        if not value(peer, "address"):
            yield f'Cache-peer "{name}" address must be set!'


def dhcp(root: Node) -> Iterator[str]:
    """DHCP ranges inside their subnets."""
    for network, node in at(root, "service", "dhcp-server", "shared-network-name").children.items():
        subnets = at(node, "subnet").children
        if not subnets:
            yield f"No subnets defined for {network}. At least one lease subnet must be configured."
        for subnet, content in subnets.items():
            ranges = at(content, "range").children
            if not ranges and not at(content, "static-mapping").children:
                yield f"No DHCP address range or active static-mapping configured within shared-network {network}!"
            for name, one in ranges.items():
                ends = [value(one, "start"), value(one, "stop")]
                if not all(ends):
                    yield f"DHCP range '{name}' start and stop address must be defined!"
                elif any(ip_address(end) not in ip_network(subnet) for end in ends):
                    yield f"DHCP range '{name}' start address not within shared-network '{network}'!"


def dns(root: Node) -> Iterator[str]:
    """The DNS forwarder."""
    tree = at(root, "service", "dns", "forwarding")
    if not at(tree, "listen-address").values:
        yield "DNS forwarding requires a listen-address"
    if not at(tree, "allow-from").values:
        yield "DNS forwarding requires an allow-from network"


def ntp(root: Node) -> Iterator[str]:
    """The time service."""
    if not at(root, "service", "ntp", "server").children:
        yield "NTP server not configured"


def qos(root: Node) -> Iterator[str]:
    """Shapers and where they are attached."""
    tree = at(root, "qos")
    policies = {name for kind in at(tree, "policy").children.values() for name in kind.children}
    for name, shaper in at(tree, "policy", "shaper").children.items():
        if not value(at(shaper, "default"), "bandwidth"):
            yield f"Bandwidth not defined for default traffic! ({name})"
    for interface, node in at(tree, "interface").children.items():
        for policy in (value(node, "egress"), value(node, "ingress")):
            if policy and policy not in policies:
                yield f"Selected QoS policy {policy!r} does not exist!"
        if interface not in interfaces(root):
            yield f"Interface {interface} does not exist"


def login(root: Node) -> Iterator[str]:
    """Users and their keys."""
    for user, node in at(root, "system", "login", "user").children.items():
        for name, key in at(node, "authentication", "public-keys").children.items():
            if not value(key, "type") or not value(key, "key"):
                yield f"Missing type or key for public-key {name} of user {user}"


def syslog(root: Node) -> Iterator[str]:
    """Remote collectors."""
    for host, node in at(root, "system", "syslog", "host").children.items():
        if not at(node, "facility").children:
            yield f"No facility defined for syslog host {host}"


def nothing(_: Node) -> Iterator[str]:
    """A part without checks."""
    yield from ()


PARTS: tuple[tuple[Path, Callable[[Node], Iterator[str]]], ...] = (
    (("system", "config-management"), nothing),
    (("pki",), nothing),
    (("nat",), nat),
    (("interfaces", "dummy"), nothing),
    (("interfaces", "loopback"), nothing),
    (("interfaces", "ethernet"), nothing),
    (("interfaces", "vti"), nothing),
    (("system", "login"), login),
    (("system", "syslog"), syslog),
    (("system",), nothing),
    (("protocols", "static"), nothing),
    (("firewall",), firewall),
    (("service", "webproxy"), webproxy),
    (("qos",), qos),
    (("service", "router-advert"), nothing),
    (("vpn", "ipsec"), ipsec),
    (("service", "ntp"), ntp),
    (("service", "dhcp-server"), dhcp),
    (("service", "dns", "forwarding"), dns),
    (("service", "ssh"), nothing),
)
"""The parts that a commit handles one by one, in the order in which VyOS does, with what each looks at."""
