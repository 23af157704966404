"""Tunnels of a real appliance to a real other end: what a living one hides is found, and why one does not come up."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.real import kernel
from lab.real.appliance import Appliance
from lisiere import bundle
from lisiere.bundle import File
from lisiere.drivers.debian import bootstrap
from lisiere.model.plan import Outcome
from nornir_tasks.verifying import Probes
from tests.drivers.debian.appliance import RealDebian, fresh
from tests.drivers.debian.slipping import running, slipped
from tests.drivers.debian.test_edge import changed, edge, full, put, wait_until
from tests.drivers.debian.test_rollout_steps import apply, plan

KEY, OTHER_KEY = "secret:overlay/a--b", "secret:overlay/a--c"
VALUES = {KEY: "hush-first-value", OTHER_KEY: "hush-second-value"}
PATH = "swanctl/swanctl.conf"
PROBES = Probes(frozenset({"hub"}), (), titles={"hub": "Amiens"})
STARTS = "start_action = start\n\t\t\t\tclose_action = start\n"
ESP = "\t\t\t\tesp_proposals = aes256gcm128-ecp384\n"


class FarEnd:
    """The other end of the appliance's tunnel: a machine of its own, with an address behind it.

    `files` is the appliance's configuration that goes with it.
    """

    def __init__(self, appliance: Appliance, near: Appliance, files: dict[str, File]) -> None:
        self.appliance, self.files = appliance, files
        appliance.prepare()
        kernel.run("ip", "netns", "add", appliance.namespace)
        kernel.run("ip", "-n", near.namespace, "link", "set", "far-wan0", "netns", appliance.namespace)
        appliance.start()
        kernel.batch(
            ["address add 203.0.113.6/29 dev far-wan0", "link set far-wan0 up", "address add 10.2.0.1/16 dev lo"],
            namespace=appliance.namespace,
        )
        appliance.tell("sh", "-c", "setsid charon-systemd </dev/null >/run/charon.log 2>&1 &")
        wait_until(lambda: appliance.call("swanctl", "--stats")[0] == 0)

    def load(self, text: str, *, begins: bool = False) -> None:
        """Have the daemon go by a file, seen from this end; it waits unless it is to begin."""
        for one, other in (("203.0.113.2", "203.0.113.6"), ("10.1.10.0/24", "10.2.0.0/16"), ("site.ex", "hub.ex")):
            text = text.replace(one, "THIS").replace(other, one).replace("THIS", other)
        text = text if begins else text.replace(STARTS, "start_action = none\n")
        self.appliance.tell("sh", "-c", "cat >/run/far.conf", data=text)
        self.appliance.tell("swanctl", "--load-all", "--noprompt", "--clear", "--file", "/run/far.conf")


def joined(real: RealDebian) -> dict[str, File]:
    """A configuration with a tunnel that the appliance begins, and rules that let it."""
    files = changed(full(real), PATH, lambda text: text.replace(ESP, f"{ESP}\t\t\t\t{STARTS}"))
    files = changed(files, "network/addresses.batch", lambda text: text.replace("203.0.113.2/30", "203.0.113.2/29"))
    rule = '\t\tiifname "wan0" udp dport { 500, 4500 } accept\n'
    return changed(files, "nftables.conf", lambda text: text.replace("\t\ticmpv6 type", f"{rule}\t\ticmpv6 type"))


def with_key(files: dict[str, File], reference: str) -> str:
    """The configuration as Lisière holds it, with one key or the other."""
    referring = changed(files, PATH, lambda text: text.replace(VALUES[KEY], reference))
    return bundle.write(referring.values())


@contextmanager
def far_end(real: RealDebian, folder: Path) -> Iterator[FarEnd]:
    """Another end of the appliance's tunnel."""
    appliance = Appliance(f"far-{os.getpid()}", folder / "far", prefix="lisbench-")
    try:
        yield FarEnd(appliance, real.appliance, joined(real))
    finally:
        appliance.destroy()


def join(real: RealDebian, far: FarEnd) -> None:
    """Have both ends begin with the same key, until the tunnel is up and nobody is about to begin it once more.

    The appliance looks after tunnels itself: it may have begun one while it was down, and replaces what came meanwhile.
    A question waits for that.
    """
    far.load(far.files[PATH].text)
    assert "error" not in put(real, far.files)
    wait_until(lambda: is_up(real) and proven(real) == "hub up\n" and len(sas(real)) == 1, 60.0)


@pytest.fixture(scope="module")
def ends(
    prepared: tuple[RealDebian, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RealDebian, FarEnd]]:
    """The appliance and another end of its tunnel, for all tests of this file; it looks after tunnels each second."""
    hasty = slipped(bootstrap.script(), "tunnels", "WATCH_S = 20.0", "WATCH_S = 1.0")
    with running(prepared[0], hasty), fresh(*prepared) as real, far_end(real, tmp_path_factory.mktemp("far")) as far:
        yield real, far


@pytest.fixture
def real(ends: tuple[RealDebian, FarEnd]) -> RealDebian:
    """The appliance, with a tunnel that is up."""
    join(*ends)
    return ends[0]


@pytest.fixture
def far(ends: tuple[RealDebian, FarEnd]) -> FarEnd:
    """The other end."""
    return ends[1]


def is_up(real: RealDebian) -> bool:
    """Whether the appliance says that its tunnel carries."""
    return real.appliance.tell("lisiere-edge", "show", "tunnels").startswith("hub up")


def sas(real: RealDebian) -> list[str]:
    """The appliance's associations with the other end, by number."""
    return re.findall(r"^hub: #(\d+), ESTABLISHED", real.appliance.tell("swanctl", "--list-sas"), re.MULTILINE)


@contextmanager
def talking(real: RealDebian) -> Iterator[None]:
    """Something is said through the tunnel all the while, and every word of it is answered."""
    tell = real.appliance.tell
    tell("sh", "-c", "ping -n -i 0.02 -w 90 -I 10.1.10.1 10.2.0.1 >/run/pings 2>&1 & echo $! >/run/ping")
    yield
    tell("sh", "-c", "sleep 0.5; kill -INT $(cat /run/ping); sleep 0.2")
    sent, heard = re.findall(r"(\d+) packets transmitted, (\d+) received", tell("cat", "/run/pings"))[0]
    assert int(sent) > 20
    assert int(sent) - int(heard) <= 1, "one may be under way at the end"


def test_a_key_that_differs_is_found_behind_a_living_tunnel(real: RealDebian, far: FarEnd) -> None:
    """The change is taken back, in words that a person understands; the tunnel carries all the while."""
    before = real.text()
    wanted = with_key(far.files, OTHER_KEY)
    with talking(real):
        outcome, _ = apply(real, wanted, plan(real, wanted), probes=PROBES)
    assert outcome.outcome is Outcome.REVERTED, outcome.detail
    assert "tunnel to hub (Amiens) is down: the pre-shared key at the two ends differs" in outcome.detail
    assert "hush" not in outcome.detail
    assert real.text() == before
    assert is_up(real)


def test_a_key_that_changes_at_both_ends_is_proven_without_losing_a_packet(real: RealDebian, far: FarEnd) -> None:
    """The new association carries before the old one is ended."""
    held = sas(real)
    new = changed(far.files, PATH, lambda text: text.replace(VALUES[KEY], VALUES[OTHER_KEY]))
    far.load(new[PATH].text)
    wanted = with_key(far.files, OTHER_KEY)
    with talking(real):
        outcome, _ = apply(real, wanted, plan(real, wanted), probes=PROBES)
    assert outcome.outcome is Outcome.APPLIED, outcome.detail
    assert len(sas(real)) == 1
    assert sas(real) != held


WRONG = {
    "proposal": ("esp_proposals = aes256gcm128-ecp384", "esp_proposals = aes128gcm128-ecp384"),
    "selectors": ("remote_ts = 10.2.0.0/16", "remote_ts = 10.7.0.0/16"),
    "key": ("id = site.example.net", "id = shed.example.net"),
    "silence": ("remote_addrs = 203.0.113.6", "remote_addrs = 203.0.113.5"),
}
"""What may be wrong with a tunnel, and a slip of this end that makes it so."""


def proven(real: RealDebian) -> str:
    """What is told of the tunnel when it is to be proven."""
    with real.driver() as driver:
        return driver.look([driver.show_tunnels], prove=["hub", "nowhere"]).answers[driver.show_tunnels]


def test_why_a_tunnel_does_not_come_up_is_told(real: RealDebian, far: FarEnd) -> None:
    """In one word of a closed set, out of what the daemon says."""
    files = far.files
    for fault, (old, new) in WRONG.items():
        put(real, changed(files, PATH, lambda text, old=old, new=new: text.replace(old, new)))  # type: ignore[misc]
        assert proven(real) == f"hub down {fault}\n"


def test_the_end_that_waits_proves_a_tunnel_as_well(real: RealDebian, far: FarEnd) -> None:
    """It begins one for that: what is down comes up, a new key is proven, and one that differs is told."""
    waiting = changed(far.files, PATH, lambda text: text.replace(STARTS, "start_action = none\n"))
    renewed = changed(waiting, PATH, lambda text: text.replace(VALUES[KEY], VALUES[OTHER_KEY]))
    put(real, waiting)
    assert proven(real) == "hub up\n"
    far.load(renewed[PATH].text)
    put(real, renewed)
    assert proven(real) == "hub up\n"
    far.load(waiting[PATH].text)
    put(real, changed(renewed, "system.conf", lambda text: text.replace("bench", "other")))
    assert proven(real) == "hub up\n", "nothing changed here, so nothing is doubted"
    put(real, changed(waiting, PATH, lambda text: text.replace(VALUES[KEY], "hush-third-value")))
    assert proven(real) == "hub down key\n"


def test_a_tunnel_whose_networks_are_refused_leaves_one_half_and_not_many(real: RealDebian, far: FarEnd) -> None:
    """It is begun anew again and again; what the daemon kept of the last attempt is ended before."""
    old, new = WRONG["selectors"]
    put(real, changed(far.files, PATH, lambda text: text.replace(old, new)))

    def latest() -> int:
        return max(
            map(int, re.findall(r"^hub: #(\d+),", real.appliance.tell("swanctl", "--list-sas"), re.MULTILINE)),
            default=0,
        )

    wait_until(lambda: latest() > 0)
    first = latest()
    wait_until(lambda: latest() >= first + 4, 60.0)
    assert len(sas(real)) <= 1


def test_a_tunnel_that_is_trusted_is_left_alone(real: RealDebian, far: FarEnd) -> None:
    """Proving costs nothing where nothing changed; a change of rules leaves keys trusted."""
    held = sas(real)
    put(real, changed(far.files, "system.conf", lambda text: text.replace("bench", "other")))
    assert proven(real) == "hub up\n"
    assert sas(real) == held


def test_a_key_of_yesterday_is_replaced_as_soon_as_both_ends_have_the_new_one(real: RealDebian, far: FarEnd) -> None:
    """By the appliance itself, though nobody looked."""
    held = sas(real)
    new = changed(far.files, PATH, lambda text: text.replace(VALUES[KEY], VALUES[OTHER_KEY]))
    put(real, new)
    assert sas(real) == held
    far.load(new[PATH].text)
    wait_until(lambda: len(sas(real)) == 1 and sas(real) != held, 60.0)
    assert edge(real, "status")["pending"] is None


def as_rendered(text: str) -> str:
    """Tunnels with what the template says of associations that are too many."""
    return text.replace("\t\tversion = 2\n", "\t\tversion = 2\n\t\tmobike = no\n\t\tunique = replace\n")


def test_one_association_is_left_of_a_tunnel_that_the_waiting_end_proved(real: RealDebian, far: FarEnd) -> None:
    """The end that begins a tunnel ends the old one, and brings none back."""
    begun = changed(far.files, PATH, as_rendered)
    waiting = changed(begun, PATH, lambda text: text.replace(STARTS, "start_action = none\n"))
    put(real, waiting)
    far.load(begun[PATH].text, begins=True)
    wait_until(lambda: is_up(real) and len(sas(real)) == 1, 60.0)
    old = sas(real)
    far.load(begun[PATH].text.replace(VALUES[KEY], VALUES[OTHER_KEY]), begins=True)
    with talking(real):
        put(real, changed(waiting, PATH, lambda text: text.replace(VALUES[KEY], VALUES[OTHER_KEY])))
        assert proven(real) == "hub up\n"
        new = [number for number in sas(real) if number not in old]
        wait_until(lambda: not {*old} & {*sas(real)}, 60.0)
        time.sleep(3.0)
    assert sas(real) == new
    assert len(new) == 1


def test_a_living_tunnel_is_not_cut_for_a_daemon_that_begins_none_beside_it(real: RealDebian, far: FarEnd) -> None:
    """It is said to be unproven, with what helps; nothing is lost."""
    conf = "/etc/strongswan.conf"
    real.appliance.tell("sed", "-i.kept", "/^include/d", conf)
    try:
        put(real, {path: file for path, file in far.files.items() if path != PATH})
        join(real, far)
        held = sas(real)
        new = changed(far.files, PATH, lambda text: text.replace(VALUES[KEY], VALUES[OTHER_KEY]))
        far.load(new[PATH].text)
        with talking(real):
            put(real, new)
            assert [proven(real) for _ in range(2)] == ["hub down unproven\n"] * 2
        assert sas(real) == held
    finally:
        real.appliance.tell("mv", f"{conf}.kept", conf)
        put(real, {path: file for path, file in far.files.items() if path != PATH})


def test_what_a_daemon_begins_counts_though_nothing_was_heard_of_it(real: RealDebian, far: FarEnd) -> None:
    """Of what it says the first line may be lost; it is held to begin none when there is none."""
    runs = '    return run("/usr/sbin/swanctl", *argv, timeout_s=wait_s + 4.0)\n'
    loses = '    return Said(said.status, said.text.replace("initiating IKE_SA", ""))\n'
    losing = slipped(bootstrap.script(), "associations", runs, runs.replace("return", "said =") + loses)
    put(real, {path: file for path, file in far.files.items() if path != PATH})
    join(real, far)
    new = changed(far.files, PATH, lambda text: text.replace(VALUES[KEY], VALUES[OTHER_KEY]))
    far.load(new[PATH].text)
    with running(real, losing):
        put(real, new)
        assert proven(real) == "hub up\n"
    put(real, {path: file for path, file in far.files.items() if path != PATH})


def test_a_question_ends_though_others_do_not_answer(real: RealDebian, far: FarEnd) -> None:
    """What there was no time for is told as that, and lives on."""
    held = sas(real)
    hurried = slipped(bootstrap.script(), "proving", "PROVES_S = 40.0", "PROVES_S = 0.0")
    with running(real, hurried):
        put(real, changed(far.files, PATH, lambda text: text.replace(VALUES[KEY], VALUES[OTHER_KEY])))
        assert proven(real) == "hub down late\n"
    assert sas(real) == held
