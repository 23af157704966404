"""The school proof: a pupil reaches the web in the way that the school has, and in no other."""

import os
import signal
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from lab.real import kernel
from lab.real.daemons import start
from lab.real.listening import Heard, Listener
from lab.real.places import CORE
from lisiere.model.intent import Interface, SiteIntent
from lisiere.model.site import SCHOOL_WEB_ACCESS, WebAccessKind
from tests.proof import web
from tests.proof.bench import Bench
from tests.proof.ground import Ground, segment_of
from tests.render.debian import browser

URLS = Path(__file__).with_name("urls.txt")
TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM
PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Class:
    """A segment of a school from which the web is used, and where its client is."""

    intent: SiteIntent
    segment: Interface
    namespace: str

    @property
    def gateway(self) -> str:
        """The appliance, as the client sees it."""
        return str(self.segment.ipv4.ip)

    @property
    def name(self) -> str:
        """Of the segment."""
        return f"{self.intent.name}:{segment_of(self.segment)}"


def classes(ground: Ground) -> Iterator[Class]:
    """The segments of the lab's schools from which the web is used."""
    for name, intent in ground.intents.items():
        if intent.web.kind in SCHOOL_WEB_ACCESS:
            for one in ground.segments(name):
                if one.zone in intent.web.zones:
                    yield Class(intent, one, ground.spots[f"{name}:{segment_of(one)}"].namespace)


# ---- the way that is open ----------------------------------------------------------------------------------------


def proxy_of(one: Class, bench: Bench) -> tuple[str, int]:
    """The proxy that browsers of a school ask: its own, the académie's, or the one behind the tunnel."""
    academie = bench.fleet.operator.academie
    if one.intent.web.proxy is not None:
        return one.gateway, one.intent.web.proxy.port
    there = academie.tunnel_proxy if one.intent.web.kind is WebAccessKind.TUNNEL else academie.proxy
    return str(there.address), there.port


def wrong_with(one: Class, bench: Bench) -> str:
    """What is wrong with the way to a page; empty when it was the school's own."""
    url = f"http://page-{time.time_ns()}.example.org/"
    answer, until = "", time.monotonic() + PATIENCE_S
    while web.status_of(answer) != 200 and time.monotonic() < until:
        answer = web.get(one.namespace, proxy_of(one, bench), url)
    if web.status_of(answer) != 200:
        return f"{url} by {proxy_of(one, bench)}: {answer[:80] or 'no answer'!r}"
    academie: dict[str, Any] = bench.state["world"]["academie"]
    kind = one.intent.web.kind
    if kind is WebAccessKind.TUNNEL:
        return "" if " sees " in answer else f"no page from behind the tunnel: {answer[-80:]!r}"
    if "internet sees" not in answer:
        return f"not a page of the Internet: {answer[-80:]!r}"
    uplink = next(str(link.ipv4.ip) for link in one.intent.interfaces if link.zone == "wan")
    is_chained = kind in {WebAccessKind.PARENT_PROXY, WebAccessKind.PAC}
    seen_as = academie["proxy_seen_as"] if is_chained else [uplink]
    if not any(address in answer for address in seen_as):
        return f"the Internet saw somebody else: {answer[-80:]!r}"
    log = "proxy_log" if is_chained else "dns_log" if kind is WebAccessKind.DNS else ""
    if log and not _has_line(Path(academie[log]), urlsplit(url).netloc, uplink):
        return f"the académie's {log} has no line of {uplink} about {url}"
    return ""


def _has_line(log: Path, *words: str) -> bool:
    """Whether a log gets a line that holds all of these words, soon."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if any(all(word in line for word in words) for line in log.read_text(errors="replace").splitlines()):
            return True
        time.sleep(0.2)
    return False


# ---- every other way ---------------------------------------------------------------------------------------------


def bypasses(one: Class, bench: Bench) -> tuple[int, list[str]]:
    """How many ways around were tried from a class, and those on which somebody answered."""
    ways = _ways_around(one, bench)
    return len(ways), web.open_ways(one.namespace, ways)


def unanswered(found: Iterable[Class], bench: Bench) -> list[str]:
    """The control: of the ways around, those on which nobody answers the operator's core either."""
    ways = {way for one in found for way in _ways_around(one, bench)}
    heard = {*web.open_ways(CORE, ways)}
    return sorted({web.words_of(way) for way in ways} - heard)


def _ways_around(one: Class, bench: Bench) -> list[tuple[int, str, int]]:
    doh = next((found for found in one.intent.sets if found.name == "public-doh"), None)
    prefixes: tuple[IPv4Network | IPv6Network, ...] = (*doh.ipv4, *doh.ipv6) if doh else ()
    resolvers = [str(prefix[0]) for prefix in prefixes]
    ways: list[tuple[int, str, int]] = [
        (kind, address, port)
        for address in bench.state["world"]["internet"]["addresses"]
        for kind, port in ((TCP, 80), (TCP, 443), (UDP, 443), (UDP, 53), (TCP, 53), (TCP, 853), (UDP, 853), (TCP, 3128))
    ]
    return [*ways, *((kind, address, port) for address in resolvers for kind, port in ((TCP, 443), (UDP, 53)))]


@contextmanager
def parent_down(bench: Bench) -> Iterator[None]:
    """The académie's proxy is killed for a while."""
    there = str(bench.state["world"]["academie"]["namespace"])
    argv: list[str] = []
    for pid in kernel.processes([there]):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")[:-1]
        if words and words[0].endswith("squid"):
            argv = argv or words
            os.kill(pid, signal.SIGKILL)
    try:
        yield
    finally:
        academie = bench.fleet.operator.academie.proxy
        start(there, argv, Path(bench.state["world"]["academie"]["proxy_log"]).parent / "again.out")
        until = time.monotonic() + PATIENCE_S
        while not web.open_ways(CORE, [(TCP, str(academie.address), academie.port)]) and time.monotonic() < until:
            time.sleep(0.2)


def wrong_without_parent(one: Class, bench: Bench, ground: Ground) -> str:
    """What is wrong while the parent is down; empty when a client gets 503, or 502, and nothing leaves for the web."""
    status, left = _without_parent(one, bench, ground)
    return "" if status in {502, 503} and not left else f"status {status}, to the web went {sorted(map(str, left))[:3]}"


def _without_parent(one: Class, bench: Bench, ground: Ground) -> tuple[int, set[Heard]]:
    with Listener(ground.spots[f"{one.intent.name}:uplink"]) as heard:
        answer = web.get(one.namespace, proxy_of(one, bench), f"http://page-{time.time_ns()}.example.org/")
        time.sleep(0.3)
    academie = bench.fleet.operator.academie
    known = {academie.proxy.address, *academie.resolvers, *one.intent.resolvers}
    return web.status_of(answer), {
        found for found in heard if found.port in (80, 443, 53) and found.destination not in known
    }


# ---- the PAC file ------------------------------------------------------------------------------------------------


def wanted_pac(one: Class) -> str:
    """The address that the lease of a class is to name; empty for none."""
    return next((scope.pac_url or "" for scope in one.intent.dhcp if scope.gateway == one.segment.ipv4.ip), "")


def announced(one: Class, ground: Ground) -> str:
    """The address of the PAC file in the lease that a new computer is offered."""
    return web.offered(ground.spots[one.name]).get(web.WPAD, b"").decode("ascii", errors="replace").rstrip("\0")


def wrong_with_lease(one: Class, ground: Ground) -> str:
    """What is wrong with the PAC file that a lease names; empty for nothing."""
    url, wanted = announced(one, ground), wanted_pac(one)
    return wrong_with_pac(one, url) if url == wanted else f"announced is {url!r}, not {wanted!r}"


def wrong_with_pac(one: Class, url: str) -> str:
    """What is wrong with a PAC file, fetched from the client and run; empty for nothing."""
    host = urlsplit(url).hostname or ""
    at = host if host.replace(".", "").isdecimal() else str(web.resolve(one.namespace, one.gateway, host) or "")
    answer = web.get(one.namespace, (at, 80), url, is_proxy=False) if at else ""
    if web.status_of(answer) != 200:
        return f"{url} at {at or 'no address'}: {answer[:80]!r}"
    text = answer.partition("\r\n\r\n")[2]
    found = _run(text, _urls(one.intent))
    direct = {asked for asked, said in found.items() if "DIRECT" in said}
    wanted = {asked for asked in found if _is_beside(asked, one.intent)}
    if direct != wanted:
        return f"DIRECT for {sorted(direct - wanted)}, not for {sorted(wanted - direct)}"
    return "" if any("PROXY" in said for said in found.values()) else "names no proxy"


def _run(text: str, urls: Sequence[str]) -> dict[str, str]:
    names = dict.fromkeys(("www.example.org", "dns.example.org", "10.0.0.1.evil.example"), "198.51.100.200")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "proxy.pac"
        path.write_text(text, encoding="utf-8")
        return browser.answers(path, names, urls)


def _urls(intent: SiteIntent) -> list[str]:
    """The corpus, and the edges of whatever the intent lets browsers reach beside the proxy."""
    lines = URLS.read_text(encoding="utf-8").splitlines()
    found = [line for line in lines if line and not line.startswith("#")]
    pac = intent.web.pac
    for prefix in (*pac.direct, *pac.inside) if pac else ():
        if prefix.version == 4:
            found += [f"http://{edge}/" for edge in (prefix[0] - 1, prefix[0], prefix[-1], prefix[-1] + 1)]
    return list(dict.fromkeys(found))


def _is_beside(url: str, intent: SiteIntent) -> bool:
    """Whether the intent lets browsers reach an address without the proxy: a dated bypass, or the inside."""
    host, pac = urlsplit(url).hostname or "", intent.web.pac
    if pac is None or not host.replace(".", "").isdecimal():
        return False
    address = IPv4Address(host)
    return any(address in ip_network(one) for one in (*pac.direct, *pac.inside) if one.version == 4)
