"""What a client behind a segment does: asks for pages, for names, for a lease. Real sockets in its namespace."""

import contextlib
import random
import select
import socket
import struct
import time
from collections.abc import Iterable
from ipaddress import IPv4Address, ip_address

from lab.real.inside import inside
from lab.real.probing import IPV4_TYPE, Spot
from lab.real.wire import UDP, checksum
from tests.proof.ground import Address

TRUE_MAGIC = b"\x63\x82\x53\x63"
OFFER, WPAD = 2, 252
ASKED = (1, 3, 6, 15, WPAD)
"""Options that a browser's computer asks for: mask, router, names, domain, and the PAC file."""


def get(namespace: str, at: tuple[str, int], url: str, *, is_proxy: bool = True, timeout_s: float = 8.0) -> str:
    """The answer to a request, its head with it, from a proxy or a server; empty for none."""
    host = url.split("/")[2]
    target = url if is_proxy else "/" + url.split("/", 3)[3]
    with inside(namespace):
        link = socket.socket(socket.AF_INET6 if ":" in at[0] else socket.AF_INET)
    said = b""
    with link, contextlib.suppress(OSError):
        link.settimeout(timeout_s)
        link.connect(at)
        link.sendall(f"GET {target} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
        while part := link.recv(65_536):
            said += part
    return said.decode("utf-8", errors="replace")


def status_of(answer: str) -> int:
    """The status of an HTTP answer; 0 for none."""
    words = answer.split(None, 2)
    return int(words[1]) if len(words) > 1 and words[1].isdecimal() else 0


def open_ways(namespace: str, ways: Iterable[tuple[int, str, int]], *, patience_s: float = 2.0) -> list[str]:
    """Of ways to the outside (TCP or UDP, address, port), all tried at once, those on which somebody answered."""
    tried: dict[socket.socket, str] = {}
    with inside(namespace):
        for kind, address, port in ways:
            one = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
            one.setblocking(False)
            with contextlib.suppress(OSError):
                one.connect((address, port))
            if kind == socket.SOCK_DGRAM:
                with contextlib.suppress(OSError):
                    one.send(_question("www.example.org"))
            tried[one] = words_of((kind, address, port))
    until, found = time.monotonic() + patience_s, []
    streams = {one for one in tried if one.type == socket.SOCK_STREAM}
    while tried and time.monotonic() < until:
        readable, writable, _ = select.select([*tried.keys() - streams], [*streams & tried.keys()], [], 0.2)
        for one in readable:
            what = tried.pop(one)
            with contextlib.suppress(OSError):
                found += [what] if one.recv(2048) else []
            one.close()
        for one in writable:
            what = tried.pop(one)
            found += [] if one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) else [what]
            one.close()
    for one in tried:
        one.close()
    return found


def words_of(way: tuple[int, str, int]) -> str:
    """A way in words."""
    kind, address, port = way
    return f"{'udp' if kind == socket.SOCK_DGRAM else 'tcp'} {address} {port}"


def resolve(namespace: str, resolver: str, name: str) -> Address | None:
    """The IPv4 address of a name, as a resolver says; None for none."""
    with inside(namespace):
        link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with link:
        link.settimeout(3.0)
        try:
            link.connect((resolver, 53))
            link.send(_question(name))
            said = link.recv(2048)
        except OSError:
            return None
    count = int.from_bytes(said[6:8], "big")
    return ip_address(said[-4:]) if count and said[-6:-4] == b"\0\4" else None


def _question(name: str) -> bytes:
    labels = b"".join(bytes([len(one)]) + one.encode() for one in name.split("."))
    return struct.pack("!HHHHHH", random.randrange(1 << 16), 0x0100, 1, 0, 0, 0) + labels + b"\0\0\1\0\1"


# ---- DHCP --------------------------------------------------------------------------------------------------------


def offered(spot: Spot, *, patience_s: float = 25.0) -> dict[int, bytes]:
    """The options of the offer that a new computer on a segment gets; none when there is no offer."""
    number = random.randrange(1 << 32)
    hardware = bytes([2, *number.to_bytes(4, "big"), 7])
    with inside(spot.namespace), socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as link:
        link.bind((spot.device, IPV4_TYPE))
        link.settimeout(0.5)
        until = time.monotonic() + patience_s
        while time.monotonic() < until:
            link.sendto(_discover(number, hardware), (spot.device, IPV4_TYPE, 0, 0, b"\xff" * 6))
            again = time.monotonic() + 2.0
            while time.monotonic() < again:
                with contextlib.suppress(TimeoutError):
                    found = _options(link.recv(2048), number)
                    if found:
                        return found
    return {}


def _discover(number: int, hardware: bytes) -> bytes:
    asked = bytes([53, 1, 1, 55, len(ASKED), *ASKED, 255])
    message = (
        struct.pack("!BBBBIHH", 1, 1, 6, 0, number, 0, 0x8000) + bytes(16) + hardware.ljust(16, b"\0") + bytes(192)
    )
    body = message + TRUE_MAGIC + asked
    segment = struct.pack("!HHHH", 68, 67, 8 + len(body), 0) + body
    first = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), number & 0xFFFF, 0, 64, UDP, 0)
    header = first + bytes(4) + IPv4Address("255.255.255.255").packed
    return header[:10] + checksum(header).to_bytes(2, "big") + header[12:] + segment


def _options(packet: bytes, number: int) -> dict[int, bytes]:
    """The options of an answer that is for us."""
    at = 4 * (packet[0] & 0xF) + 8
    body = packet[at:]
    if packet[9] != UDP or len(body) < 240 or body[0] != 2 or int.from_bytes(body[4:8], "big") != number:
        return {}
    found, place = {}, 240
    while place + 1 < len(body) and body[place] != 255:
        if body[place] == 0:
            place += 1
            continue
        length = body[place + 1]
        found[body[place]] = body[place + 2 : place + 2 + length]
        place += 2 + length
    return found if found.get(53) == bytes([OFFER]) else {}
