"""Packets byte by byte, so that any source may ask for anything, and each can be told apart wherever it comes out."""

import struct
from ipaddress import IPv4Address, IPv6Address

from lisiere.model.packet import Packet
from lisiere.model.traffic import Protocol
from lisiere.policy.lines import NUMBERS

ETHERTYPES = {4: 0x0800, 6: 0x86DD}
MARK = b"lisiere-made"
"""What each packet ends with, before its number; translation changes neither."""


def frame(packet: Packet, number: int, *, to: bytes, came: bytes) -> bytes:
    """A packet on the wire between two stations."""
    return to + came + struct.pack("!H", ETHERTYPES[packet.source.version]) + datagram(packet, number)


def datagram(packet: Packet, number: int) -> bytes:
    """A packet with its headers; sums are right, for the tracking of connections looks at them."""
    body = _body(packet, number)
    protocol = NUMBERS[packet.protocol]
    source, destination = packet.source.packed, packet.destination.packed
    if packet.source.version == 6:
        return struct.pack("!IHBB", 6 << 28, len(body), protocol, 64) + source + destination + body
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), number & 0xFFFF, 0, 64, protocol, 0) + source + destination
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def number_of(data: bytes) -> int | None:
    """The number of a packet of ours among whatever else comes along."""
    at = data.find(MARK)
    return struct.unpack("!I", data[at + len(MARK) : at + len(MARK) + 4])[0] if at >= 0 else None


def checksum(data: bytes) -> int:
    """The sum that the Internet's protocols go by."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data)) if len(data) % 2 == 0 else checksum_odd(data)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def checksum_odd(data: bytes) -> int:
    """The unfolded sum of an odd number of bytes."""
    return sum(struct.unpack(f"!{len(data) // 2 + 1}H", data + b"\0"))


def _body(packet: Packet, number: int) -> bytes:
    payload = MARK + struct.pack("!I", number)
    own = 1024 + number % 60000
    if packet.protocol is Protocol.TCP:
        body = struct.pack("!HHIIBBHHH", own, packet.port, number, 0, 5 << 4, 2, 8192, 0, 0) + payload
        return _summed(packet, body, 16)
    if packet.protocol is Protocol.UDP:
        return _summed(packet, struct.pack("!HHHH", own, packet.port, 8 + len(payload), 0) + payload, 6)
    if packet.protocol is Protocol.ESP:
        return struct.pack("!II", 0x10000 + number, 1) + payload
    body = struct.pack("!BBHHH", packet.icmp_type, 0, 0, own, number & 0xFFFF) + payload
    return _summed(packet, body, 2)


def _summed(packet: Packet, body: bytes, at: int) -> bytes:
    """A body with its sum; all but ICMP of IPv4 count the addresses as well."""
    pseudo = b""
    if packet.protocol is not Protocol.ICMP:
        ends: tuple[IPv4Address | IPv6Address, ...] = (packet.source, packet.destination)
        pseudo = b"".join(one.packed for one in ends) + struct.pack("!II", len(body), NUMBERS[packet.protocol])
    return body[:at] + struct.pack("!H", checksum(pseudo + body) or 0xFFFF) + body[at + 2 :]
