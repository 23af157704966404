"""What the lab has to know of a site: how it is reached, and what hangs on it. Pure."""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface

from lisiere import bundle
from lisiere.bundle import File
from lisiere.model.site import Appliance as Planned
from lisiere.model.site import Uplink

LOGIN, WAN, MANAGEMENT = "lisiere", "wan0", "mgmt0"
LONGEST_DEVICE = 15
SPARE = "trunk-far"
"""A device of each appliance that no configuration names."""


@dataclass(frozen=True, slots=True)
class Wire:
    """A cable from an appliance to the core: its addresses, and those at the other end."""

    device: str
    near: tuple[IPv4Interface, IPv6Interface]
    far: tuple[IPv4Address, IPv6Address]

    def far_addresses(self) -> tuple[str, str]:
        """The addresses at the core, with their lengths."""
        (far_4, far_6), (near_4, near_6) = self.far, self.near
        return f"{far_4}/{near_4.network.prefixlen}", f"{far_6}/{near_6.network.prefixlen}"


@dataclass(frozen=True, slots=True)
class Lan:
    """A segment of a site, and the client on it."""

    segment: str
    gateway: tuple[IPv4Interface, IPv6Interface]

    @property
    def device(self) -> str:
        """The appliance's device."""
        return segment_device(self.segment)

    def client_addresses(self) -> tuple[str, str]:
        """The last but one address of each family that no appliance leases."""
        ipv4, ipv6 = self.gateway
        return f"{ipv4.ip + 1}/{ipv4.network.prefixlen}", f"{ipv6.ip + 0x99}/{ipv6.network.prefixlen}"


@dataclass(frozen=True, slots=True)
class Site:
    """One site of the lab.

    Args:
        transit: Prefixes of others that the site may answer for, as a hub does for spokes. strongSwan 5.9.8 with
            userland IPsec takes only selectors in which it finds an address of its own: the lab gives it one in each.
    """

    name: str
    loopbacks: tuple[IPv4Address, IPv6Address]
    uplink: Wire
    management: Wire
    lans: tuple[Lan, ...]
    transit: tuple[str, ...] = ()

    def transit_batch(self) -> str:
        """Lines of `ip` that give it the first address of each such prefix, which no host has."""
        addresses = [f"address replace {one.partition('/')[0]} dev {SPARE}\n" for one in self.transit]
        return "".join([f"link set {SPARE} up\n", *addresses]) if addresses else ""


def site_of(planned: Planned, transit: tuple[str, ...] = ()) -> Site:
    """What the inventory says of a site, as far as the lab is concerned."""
    data = planned.data
    return Site(
        name=planned.name,
        loopbacks=(data.loopback.ipv4, data.loopback.ipv6),
        uplink=_wire(WAN, data.uplink),
        management=_wire(MANAGEMENT, data.management),
        lans=tuple(Lan(one.name, (one.ipv4, one.ipv6)) for one in data.segments),
        transit=transit,
    )


def _wire(device: str, link: Uplink) -> Wire:
    return Wire(device, (link.ipv4, link.ipv6), (link.gateway_ipv4, link.gateway_ipv6))


def segment_device(segment: str) -> str:
    """The device of a segment on an appliance, in the 15 characters that Linux has for it."""
    device = f"lan-{segment}"
    if len(device) <= LONGEST_DEVICE:
        return device
    return f"lan-{segment[:6]}-{zlib.crc32(segment.encode()) & 0xFFFF:04x}"


def factory(site: Site, operators: Iterable[str], key: str) -> str:
    """The configuration of an appliance on the bench: the operator can reach it, and nobody else."""
    prefixes = tuple(operators)
    files = [
        File("nftables.conf", "0600", "".join(f"{line}\n" for line in _rules(prefixes))),
        File("ssh/sshd_config", "0600", SSHD),
        File(f"ssh/authorized_keys/{LOGIN}", "0644", f"{key}\n"),
        File("network/addresses.batch", "0644", "".join(f"{line}\n" for line in _addresses(site))),
        File("network/routes.batch", "0644", "".join(f"{line}\n" for line in _routes(site, prefixes))),
        File("network/sysctl.conf", "0644", "net.ipv4.ip_forward = 0\nnet.ipv4.conf.all.rp_filter = 0\n"),
        File("system.conf", "0644", f"hostname={site.name}\ntime_zone=UTC\n"),
    ]
    return bundle.write(files)


SSHD = """Port 22
HostKey /etc/ssh/ssh_host_ed25519_key
AuthorizedKeysFile /etc/lisiere/current/ssh/authorized_keys/%u
AllowUsers lisiere
PermitRootLogin no
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
MaxStartups 200
"""


def _rules(prefixes: Iterable[str]) -> Iterator[str]:
    ours = [f'iifname "{MANAGEMENT}" {_family(one)} saddr {one} tcp dport 22 accept' for one in prefixes]
    chains = {
        "input": [
            'iifname "lo" accept',
            "ct state { established, related } accept",
            "meta l4proto ipv6-icmp accept",
            *ours,
        ],
        "forward": [],
    }
    yield from ("flush ruleset", "table inet lisiere {")
    for name, rules in chains.items():
        yield f"\tchain {name} {{"
        yield f"\t\ttype filter hook {name} priority filter; policy drop;"
        yield from (f"\t\t{rule}" for rule in rules)
        yield "\t}"
    yield "}"


def _addresses(site: Site) -> Iterator[str]:
    for address, length in zip(site.loopbacks, (32, 128), strict=True):
        yield f"address replace {address}/{length} dev lo"
    yield f"link set dev {MANAGEMENT} up"
    for one in site.management.near:
        yield f"address replace {one} dev {MANAGEMENT}"


def _routes(site: Site, prefixes: Iterable[str]) -> Iterator[str]:
    for prefix in prefixes:
        gateway = site.management.far[":" in prefix]
        yield f"route replace {prefix} via {gateway} proto static metric 10"


def _family(prefix: str) -> str:
    return "ip6" if ":" in prefix else "ip"
