"""Packets as bytes: probes, each with a token that translation leaves alone, and what is read off the wire. Pure.

The token is the sequence number of a TCP packet that opens a connection, and stands in the payload of every other one.
"""

import struct
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address

Address = IPv4Address | IPv6Address
TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
MAGIC = b"Lisi"
SYN, ACK, RST = 0x02, 0x10, 0x04
ERRORS = {ICMP: (3, 11), ICMPV6: (1, 2, 3)}
"""ICMP messages that tell of a packet that did not arrive."""
FIRST_PORT, PORTS = 20_000, 40_000


class Kind(StrEnum):
    """What a packet that came by is to the probe whose token it has."""

    PROBE = "the probe"
    ANSWER = "an answer"
    ERROR = "an error"


@dataclass(frozen=True, slots=True)
class Probe:
    """The first packet of a connection.

    Args:
        token: 32 bits of its own.
        source, destination: Its ends.
        protocol: IANA number.
        number: Destination port, or ICMP type; 0 for other protocols.
    """

    token: int
    source: Address
    destination: Address
    protocol: int
    number: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A packet that came by."""

    token: int
    kind: Kind
    source: Address
    destination: Address


def write(probe: Probe) -> bytes:
    """A probe as an IP packet."""
    body = _body(probe)
    pseudo = probe.source.packed + probe.destination.packed + struct.pack("!II", len(body), probe.protocol)
    if probe.protocol in (TCP, UDP, ICMPV6):
        place = {TCP: 16, UDP: 6, ICMPV6: 2}[probe.protocol]
        body = body[:place] + (checksum(pseudo + body) or 0xFFFF).to_bytes(2, "big") + body[place + 2 :]
    elif probe.protocol == ICMP:
        body = body[:2] + checksum(body).to_bytes(2, "big") + body[4:]
    if probe.source.version == 6:
        first = struct.pack("!IHBB", 6 << 28, len(body), probe.protocol, 61)
        return first + probe.source.packed + probe.destination.packed + body
    first = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), probe.token & 0xFFFF, 0x4000, 61, probe.protocol, 0)
    header = first + probe.source.packed + probe.destination.packed
    return header[:10] + checksum(header).to_bytes(2, "big") + header[12:] + body


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    padded = data + b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _body(probe: Probe) -> bytes:
    payload = MAGIC + struct.pack("!I", probe.token)
    near = FIRST_PORT + probe.token % PORTS
    if probe.protocol == TCP:
        return struct.pack("!HHIIBBHHH", near, probe.number, probe.token, 0, 5 << 4, SYN, 64_000, 0, 0)
    if probe.protocol == UDP:
        return struct.pack("!HHHH", near, probe.number, 8 + len(payload), 0) + payload
    if probe.protocol in ERRORS:
        return struct.pack("!BBHI", probe.number, 0, 0, probe.token) + payload
    return payload


def read(packet: bytes) -> Seen | None:
    """What an IP packet is to a probe; None for one that has nothing to do with any."""
    if len(packet) < 20:
        return None
    if packet[0] >> 4 == 4:
        protocol, at = packet[9], 4 * (packet[0] & 0xF)
        ends = ip_address(packet[12:16]), ip_address(packet[16:20])
    elif packet[0] >> 4 == 6 and len(packet) >= 40:
        protocol, at = packet[6], 40
        ends = ip_address(packet[8:24]), ip_address(packet[24:40])
    else:
        return None
    return read_body(packet[at:], protocol, *ends)


def read_body(body: bytes, protocol: int, source: Address, destination: Address) -> Seen | None:
    """The same for what follows the IP header."""
    if protocol == TCP:
        return _read_tcp(body, source, destination)
    if protocol in ERRORS and body and body[0] in ERRORS[protocol]:
        inner = read(body[8:] + b"\0" * 16)
        return None if inner is None else Seen(inner.token, Kind.ERROR, source, destination)
    start = 8 if protocol in (UDP, ICMP, ICMPV6) else 0
    if body[start : start + 4] != MAGIC or len(body) < start + 8:
        return None
    token = int.from_bytes(body[start + 4 : start + 8], "big")
    is_reply = (protocol, body[0]) in {(ICMP, 0), (ICMP, 14), (ICMPV6, 129)}
    if protocol == UDP:
        is_reply = int.from_bytes(body[2:4], "big") == FIRST_PORT + token % PORTS
    return Seen(token, Kind.ANSWER if is_reply else Kind.PROBE, source, destination)


def _read_tcp(body: bytes, source: Address, destination: Address) -> Seen | None:
    if len(body) < 14:
        return None
    number, acknowledged = struct.unpack("!II", body[4:12])
    flags = body[13] & (SYN | ACK | RST)
    if flags == SYN:
        return Seen(number, Kind.PROBE, source, destination)
    if flags & ACK and flags & (SYN | RST):
        return Seen((acknowledged - 1) & 0xFFFFFFFF, Kind.ANSWER, source, destination)
    return None
