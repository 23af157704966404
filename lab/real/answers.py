"""Everybody who answers in a lab, in one process: the Internet, servers, far ends of partners, clients behind segments.

Run in the namespace of the Internet with the file that `lab.real.world` writes. It lays nftables and sockets into each
namespace (a *room*) that is named there, then serves all of them. Whatever TCP or UDP port is asked answers: over TCP
with a page that says who was asked and who asks, `internet sees 100.64.64.33`; over UDP with what was sent. Some ports
of some rooms know more: a PAC file, a vault that stores what it gets, a collector of logs, a clock.
"""

import asyncio
import contextlib
import ctypes
import hashlib
import json
import os
import resource
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from lab.real import links
from lab.real.inside import inside

PORT = 7
"""Where all that nobody else serves is redirected to."""
SINCE_1900 = 2_208_988_800
PATIENCE_S = 2.0
LONGEST_DATAGRAM = 65_536
MOST_ECHOES, REMEMBERED = 8, 10_000
"""How often one datagram of one sender is sent back: two who echo each other would never end."""
NFTABLES = "libnftables.so.1"

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Room:
    """A namespace and what it serves: `tcp` and `udp` are ports with what answers there; `settings` are its sysctls.

    Where it has `addresses`, its device `lan0` gets them, and the default routes to its gateways.
    """

    namespace: str
    words: str
    rules: str
    folder: str
    tcp: dict[str, str]
    udp: dict[str, str]
    pac: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    addresses: Sequence[str] = ()
    gateways: Sequence[str] = ()


def main(plan: Path) -> None:
    """Serve every room of a plan until killed; the file `ready` beside it is made when all of them do."""
    rooms = [Room(**one) for one in json.loads(plan.read_text(encoding="utf-8"))]
    wanted = 8 * len(rooms) + 256
    hard = max(resource.getrlimit(resource.RLIMIT_NOFILE)[1], wanted)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    opened = _open_all(rooms)
    asyncio.run(_serve(opened, plan.with_name("ready")))


async def _serve(opened: "list[tuple[Room, socket.socket, str]]", ready: Path) -> None:
    loop, servers = asyncio.get_running_loop(), []
    for room, listener, kind in opened:
        if listener.type == socket.SOCK_STREAM:
            servers.append(await asyncio.start_server(_talk(room, kind), sock=listener, backlog=512))
        else:
            loop.add_reader(listener, _datagrams, listener, kind, room, Counter())
    loop.call_soon(ready.touch)
    await asyncio.Event().wait()


# ---- into the rooms --------------------------------------------------------------------------------------------------


def _open_all(rooms: Sequence[Room]) -> "list[tuple[Room, socket.socket, str]]":
    """Rules and sockets of every room: a socket stays in the namespace in which it was made.

    All rules come first: nftables waits with select(2), which knows descriptors below 1024 only.
    """
    opened = []
    for room in rooms:
        with inside(room.namespace):
            for name, value in room.settings.items():
                Path("/proc/sys", name).write_text(value, encoding="ascii")
            if room.addresses:
                links.settle("lan0", room.addresses, room.gateways)
            _load(room.rules)
    for room in rooms:
        with inside(room.namespace):
            for kind, ports in ((socket.SOCK_STREAM, room.tcp), (socket.SOCK_DGRAM, room.udp)):
                opened += [(room, _listening(kind, int(port)), words) for port, words in ports.items()]
    return opened


def _load(rules: str) -> None:
    """Load nftables here, without a process of its own."""
    library = ctypes.CDLL(NFTABLES)
    library.nft_ctx_new.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.nft_ctx_new(0))
    status = library.nft_run_cmd_from_buffer(context, rules.encode())
    library.nft_ctx_free(context)
    if status:
        raise OSError(status, f"nftables refused {rules!r}")


def _listening(kind: int, port: int) -> socket.socket:
    """A socket of both families on every address."""
    made = socket.socket(socket.AF_INET6, kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    if kind == socket.SOCK_DGRAM:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    made.bind(("::", port))
    made.setblocking(False)
    return made


# ---- over TCP --------------------------------------------------------------------------------------------------------


def _talk(room: Room, kind: str) -> Talk:
    """What is said on one port of a room."""
    say = {"page": _page, "pac": _page, "vault": _vault, "log": _collect}[kind]

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ValueError):
            who = _plain(writer.get_extra_info("peername")[0])
            await say(room, kind, who, reader, writer)
            await writer.drain()
        with contextlib.suppress(OSError):
            writer.close()
            await writer.wait_closed()

    return talk


def _plain(address: str) -> str:
    """An address as its own family writes it."""
    found = ip_address(address.partition("%")[0])
    return str(getattr(found, "ipv4_mapped", None) or found)


async def _page(room: Room, kind: str, who: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A page as from a web server, after the first line or two seconds."""
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(reader.readline(), PATIENCE_S)
    is_pac = kind == "pac"
    body = (room.pac if is_pac else f"{room.words} sees {who}\n").encode()
    media = "application/x-ns-proxy-autoconfig" if is_pac else "text/plain"
    writer.write(f"HTTP/1.0 200 OK\r\nContent-Type: {media}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)


async def _vault(room: Room, _: str, who: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Stores what comes until the sender is done, and says how much it was and its SHA-256."""
    digest, size = hashlib.sha256(), 0
    path = Path(room.folder, f"backup-{time.time_ns()}-{who.replace(':', '_')}")
    while part := await reader.read(65_536):
        _keep(path, part)
        digest.update(part)
        size += len(part)
    writer.write(f"stored {size} bytes of {who}, sha256 {digest.hexdigest()}\n".encode())


async def _collect(room: Room, _: str, who: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Keeps each line with its sender."""
    while line := await reader.readline():
        _note(room, who, line)
    writer.write(b"")


def _note(room: Room, who: str, line: bytes) -> None:
    _keep(Path(room.folder, "logs"), f"{who} ".encode() + line.rstrip(b"\n") + b"\n")


def _keep(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


# ---- over UDP --------------------------------------------------------------------------------------------------------


def _datagrams(listener: socket.socket, kind: str, room: Room, echoed: Counter[tuple[str, int, bytes]]) -> None:
    """Answer what has come, each from the address that was asked."""
    with contextlib.suppress(OSError):
        while True:
            data, notes, _, sender = listener.recvmsg(LONGEST_DATAGRAM, 128)
            answer = data
            if kind == "log":
                _note(room, _plain(sender[0]), data)
                continue
            if kind == "clock":
                answer = _moment(data)
            elif _is_tired(echoed, sender, data):
                continue
            asked = [note for note in notes if note[1] == socket.IPV6_PKTINFO]
            with contextlib.suppress(OSError):
                listener.sendmsg(
                    [answer], [(level, name, value[:16] + bytes(4)) for level, name, value in asked], 0, sender
                )


def _is_tired(echoed: Counter[tuple[str, int, bytes]], sender: tuple[str, int], data: bytes) -> bool:
    """Whether this was sent back often enough."""
    if len(echoed) > REMEMBERED:
        echoed.clear()
    told = (sender[0], sender[1], data)
    echoed[told] += 1
    return echoed[told] > MOST_ECHOES


def _moment(question: bytes) -> bytes:
    """The answer of an NTP server of stratum 2 (RFC 5905): the asker's stamp comes back as the origin."""
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    now = struct.pack("!II", (seconds + SINCE_1900) & 0xFFFFFFFF, (nanoseconds << 32) // 1_000_000_000)
    head = struct.pack("!BBbbII4s", 0b00_100_100, 2, question[2] if len(question) > 2 else 6, -20, 0, 0, b"\x7f\0\0\1")
    return head + now + question[40:48].ljust(8, b"\0") + now + now


if __name__ == "__main__":
    os.chdir("/")
    main(Path(sys.argv[1]))
