"""Real appliances with a core, clients and a world around them: packets go as the files say, and nothing stays."""

import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from pathlib import Path
from typing import Any

import pytest

from lab.errors import LabError
from lab.real import cabling, kernel, needs, territory
from lab.real.outfit import Outfit
from lab.real.places import CORE
from lab.real.site import Lan, Site, Wire
from lab.real.surroundings import Academie, Datacentre, Surroundings
from lab.real.world import client
from lisiere import bundle
from lisiere.bundle import File
from lisiere.drivers.debian.bootstrap import SUDOERS, script
from lisiere.drivers.debian.driver import DebianDriver
from tests.drivers.contract import KEEPER
from tests.lab.turn import turn

OPERATORS = ("198.51.100.240/28", "2001:db8:aaaa::/64")
AROUND = Surroundings(
    operators=OPERATORS,
    academie=Academie(("203.0.113.20", 3128), ("203.0.113.53", "2001:db8:ac00::53"), ("203.0.113.21",)),
    datacentre=Datacentre(
        proxy=("10.52.0.80", 3128),
        resolvers=("10.52.0.53", "2001:db8:bb::53"),
        time_servers=("198.51.100.245",),
        collectors=(("198.51.100.246", 514),),
        vaults=("10.52.8.0/28", "2001:db8:bb:8::/64"),
        vault_ports=(22,),
    ),
    names=(("pac.example", ("203.0.113.21",)),),
)
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

    lan = Lan("desk", (IPv4Interface(f"10.99.{number}.1/24"), IPv6Interface(f"fd99:{number}::1/64")))
    loopbacks = (IPv4Address(f"198.51.100.{number}"), IPv6Address(f"2001:db8:ffff::{number}"))
    return Site(f"80001-library-0{number}", loopbacks, wire("wan0", 0), wire("mgmt0", 2), (lan,))


SITES, LEFT = [site(1), site(2)], f"{kernel.PREFIX}left-behind"
QUESTION = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x04some\x07example\0\0\x01\0\x01"
LOGGER = "import socket; socket.create_connection(('198.51.100.246', 514), 10).sendall(b'<13>from the core\\n')"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A lab of two sites, where a namespace was left behind by a lab that was killed."""
    if missing := needs.lacking():
        pytest.skip("; ".join(missing))
    folder = tmp_path_factory.mktemp("lab")
    with turn(), pytest.MonkeyPatch.context() as patch:
        if territory.left_behind():
            territory.down(folder)
        before = kernel_settings()
        kernel.run("ip", "netns", "add", LEFT)
        assert territory.left_behind() == 1
        patch.setattr(cabling, "MANY", 1)
        releases = {one.name: "12" for one in SITES}
        state = territory.up(folder, SITES, releases=releases, around=AROUND, outfit_of=Outfit(script(), SUDOERS))
        yield state | {"folder": folder, "settings": before}
        territory.down(folder)


def kernel_settings() -> dict[str, str]:
    """How many neighbours the kernel has room for."""
    return {str(one): one.read_text(encoding="ascii") for one in Path("/proc/sys/net").glob("ipv?/neigh/default/gc_*3")}


def driver(lab: dict[str, Any], name: str) -> DebianDriver:
    """A driver for one of the appliances, not yet open."""
    found = lab["appliances"][name]
    options = {"key_file": lab["key_file"], "host_key": found["host_key"], "secrets": KEEPER, "name": name}
    return DebianDriver(found["hostname"], lab["username"], "", 20, optional_args=options)  # type: ignore[arg-type]


def ask(name: str, port: int) -> str:
    """What a client behind a site gets from somewhere in the world; "" when nothing."""
    there = client(name, "lan-desk")
    argv = ("ip", "netns", "exec", there, "curl", "-s", "-m", "2", f"http://203.0.113.77:{port}/")
    try:
        return kernel.run(*argv)
    except LabError:
        return ""


def wait_for(is_so: Callable[[], object], patience_s: float = 20.0) -> bool:
    """Wait until something is so; whether it came."""
    until = time.monotonic() + patience_s
    while not is_so():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


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
    assert ask(one.name, 80) == f"internet sees {one.uplink.near[0].ip}\n"
    assert ask(one.name, 8080) == ""
    assert ask(SITES[1].name, 80) == ""


def test_what_a_killed_lab_left_is_gone(lab: dict[str, Any]) -> None:
    """It keeps nobody from starting another one."""
    assert lab["appliances"]
    assert LEFT not in kernel.namespaces()
    assert territory.left_behind() == 0


def test_a_lab_is_started_by_one_command_at_a_time(lab: dict[str, Any], tmp_path: Path) -> None:
    """Namespaces that nobody lives in yet are no other command's to remove."""
    with territory.LOCK.open("w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(LabError, match="just starting"):
            territory.up(tmp_path, SITES, releases={}, around=AROUND, outfit_of=Outfit(b"", ""))
    assert territory.status() == dict.fromkeys(lab["appliances"], True)


def test_a_second_lab_is_refused(lab: dict[str, Any], tmp_path: Path) -> None:
    """The first one goes on."""
    with pytest.raises(LabError, match="run here already"):
        territory.up(tmp_path, SITES, releases={}, around=AROUND, outfit_of=Outfit(b"", ""))
    assert territory.status() == {one.name: True for one in SITES}


def at_the_core(*argv: str, data: str | None = None) -> str:
    """What a program says that stands among the operator's routers."""
    return kernel.run("ip", "netns", "exec", CORE, *argv, data=data, timeout_s=20)


SENDER = """import socket, sys
host, port, kind = sys.argv[1:4]
family = socket.AF_INET6 if ":" in host else socket.AF_INET
with socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM) as there:
    there.settimeout(10)
    there.connect((host, int(port)))
    there.sendall(sys.stdin.buffer.read())
    if kind == "tcp":
        there.shutdown(socket.SHUT_WR)
    print(there.recv(4096).hex())
"""


def say(host: str, port: int, words: bytes, *, kind: str = "tcp") -> bytes:
    """Say something to a port of the world, until there is no more; the answer."""
    argv = ("/usr/bin/python3", "-I", "-c", SENDER, host, str(port), kind)
    return bytes.fromhex(at_the_core(*argv, data=words.decode("latin-1")))


REPEATER = """import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
with socket.socket(family, socket.SOCK_DGRAM) as there:
    there.connect((sys.argv[1], 444))
    for _ in range(int(sys.argv[2])):
        there.settimeout(10 if _ < 8 else 1)
        there.send(b"again")
        try:
            print(there.recv(99).decode())
        except TimeoutError:
            print()
"""


def repeated(host: str, *, times: int) -> list[bytes]:
    """What comes back of the same datagram sent several times: two who echo each other come to an end."""
    said = at_the_core("/usr/bin/python3", "-I", "-c", REPEATER, host, str(times))
    return [line.encode() for line in said.splitlines()]


def test_the_world_is_made_of_real_parts(lab: dict[str, Any]) -> None:
    """Proxies and resolvers log what they are asked; the vault keeps, collectors write down, clocks tell the time."""
    world = lab["world"]
    academie, centre = world["academie"], world["datacentre"]
    for place in (academie, centre):
        page = at_the_core("curl", "-s", "-m", "20", "-x", place["proxy"], "http://somewhere.example/")
        assert page.removeprefix("internet sees ").strip() in place["proxy_seen_as"]
        assert "http://somewhere.example/" in Path(place["proxy_log"]).read_text(encoding="utf-8")
        assert "query[A] somewhere.example" in Path(place["dns_log"]).read_text(encoding="utf-8")
    assert f"PROXY {academie['proxy']}" in at_the_core("curl", "-s", "-m", "20", "http://203.0.113.21/proxy.pac")
    for vault in centre["vault"]:
        assert say(vault, 22, b"data").startswith(b"stored 4 bytes of ")
    assert [one.read_bytes() for one in Path(centre["stored"]).glob("backup-*")] == [b"data", b"data"]
    at_the_core("/usr/bin/python3", "-I", "-c", LOGGER)
    assert wait_for(lambda: "<13>from the core" in Path(centre["logs"]).read_text(encoding="utf-8"))
    moment = say("198.51.100.245", 123, b"\x23" + bytes(47), kind="udp")
    assert abs(int.from_bytes(moment[40:44], "big") - 2_208_988_800 - time.time()) < 60


def test_everybody_else_answers(lab: dict[str, Any]) -> None:
    """Any port of any address in the Internet, both protocols and families; a question for a name gets an answer."""
    for address in ("203.0.113.99", *lab["world"]["internet"]["addresses"]):
        assert b"internet sees " in say(address, 853, b"anything")
        assert say(address, 443, b"QUIC?", kind="udp") == b"QUIC?"
        assert repeated(address, times=9) == [b"again"] * 8 + [b""]
        at_the_core("ping", "-c", "1", "-W", "10", address)
        answer = say(address, 53, QUESTION, kind="udp")
        assert answer[:2] == QUESTION[:2]
        assert answer.endswith(IPv4Address(lab["world"]["internet"]["addresses"][0]).packed)


def test_clients_answer_too(lab: dict[str, Any]) -> None:
    """So that flows towards a site can be tried: each behind its segment, with its own name."""
    for one in SITES:
        (told,) = lab["world"]["clients"][one.name]
        assert (told["segment"], told["device"]) == ("desk", "lan-desk")
        rules = kernel.run("ip", "netns", "exec", told["namespace"], "nft", "list", "ruleset")
        assert "redirect to :7" in rules
        argv = ("curl", "-s", "-m", "20", "--interface", told["ipv4"], f"http://{told['ipv4']}:7/")
        page = kernel.run("ip", "netns", "exec", told["namespace"], *argv)
        assert page == f"at-{one.name}-lan-desk sees {told['ipv4']}\n"


def test_nothing_stays_after_a_kill_of_everything(lab: dict[str, Any]) -> None:
    """Processes, namespaces, devices, mounts, files: by what the kernel shows. The last test of this lab."""
    assert kernel_settings() != lab["settings"]
    for pid in kernel.processes(kernel.namespaces()):
        with suppress(ProcessLookupError):  # one may end by itself when what it works for does
            os.kill(pid, signal.SIGKILL)
    assert territory.down(lab["folder"]) > 0
    assert kernel.namespaces() == ()
    assert kernel_settings() == lab["settings"]
    assert not kernel.has_device(cabling.HERE)
    assert not territory.DISKS.exists()
    assert "lisiere" not in Path("/proc/self/mountinfo").read_text(encoding="utf-8").replace(str(Path.cwd()), "")
    assert territory.status() == {}
    assert not (lab["folder"] / "lab.json").exists()
