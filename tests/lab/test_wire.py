"""Probes as packets: what is written is read again, and what answers it is told from it."""

import struct
from ipaddress import ip_address

import pytest

from lab.real.wire import ICMP, ICMPV6, TCP, UDP, Kind, Probe, checksum, read, write

NEAR = {4: ip_address("10.70.3.2"), 6: ip_address("fd80::2")}
FAR = {4: ip_address("192.0.2.7"), 6: ip_address("2001:db8::7")}


def probe(version: int, protocol: int, number: int) -> Probe:
    """A probe with a token that has no zero byte."""
    return Probe(0xA1B2C3D4, NEAR[version], FAR[version], protocol, number)


CASES = [
    (4, TCP, 443),
    (4, UDP, 53),
    (4, ICMP, 8),
    (4, 89, 0),
    (6, TCP, 443),
    (6, UDP, 53),
    (6, ICMPV6, 128),
    (6, 89, 0),
]


@pytest.mark.parametrize(("version", "protocol", "number"), CASES)
def test_a_probe_is_read_as_what_it_is(version: int, protocol: int, number: int) -> None:
    """With its token and its ends."""
    seen = read(write(probe(version, protocol, number)))
    assert seen is not None
    assert (seen.token, seen.kind, seen.source, seen.destination) == (
        0xA1B2C3D4, Kind.PROBE, NEAR[version], FAR[version],
    )  # fmt: skip


@pytest.mark.parametrize(("version", "protocol", "number"), CASES[:3])
def test_checksums_are_those_of_the_kernel(version: int, protocol: int, number: int) -> None:
    """Summed with themselves, header and body come to nothing."""
    packet = write(probe(version, protocol, number))
    header, body = packet[:20], packet[20:]
    pseudo = header[12:20] + struct.pack("!II", len(body), protocol) if protocol != ICMP else b""
    assert checksum(header) == 0
    assert checksum(pseudo + body) == 0


def test_an_answer_and_a_refusal_are_told_from_the_probe() -> None:
    """A TCP answer acknowledges the token; an error quotes the packet that it is about."""
    sent = write(probe(4, TCP, 443))
    near, far = struct.unpack("!HH", sent[20:24])
    answer = struct.pack("!HHIIBBHHH", far, near, 7, 0xA1B2C3D5, 5 << 4, 0x12, 64_000, 0, 0)
    header = sent[:12] + FAR[4].packed + NEAR[4].packed
    assert read(header + answer) == read(header + answer[:13] + b"\x14" + answer[14:])
    assert (found := read(header + answer)) is not None
    assert (found.token, found.kind) == (0xA1B2C3D4, Kind.ANSWER)
    refused = header[:9] + bytes([ICMP]) + header[10:] + struct.pack("!BBHI", 3, 13, 0, 0) + sent
    assert (error := read(refused)) is not None
    assert (error.token, error.kind) == (0xA1B2C3D4, Kind.ERROR)


@pytest.mark.parametrize("other", [b"", b"\x45" * 12, write(probe(4, UDP, 53))[:30], b"\x60" + bytes(20)])
def test_what_is_no_probe_is_passed_over(other: bytes) -> None:
    """Half a packet, and traffic of others."""
    assert read(other) is None
