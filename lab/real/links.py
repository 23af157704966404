"""Addresses and routes of the namespace that this thread is in, asked of the kernel itself (rtnetlink)."""

import os
import socket
import struct
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_interface

NEW_LINK, NEW_ADDRESS, NEW_ROUTE, ERROR = 16, 20, 24, 2
REQUEST, ACKNOWLEDGE, EXCLUSIVE, CREATE = 0x1, 0x4, 0x200, 0x400
UP, NO_DETECTION, MAIN_TABLE, BOOT, UNICAST = 1, 0x02, 254, 3, 1
ADDRESS, LOCAL, INTERFACE, GATEWAY = 1, 2, 4, 5
LOOPBACK = 1
ANSWER_BYTES = 65_536


def settle(device: str, addresses: Sequence[str], gateways: Sequence[str]) -> None:
    """Set a device up with its addresses, and the default routes; IPv6 addresses are not looked for at others.

    Raises:
        OSError: The kernel refused one of them.
    """
    index = socket.if_nametoindex(device)
    wanted = [up(LOOPBACK), up(index), *(address(one, index) for one in addresses)]
    _ask([*wanted, *(default_route(one, index) for one in gateways)])


def up(index: int) -> tuple[int, bytes]:
    """A device is set up."""
    return NEW_LINK, struct.pack("=BxHiII", socket.AF_UNSPEC, 0, index, UP, UP)


def address(text: str, index: int) -> tuple[int, bytes]:
    """A device gets an address, `10.0.0.1/24`."""
    found = ip_interface(text)
    head = struct.pack(
        "=BBBBI", _family(found.ip), found.network.prefixlen, NO_DETECTION * (found.version == 6), 0, index
    )
    return NEW_ADDRESS, head + _attribute(LOCAL, found.ip.packed) + _attribute(ADDRESS, found.ip.packed)


def default_route(gateway: str, index: int) -> tuple[int, bytes]:
    """All else goes to a gateway."""
    found = ip_address(gateway)
    head = struct.pack("=BBBBBBBBI", _family(found), 0, 0, 0, MAIN_TABLE, BOOT, 0, UNICAST, 0)
    return NEW_ROUTE, head + _attribute(GATEWAY, found.packed) + _attribute(INTERFACE, struct.pack("=I", index))


def _family(found: IPv4Address | IPv6Address) -> int:
    return socket.AF_INET if found.version == 4 else socket.AF_INET6


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value


def _ask(wanted: Sequence[tuple[int, bytes]]) -> None:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.settimeout(20)
        for number, (kind, body) in enumerate(wanted):
            flags = REQUEST | ACKNOWLEDGE | (0 if kind == NEW_LINK else CREATE | EXCLUSIVE)
            kernel.send(struct.pack("=IHHII", 16 + len(body), kind, flags, number, 0) + body)
            answer = kernel.recv(ANSWER_BYTES)
            told, status = struct.unpack_from("=H", answer, 4)[0], struct.unpack_from("=i", answer, 16)[0]
            if told == ERROR and status:
                raise OSError(-status, f"rtnetlink: {os.strerror(-status)}")
