"""What VyOS checks at commit of firewall rules, zones and address translation."""

from collections.abc import Iterator

from lab.vyos.proposal import Proposal, Section

_PORT_PROTOCOLS = ("tcp", "udp", "tcp_udp")
_GROUPS = ("address-group", "network-group", "domain-group", "port-group", "mac-group", "interface-group")


def firewall(proposal: Proposal) -> Iterator[str]:
    """Groups, rule sets and zones."""
    section = proposal.at("firewall")
    yield from _groups(section.at("group"))
    for family in ("ipv4", "ipv6"):
        sets = section.at(family)
        named = sets.at("name").sections()
        filters = (sets.at(hook, "filter") for hook in ("forward", "input", "output"))
        for rule_set in (*named.values(), *filters):
            yield from _default(rule_set, named)
            for rule in rule_set.at("rule").sections().values():
                yield from _rule(rule, family, section, named)
    yield from _zones(section)


def nat(proposal: Proposal) -> Iterator[str]:
    """Source and destination rules."""
    groups = proposal.at("firewall", "group")
    for direction in ("source", "destination"):
        for number, rule in proposal.at("nat", direction, "rule").sections().items():
            error = f"{direction.capitalize()} NAT configuration error in rule {number}:"
            if not any(rule.has(key) for key in ("translation", "exclude", "load-balance")):
                yield f"{error} translation requires address and/or port"
            if direction == "destination" and not rule.has("inbound-interface"):
                yield f"{error} inbound-interface not specified"
            ported = (rule.has(*path, "port") for path in (("source",), ("destination",), ("translation",)))
            if any(ported) and rule.value("protocol") not in _PORT_PROTOCOLS:
                yield f"{error} ports can only be specified when protocol is either tcp, udp or tcp_udp!"
            for side in ("source", "destination"):
                yield from _side_groups(rule.at(side), groups, "ipv4", "nat rule")
                if rule.has(side, "group", "port-group") and rule.value("protocol") not in _PORT_PROTOCOLS:
                    yield "Protocol must be tcp, udp, or tcp_udp when specifying a port-group"


def _groups(groups: Section) -> Iterator[str]:
    for kind in groups.sections().values():
        for name, group in kind.sections().items():
            for included in group.values("include"):
                if not kind.has(included):
                    yield f'Nested group "{included}" does not exist'
                elif included == name:
                    yield f'Group "{name}" has a circular reference'


def _default(rule_set: Section, named: dict[str, Section]) -> Iterator[str]:
    target = rule_set.value("default-jump-target")
    jumps = rule_set.value("default-action") == "jump"
    if jumps and not target:
        yield "default-action set to jump, but no default-jump-target specified"
    if target and not jumps:
        yield "default-jump-target defined, but default-action jump needed and it is not defined"
    if target and target not in named:
        yield f"Invalid jump-target. Firewall name {target} does not exist on the system"


def _rule(rule: Section, family: str, section: Section, named: dict[str, Section]) -> Iterator[str]:
    protocol = rule.value("protocol")
    yield from _action(rule, family, named)
    if rule.has("recent") and not (rule.has("recent", "count") and rule.has("recent", "time")):
        yield 'Recent "count" and "time" values must be defined'
    if rule.has("tcp", "flags") and protocol != "tcp":
        yield "Protocol must be tcp when specifying tcp flags"
    if protocol == "icmp" and family == "ipv6":
        yield "Cannot match IPv4 ICMP protocol on IPv6, use ipv6-icmp"
    if protocol == "ipv6-icmp" and family == "ipv4":
        yield "Cannot match IPv6 ICMP protocol on IPv4, use icmp"
    if rule.has("log-options") and not rule.has("log"):
        yield "log-options defined, but log is not enable"
    for side in ("destination", "source"):
        yield from _side(rule.at(side), side, protocol, family, section.at("group"))
    for direction in ("inbound-interface", "outbound-interface"):
        group = rule.value(direction, "group").removeprefix("!")
        if group and rule.has(direction, "name"):
            yield f"Cannot specify both interface group and interface name for {direction.replace('-', '_')}"
        if group and not section.has("group", "interface-group", group):
            yield f'Invalid interface group "{group}" on firewall rule'


def _action(rule: Section, family: str, named: dict[str, Section]) -> Iterator[str]:
    action, target = rule.value("action"), rule.value("jump-target")
    if not action:
        yield "Rule action must be defined"
    if action == "jump" and not target:
        yield "Action set to jump, but no jump-target specified"
    if target and action != "jump":
        yield "jump-target defined, but action jump needed and it is not defined"
    if target and target not in named:
        yield f"Invalid jump-target. Firewall {family} name {target} does not exist on the system"


def _side(side: Section, name: str, protocol: str, family: str, groups: Section) -> Iterator[str]:
    if side.has("address") and side.has("fqdn"):
        yield "Only one of address, fqdn or geoip can be specified"
    yield from _side_groups(side, groups, family, "firewall rule")
    is_ported = side.has("port") or side.has("group", "port-group")
    if is_ported and not protocol:
        yield "Protocol must be defined if specifying a port or port-group"
    if is_ported and protocol not in _PORT_PROTOCOLS:
        yield "Protocol must be tcp, udp, or tcp_udp when specifying a port or port-group"
    if side.has("port") and side.has("group", "port-group"):
        yield f"{name} port-group and port cannot both be defined"


def _side_groups(side: Section, groups: Section, family: str, where: str) -> Iterator[str]:
    given = side.at("group")
    if not given:
        return
    if sum(given.has(kind) for kind in ("address-group", "network-group", "domain-group")) > 1:
        yield "Only one address-group, network-group or domain-group can be specified"
    for kind in _GROUPS:
        name = given.value(kind).removeprefix("!")
        if not name:
            continue
        stored = f"ipv6-{kind}" if family == "ipv6" and kind in ("address-group", "network-group") else kind
        if kind in ("address-group", "network-group") and side.has("address"):
            yield f"{stored} and address cannot both be defined"
        if not groups.has(stored, name):
            yield f'Invalid {stored} "{name}" on {where}'


def _zones(section: Section) -> Iterator[str]:
    zones = section.at("zone").sections()
    if sum(zone.has("local-zone") for zone in zones.values()) > 1:
        yield "There cannot be multiple local zones"
    taken: set[str] = set()
    for name, zone in zones.items():
        members = zone.values("interface")
        if not zone.has("local-zone") and not members:
            yield f'Zone "{name}" has no interfaces and is not the local zone'
        if zone.has("local-zone") and members:
            yield "Local zone cannot have interfaces assigned"
        if zone.has("local-zone") and zone.has("intra-zone-filtering"):
            yield "Local zone cannot use intra-zone-filtering"
        if taken.intersection(members):
            yield "Interfaces cannot be assigned to multiple zones"
        taken.update(members)
        yield from _inside(zone.at("intra-zone-filtering"), section)
        for origin, pair in zone.at("from").sections().items():
            if origin not in zones:
                yield f'Zone "{name}" refers to a non-existent or deleted zone "{origin}"'
            yield from _named(pair.at("firewall"), section)


def _inside(inside: Section, section: Section) -> Iterator[str]:
    if not inside:
        return
    if inside.has("action") == inside.has("firewall"):
        yield "Only one intra-zone-filtering action must be specified"
    if inside.has("firewall") and not inside.value("firewall", "name") and not inside.value("firewall", "ipv6-name"):
        yield "No firewall names specified for intra-zone-filtering"
    yield from _named(inside.at("firewall"), section)


def _named(given: Section, section: Section) -> Iterator[str]:
    name, name6 = given.value("name"), given.value("ipv6-name")
    if name and not section.has("ipv4", "name", name):
        yield f'Firewall name "{name}" does not exist'
    if name6 and not section.has("ipv6", "name", name6):
        yield f'Firewall ipv6-name "{name6}" does not exist'
