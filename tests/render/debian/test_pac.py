"""The PAC file of an appliance, run by a JavaScript engine as a browser runs it."""

import json
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from tests.render.debian import programs
from tests.render.debian.files import files_of, intents, text_of
from tests.render.fleet import HALL, LOCAL, NAMES, PAC, PARENT, SITES, TUNNEL

# What a browser brings along (the definitions of Netscape's 1996 paper, kept in all engines), then the questions.
BROWSER = """
const names = JSON.parse(process.argv[2]), questions = JSON.parse(process.argv[3]);
const number = (text) => text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
global.dnsResolve = (host) => /^[0-9.]+$/.test(host) ? host : (names[host] ?? null);
global.isInNet = (host, net, mask) => {
  const address = global.dnsResolve(host);
  return address !== null && ((number(address) & number(mask)) >>> 0) === ((number(net) & number(mask)) >>> 0);
};
require("vm").runInThisContext(require("fs").readFileSync(process.argv[1], "utf8"), "proxy.pac");
console.log(JSON.stringify(questions.map((url) => {
  const host = new URL(url).hostname;
  return FindProxyForURL(url, host);
})));
"""
NAMES_OF = {
    "exams.example.fr": "203.0.113.99",
    "near.example.fr": "203.0.113.98",
    "www.example.fr": "198.51.100.80",
    "203.0.113.99.evil.example": "198.51.100.66",
    "localhost": "127.0.0.1",
    "intranet": "10.16.8.5",
}
URLS = [
    f"{scheme}://{host}{port}{path}"
    for host in (
        *NAMES_OF,
        "unknown.example.fr",
        "203.0.113.99",
        "203.0.113.100",
        "10.16.8.5",
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
    done = programs.run("node", "-e", BROWSER, path, json.dumps(NAMES_OF), json.dumps(URLS))
    assert done.returncode == 0, done.stdout
    return dict(zip(URLS, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("site", [PARENT, NAMES, LOCAL, HALL])
def test_only_the_dated_bypasses_are_direct(site: str, tmp_path: Path) -> None:
    """DIRECT is the answer for what resolves into the list, and never the last resort of another answer."""
    pac = intents()[site].web.pac
    assert pac is not None
    direct = [prefix for prefix in pac.direct if isinstance(prefix, IPv4Network)]
    found = answers(site, tmp_path)
    proxies = "; ".join(f"PROXY {address}:{pac.port}" for address in pac.proxies)
    hosts = {"exams.example.fr", "203.0.113.99"} if direct else set[str]()
    assert {url: answer for url, answer in found.items() if answer != proxies} == {
        url: "DIRECT" for url in URLS if url.split("/")[2].split(":")[0] in hosts
    }
    assert bool(direct) == (site == PARENT)


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
