"""The device's script on a real appliance: what it refuses, what it notices, and how it goes back by itself."""

import json
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lisiere import bundle
from lisiere.bundle import File
from lisiere.drivers.debian import bootstrap
from lisiere.drivers.debian.transport import EdgeTransport
from tests.drivers.debian.appliance import RealDebian, fresh

HERE = Path(__file__).parent
CASES = yaml.safe_load((HERE / "refused/cases.yaml").read_text(encoding="utf-8"))
Answer = dict[str, Any]

SHAPING = """qdisc replace dev wan0 root handle 1: htb default 20
class replace dev wan0 parent 1: classid 1:1 htb rate 200mbit quantum 15140
class replace dev wan0 parent 1:1 classid 1:10 htb rate 40mbit ceil 40mbit quantum 15140
class replace dev wan0 parent 1:1 classid 1:20 htb rate 200mbit ceil 200mbit quantum 15140
"""


@pytest.fixture(scope="module")
def kept(prepared: tuple[RealDebian, Path]) -> Iterator[RealDebian]:
    """The same for tests that change nothing."""
    with fresh(*prepared) as one:
        yield one


def full(real: RealDebian) -> dict[str, File]:
    """A configuration in which every program has work."""
    files = {one.path: one for one in real.files()}
    for path in sorted((HERE / "full").rglob("*.*")):
        name = str(path.relative_to(HERE / "full"))
        text = path.read_text(encoding="utf-8").replace("secret:overlay/a--b", "hush-first-value")
        files[name] = File(name, "0600" if name.startswith("swanctl") else "0644", text)
    addresses = files["network/addresses.batch"].text
    addresses += "address replace 203.0.113.2/30 dev wan0\nlink set dev wan0 up\n"
    addresses += "address replace 10.1.10.1/24 dev lan-desk\nlink set dev lan-desk up\n"
    files["network/addresses.batch"] = File("network/addresses.batch", "0644", addresses)
    return files


def changed(files: dict[str, File], path: str, change: Callable[[str], str]) -> dict[str, File]:
    """A configuration with one file changed."""
    return files | {path: File(path, files[path].mode, change(files[path].text))}


def edge(real: RealDebian, *words: str, files: dict[str, File] | None = None) -> Answer:
    """What the script answers to who stands beside the appliance."""
    _, said = real.appliance.call("lisiere-edge", *words, data=bundle.write(files.values()) if files else None)
    answer: Answer = json.loads(said)
    return answer


def put(real: RealDebian, files: dict[str, File], revert_in_s: int = 0) -> Answer:
    """Stage and commit."""
    staged = edge(real, "stage", files=files)
    assert "error" not in staged, staged
    return edge(real, "commit", staged["generation"], str(revert_in_s))


def effective(real: RealDebian) -> dict[str, str]:
    """What the appliance says does not go by its files."""
    files = bundle.parse(edge(real, "read", "running")["running"])
    return {one.path.removeprefix("effective/"): one.text for one in files if one.path.startswith("effective/")}


def wait_until(is_so: Callable[[], object], patience_s: float = 20.0) -> None:
    """Wait until something is so."""
    until = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < until, "it does not come"
        time.sleep(0.05)


# ---- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_a_program_would_misread_is_refused(kept: RealDebian, case: dict[str, str]) -> None:
    """Before anything is switched; the file is named, and nothing of it stays on the disk."""
    before = kept.generations()
    files = full(kept)
    assert case["old"] in files[case["file"]].text
    answer = edge(
        kept, "preview", files=changed(files, case["file"], lambda text: text.replace(case["old"], case["new"], 1))
    )
    assert answer["error"] == "rejected", answer
    found = [
        one
        for one in answer["problems"]
        if one["file"] == case["file"] and re.search(case["reason"], f"{one['reason']} {one['text']}")
    ]
    assert found, answer["problems"]
    assert case.get("line", found[0]["text"]) in [one["text"] for one in found]
    assert kept.generations() == before


def test_the_whole_configuration_is_taken(kept: RealDebian) -> None:
    """Without this, the refusals above would say nothing."""
    answer = edge(kept, "preview", files=full(kept))
    assert "error" not in answer, answer


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no bundle\n",
        "@@ file ../../etc/passwd 0644\nroot\n",
        "@@ file /etc/passwd 0644\nroot\n",
        "@@ file effective/nftables.txt 0644\nx\n",
        "@@ file nftables.conf 4755\nflush ruleset\n",
        "@@ file nftables.conf 0600\nflush ruleset\n",
        "@@ file squid/lists/../../x 0644\nx\n",
        "@@ file ssh/authorized_keys/.x 0644\nx\n",
    ],
)
def test_what_is_no_bundle_is_refused(kept: RealDebian, text: str) -> None:
    """Paths are looked at again on the appliance, whoever sent them."""
    status, said = kept.appliance.call("lisiere-edge", "stage", data=text)
    assert status == 1
    assert json.loads(said)["error"] == "invalid"


@pytest.mark.parametrize(
    "words",
    [
        ["commit", "../../../etc", "0"],
        ["commit", "0123456789ab", "60"],
        ["drop", "../current"],
        ["commit", "0123456789ab", "99999"],
    ],
)
def test_what_is_no_generation_is_refused(kept: RealDebian, words: list[str]) -> None:
    """Nothing is looked for outside its folder."""
    assert edge(kept, *words)["error"] in ("unknown", "usage")


def test_the_account_may_run_the_script_and_nothing_else(kept: RealDebian) -> None:
    """Neither another program nor the script from another place; the script alone does nothing without sudo."""
    with_ssh = ["ssh", "-i", str(kept.key_file), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    for command, status in {
        "sudo -n /usr/local/sbin/lisiere-edge status": 0,
        "sudo -n /bin/sh -c id": 1,
        "sudo -n -u root cat /etc/shadow": 1,
        "/usr/local/sbin/lisiere-edge status": 2,
        "cat /etc/lisiere/current/nftables.conf": 1,
        "echo x >/usr/local/sbin/lisiere-edge": 2,
    }.items():
        done = subprocess.run([*with_ssh, f"lisiere@{kept.address}", command], capture_output=True, check=False)
        assert done.returncode == status, command


def test_a_script_that_is_not_the_shipped_one_is_noticed(real: RealDebian) -> None:
    """And replaced by installing it anew."""
    script = real.appliance.folder / "sbin/lisiere-edge"
    script.write_bytes(script.read_bytes() + b"# altered\n")
    with pytest.raises(Exception, match="another /usr/local/sbin/lisiere-edge"):
        real.driver().open()
    script.write_bytes(bootstrap.script())
    with real.driver() as driver:
        assert driver.is_alive()["is_alive"]


# ---- what is noticed -------------------------------------------------------------------------------------------------


def test_whatever_does_not_go_by_the_files_is_told(real: RealDebian) -> None:
    """By hand: a rule, an address, a route, a kernel setting, a connection, a program; the next commit mends all."""
    files = full(real)
    assert "error" not in put(real, files)
    assert effective(real) == {}
    tell = real.appliance.tell
    tell("nft", "add rule inet lisiere input tcp dport 23 accept")
    tell("ip", "address", "add", "10.66.0.1/24", "dev", "wan0")
    tell("ip", "route", "add", "10.77.0.0/16", "via", "10.1.10.9", "proto", "static")
    tell("sh", "-c", "echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter")
    tell("sh", "-c", "swanctl --load-conns --file /dev/null")
    tell("sh", "-c", "kill -9 $(cut -d' ' -f1 /run/lisiere/dnsmasq.pid)")
    found = effective(real)
    assert "adds: table inet lisiere / chain input: tcp dport 23 accept\n" in found["nftables.txt"]
    assert "adds: address wan0 10.66.0.1/24\n" in found["network.txt"]
    assert "adds: route 10.77.0.0/16 via 10.1.10.9" in found["network.txt"]
    assert "lacks: net.ipv4.conf.all.rp_filter = 0 (it is 1)\n" in found["system.txt"]
    assert "lacks: hub version 2\n" in found["swanctl.txt"]
    assert "lacks: dnsmasq does not run\n" in found["services.txt"]
    mended = put(real, changed(files, "system.conf", lambda text: text.replace("bench", "mended")))
    assert "error" not in mended, mended
    assert effective(real) == {}


def test_a_file_that_was_changed_by_hand_is_told(real: RealDebian) -> None:
    """It is part of the running configuration, and its rules are not in force."""
    path = real.appliance.etc / "lisiere/current/nftables.conf"
    path.write_text(path.read_text().replace("198.18.0.0/15", "0.0.0.0/0"))
    assert "0.0.0.0/0" in edge(real, "read", "running")["running"]


def test_what_is_on_the_disk_is_what_was_sent(real: RealDebian) -> None:
    """Every file, with the permissions that it was sent with: some hold keys."""
    files = full(real)
    assert "error" not in put(real, files)
    assert real.text() == bundle.write(files.values())


def test_a_generation_that_was_changed_in_place_is_not_committed(real: RealDebian) -> None:
    """What was checked is what runs, or nothing of it does."""
    before = real.text()
    staged = edge(real, "stage", files=full(real))
    path = real.appliance.etc / "lisiere/generations" / staged["generation"] / "squid/squid.conf"
    path.write_text(path.read_text().replace("deny all", "allow all"))
    assert edge(real, "commit", staged["generation"], "0")["error"] == "tampered"
    assert real.text() == before


def test_one_command_works_on_an_appliance_at_a_time(real: RealDebian) -> None:
    """The second one waits until the first has let go."""
    turn = "while [ ! -e /run/asked ]; do sleep 0.05; done; sleep 4; date +%s%N >/run/released"
    hold = f"exec 9>>/run/lisiere/lock; flock 9; touch /run/held; {turn}"
    real.appliance.tell("sh", "-c", f"setsid sh -c '{hold}' </dev/null >/dev/null 2>&1 &")
    wait_until(lambda: real.appliance.call("test", "-e", "/run/held")[0] == 0)
    ask = "touch /run/asked; lisiere-edge read running >/dev/null; date +%s%N >/run/answered"
    real.appliance.tell("sh", "-c", ask)
    assert real.appliance.call("test", "-e", "/run/released")[0] == 0, "the second one did not wait"
    released, answered = (int(real.appliance.tell("cat", f"/run/{name}")) for name in ("released", "answered"))
    assert released < answered


def test_a_timer_of_another_commit_takes_nothing_back(real: RealDebian) -> None:
    """One that was left over knows the token of its own commit only."""
    files = {one.path: one for one in real.files()}
    put(real, changed(files, "system.conf", lambda text: text.replace("bench", "other")), 600)
    real.appliance.tell("lisiere-edge", "_timer", "0123456789abcdef", "0")
    assert (edge(real, "status")["pending"] or {}).get("revert_in_s") == 600
    assert "other" in real.text()


def test_the_proxy_script_is_served_by_nobody(real: RealDebian) -> None:
    """It answers whoever is on a segment, so it has no rights of its own."""
    put(real, full(real))
    pid = real.appliance.tell("cut", "-d ", "-f1", "/run/lisiere/web.pid").strip()
    wait_until(lambda: "PROXY" in real.appliance.tell("curl", "-s", "--noproxy", "*", "http://127.0.0.1/proxy.pac"))
    status = real.appliance.tell("cat", f"/proc/{pid}/status")
    assert re.findall(r"^(?:Uid|Gid|Groups):[ \t]*(.*?)[ \t]*$", status, re.MULTILINE) == [
        "65534\t65534\t65534\t65534", "65534\t65534\t65534\t65534", "",
    ]  # fmt: skip


def test_programs_follow_their_files(real: RealDebian) -> None:
    """Each runs with its file, reads it anew when it changes, and ends when the file goes."""
    files = full(real)
    put(real, files)
    names = ("charon", "squid", "dnsmasq", "chronyd", "rsyslogd", "web", "sshd")
    running = real.appliance.tell("sh", "-c", "cd /run/lisiere; ls *.pid")
    assert {f"{name}.pid" for name in names} <= set(running.split())
    tell = real.appliance.tell
    assert "PROXY 10.1.10.1:3128" in tell("curl", "-s", "--noproxy", "*", "http://127.0.0.1/proxy.pac")
    ask = ("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-x", "http://127.0.0.1:3128", "http://192.0.2.1/")
    assert tell(*ask) == "403"
    allowed = changed(
        files, "squid/squid.conf", lambda text: text.replace("deny all\ncache_peer", "allow all\ncache_peer")
    )
    put(real, allowed)
    wait_until(lambda: tell(*ask) in ("502", "503"))
    less = {
        path: one for path, one in allowed.items() if not path.startswith(("squid/", "swanctl/", "dnsmasq/", "web/"))
    }
    answer = put(real, less)
    assert "error" not in answer, answer
    assert effective(real) == {}
    assert "squid" not in tell("ps", "ax")
    assert "charon" not in tell("ps", "ax")


def test_a_link_is_shaped_anew_and_not_at_all(real: RealDebian) -> None:
    """A change of the network is taken where the uplink is shaped already, and so is the end of the backup."""
    files = full(real) | {"network/shaping.batch": File("network/shaping.batch", "0644", SHAPING)}
    assert "error" not in put(real, files)
    faster = changed(files, "network/shaping.batch", lambda text: text.replace("40mbit", "50mbit"))
    answer = put(real, faster)
    assert "error" not in answer, answer
    assert "ceil 50Mbit" in real.appliance.tell("tc", "class", "show", "dev", "wan0")
    answer = put(real, {path: one for path, one in faster.items() if path != "network/shaping.batch"})
    assert "error" not in answer, answer
    assert "htb" not in real.appliance.tell("tc", "qdisc", "show", "dev", "wan0")


def test_a_tunnel_that_was_given_up_is_begun_anew(real: RealDebian) -> None:
    """By the appliance itself: nobody would notice before somebody needs it."""
    old, new = (
        "esp_proposals = aes256gcm128-ecp384\n",
        "esp_proposals = aes256gcm128-ecp384\n\t\t\t\tstart_action = start\n",
    )
    put(real, changed(full(real), "swanctl/swanctl.conf", lambda text: text.replace(old, new)))

    def tried() -> bool:
        return "hub: #" in real.appliance.tell("swanctl", "--list-sas")

    wait_until(tried)
    real.appliance.call("swanctl", "--terminate", "--ike", "hub", "--force", "--timeout", "1")
    assert not tried()
    wait_until(tried, 30.0)


def test_flows_of_a_removed_rule_end(real: RealDebian) -> None:
    """An established connection does not outlive the rule that allowed it."""
    rule = '\t\ttcp dport 7777 accept comment "seven"\n'
    files = {one.path: one for one in real.files()}
    opened = changed(files, "nftables.conf", lambda text: text.replace("\t\ticmpv6 type", f"{rule}\t\ticmpv6 type"))
    put(real, opened)
    listener = "import socket;s=socket.create_server(('',7777));c,_=s.accept()\nwhile d:=c.recv(9): c.send(d)"
    real.appliance.tell("sh", "-c", f'exec setsid /usr/bin/python3 -c "{listener}" </dev/null >/dev/null 2>&1 &')
    wait_until(lambda: "7777" in real.appliance.tell("ss", "-ltn"))
    with socket.create_connection((real.address, 7777), 3.0) as link:
        link.settimeout(1.5)
        link.sendall(b"one")
        assert link.recv(9) == b"one"
        put(real, files)
        link.sendall(b"two")
        with pytest.raises(TimeoutError):
            link.recv(9)


def test_what_tunnels_are_made_of_ends_with_the_rules(real: RealDebian) -> None:
    """Begun by the appliance itself, a peer that is none any more could keep it alive; other things of its own stay."""
    rule = '\t\ttcp dport 7777 accept comment "seven"\n'
    files = {one.path: one for one in real.files()}
    opened = changed(files, "nftables.conf", lambda text: text.replace("\t\ticmpv6 type", f"{rule}\t\ticmpv6 type"))
    put(real, opened)
    for there, port in ("192.0.2.41", "4500"), ("192.0.2.42", "500"), ("192.0.2.43", "123"):
        words = ("-I", "-p", "udp", "-s", real.address, "-d", there, "--sport", "4500", "--dport", port, "-t", "600")
        real.appliance.tell("conntrack", *words, "-u", "SEEN_REPLY,ASSURED")
    put(real, files)
    left = real.appliance.tell("conntrack", "-L", "-p", "udp")
    assert [there for there in ("192.0.2.41", "192.0.2.42", "192.0.2.43") if there in left] == ["192.0.2.43"]


# ---- going back ------------------------------------------------------------------------------------------------------


def cut_off(real: RealDebian) -> dict[str, File]:
    """A configuration that nobody can reach any more."""
    files = {one.path: one for one in real.files()}
    return changed(files, "nftables.conf", lambda text: text.replace("tcp dport 22", "tcp dport 2222"))


def test_an_appliance_that_cut_itself_off_comes_back(real: RealDebian) -> None:
    """By its own timer: nobody can tell it anything."""
    before = real.text()
    transport = EdgeTransport(real.endpoint())
    staged = transport.ask("stage", text=bundle.write(cut_off(real).values()))
    transport.ask("commit", str(staged["generation"]), "5")
    transport.disconnect()
    with pytest.raises(TimeoutError):
        socket.create_connection((real.address, 22), 1.5)
    wait_until(lambda: real.text() == before)
    with real.driver() as driver:
        assert not driver.has_pending_commit()
    assert effective(real) == {}


def test_who_committed_cannot_confirm_over_the_same_connection(real: RealDebian) -> None:
    """It was there before the change, so it shows nothing; nor can somebody at the console."""
    transport = EdgeTransport(real.endpoint())
    staged = transport.ask("stage", text=bundle.write(cut_off(real).values()))
    transport.ask("commit", str(staged["generation"]), "60")
    assert transport.ask("confirm")["error"] == "same-session"
    assert edge(real, "confirm")["error"] == "same-session"
    assert transport.ask("revert").get("error") is None
    transport.disconnect()
    with real.driver() as driver:
        assert not driver.has_pending_commit()


def test_a_restart_in_between_comes_back_with_the_old_configuration(real: RealDebian) -> None:
    """Whatever was pending when the power went is dropped before anything is loaded."""
    before = real.text()
    put(real, cut_off(real), 600)
    assert real.text() != before
    real.restart()
    assert real.text() == before
    status = edge(real, "status")
    assert (status["pending"], status["is_armed"]) == (None, False)
    assert effective(real) == {}
    with real.driver() as driver:
        assert driver.get_config(retrieve="running")["running"]


def test_everything_is_in_force_again_after_a_restart(real: RealDebian) -> None:
    """Routes into a device that the IKE daemon makes as well, which is not there when the network is laid."""
    routes = "route replace 10.2.0.0/16 dev ipsec0 proto static metric 10\n"
    files = full(real) | {
        "network/routes.batch": File("network/routes.batch", "0644", routes),
        "network/shaping.batch": File("network/shaping.batch", "0644", SHAPING),
    }
    answer = put(real, files)
    assert "error" not in answer, answer
    assert effective(real) == {}
    real.restart()
    assert effective(real) == {}
    assert "10.2.0.0/16 dev ipsec0" in real.appliance.tell("ip", "route", "show", "proto", "static")


def test_the_timer_outlives_the_session_and_whoever_killed_the_script(real: RealDebian) -> None:
    """Even when the commit itself is killed in the middle."""
    before = real.text()
    staged = edge(
        real,
        "stage",
        files=changed(
            {one.path: one for one in real.files()}, "system.conf", lambda text: text.replace("bench", "other")
        ),
    )
    real.appliance.tell("sh", "-c", f"setsid lisiere-edge commit {staged['generation']} 5 >/dev/null 2>&1 &")
    wait_until(lambda: (real.appliance.etc / "lisiere/pending").exists() and real.text() != before)
    real.appliance.call("sh", "-c", "kill -9 $(pgrep -f 'lisiere-edge [c]ommit')")
    wait_until(lambda: real.text() == before and not (real.appliance.etc / "lisiere/pending").exists())


def test_a_full_disk_leaves_nothing_half_written(real: RealDebian) -> None:
    """The generation is there whole or not at all, and what runs goes on."""
    before, generations = real.text(), real.generations()
    etc = real.appliance.etc / "lisiere"
    real.appliance.tell(
        "sh",
        "-c",
        "cp -a /etc/lisiere /run/copy; mount -t tmpfs -o size=600k t /etc/lisiere; cp -a /run/copy/. /etc/lisiere/",
    )
    real.appliance.call("sh", "-c", "head -c 9M /dev/zero >/etc/lisiere/ballast")
    answer = edge(real, "stage", files=full(real))
    assert answer["error"] in ("disk", "failed"), answer
    assert set(real.appliance.tell("ls", "/etc/lisiere/generations").split()) == generations
    assert edge(real, "read", "running")["running"] == before
    assert etc.exists()


def test_old_generations_are_forgotten(real: RealDebian) -> None:
    """The last ten that were kept stay, to go back to."""
    files = {one.path: one for one in real.files()}
    for number in range(11):
        put(real, changed(files, "system.conf", lambda text, number=number: text.replace("bench", f"bench-{number}")))  # type: ignore[misc]
    assert len(real.generations()) == 10
    assert edge(real, "revert")["current"] in real.generations()
    assert "bench-9" in real.text()


def test_what_was_before_is_forgotten_on_demand(real: RealDebian) -> None:
    """Only what is in force stays; while a commit waits, nothing is forgotten."""
    files = {one.path: one for one in real.files()}
    put(real, changed(files, "system.conf", lambda text: text.replace("bench", "bench-before")))
    put(real, changed(files, "system.conf", lambda text: text.replace("bench", "bench-waits")), revert_in_s=300)
    assert edge(real, "forget")["error"] == "pending"
    edge(real, "revert")
    current = edge(real, "forget")["current"]
    assert set(real.generations()) == {current}
    assert "bench-before" in real.text()
    assert edge(real, "revert")["error"] == "nothing"
