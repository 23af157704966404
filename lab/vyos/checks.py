"""What VyOS checks at commit, script by script: each check yields the reasons to refuse, in VyOS's words."""

from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_network

from lab.vyos import firewall_checks
from lab.vyos.proposal import Proposal, Section, pattern_of
from lisiere.configtree import Path

Check = Callable[[Proposal, Path], Iterator[str]]


def refusal(proposal: Proposal, owner: Path) -> str | None:
    """The first reason to refuse what stands at the path of a script, None when it is accepted."""
    pattern = pattern_of(owner, _CHECKS)
    return next(_CHECKS[pattern](proposal, owner), None) if pattern else None


def _firewall(proposal: Proposal, _owner: Path) -> Iterator[str]:
    yield from firewall_checks.firewall(proposal)


def _nat(proposal: Proposal, _owner: Path) -> Iterator[str]:
    yield from firewall_checks.nat(proposal)


def _ethernet(proposal: Proposal, owner: Path) -> Iterator[str]:
    section = proposal.at(*owner)
    for one in (section, *section.at("vif").sections().values()):
        addresses = one.values("address")
        if "dhcp" in addresses and any("." in address for address in addresses):
            yield "Cannot configure both static IPv4 and DHCP address on the same interface"


def _wireguard(proposal: Proposal, owner: Path) -> Iterator[str]:
    section = proposal.at(*owner)
    if not section:
        return
    if not section.has("private-key"):
        yield "Wireguard private-key not defined"
    if not section.has("peer"):
        yield "At least one Wireguard peer is required!"
    for name, peer in section.at("peer").sections().items():
        if not peer.has("allowed-ips"):
            yield f'Wireguard allowed-ips required for peer "{name}"!'
        if not peer.has("public-key"):
            yield f'Wireguard public-key required for peer "{name}"!'
        if peer.has("address") != peer.has("port"):
            yield f'Both Wireguard port and address must be defined for peer "{name}" if either one of them is set!'


def _static(proposal: Proposal, _owner: Path) -> Iterator[str]:
    for kind in ("route", "route6"):
        for prefix, route in proposal.at("protocols", "static", kind).sections().items():
            if route.has("blackhole") and route.has("reject"):
                yield f'Can not use both blackhole and reject for prefix "{prefix}"!'


def _login(proposal: Proposal, _owner: Path) -> Iterator[str]:
    login = proposal.at("system", "login")
    if proposal.user and not login.has("user", proposal.user):
        yield f"Attempting to delete current user: {proposal.user}"
    for user in login.at("user").sections().values():
        for name, key in user.at("authentication", "public-keys").sections().items():
            if not key.has("type"):
                yield f'Missing type for public-key "{name}"!'
            if not key.has("key"):
                yield f'Missing key for public-key "{name}"!'
    if login.has("max-login-session") and not login.has("timeout"):
        yield '"login timeout" must be configured!'


def _ntp(proposal: Proposal, _owner: Path) -> Iterator[str]:
    ntp = proposal.at("service", "ntp")
    if ntp and not ntp.has("server"):
        yield "NTP server not configured"
    for version, word in ((4, "ipv4"), (6, "ipv6")):
        if sum(ip_address(address).version == version for address in ntp.values("listen-address")) > 1:
            yield f"NTP Only admits one {word} value for listen-address parameter "


def _dns(proposal: Proposal, _owner: Path) -> Iterator[str]:
    forwarding = proposal.at("service", "dns", "forwarding")
    if not forwarding:
        return
    if not forwarding.has("listen-address"):
        yield "DNS forwarding requires a listen-address"
    if not forwarding.has("allow-from"):
        yield "DNS forwarding requires an allow-from network"
    for name, domain in forwarding.at("domain").sections().items():
        if not domain.has("name-server"):
            yield f"No server configured for domain {name}!"


def _dhcp(proposal: Proposal, _owner: Path) -> Iterator[str]:
    server = proposal.at("service", "dhcp-server")
    networks = server.at("shared-network-name").sections()
    if server and not networks:
        yield "No DHCP shared networks configured.\nAt least one DHCP shared network must be configured."
    served: list[str] = []
    numbers: list[str] = []
    for network, section in networks.items():
        if not section.has("subnet"):
            yield f"No subnets defined for {network}. At least one\nlease subnet must be configured."
        for prefix, subnet in section.at("subnet").sections().items():
            if proposal.release == "1.5":
                yield from _subnet_number(prefix, subnet, numbers)
            yield from _subnet(network, prefix, subnet)
            if other := next((one for one in served if ip_network(one).overlaps(ip_network(prefix))), ""):
                yield f'Conflicting subnet ranges: "{prefix}" overlaps "{other}"!'
            served.append(prefix)
    addresses = proposal.addresses()
    if (
        served
        and not server.has("listen-address")
        and not any(address.ip in ip_network(prefix) for address in addresses for prefix in served)
    ):
        yield (
            "None of the configured subnets have an appropriate primary IP address on any\n"
            "broadcast interface configured, nor was there an explicit listen-address\n"
            "configured for serving DHCP relay packets!"
        )
    for listening in server.values("listen-address"):
        if all(str(address.ip) != listening for address in addresses):
            yield f'listen-address "{listening}" not configured on any interface'


def _subnet_number(prefix: str, subnet: Section, numbers: list[str]) -> Iterator[str]:
    number = subnet.value("subnet-id")
    if not number:
        yield f'Unique subnet ID not specified for subnet "{prefix}"'
    elif number in numbers:
        yield f'Subnet ID for subnet "{prefix}" is not unique'
    numbers.append(number)


def _subnet(network: str, prefix: str, subnet: Section) -> Iterator[str]:
    place, net = f'shared-network "{network}, {prefix}"', ip_network(prefix)
    if not subnet.has("range") and not subnet.has("static-mapping"):
        yield f"No DHCP address range or active static-mapping configured\nwithin {place}!"
    for name, leased in subnet.at("range").sections().items():
        start, stop = leased.value("start"), leased.value("stop")
        if not start or not stop:
            yield f'DHCP range "{name}" start and stop address must be defined!'
            continue
        for key, address in (("start", start), ("stop", stop)):
            if ip_address(address) not in net:
                yield f'DHCP range "{name}" {key} address not within {place}!'
        if int(ip_address(stop)) < int(ip_address(start)):
            yield f'DHCP range "{name}" stop address must be greater or equal\nto the ranges start address!'
    for name, mapping in subnet.at("static-mapping").sections().items():
        address = mapping.value("ip-address")
        if address and ip_address(address) not in net:
            yield f'Configured static lease address for mapping "{name}" is\nnot within {place}!'
        if not any(mapping.has(key) for key in ("mac", "mac-address", "duid")):
            yield (
                "Either MAC address or Client identifier (DUID) is required for "
                f'static mapping "{name}" within {place}!'
            )


def _router_advert(proposal: Proposal, _owner: Path) -> Iterator[str]:
    for interface in proposal.at("service", "router-advert", "interface").sections().values():
        if len(interface.values("name-server")) > 3:
            yield "No more then 3 IPv6 name-servers supported!"
        longest = interface.value("interval", "max") or "600"
        lifetime = interface.value("name-server-lifetime")
        if lifetime and 0 < int(lifetime) < int(longest):
            yield f'RDNSS lifetime must be at least "{longest}" seconds!'
        for prefix in interface.at("prefix").sections().values():
            valid, preferred = (
                prefix.value("valid-lifetime") or "2592000",
                prefix.value("preferred-lifetime") or "14400",
            )
            if valid != "infinity" and (preferred == "infinity" or int(valid) < int(preferred)):
                yield "Prefix valid-lifetime must be greater then or equal to preferred-lifetime"


def _webproxy(proposal: Proposal, _owner: Path) -> Iterator[str]:
    proxy = proposal.at("service", "webproxy")
    if not proxy:
        return
    if not proxy.has("listen-address"):
        yield "listen-address needs to be configured!"
    outgoing = proxy.value("outgoing-address")
    if outgoing and all(str(address.ip) != outgoing for address in proposal.addresses()):
        yield f'outgoing-address "{outgoing}" not assigned on any interface!'
    for name, peer in proxy.at("cache-peer").sections().items():
        if not peer.has("address"):
            yield f'Cache-peer "{name}" address must be set!'


def _qos(proposal: Proposal, _owner: Path) -> Iterator[str]:
    policies = proposal.at("qos", "policy")
    for name, shaper in policies.at("shaper").sections().items():
        if policies.has("limiter", name):
            yield f'Conflicting policy name "{name}", already in use!'
        yield from _shaper(shaper)
    for name, limiter in policies.at("limiter").sections().items():
        for number, section in limiter.at("class").sections().items():
            if not section.has("bandwidth"):
                yield f'Bandwidth must be defined for policy "{name}" class "{number}"!'
    for interface, section in proposal.at("qos", "interface").sections().items():
        yield from _qos_use(interface, section, policies)


def _shaper(shaper: Section) -> Iterator[str]:
    if not shaper.has("default", "bandwidth"):
        yield "Bandwidth not defined for default traffic!"
    for section in shaper.at("class").sections().values():
        for match, rule in section.at("match").sections().items():
            if rule.has("ip") and rule.has("ipv6"):
                yield f"Can not use both IPv6 and IPv4 in one match ({match})!"


def _qos_use(interface: str, section: Section, policies: Section) -> Iterator[str]:
    for direction, other, kind, other_kind in (
        ("egress", "ingress", "shaper", "limiter"),
        ("ingress", "egress", "limiter", "shaper"),
    ):
        policy = section.value(direction)
        if not policy or policies.has(kind, policy):
            continue
        if policies.has(other_kind, policy):
            yield f'Selected QoS policy on interface "{interface}" only supports "{other}"!'
        else:
            yield f'Selected QoS policy "{policy}" does not exist!'


def _ipsec(proposal: Proposal, _owner: Path) -> Iterator[str]:
    ipsec = proposal.at("vpn", "ipsec")
    for name, psk in ipsec.at("authentication", "psk").sections().items():
        if not psk.has("id") or not psk.has("secret"):
            yield f'Authentication psk "{name}" missing "id" or "secret"'
    for interface in ipsec.values("interface"):
        if interface not in proposal.interfaces:
            yield f'Interface "{interface}" does not exist!'
    for name, peer in ipsec.at("site-to-site", "peer").sections().items():
        yield from _peer(proposal, ipsec, name, peer)


def _peer(proposal: Proposal, ipsec: Section, name: str, peer: Section) -> Iterator[str]:
    group = peer.value("default-esp-group")
    if group and not ipsec.has("esp-group", group):
        yield f"Invalid esp-group on site-to-site peer {name}"
    if not peer.has("ike-group"):
        yield f"Missing ike-group on site-to-site peer {name}"
    elif not ipsec.has("ike-group", peer.value("ike-group")):
        yield f"Invalid ike-group on site-to-site peer {name}"
    yield from _peer_authentication(proposal, name, peer.at("authentication"))
    if not peer.has("vti") and not peer.has("tunnel"):
        yield f"No VTI or tunnel specified on site-to-site peer {name}"
    if not peer.has("local-address") and not peer.has("dhcp-interface"):
        yield f"Missing local-address or dhcp-interface on site-to-site peer {name}"
    yield from _peer_vti(proposal, ipsec, name, peer.at("vti"))
    for number, tunnel in peer.at("tunnel").sections().items():
        group = tunnel.value("esp-group") or peer.value("default-esp-group")
        if not group:
            yield f"Missing esp-group on tunnel {number} for site-to-site peer {name}"
        elif not ipsec.has("esp-group", group):
            yield f"Invalid esp-group on tunnel {number} for site-to-site peer {name}"


def _peer_vti(proposal: Proposal, ipsec: Section, name: str, vti: Section) -> Iterator[str]:
    if not vti:
        return
    bound, group = vti.value("bind"), vti.value("esp-group")
    if not bound:
        yield f"No VTI interface defined on site-to-site peer {name}"
    elif bound not in proposal.interfaces:
        yield f"VTI interface {bound} for site-to-site peer {name} does not exist!"
    if group and not ipsec.has("esp-group", group):
        yield f"Invalid esp-group on site-to-site peer {name}"


def _peer_authentication(proposal: Proposal, name: str, authentication: Section) -> Iterator[str]:
    mode = authentication.value("mode")
    if not mode:
        yield f"Missing authentication on site-to-site peer {name}"
    if mode != "x509":
        return
    x509 = authentication.at("x509")
    if not x509.has("certificate") or not x509.has("ca-certificate"):
        yield f"Missing x509 certificates on site-to-site peer {name}"
        return
    pki, certificate = proposal.at("pki"), x509.value("certificate")
    if not pki:
        yield "PKI is not configured"
        return
    for authority in x509.values("ca-certificate"):
        if not pki.has("ca", authority, "certificate"):
            yield f'Missing CA certificate on specified PKI CA certificate "{authority}"'
    if not pki.has("certificate", certificate, "certificate"):
        yield f'Missing certificate on specified PKI certificate "{certificate}"'
    if not pki.has("certificate", certificate, "private", "key"):
        yield f'Missing private key on specified PKI certificate "{certificate}"'


_CHECKS: dict[Path, Check] = {
    ("firewall",): _firewall,
    ("nat",): _nat,
    ("interfaces", "ethernet", "*"): _ethernet,
    ("interfaces", "wireguard", "*"): _wireguard,
    ("protocols", "static"): _static,
    ("system", "login"): _login,
    ("service", "ntp"): _ntp,
    ("service", "dns", "forwarding"): _dns,
    ("service", "dhcp-server"): _dhcp,
    ("service", "router-advert"): _router_advert,
    ("service", "webproxy"): _webproxy,
    ("qos",): _qos,
    ("vpn", "ipsec"): _ipsec,
}
