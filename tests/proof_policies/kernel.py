"""One appliance's network alone, with the rules of a site in the kernel, and cables whose other ends are ours."""

import os
import socket
import struct
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from lab.real.inside import inside
from lisiere.model.intent import Family
from lisiere.model.packet import Packet
from lisiere.model.traffic import Protocol
from lisiere.model.words import Zone
from lisiere.policy.lines import NUMBERS
from tests.proof_policies.frames import datagram, frame, number_of
from tests.proof_policies.made import DEVICES, NETWORKS, SENTINEL, own, sentinel

CLONE_NEWNET = 0x40000000
MIDDLE, AROUND = f"made-{os.getpid()}", f"made-around-{os.getpid()}"
ALL, HDRINCL_6 = 0x0003, 36
"""Every protocol on a cable (ETH_P_ALL), and the option that a raw socket of IPv6 takes whole headers by."""
ARRIVES_S = 10.0
NEIGHBOURS = {Family.IPV4: "169.254.9.1", Family.IPV6: "fe80::99"}
SETTINGS = (
    "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", "net.ipv4.conf.all.rp_filter=0",
    "net.ipv4.conf.default.rp_filter=0", "net.ipv4.conf.all.send_redirects=0", "net.ipv4.icmp_ratelimit=0",
)  # fmt: skip
Seen = frozenset[tuple[int, str]]
"""Numbers of packets, and the zones in which each came out."""


def run(*argv: str, data: str = "") -> str:
    """Run a program; what it said."""
    done = subprocess.run(argv, input=data, capture_output=True, text=True, env=os.environ | {"TZ": "UTC"}, check=False)
    assert done.returncode == 0, f"{' '.join(argv)}: {done.stderr or done.stdout}"
    return done.stdout


class Appliance:
    """The network of an appliance: rules go in, packets go through."""

    def __init__(self) -> None:
        self._number = 0
        self._cables = {zone: _cable(device) for zone, device in DEVICES.items()}
        self._near = {zone: _station(MIDDLE, device) for zone, device in DEVICES.items()}
        self._far = {zone: _station(AROUND, device) for zone, device in DEVICES.items()}
        _neighbours(self._far)
        with inside(MIDDLE):
            self._inner = [_raw(family, number) for family in Family for number in sorted({*NUMBERS.values()})]
            self._senders = {family: _sender(family) for family in Family}

    def load(self, rules: str) -> None:
        """Have the kernel go by a rule set."""
        run("ip", "netns", "exec", MIDDLE, "nft", "-f", "-", data=rules)

    def send(self, packets: Sequence[Packet]) -> list[bool]:
        """Send packets one after another, each as the first of a connection; which of them came where they should.

        What has neither ports nor numbers is one connection for each pair of hosts, whoever begins: before such a
        packet all connections are forgotten.
        """
        numbers = []
        self._forget()
        for packet in packets:
            if packet.protocol is Protocol.ESP:
                self._forget()
            numbers.append(self._send(packet))
        ends = [self._send(sentinel(family)) for family in Family]
        seen = self._collect(ends)
        return [(number, str(one.to_zone)) in seen for number, one in zip(numbers, packets, strict=True)]

    def _forget(self) -> None:
        run("ip", "netns", "exec", MIDDLE, "conntrack", "-F")

    def _send(self, packet: Packet) -> int:
        self._number += 1
        if packet.from_zone is Zone.SELF:
            self._send_itself(packet)
        else:
            stations = {"to": self._near[packet.from_zone], "came": self._far[packet.from_zone]}
            self._cables[packet.from_zone].send(frame(packet, self._number, **stations))
        return self._number

    def _send_itself(self, packet: Packet) -> None:
        """The appliance's own packet; the kernel tells at once of one that its rules drop."""
        family = packet.family
        target = (str(packet.destination), 0) if family is Family.IPV4 else (str(packet.destination), 0, 0, 0)
        try:
            self._senders[family].sendto(datagram(packet, self._number), target)
        except PermissionError:
            return

    def _collect(self, ends: Sequence[int]) -> Seen:
        """Where packets came out, once the last ones have."""
        seen: set[tuple[int, str]] = set()
        last = {(number, str(SENTINEL[1])) for number in ends}
        until = time.monotonic() + ARRIVES_S
        while not last <= seen:
            assert time.monotonic() < until, "what always passes did not come out"
            for zone, cable in self._cables.items():
                seen |= {(number, str(zone)) for number in _read(cable)}
            for one in self._inner:
                seen |= {(number, str(Zone.SELF)) for number in _read(one)}
        return frozenset(seen)

    def close(self) -> None:
        """Let go of all cables."""
        for one in (*self._cables.values(), *self._inner, *self._senders.values()):
            one.close()


@contextmanager
def appliance() -> Iterator[Appliance]:
    """One such network; torn down at the end. Sending and receiving share a core, so that packets keep their order."""
    cores = os.sched_getaffinity(0)
    try:
        _lay()
        os.sched_setaffinity(0, {min(cores)})
        one = Appliance()
        yield one
        one.close()
    finally:
        os.sched_setaffinity(0, cores)
        for name in (MIDDLE, AROUND):
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


def _lay() -> None:
    """Namespaces, cables, addresses; what is behind an interface is a neighbour that is known for good."""
    for name in (MIDDLE, AROUND):
        run("ip", "netns", "add", name)
        run("ip", "netns", "exec", name, "sysctl", "-qw", *SETTINGS)
    lines = [f"link add name {one} netns {MIDDLE} type veth peer name {one} netns {AROUND}" for one in DEVICES.values()]
    run("ip", "-batch", "-", data="\n".join(lines) + "\n")
    for name in (MIDDLE, AROUND):
        run("ip", "-n", name, "-batch", "-", data="".join(f"link set {one} up\n" for one in DEVICES.values()))
    run("ip", "-n", AROUND, "-batch", "-", data="".join(f"link set {one} arp off\n" for one in DEVICES.values()))


def _neighbours(stations: Mapping[Zone, bytes]) -> None:
    """Everybody behind an interface is reached by the one station at the other end of its cable."""
    lines = ["link set lo up"]
    for zone, device in DEVICES.items():
        for family in Family:
            via, length = NEIGHBOURS[family], 32 if family is Family.IPV4 else 128
            nodad = " nodad" if family is Family.IPV6 else ""
            lines.append(f"address add {own(zone, family)}/{length} dev {device}{nodad}")
            lines.append(f"neighbor replace {via} lladdr {stations[zone].hex(':')} dev {device} nud permanent")
            lines.append(f"route replace {NETWORKS[zone, family]} via {via} dev {device} onlink")
    run("ip", "-n", MIDDLE, "-batch", "-", data="\n".join(lines) + "\n")


def _station(namespace: str, device: str) -> bytes:
    said = run("ip", "netns", "exec", namespace, "cat", f"/sys/class/net/{device}/address")
    return bytes.fromhex(said.strip().replace(":", ""))


def _cable(device: str) -> socket.socket:
    """The far end of a cable: what is sent goes to the appliance, what is read came out of it."""
    with inside(AROUND):
        one = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL))
        one.bind((device, ALL))
        return _ready(one)


def _raw(family: Family, number: int) -> socket.socket:
    kind = socket.AF_INET if family is Family.IPV4 else socket.AF_INET6
    return _ready(socket.socket(kind, socket.SOCK_RAW, number))


def _sender(family: Family) -> socket.socket:
    kind = socket.AF_INET if family is Family.IPV4 else socket.AF_INET6
    one = socket.socket(kind, socket.SOCK_RAW, socket.IPPROTO_RAW)
    if family is Family.IPV6:
        one.setsockopt(socket.IPPROTO_IPV6, HDRINCL_6, struct.pack("i", 1))
    return _ready(one)


def _ready(one: socket.socket) -> socket.socket:
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    one.setblocking(False)
    return one


def _read(one: socket.socket) -> Iterable[int]:
    """The numbers of the packets of ours that came out here; what we sent ourselves did not."""
    while True:
        try:
            data, sender = one.recvfrom(2048)
        except BlockingIOError:
            return
        is_ours = one.family is socket.AF_PACKET and sender[2] == socket.PACKET_OUTGOING
        number = None if is_ours else number_of(data)
        if number is not None:
            yield number
