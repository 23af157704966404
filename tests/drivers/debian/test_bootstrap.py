"""`lisiere bootstrap` on a Debian that has just been installed: over SSH, once, and again without a change."""

import os
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from lab.real import kernel
from lab.real.appliance import Appliance, link
from tests.cli.conftest import ROOT, Shell
from tests.drivers.debian.appliance import require_real

SITE, SCRIPT = "80016-siege-01", "/usr/local/sbin/lisiere-edge"


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[tuple[Appliance, Shell, tuple[str, ...]]]:
    """A fresh Debian on a cable of its own, a folder to work in, and the words of a command that concerns it."""
    require_real()
    number = os.getpid() % 32768
    ours = ip_address("198.19.0.0") + 4 * number + 1
    here, appliance = f"lisn{number}", Appliance(f"new-{os.getpid()}", tmp_path / "appliance", prefix="lisbench-")
    kernel.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f", str(tmp_path / "key"))
    appliance.prepare(root_key=(tmp_path / "key.pub").read_text(encoding="ascii").strip())
    shell, source = Shell(tmp_path), str(ROOT / "data/somme-2026.json")
    shell("inventory", "generate", "--source", source, "--count", "17", "--platform", "debian", "-o", "inventory")
    try:
        kernel.run("ip", "netns", "add", appliance.namespace)
        link([(appliance, "mgmt0", here)])
        kernel.batch([f"address add {ours}/30 dev {here}", f"link set dev {here} up"])
        kernel.batch([f"address add {ours + 1}/30 dev mgmt0", "link set mgmt0 up"], namespace=appliance.namespace)
        appliance.start()
        words = ("bootstrap", SITE, "--key", "key", "--address", str(ours + 1))
        yield appliance, shell, words
    finally:
        kernel.drop_device(here)
        appliance.destroy()


def test_a_fresh_debian_becomes_one_of_ours(installed: tuple[Appliance, Shell, tuple[str, ...]]) -> None:
    """Only with the pinned host key; a dry run changes nothing, a second run has nothing to do, a damage is mended."""
    appliance, shell, words = installed
    assert "not the pinned one; nothing was sent" in shell(*words, status=1).stderr
    words = (*words, "--host-key", appliance.host_key)
    said = shell(*words, "--dry-run").stderr
    assert said.count("would install") == 4
    assert appliance.call("test", "-e", SCRIPT)[0] != 0
    assert shell(*words).stderr.count("installed:") == 4
    assert appliance.tell("su", "lisiere", "-c", f"sudo -n {SCRIPT} status").startswith("{")
    assert appliance.call("su", "lisiere", "-c", "sudo -n true")[0] != 0
    assert "nothing was done" in shell(*words).stderr
    appliance.tell("sh", "-c", f"echo >>{SCRIPT}")
    assert shell.json(*words) == {"host": SITE, "installed": [f"{SCRIPT}, as it is shipped"], "missing": []}


def test_root_follows_no_link_of_the_account(installed: tuple[Appliance, Shell, tuple[str, ...]]) -> None:
    """A home that was the account's, links in it to what is root's: nothing behind them is written or given away."""
    appliance, shell, words = installed
    words = (*words, "--host-key", appliance.host_key)
    shell(*words)
    home, key = "/home/lisiere", "/home/lisiere/.ssh/authorized_keys"
    shown = ("stat", "-c", "%n %u:%g %a", "/etc/sudoers.d", "/etc/shadow", "/etc/sudoers.d/lisiere")
    before = appliance.tell(*shown), appliance.tell("sha256sum", "/etc/shadow")
    for trap in (
        f"mv {home}/.ssh {home}/.old; ln -s /etc/sudoers.d {home}/.ssh",
        f"rm -rf {home}/.ssh; mkdir {home}/.ssh; ln -s /etc/shadow {key}",
        f"rm -rf {home}; mkdir /home/other; ln -s /home/other {home}",
    ):
        appliance.tell("sh", "-c", f"chown -R -h lisiere {home}; {trap}; chown -R -h lisiere {home}")
        told = shell.json(*words)
        assert isinstance(told, dict)
        assert told["installed"] == ["the key that lisiere is reached with until the first configuration"]
        assert (appliance.tell(*shown), appliance.tell("sha256sum", "/etc/shadow")) == before
        assert appliance.tell("find", home, "-xdev", "(", "!", "-user", "root", "-o", "-type", "l", ")") == ""
        assert appliance.call("test", "-e", "/etc/sudoers.d/authorized_keys")[0] != 0
    assert appliance.call("su", "lisiere", "-c", f"touch {home}/x || mv {home}/.ssh {home}/y || echo >>{key}")[0] != 0
