"""Real appliances with a core, clients and a world around them: packets go as the files say, and nothing stays."""

import fcntl
import os
import signal
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from pathlib import Path
from typing import Any

import pytest

from lab.errors import LabError
from lab.real import kernel, needs, territory
from lab.real.outfit import Outfit
from lab.real.site import Lan, Site, Wire
from lisiere import bundle
from lisiere.bundle import File
from lisiere.drivers.debian.bootstrap import SUDOERS, script
from lisiere.drivers.debian.driver import DebianDriver
from tests.drivers.contract import KEEPER

OPERATORS = ("198.51.100.240/28", "2001:db8:aaaa::/64")
FORWARD = """		ct state { established, related } accept
		iifname "lan-desk" oifname "wan0" tcp dport 80 accept
	}
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		oifname "wan0" masquerade
"""


def site(number: int) -> Site:
    """One site of the test, with addresses of its own."""

    def wire(device: str, net: int) -> Wire:
        first = 8 * number + net
        near = (IPv4Interface(f"192.0.2.{first + 1}/31"), IPv6Interface(f"2001:db8:{number}:{net}::2/64"))
        return Wire(device, near, (IPv4Address(f"192.0.2.{first}"), IPv6Address(f"2001:db8:{number}:{net}::1")))

    lan = Lan("lan-desk", (IPv4Interface(f"10.99.{number}.1/24"), IPv6Interface(f"fd99:{number}::1/64")))
    loopbacks = (IPv4Address(f"198.51.100.{number}"), IPv6Address(f"2001:db8:ffff::{number}"))
    return Site(f"80001-library-0{number}", loopbacks, wire("wan0", 0), wire("mgmt0", 2), (lan,))


SITES = [site(1), site(2)]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """A lab of two sites; there is one of its kind on a machine, so tests of several processes wait for each other."""
    if missing := needs.lacking():
        pytest.skip("; ".join(missing))
    with open("/run/lisiere-lab.lock", "w", encoding="ascii") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        releases = {one.name: "12" for one in SITES}
        state = territory.up(
            tmp_path, SITES, releases=releases, operators=OPERATORS, outfit_of=Outfit(script(), SUDOERS)
        )
        yield state | {"folder": tmp_path}
        territory.down(tmp_path)


def driver(lab: dict[str, Any], name: str) -> DebianDriver:
    """A driver for one of the appliances, not yet open."""
    found = lab["appliances"][name]
    options = {"key_file": lab["key_file"], "host_key": found["host_key"], "secrets": KEEPER, "name": name}
    return DebianDriver(found["hostname"], lab["username"], "", 20, optional_args=options)  # type: ignore[arg-type]


def ask(name: str, port: int) -> str:
    """What a client behind a site gets from somewhere in the world; "" when nothing."""
    there = territory.client(name, "lan-desk")
    argv = ("ip", "netns", "exec", there, "curl", "-s", "-m", "2", f"http://203.0.113.77:{port}/")
    try:
        return kernel.run(*argv)
    except LabError:
        return ""


def test_every_appliance_is_reached_as_the_operator_does(lab: dict[str, Any]) -> None:
    """Over its management link, with the host key that the lab tells."""
    assert territory.status() == {one.name: True for one in SITES}
    for one in SITES:
        with driver(lab, one.name) as opened:
            assert opened.get_facts()["hostname"] == one.name
            assert "effective/" not in opened.get_config(retrieve="running")["running"]


def test_packets_go_as_the_files_say(lab: dict[str, Any]) -> None:
    """Nothing passes an appliance on the bench; after a change, what the change allows passes and nothing else."""
    one = SITES[0]
    assert ask(one.name, 80) == ""
    with driver(lab, one.name) as opened:
        files = {file.path: file for file in bundle.parse(opened.get_config(retrieve="running")["running"])}
        rules = files["nftables.conf"].text.replace(
            "hook forward priority filter; policy drop;\n", f"hook forward priority filter; policy drop;\n{FORWARD}"
        )
        addresses = files["network/addresses.batch"].text + (
            f"address replace {one.uplink.near[0]} dev wan0\nlink set dev wan0 up\n"
            f"address replace {one.lans[0].gateway[0]} dev lan-desk\nlink set dev lan-desk up\n"
        )
        routes = (
            files["network/routes.batch"].text
            + f"route replace 0.0.0.0/0 via {one.uplink.far[0]} proto static metric 10\n"
        )
        changed = {"nftables.conf": rules, "network/addresses.batch": addresses, "network/routes.batch": routes}
        changed["network/sysctl.conf"] = files["network/sysctl.conf"].text.replace("ip_forward = 0", "ip_forward = 1")
        files |= {path: File(path, files[path].mode, text) for path, text in changed.items()}
        opened.load_replace_candidate(config=bundle.write(files.values()))
        opened.commit_config()
    assert ask(one.name, 80) == f"the world sees {one.uplink.near[0].ip}\n".replace("sees ", "sees ::ffff:")
    assert ask(one.name, 8080) == ""
    assert ask(SITES[1].name, 80) == ""


def test_a_second_lab_is_refused(lab: dict[str, Any], tmp_path: Path) -> None:
    """The first one goes on."""
    with pytest.raises(LabError, match="run here already"):
        territory.up(tmp_path, SITES, releases={}, operators=OPERATORS, outfit_of=Outfit(b"", ""))
    assert territory.status() == {one.name: True for one in SITES}


def test_nothing_stays_after_a_kill_of_everything(lab: dict[str, Any]) -> None:
    """Processes, namespaces, devices, files: by what the kernel shows."""
    for pid in kernel.processes(kernel.namespaces()):
        os.kill(pid, signal.SIGKILL)
    assert territory.down(lab["folder"]) > 0
    assert kernel.namespaces() == ()
    assert not kernel.has_device(territory.HERE)
    assert not territory.DISKS.exists()
    assert "lisiere" not in Path("/proc/self/mountinfo").read_text(encoding="utf-8").replace(str(Path.cwd()), "")
    assert territory.status() == {}
    assert not (lab["folder"] / "lab.json").exists()
