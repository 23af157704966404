"""The proxy: parsed, and asked where its requests go."""

import contextlib
import re
import secrets
import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from lisiere.drivers.debian.device.complaints import complaints
from lisiere.drivers.debian.device.places import ENVIRONMENT, RUN
from lisiere.drivers.debian.device.programs import listeners, run, wait_until
from lisiere.drivers.debian.device.refusals import Problem


def check_squid(folder: Path, text: str) -> Iterator[Problem]:
    """Let it be parsed, and hold every word against it that is not about its progress."""
    fine = r"\| (?:Processing|Startup: |Initializing |Initialized )"
    said = run("/usr/sbin/squid", "-k", "parse", "-f", str(folder / "squid/squid.conf"))
    found = list(complaints("squid/squid.conf", said, fine=fine, text=text))
    read = re.findall(r"\| Processing: (.*)", said.text)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    meant = [(number, line) for number, line in enumerate(lines, start=1) if line and not line.startswith("#")]
    yield from found
    if not found and [line for _, line in meant] != [" ".join(line.split()) for line in read]:
        yield Problem("squid/squid.conf", 0, "squid read other lines than the file holds")
    if not found and not any(line.startswith("http_port ") for _, line in meant):
        yield Problem("squid/squid.conf", 0, "it has no http_port: squid would open one to everybody")
    yield from () if found else check_squid_effect(meant)


PROBE_PORT, ELSEWHERE = 65001, "192.0.2.1"


def check_squid_effect(meant: Sequence[tuple[int, str]]) -> Iterator[Problem]:
    """Start a squid with the file in the empty network, stand in for its parents and for the Internet, and ask.

    Its own dump of its settings kills it (5.7), so what it does has to tell: where a request goes, and that it goes
    nowhere when the parents are gone, if the file forbids the direct way.
    """
    lines = [
        line for _, line in meant if not line.startswith(("pid_filename ", "cache_log ", "access_log ", "cache_dir "))
    ]
    parents = [
        (words[1], int(words[3]))
        for words in map(str.split, lines)
        if words[0] == "cache_peer" and words[2] == "parent"
    ]
    parents = [place for place in parents if re.fullmatch(r"[0-9a-f.:]+", place[0])]
    is_closed = "never_direct allow all" in lines
    own = [
        "pid_filename /run/lisiere/squid-check.pid",
        "cache_log stdio:/run/lisiere/squid-check.log",
        "access_log none",
    ]
    own += [
        f"http_port 127.0.0.1:{PROBE_PORT}",
        f"acl lisiere_probe localport {PROBE_PORT}",
        "http_access allow lisiere_probe",
    ]
    conf = RUN / "squid.conf"
    conf.write_text("\n".join([*own, *lines, ""]), encoding="utf-8")
    stands = [StandIn(place) for place in [*parents, (ELSEWHERE, 80)]]
    with subprocess.Popen(
        ["/usr/sbin/squid", "-N", "-f", str(conf)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, env=ENVIRONMENT,
    ) as daemon:  # fmt: skip
        try:
            if not wait_until(lambda: PROBE_PORT in listeners() or daemon.poll() is not None, 10.0) or daemon.poll():
                yield Problem("squid/squid.conf", 0, "squid does not start with it")
                return
            *upstream, internet = stands
            _request()
            if upstream and is_closed and not any(one.visits for one in upstream):
                yield Problem("squid/squid.conf", 0, "a request does not go to any parent, though it has to")
            if not upstream and not is_closed and not internet.visits:
                yield Problem("squid/squid.conf", 0, "a request does not go anywhere, though nothing forbids it")
            for one in upstream:
                one.leave()
            _request()
            if is_closed and internet.visits:
                yield Problem("squid/squid.conf", 0, "a request goes to the Internet directly, though it must not")
        finally:
            daemon.kill()
            for one in stands:
                one.leave()


class StandIn:
    """Somebody whom squid may turn to: counts who comes, and gives an empty answer."""

    def __init__(self, place: tuple[str, int]) -> None:
        run("/usr/sbin/ip", "address", "replace", place[0], "dev", "lo", *(["nodad"] if ":" in place[0] else []))
        self.visits = 0
        family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
        self._socket = socket.create_server(place, family=family)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                link, _ = self._socket.accept()
                self.visits += 1
                with link:
                    link.recv(65536)
                    link.sendall(b"HTTP/1.0 204 No Content\r\nCache-Control: no-store\r\n\r\n")

    def leave(self) -> None:
        """Be there no longer."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def _request() -> None:
    """Ask for a page of somebody far away, and read whatever comes."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", PROBE_PORT), 5.0) as link:
        link.settimeout(15.0)
        link.sendall(f"GET http://{ELSEWHERE}/{secrets.token_hex(4)} HTTP/1.0\r\n\r\n".encode())
        while link.recv(65536):
            pass
