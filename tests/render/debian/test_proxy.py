"""The proxy of an appliance: what its file says, and what a real Squid does by it in a network of its own."""

import json
import re
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from tests.render.debian import programs
from tests.render.debian.files import files_of, intents, text_of, unpack
from tests.render.fleet import HALL, LOCAL, NAMES, PARENT


@pytest.mark.parametrize("site", [PARENT, HALL])
def test_a_proxy_with_a_parent_asks_nobody_else(site: str) -> None:
    """The lines that keep it from going direct are there once, spelt as Squid spells them, before who is let in."""
    lines = files_of(text_of(site))["squid/squid.conf"].splitlines()
    assert lines.count("never_direct allow all") == 1
    assert not [line for line in lines if line.startswith(("always_direct", "prefer_direct", "nonhierarchical"))]
    assert next(line for line in lines if line.startswith("cache_peer ")).split()[2] == "parent"
    access = [line for line in lines if line.startswith("http_access ")]
    assert access[-2:] == ["http_access allow users", "http_access deny all"]
    assert access.index("http_access deny !users") < next(i for i, line in enumerate(access) if " allow " in line)


def test_a_proxy_without_a_parent_refuses_addresses() -> None:
    """Who names an address asks no resolver that filters: such a request is refused (before any category)."""
    access = [
        line for line in files_of(text_of(NAMES))["squid/squid.conf"].splitlines() if line.startswith("http_access ")
    ]
    assert access.index("http_access deny addresses") < access.index("http_access deny category-adult")
    assert access.index("http_access allow allowed_names") < access.index("http_access deny addresses")


@pytest.mark.parametrize("site", [NAMES, LOCAL])
def test_the_inside_is_refused_before_anything_is_allowed(site: str) -> None:
    """Also a name that is always let through: whoever holds it says what it resolves to."""
    lines = files_of(text_of(site))["squid/squid.conf"].splitlines()
    access = [line for line in lines if line.startswith("http_access ")]
    first = next(i for i, line in enumerate(access) if " allow " in line)
    assert access[0] == "http_access deny manager"
    assert access.index("http_access deny inside") < first
    inside = [ip_network(line.split()[-1]) for line in lines if line.startswith("acl inside dst ")]
    intent = intents()[site]
    own = [ip for one in intent.interfaces for ip in (one.ipv4.ip, one.ipv6.ip)]
    core = ["10.52.0.80", "172.31.255.1", "192.168.1.1", "100.127.0.1", "169.254.169.254", "127.0.0.53", "0.0.0.0"]  # noqa: S104
    for address in [*own, *map(ip_address, [*core, "::1", "::", "fd00::1", "fe80::1", "ff02::1"])]:
        assert any(address in one for one in inside if one.version == address.version), address
    for outside in map(ip_address, ["198.51.100.80", "11.0.0.1", "100.128.0.1", "172.32.0.1", "2001:db8:5555::1"]):
        assert not any(outside in one for one in inside if one.version == outside.version), outside


@pytest.mark.parametrize("site", [PARENT, HALL])
def test_a_proxy_with_a_parent_resolves_nothing(site: str) -> None:
    """No list of addresses by destination: it would have to ask for every name, and has nobody to ask."""
    lines = files_of(text_of(site))["squid/squid.conf"].splitlines()
    acls = [line.split() for line in lines if line.startswith("acl ")]
    assert {words[2] for words in acls} <= {"src", "method", "port", "dstdomain", "dstdom_regex"}
    assert all(words[3] == "-n" for words in acls if words[2].startswith("dstdom"))
    assert "inside" not in " ".join(lines)
    assert "http_access deny manager" in lines


@pytest.mark.parametrize("site", [HALL, NAMES])
def test_a_proxy_has_descriptors_for_a_whole_school(site: str) -> None:
    """Each request takes one on either side; the stock limit of 1024 ends at some tens of browsers."""
    assert "max_filedescriptors 16384" in files_of(text_of(site))["squid/squid.conf"].splitlines()


INSIDE, OUTSIDE = "10.52.0.80", "203.0.113.80"
ASK = """
import http.server, json, socket, sys, threading, time
proxy, user, urls = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
seen = []
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        seen.append(dict(self.headers)); self.send_response(200); self.end_headers(); self.wfile.write(b"core")
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("0.0.0.0", 80), Page)
threading.Thread(target=server.serve_forever, daemon=True).start()
def ask(url):
    for _ in range(200):
        try:
            link = socket.create_connection((proxy, 3128), 20, source_address=(user, 0))
        except ConnectionRefusedError:
            time.sleep(0.05); continue
        link.sendall(f"GET {url} HTTP/1.0\\r\\n\\r\\n".encode())
        return int(link.recv(65536).split()[1])
print(json.dumps([[ask(url) for url in urls], seen]))
"""


def served(site: str, folder: Path, urls: list[str]) -> tuple[list[int], list[dict[str, str]]]:
    """What a Squid with the file of a site answers to a user, and with which headers it came to the servers."""
    programs.need("squid", "dnsmasq", "ip")
    place, intent = unpack(text_of(site), folder / site), intents()[site]
    (place / "squid/lists/allowed-names").write_text(".allowed.example\n")
    conf = place / "squid/squid.conf"
    drop = r"(?m)^(?:dns_nameservers|access_log|cache_log|pid_filename|visible_hostname) .*\n"
    kept = re.sub(drop, "", conf.read_text())
    own = (
        f"visible_hostname proxy.example\ndns_nameservers 127.0.0.1\naccess_log none\n"
        f"cache_log stdio:{folder}/cache.log\npid_filename {folder}/squid.pid\n"
    )
    conf.write_text(own + kept)
    segment = next(one for one in intent.interfaces if one.zone in intent.web.zones)
    user = segment.ipv4.ip + 77
    names = {"rebound.example": INSIDE, "core.allowed.example": INSIDE, "www.example": OUTSIDE}
    answers = " ".join(f"--address=/{name}/{address}" for name, address in names.items())
    addresses = [INSIDE, OUTSIDE, user, *(one.ipv4.ip for one in intent.interfaces)]
    resolver = (
        "dnsmasq --no-daemon --conf-file=/dev/null --no-hosts --no-resolv --user=root --listen-address=127.0.0.1 "
        f"--bind-interfaces --pid-file={folder}/dns.pid {answers} >{folder}/dns.log 2>&1 & dns=$!"
    )
    done = programs.run(
        "unshare", "-n", "sh", "-ec",
        "\n".join((
            "ip link set lo up",
            *(f"ip address replace {address}/32 dev lo" for address in addresses),
            resolver,
            f"squid -NYC -f {conf} >{folder}/squid.log 2>&1 & squid=$!",
            "trap 'kill -9 $dns $squid' EXIT",
            'python3 -c "$0" "$1" "$2" "$3"',
        )),
        ASK, str(segment.ipv4.ip), str(user), json.dumps(urls),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    codes, headers = json.loads(done.stdout.splitlines()[-1])
    return codes, headers


def test_a_name_of_the_outside_leads_to_no_address_of_the_inside(tmp_path: Path) -> None:
    """A real Squid refuses what resolves to the core, allowed names too, and its own state."""
    own = intents()[LOCAL].interfaces[1].ipv4.ip
    refused = [
        "http://rebound.example/",
        "http://core.allowed.example/",
        f"http://{INSIDE}/",
        f"http://{own}/proxy.pac",
        "http://www.example/squid-internal-mgr/menu",
        "cache_object://www.example/info",
    ]
    codes, headers = served(LOCAL, tmp_path, ["http://www.example/", *refused])
    assert codes == [200, *[403] * len(refused)]
    assert len(headers) == 1
    assert not {"Via", "X-Forwarded-For"} & headers[0].keys()
