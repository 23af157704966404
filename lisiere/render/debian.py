"""Debian's words for what an intent names, and the files that its configuration is made of."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from zlib import crc32

from lisiere.model.crypto import EspProposal, IkeProposal
from lisiere.model.intent import CertificateRefs, Interface, Port, SiteIntent, Tunnel
from lisiere.model.overlay import Authentication
from lisiere.render import nftables, squid
from lisiere.render.guard import Checked, UnsafeValueError, guard

UPLINK, TRUNK, MANAGEMENT, LOOPBACK = "wan0", "trunk0", "mgmt0", "lo"
TUNNELS = "ipsec0"
"""All tunnels end on one interface: an xfrm interface, or the TUN of an IPsec stack in userland. Which tunnel a packet
takes is said by the selectors, and between two that select the same by the priority of the child."""

TUNNEL_MTU_BYTES = 1400
LONGEST_DEVICE = 15
"""What the kernel takes for the name of an interface (IFNAMSIZ less its end)."""

DH_GROUPS = {
    2: "modp1024",
    5: "modp1536",
    14: "modp2048",
    15: "modp3072",
    16: "modp4096",
    17: "modp6144",
    18: "modp8192",
    19: "ecp256",
    20: "ecp384",
    21: "ecp521",
    31: "curve25519",
    32: "curve448",
}
"""strongSwan's names of the groups that a crypto profile can ask for."""

FIRST_PRIORITY = 1000
"""Below what strongSwan works out by itself, so that a tunnel comes before any policy without a rank of its own."""

RENEWED_AT = 90
"""Percentage of a key's life at which it is renewed."""


@dataclass(frozen=True, slots=True)
class Written:
    """One file of a configuration: where it stands, who may read it, the template that writes it, what only it sees."""

    path: str
    mode: str
    template: str
    variables: Mapping[str, object] = field(default_factory=dict)


def files(intent: SiteIntent) -> Iterator[Written]:
    """Every file that a site needs; a program that has nothing to do has none."""
    yield Written("nftables.conf", "0600", "firewall/debian/main.j2")
    yield from _system(intent)
    yield from _access(intent)
    yield from _network(intent)
    yield Written("dnsmasq/dnsmasq.conf", "0644", "base/debian/dnsmasq.j2")
    yield from _proxy(intent)
    yield from _tunnels(intent)


def _system(intent: SiteIntent) -> Iterator[Written]:
    yield Written("system.conf", "0644", "base/debian/system.j2")
    yield Written("resolv.conf", "0644", "base/debian/resolvers.j2")
    yield Written("chrony/chrony.conf", "0644", "base/debian/chrony.j2")
    yield Written("rsyslog/rsyslog.conf", "0644", "base/debian/rsyslog.j2", {"collectors": intent.collectors})


def _access(intent: SiteIntent) -> Iterator[Written]:
    yield Written("ssh/sshd_config", "0600", "base/debian/sshd.j2")
    yield Written("ssh/banner", "0644", "base/debian/banner.j2")
    for user in intent.users:
        yield Written(f"ssh/authorized_keys/{user.name}", "0644", "base/debian/keys.j2", {"user": user})


def _network(intent: SiteIntent) -> Iterator[Written]:
    for name in ("links.batch", "addresses.batch", "routes.batch", "sysctl.conf"):
        yield Written(f"network/{name}", "0644", f"base/debian/{name.partition('.')[0]}.j2")
    if intent.backup is not None:
        yield Written("network/shaping.batch", "0644", "base/debian/shaping.j2")


def _proxy(intent: SiteIntent) -> Iterator[Written]:
    if intent.web.pac is not None:
        yield Written(f"web/{intent.web.pac.path}", "0644", "proxy/debian/pac.j2", {"pac": intent.web.pac})
    proxy = intent.web.proxy
    if proxy is None:
        return
    sees = {"proxy": proxy, "users": squid.users(intent), "inside": squid.inside(intent)}
    yield Written("squid/squid.conf", "0640", "proxy/debian/main.j2", sees)
    for name, names in squid.lists(proxy).items():
        yield Written(f"squid/lists/{name}", "0644", "proxy/debian/names.j2", {"names": names})


def _tunnels(intent: SiteIntent) -> Iterator[Written]:
    if not intent.tunnels:
        return
    yield Written("swanctl/swanctl.conf", "0600", "vpn/debian/main.j2")
    for path, mode, reference in _certificates(intent.certificates):
        yield Written(f"swanctl/{path}", mode, "vpn/debian/reference.j2", {"reference": reference})


def _certificates(refs: CertificateRefs | None) -> tuple[tuple[str, str, str], ...]:
    if refs is None:
        return ()
    return (
        ("x509ca/authority.pem", "0644", refs.authority),
        ("x509/site.pem", "0644", refs.certificate),
        ("private/site.pem", "0600", refs.private_key),
    )


def view(intent: SiteIntent) -> dict[str, object]:
    """All that the templates of the platform see: the intent, and Debian's names for what it refers to."""
    device = device_names(intent)
    return {
        "intent": intent,
        "device": device,
        "uplink": UPLINK,
        "trunk": TRUNK,
        "management": MANAGEMENT,
        "vpn": TUNNELS,
        "vpn_mtu_bytes": TUNNEL_MTU_BYTES,
        "firewall": nftables.view(intent, device),
        "priorities": priorities(intent),
    }


def device_names(intent: SiteIntent) -> dict[str, str]:
    """Interface name of every interface and of every tunnel, by its name in the intent."""
    tunnels = {tunnel.name: TUNNELS for tunnel in intent.tunnels}
    return tunnels | {interface.name: _device_name(interface) for interface in intent.interfaces}


def _device_name(interface: Interface) -> str:
    if interface.port is Port.LOOPBACK:
        return LOOPBACK
    if interface.port is Port.UPLINK:
        return UPLINK if interface.vlan is None else MANAGEMENT
    return segment_device(interface.name.removeprefix("segment-"))


def segment_device(segment: str) -> str:
    """Interface name of a segment; a long one is cut and told apart by a checksum."""
    name = f"lan-{segment}"
    if len(name) <= LONGEST_DEVICE:
        return name
    return f"{name[:10]}-{crc32(segment.encode()) & 0xFFFF:04x}"


def ike_proposal(ike: IkeProposal) -> Checked:
    """An IKE proposal in strongSwan's words: cipher, integrity unless the cipher has its own, PRF, group."""
    words = (ike.encryption, ike.integrity, f"prf{ike.prf}", DH_GROUPS[ike.dh_group])
    return Checked("-".join(str(one) for one in words if one is not None))


def esp_proposal(esp: EspProposal) -> Checked:
    """An ESP proposal in strongSwan's words; the group renews the key exchange with each key (PFS)."""
    words = (esp.encryption, esp.integrity, DH_GROUPS[esp.pfs_group])
    return Checked("-".join(str(one) for one in words if one is not None))


def renewed(life: int) -> int:
    """When a key that lives so long is renewed, in the same unit."""
    return life * RENEWED_AT // 100


def priorities(intent: SiteIntent) -> dict[str, int]:
    """Rank of each tunnel among those that select the same traffic: the smaller one is preferred, as among routes."""
    found = {tunnel.name: FIRST_PRIORITY for tunnel in intent.tunnels}
    for route in intent.tunnel_routes:
        found[route.tunnel] = max(found[route.tunnel], FIRST_PRIORITY + route.distance)
    return found


def is_psk(tunnel: Tunnel) -> bool:
    """True when both ends know a secret, false when they hold certificates."""
    return tunnel.authentication is Authentication.PSK


def listed(values: Iterable[object], separator: str = ", ") -> Checked:
    """Several plain words, as one list."""
    return Checked(separator.join(map(guard, values)))


def bracketed(addresses: Iterable[object]) -> Checked:
    """IPv6 addresses as dnsmasq reads them in an option."""
    return listed((Checked(f"[{guard(one)}]") for one in addresses), ",")


def dnsmasq(value: object) -> Checked:
    """One plain word that dnsmasq takes as one: a comma would begin another.

    Raises:
        UnsafeValueError: It holds a comma, or is no plain word.
    """
    found = guard(value)
    if "," in found:
        raise UnsafeValueError(f"{found!r} holds a comma, which separates values for dnsmasq")
    return found


FILTERS: Mapping[str, Callable[..., object]] = MappingProxyType(
    {
        **nftables.FILTERS,
        "bracketed": bracketed,
        "dnsmasq": dnsmasq,
        "esp_proposal": esp_proposal,
        "ike_proposal": ike_proposal,
        "is_psk": is_psk,
        "listed": listed,
        "renewed": renewed,
    }
)
