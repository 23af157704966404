"""Every program of a Debian appliance accepts its file, and means by it what the intent says."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from lisiere.model.intent import SiteIntent
from lisiere.model.words import Action
from tests.render.debian import programs
from tests.render.debian.authority import pem_of
from tests.render.debian.files import files_of, intents, text_of, unpack
from tests.render.fleet import HALL, LIBRARY, LOCAL, LONE_HALL, PARENT, SEAT, SITES, TECHNICAL

Ask = Callable[[Path], str]
QUESTIONS: dict[str, Ask] = {
    "nft": programs.nft,
    "dnsmasq": programs.dnsmasq,
    "chronyd": programs.chronyd,
    "rsyslogd": programs.rsyslogd,
    "sshd": programs.sshd,
}


@pytest.mark.parametrize("site", SITES)
def test_every_program_accepts_its_file(site: str, tmp_path: Path) -> None:
    """Nothing is refused, and nothing is complained of either."""
    programs.need(*QUESTIONS, "squid")
    folder = unpack(text_of(site), tmp_path / site)
    said = {name: ask(folder) for name, ask in QUESTIONS.items()}
    if (folder / "squid").exists():
        said["squid"] = programs.squid(folder)
    assert {name: words for name, words in said.items() if words} == {}


@pytest.mark.parametrize(
    ("program", "path", "good", "bad"),
    [
        ("nft", "nftables.conf", "policy drop", "policy dorp"),
        ("nft", "nftables.conf", "goto admin-self-ipv4", "goto admin-shelf-ipv4"),
        ("squid", "squid/squid.conf", "never_direct allow all", "never_direct alow all"),
        ("squid", "squid/squid.conf", "no-digest", "no-digestion"),
        ("squid", "squid/squid.conf", "http_access deny all", "http_access deny everybody"),
        ("dnsmasq", "dnsmasq/dnsmasq.conf", "dhcp-authoritative", "dhcp-authoritarian"),
        ("chronyd", "chrony/chrony.conf", "makestep 1 3", "makestep often"),
        ("rsyslogd", "rsyslog/rsyslog.conf", 'type="omfwd"', 'type="omforward"'),
        ("sshd", "ssh/sshd_config", "PermitRootLogin no", "PermitRootLogin nope"),
    ],
)
def test_a_program_notices_a_slip(program: str, path: str, good: str, bad: str, tmp_path: Path) -> None:
    """What is asked would be heard: each of these slips is complained of, also where the exit status is 0."""
    programs.need(program)
    ask = {**QUESTIONS, "squid": programs.squid}[program]
    folder = unpack(text_of(PARENT), tmp_path / PARENT)
    assert ask(folder) == ""
    file = folder / path
    text = file.read_text()
    assert good in text
    file.write_text(text.replace(good, bad, 1))
    assert ask(folder) != ""


@pytest.mark.parametrize("site", [SEAT, HALL, PARENT, TECHNICAL])
def test_the_kernel_holds_every_rule_and_drops_the_rest(site: str, tmp_path: Path) -> None:
    """Read back from the kernel: as many rules in each chain as the intent has, in order, and three ways that drop."""
    programs.need("nft")
    held = programs.loaded(unpack(text_of(site), tmp_path / site))
    assert set(re.findall(r"hook (input|output|forward) priority filter; policy (\w+);", held)) == {
        (hook, "drop") for hook in ("input", "output", "forward")
    }
    chains = dict(re.findall(r"\tchain (\S+) \{\n(.*?)\n\t\}", held, re.DOTALL))
    for rule_set in intents()[site].rule_sets:
        body = chains[f"{rule_set.from_zone}-{rule_set.to_zone}-{rule_set.family}"].splitlines()
        found = [re.search(r' (accept|drop) comment "(\d+) ', line) for line in body[:-2]]
        verdicts = [(match[1], int(match[2])) for match in found if match]
        words = {Action.ALLOW: "accept", Action.DENY: "drop"}
        assert verdicts == [(words[rule.action], rule.number) for rule in rule_set.rules]
        assert re.fullmatch(r"\s*counter( packets \d+ bytes \d+)? drop", body[-1])
        assert "log prefix" in body[-2]


@pytest.mark.parametrize("site", [SEAT, HALL, PARENT])
def test_no_flood_fills_the_log(site: str, tmp_path: Path) -> None:
    """Before a drop a few packets in a second are logged, by a rule of their own; the drop itself knows no limit."""
    programs.need("nft")
    lines = [line.strip() for line in programs.loaded(unpack(text_of(site), tmp_path / site)).splitlines()]
    logged = [place for place, line in enumerate(lines) if " log prefix " in f" {line}"]
    assert logged
    for place in logged:
        if " accept" in lines[place]:
            continue
        asks, _, says = lines[place].partition("limit rate 10/second burst 20 packets log prefix ")
        assert says.endswith(' drop: "'), lines[place]
        assert re.sub(r' comment ".*"$', "", lines[place + 1]) == f"{asks}counter drop"


@pytest.mark.parametrize("site", [HALL, LOCAL, TECHNICAL])
def test_no_log_grows_on_the_appliance(site: str) -> None:
    """Everything goes to the collectors, what waits for one is bounded, and web access is in no local file."""
    files = files_of(text_of(site))
    actions = re.findall(r"action\((.*?)\)", files["rsyslog/rsyslog.conf"], re.DOTALL)
    assert len(actions) == len(intents()[site].collectors)
    assert all('type="omfwd"' in one and re.search(r'queue\.maxDiskSpace="\d+m"', one) for one in actions)
    access = [line for line in files.get("squid/squid.conf", "").splitlines() if line.startswith("access_log ")]
    assert access == (["access_log syslog:local5.info logformat=squid"] if "squid/squid.conf" in files else [])


def test_an_hour_of_the_day_is_kept(tmp_path: Path) -> None:
    """A window over midnight is two spans, which the kernel holds as they were written."""
    programs.need("nft")
    held = programs.loaded(unpack(text_of(HALL), tmp_path / HALL))
    assert set(re.findall(r'meta hour "([0-9:]+)"-"([0-9:]+)"', held)) == {("22:00", "23:59:59"), ("00:00", "05:00")}


@pytest.mark.parametrize("site", [SEAT, HALL, PARENT])
def test_the_kernel_holds_every_address_and_route(site: str, tmp_path: Path) -> None:
    """What is read back over netlink is what the intent says, and nothing leads where no tunnel leads."""
    programs.need("ip")
    intent = intents()[site]
    folder = unpack(text_of(site), tmp_path / site) / "network"
    devices = _devices(folder)
    batches = [f"ip -batch {shlex.quote(str(folder / name))}" for name in ("addresses.batch", "routes.batch")]
    settings = f"sysctl -q -p {shlex.quote(str(folder / 'sysctl.conf'))}"
    done = programs.in_network(devices, *batches, settings, "ip -j address", "ip -j route", "ip -6 -j route")
    assert done.returncode == 0, done.stdout
    addresses, *routes = (json.loads(line) for line in done.stdout.splitlines() if line.startswith("["))
    held = {
        f"{one['local']}/{one['prefixlen']}"
        for link in addresses
        for one in link["addr_info"]
        if one["scope"] == "global"
    }
    assert held == {str(address) for one in intent.interfaces for address in (one.ipv4, one.ipv6)}
    static = [one for table in routes for one in table if one.get("protocol") == "static"]
    ends = {_prefix(one["dst"]) for one in static if one.get("type") == "unreachable"}
    assert ends == {_prefix(str(prefix)) for prefix in intent.unreachable}
    tunnels = {_prefix(one["dst"]) for one in static if one.get("dev") == "ipsec0"}
    assert tunnels == {_prefix(str(one.prefix)) for one in intent.tunnel_routes}
    assert sum("gateway" in one for one in static) == len(intent.gateways)


def _devices(folder: Path) -> list[str]:
    """The interfaces that a site's addresses and links speak of."""
    return sorted(set(re.findall(r" dev (\S+)", (folder / "addresses.batch").read_text())))


@pytest.mark.parametrize("site", [SEAT, PARENT])
def test_the_trunk_is_up_before_its_vlans(site: str, tmp_path: Path) -> None:
    """Nothing else brings the port up, and the kernel brings up no VLAN on a port that is down; it has no address."""
    programs.need("ip")
    folder = unpack(text_of(site), tmp_path / site) / "network"
    words = [line.split() for line in (folder / "addresses.batch").read_text().splitlines()]
    ups = [line[3] for line in words if line[:2] == ["link", "set"] and line[-1] == "up"]
    assert ups[0] == "trunk0"
    assert ups.index("wan0") < ups.index("mgmt0")
    batch = shlex.quote(str(folder / "addresses.batch"))
    done = programs.in_network(_devices(folder), f"ip -batch {batch}", "ip -j address show dev trunk0")
    assert done.returncode == 0, done.stdout
    (trunk,) = json.loads(done.stdout.splitlines()[-1])
    assert "UP" in trunk["flags"]
    assert [one for one in trunk["addr_info"] if one["scope"] == "global"] == []


def test_no_port_sends_redirects(tmp_path: Path) -> None:
    """The ports were there before the default was set: each is told by name, what comes later by the default."""
    programs.need("ip")
    settings = unpack(text_of(PARENT), tmp_path / PARENT) / "network" / "sysctl.conf"
    done = programs.in_network(
        ["wan0", "trunk0"],
        "echo 1 | tee /proc/sys/net/ipv4/conf/*/send_redirects >/dev/null",
        f"sysctl -q -p {shlex.quote(str(settings))}",
        "ip link add later type dummy || ip link add later type veth peer name far-later",
        "for name in wan0 trunk0 later; do cat /proc/sys/net/ipv4/conf/$name/send_redirects; done",
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.split()[-3:] == ["0", "0", "0"]


@pytest.mark.parametrize("site", [SEAT, PARENT, TECHNICAL])
def test_links_are_lines_of_ip(site: str, tmp_path: Path) -> None:
    """Whatever the kernel can make is made; where it lacks a kind of interface, that is all that is complained of."""
    programs.need("ip")
    batch = unpack(text_of(site), tmp_path / site) / "network" / "links.batch"
    done = programs.in_network(["wan0", "trunk0"], f"ip -force -batch {shlex.quote(str(batch))} || true")
    lines = [line for line in done.stdout.splitlines() if not line.startswith("Command failed ")]
    assert set(lines) <= {"Error: Unknown device type.", "RTNETLINK answers: Operation not supported"}
    parents = re.findall(r"^link add link (\S+) name (\S+) ", batch.read_text(), re.MULTILINE)
    assert {parent for parent, name in parents if name.startswith("lan-")} == {"trunk0"}


def _prefix(text: str) -> str:
    return text.removesuffix("/32") if ":" not in text else text.removesuffix("/128")


def test_the_uplink_is_shaped(tmp_path: Path) -> None:
    """The backup has a class of its own, no faster than its plan."""
    programs.need("ip", "tc")
    folder = unpack(text_of(HALL), tmp_path / HALL) / "network"
    done = programs.in_network(
        ["wan0"], f"tc -batch {shlex.quote(str(folder / 'shaping.batch'))}", "tc class show dev wan0"
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"class htb 1:10 .* rate 20Mbit ceil 20Mbit", done.stdout)
    assert re.search(r"class htb 1:20 .* rate 100Mbit", done.stdout)
    assert "meta priority set 1:10" in text_of(HALL)


@pytest.mark.parametrize("site", [SEAT, HALL, LIBRARY, LOCAL, LONE_HALL])
def test_the_ike_daemon_means_what_the_intent_says(site: str, tmp_path: Path) -> None:
    """Loaded into a throwaway daemon and listed: each tunnel is there, with its ends and selectors."""
    programs.need("swanctl", "charon-systemd")
    folder = unpack(text_of(site), tmp_path / site, value_of=pem_of)
    intent = intents()[site]
    with programs.charon(folder) as environment:
        loaded = programs.swanctl(environment, "--load-all", "--noprompt")
        listed = programs.swanctl(environment, "--list-conns")
    assert loaded.returncode == 0, loaded.stdout
    assert f"successfully loaded {len(intent.tunnels)} connections, 0 unloaded" in loaded.stdout
    secrets = re.findall(r"loaded (?:ike secret|certificate from|ECDSA key|private key)", loaded.stdout)
    assert len(secrets) >= len(intent.secrets())
    assert _connections(listed.stdout) == {one.name: _expected(one, intent) for one in intent.tunnels}


def _connections(listing: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for block in re.split(r"\n(?=\S)", listing.strip()):
        name = block.partition(":")[0]
        ids = re.findall(r"    id: (\S+)", block)
        ends = re.findall(r"  (local|remote): +(\S.*)", block)
        found[name] = {
            "addresses": f"{ends[0][1]} {ends[1][1]}",
            "ids": " ".join(ids),
            "local": " ".join(sorted(ends[2][1].split())),
            "remote": " ".join(sorted(ends[3][1].split())),
            "begins": "start" if "dpd action is start" in block else "waits",
            "life": re.findall(r"TUNNEL, rekeying every (\d+s)", block)[0],
        }
    return found


def _expected(tunnel: object, intent: SiteIntent) -> dict[str, str]:
    one = next(each for each in intent.tunnels if each is tunnel)
    return {
        "addresses": f"{one.local_address} {one.remote_address}",
        "ids": f"{one.local_identity} {one.remote_identity}",
        "local": " ".join(sorted(map(str, one.local_prefixes))),
        "remote": " ".join(sorted(map(str, one.remote_prefixes))),
        "begins": "start" if one.initiates else "waits",
        "life": f"{one.crypto.esp.lifetime_s * 9 // 10}s",
    }
