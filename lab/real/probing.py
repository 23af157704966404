"""Packets sent anywhere in the lab, and whatever comes of them, seen from one process.

A socket lives in the network namespace that it was made in, so that one process has eyes and mouths in all of them. An
eye on a device sees what comes in by it, before any rule; an eye in an appliance sees what its rules let come to it
(raw sockets are served after the input hook). A mouth on a device puts a packet on the wire with any source; one in an
appliance sends as the appliance itself, through its output hook.
"""

import selectors
import socket
import struct
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Self

from lab.real import kernel
from lab.real.inside import inside
from lab.real.wire import FIRST_PORT, ICMP, ICMPV6, PORTS, TCP, UDP, Address, Kind, Probe, Seen, read, read_body, write

IPV4_TYPE, IPV6_TYPE, ALL_TYPES = 0x0800, 0x86DD, 0x0003
OUTGOING = 4
"""PACKET_OUTGOING: what a device sends itself."""
BUFFER_BYTES = 4 << 20
SO_RCVBUFFORCE, IPV6_HDRINCL = 33, 36
ESP, OTHER = 50, 89
HEARD = (TCP, UDP, ICMP, ESP, OTHER)
"""Protocols that an eye in an appliance has sockets for; IPv6 has ICMPv6 in the place of ICMP."""
SO_MEMINFO, MEMINFO_WORDS, DROPS_AT = 55, 9, 8
"""What the kernel tells of a socket's memory, the packets that it had no room for among it (SK_MEMINFO_DROPS)."""
AT_ONCE, CLOSERS = 100, 64
"""Probes between two looks at what came of them."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place of the lab: a device in a namespace, or a namespace as a host when there is no device.

    Args:
        name: What it is called.
        namespace: Where it is.
        device: The device; empty for the host itself.
        neighbour: The hardware address that a mouth on the device sends to.
    """

    name: str
    namespace: str
    device: str = ""
    neighbour: bytes = b""


@dataclass(slots=True)
class Outcome:
    """Where probes were seen, by token: pairs of a spot's name and what it was; and what they were called there."""

    sightings: dict[int, set[tuple[str, Kind]]] = field(default_factory=dict)
    sources: dict[tuple[int, str], Address] = field(default_factory=dict)

    def of(self, token: int) -> set[tuple[str, Kind]]:
        """What came of a probe."""
        return self.sightings.get(token, set())

    def note(self, place: str, seen: Seen) -> None:
        """Remember what was seen somewhere."""
        self.sightings.setdefault(seen.token, set()).add((place, seen.kind))
        if seen.kind is Kind.PROBE:
            self.sources[seen.token, place] = seen.source


Reader = Callable[[], Seen | None]


class Prober:
    """Eyes and mouths at some spots, as long as it is open.

    Args:
        spots: Where to be. Every one of them is watched.
    """

    def __init__(self, spots: Iterable[Spot]) -> None:
        self._mouths: dict[str, Callable[[bytes, int], None]] = {}
        self._selector = selectors.DefaultSelector()
        self._sockets: list[socket.socket] = []
        self._eyes: list[socket.socket] = []
        self.outcome = Outcome()
        try:
            for spot in spots:
                with inside(spot.namespace):
                    if spot.device:
                        self._on_device(spot)
                    else:
                        self._as_host(spot)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Close every eye and mouth."""
        self._selector.close()
        with ThreadPoolExecutor(CLOSERS) as pool:  # The kernel lets each wait for its readers.
            list(pool.map(socket.socket.close, self._sockets))

    def send(self, probes: Iterable[tuple[str, Probe]], *, meanwhile_s: float = 0.0) -> None:
        """Send probes, each at the spot of a name, and look at what comes meanwhile."""
        for number, (place, probe) in enumerate(probes, 1):
            self._mouths[place](write(probe), probe.source.version)
            if number % AT_ONCE == 0:
                self.look(meanwhile_s)

    def look(self, for_s: float = 0.0, *, until: Callable[[], bool] = lambda: False) -> None:
        """Take in what has come, for so long or until there is nothing more to wait for."""
        end = time.monotonic() + for_s
        while True:
            left = max(0.0, end - time.monotonic())
            ready = self._selector.select(min(left, 0.05))
            for key, _ in ready:
                _drain(key.data)
            if not ready and (left <= 0 or until()):
                return
            if left <= 0 and for_s:
                return

    def lost(self) -> int:
        """Packets that came by and were not looked at, for want of room: what was not seen proves nothing then."""
        told = (one.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 4 * MEMINFO_WORDS) for one in self._eyes)
        return sum(struct.unpack(f"{MEMINFO_WORDS}I", words)[DROPS_AT] for words in told)

    # ---- sockets -------------------------------------------------------------------------------------------------

    def _on_device(self, spot: Spot) -> None:
        eye = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        eye.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
        eye.bind((spot.device, ALL_TYPES))
        self._watch(eye, spot.name, lambda: _from_device(eye))

        def speak(packet: bytes, version: int) -> None:
            kind = IPV4_TYPE if version == 4 else IPV6_TYPE
            eye.sendto(packet, (spot.device, kind, 0, 0, spot.neighbour))

        self._mouths[spot.name] = speak

    def _as_host(self, spot: Spot) -> None:
        for family, icmp in ((socket.AF_INET, ICMP), (socket.AF_INET6, ICMPV6)):
            for protocol in (*(one for one in HEARD if one != ICMP), icmp):
                self._hear(spot.name, socket.socket(family, socket.SOCK_RAW, protocol), protocol)
        mouths = {4: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)}
        mouths[6] = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
        mouths[4].setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, 1)
        mouths[6].setsockopt(socket.IPPROTO_IPV6, IPV6_HDRINCL, 1)
        self._sockets += mouths.values()

        def speak(packet: bytes, version: int) -> None:
            destination = packet[16:20] if version == 4 else packet[24:40]
            try:
                mouths[version].sendto(packet, (str(ip_address(destination)), 0))
            except OSError:
                return  # Refused on the spot, by the output hook or for want of a route: it does not leave.

        self._mouths[spot.name] = speak

    def _hear(self, name: str, ear: socket.socket, protocol: int) -> None:
        ear.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
        if ear.family == socket.AF_INET:
            self._watch(ear, name, lambda: read(ear.recv(2048)))
            return
        ear.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        self._watch(ear, name, lambda: _from_ipv6(ear, protocol))

    def _watch(self, one: socket.socket, name: str, reader: Reader) -> None:
        one.setblocking(False)
        self._sockets.append(one)
        self._eyes.append(one)

        def take() -> None:
            seen = reader()
            if seen is not None:
                self.outcome.note(name, seen)

        self._selector.register(one, selectors.EVENT_READ, take)


def _drain(take: Callable[[], None]) -> None:
    """Take all that a socket holds."""
    try:
        while True:
            take()
    except BlockingIOError:
        return
    except OSError:
        return  # An error that a sent packet earned; nothing came.


def _from_device(eye: socket.socket) -> Seen | None:
    packet, (_, _, kind, *_) = eye.recvfrom(2048)
    return None if kind == OUTGOING else read(packet)


def _from_ipv6(ear: socket.socket, protocol: int) -> Seen | None:
    body, ancillary, _, sender = ear.recvmsg(2048, 64)
    there = next((data[:16] for _, kind, data in ancillary if kind == socket.IPV6_PKTINFO), bytes(16))
    return read_body(body, protocol, ip_address(str(sender[0]).partition("%")[0]), ip_address(there))


# ---- what the kernel says of devices -----------------------------------------------------------------------------


def hardware(namespace: str, device: str) -> bytes:
    """The hardware address of a device."""
    with inside(namespace), socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as one:
        one.bind((device, 0))
        return bytes(one.getsockname()[4])


MUTED = f"""table inet lisiere_probing {{
  chain prerouting {{
    type filter hook prerouting priority mangle;
    ct state new udp dport {FIRST_PORT}-{FIRST_PORT + PORTS - 1} drop
  }}
}}
"""


def mute(namespaces: Iterable[str]) -> None:
    """Have hosts that answer everything not answer the answers to probes, or two of them never end."""
    for name in namespaces:
        kernel.run("ip", "netns", "exec", name, "nft", "-f", "-", data=MUTED)
