"""Who speaks to whom on a device of the lab: every packet that came in by it while one listened."""

import socket
import threading
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from lab.real.inside import inside
from lab.real.probing import ALL_TYPES, BUFFER_BYTES, OUTGOING, SO_RCVBUFFORCE, Spot
from lab.real.wire import TCP, UDP


@dataclass(frozen=True, slots=True)
class Heard:
    """A packet: its ends, its protocol, and its destination port where it has one."""

    source: IPv4Address | IPv6Address
    destination: IPv4Address | IPv6Address
    protocol: int
    port: int


class Listener:
    """Hears what comes in by a device, as long as it is open; afterwards `heard` is all of it."""

    def __init__(self, spot: Spot) -> None:
        self.heard: set[Heard] = set()
        with inside(spot.namespace):
            self._ear = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        self._ear.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
        self._ear.bind((spot.device, ALL_TYPES))
        self._ear.settimeout(0.1)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> "set[Heard]":
        """Begin; what was heard so far, which grows."""
        self._thread.start()
        return self.heard

    def __exit__(self, *_: object) -> None:
        """End."""
        self._is_over.set()
        self._thread.join()
        self._ear.close()

    def _listen(self) -> None:
        while not self._is_over.is_set():
            try:
                packet, (_, _, kind, *_) = self._ear.recvfrom(2048)
            except TimeoutError:
                continue
            found = None if kind == OUTGOING else heard(packet)
            if found is not None:
                self.heard.add(found)


def heard(packet: bytes) -> Heard | None:
    """An IP packet, as far as it matters here; None for what is none."""
    if len(packet) >= 24 and packet[0] >> 4 == 4:
        protocol, body, ends = packet[9], packet[4 * (packet[0] & 0xF) :], (packet[12:16], packet[16:20])
    elif len(packet) >= 44 and packet[0] >> 4 == 6:
        protocol, body, ends = packet[6], packet[40:], (packet[8:24], packet[24:40])
    else:
        return None
    port = int.from_bytes(body[2:4], "big") if protocol in (TCP, UDP) else 0
    return Heard(ip_address(ends[0]), ip_address(ends[1]), protocol, port)
