"""The PAC file of an appliance, run by a JavaScript engine as a browser runs it."""

import re
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from lisiere.model.intent import Port, SiteIntent
from tests.render.debian import browser, programs
from tests.render.debian.files import files_of, intents, text_of
from tests.render.debian.held import Packet
from tests.render.debian.wanted import NOON, Wanted
from tests.render.fleet import HALL, LOCAL, NAMES, PAC, PARENT, SEAT, SITES, TUNNEL

NAMES_OF = {
    "exams.example.fr": "203.0.113.99",
    "near.example.fr": "203.0.113.98",
    "www.example.fr": "198.51.100.80",
    "203.0.113.99.evil.example": "198.51.100.66",
    "localhost": "127.0.0.1",
    "intranet": "10.16.8.5",
    "rebound.example": "10.16.8.5",
    "printer": "10.16.24.9",
    "neighbour.example": "10.52.0.80",
}
URLS = [
    f"{scheme}://{host}{port}{path}"
    for host in (
        *NAMES_OF,
        "unknown.example.fr",
        "203.0.113.99",
        "203.0.113.100",
        *(f"10.16.{number}.5" for number in range(112)),
        "10.200.0.53",
        "192.168.1.1",
        "172.16.0.1",
        "198.51.100.1",
        "127.0.0.1",
        "[2001:db8::1]",
    )
    for scheme, port in (("http", ""), ("https", ""), ("http", ":8080"), ("ftp", ""), ("ws", ""))
    for path in ("/", "/?u=http://203.0.113.99/", "/exams.example.fr")
]


def answers(site: str, folder: Path) -> dict[str, str]:
    """What the file of a site answers to every URL."""
    programs.need("node")
    path = folder / "proxy.pac"
    path.write_text(files_of(text_of(site))["web/proxy.pac"])
    return browser.answers(path, NAMES_OF, URLS)


def reached(intent: SiteIntent, address: IPv4Address) -> bool:
    """Whether users are on the segment of an address, or the intent's rules let them reach it inside."""
    wanted = Wanted(intent)
    users = {name: zone for name, zone in wanted.zone_of.items() if zone in intent.web.zones}
    ways = {name: [one.ipv4.network] for name, one in wanted.interface_of.items() if one.port is Port.LAN}
    if any(address in network for name in users for network in ways[name]):
        return True
    remote = [prefix for tunnel in intent.tunnels for prefix in tunnel.remote_prefixes]
    ways["ipsec0"] = [one for one in remote if isinstance(one, IPv4Network)]
    return any(
        wanted.verdict(Packet("forward", came, leaves, source, address, "tcp", port, NOON)) == "accept"
        for leaves, networks in ways.items()
        if any(address in one for one in networks)
        for came in users
        for source in (wanted.interface_of[came].ipv4.ip + 9,)
        for port in (80, 443, 8080)
    )


@pytest.mark.parametrize("site", [PARENT, NAMES, LOCAL, HALL, SEAT])
def test_only_the_dated_bypasses_and_the_inside_are_direct(site: str, tmp_path: Path) -> None:
    """DIRECT is the answer for what resolves into them, and never the last resort of another answer."""
    intent = intents()[site]
    pac = intent.web.pac
    assert pac is not None
    found = answers(site, tmp_path)
    proxies = "; ".join(f"PROXY {address}:{pac.port}" for address in pac.proxies)
    bypassed = {"exams.example.fr", "203.0.113.99"} if site == PARENT else set[str]()
    direct = set()
    for url in URLS:
        host = urlsplit(url).hostname or ""
        text = NAMES_OF.get(host, host)
        is_inside = re.fullmatch(r"[0-9.]+", text) is not None and reached(intent, IPv4Address(text))
        direct |= {url} if host in bypassed or is_inside else set()
    assert {url for url, answer in found.items() if answer == "DIRECT"} == direct
    assert {answer for url, answer in found.items() if url not in direct} == {proxies}
    assert direct
    assert bool(pac.direct) == (site == PARENT)


def test_an_intranet_over_a_tunnel_is_not_asked_of_the_proxy(tmp_path: Path) -> None:
    """A town hall reaches its seat by the overlay, by name or address; a school, which has no rule, does not."""
    hall, school = answers(HALL, tmp_path), answers(PARENT, tmp_path)
    for url in ("http://intranet/", "https://10.16.8.5/", "http://rebound.example/"):
        assert hall[url] == "DIRECT"
        assert school[url].startswith("PROXY ")


def test_nothing_of_the_internet_is_inside() -> None:
    """Whatever is reached beside the proxy without a date is of the fleet, of a partner, or the site's own."""
    for intent in intents().values():
        if intent.web.pac is not None:
            ours = [one for one in intent.unreachable if isinstance(one, IPv4Network)]
            assert intent.web.pac.inside
            assert all(any(one.subnet_of(other) for other in ours) for one in intent.web.pac.inside), intent.name


@pytest.mark.parametrize("site", SITES)
def test_browsers_are_told_of_one_file(site: str) -> None:
    """The lease names the appliance's own file where there is one, else the académie's; the firewall lets both pass."""
    intent, files = intents()[site], files_of(text_of(site))
    assert ("web/proxy.pac" in files) == (intent.web.proxy is not None)
    urls = [line.rpartition(",")[2] for line in files["dnsmasq/dnsmasq.conf"].splitlines() if ",252," in line]
    browsing = [scope for scope in intent.dhcp if scope.pac_url]
    assert urls == [scope.pac_url for scope in browsing]
    if intent.web.pac is not None:
        assert {url.split("/")[2] for url in urls} <= {str(address) for address in intent.web.proxy.listen}  # type: ignore[union-attr]
        assert 'accept comment "108160 web-access pac-in, flow web-access"' in files["nftables.conf"]
    elif site in {PAC, TUNNEL}:
        assert set(urls) == {intent.web.pac_url}
