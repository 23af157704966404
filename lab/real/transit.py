"""What IPsec in userland needs and the kernel's own does not: an address of its own in all that a tunnel answers for.

A hub answers for its spokes towards the others, and strongSwan's libipsec refuses such a tunnel (`no local address
found in traffic selector`). A device that is down and holds the first address of each such network, which is nobody's,
will do.
"""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network

from lab.real import kernel

DEVICE = "lab-transit"


def hold(namespace: str, prefixes: Iterable[IPv4Network | IPv6Network]) -> None:
    """Give an appliance that device."""
    lines = [f"link add name {DEVICE} type veth peer name {DEVICE}-far"]
    for one in prefixes:
        length, flag = one.max_prefixlen, " nodad" if one.version == 6 else ""
        lines.append(f"address add {one.network_address}/{length} dev {DEVICE}{flag}")
    kernel.batch(lines, namespace=namespace)
