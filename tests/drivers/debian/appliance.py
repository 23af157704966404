"""A real Debian appliance to test with, in namespaces of this machine: the one place where these tests know the lab."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from ipaddress import ip_address
from pathlib import Path

import pytest

from lab.real import kernel, needs
from lab.real.appliance import Appliance, link
from lisiere import bundle
from lisiere.bundle import File
from lisiere.drivers.debian import bootstrap
from lisiere.drivers.debian.driver import DebianDriver
from lisiere.drivers.ssh import Endpoint
from tests.drivers.contract import KEEPER

NAME = "80001-town-hall-01"
SHELL = """#!/bin/bash
# The shell of the account, for tests: ends the session at the command that /run/lab-fault names.
# `X` before it, `X!` once it was carried out, `X~` in the middle of its answer.
fault=$(cat /run/lab-fault 2>/dev/null)
name=${fault%[~!]}
if [ -z "$name" ] || [[ " $2 " != *" $name "* ]]; then exec /bin/sh "$@"; fi
: >/run/lab-fault
case $fault in
  *!) /bin/sh "$@" >/dev/null 2>&1 ;;
  *~) said=$(/bin/sh "$@"); printf '%s' "${said:0:$((${#said} / 2))}"; sleep 0.1 ;;
esac
kill -9 "$PPID"
"""


def require_real() -> None:
    """Skip where no real appliance can run, and say why."""
    if missing := needs.lacking():
        pytest.skip("; ".join(missing))


class RealDebian:
    """One appliance as it leaves the bench, and what can be made to go wrong with it."""

    def __init__(self, appliance: Appliance, address: str, key_file: Path) -> None:
        self.appliance, self.address, self.key_file = appliance, address, key_file
        self.host_key = appliance.host_key

    def endpoint(self, username: str = "lisiere") -> Endpoint:
        """How it is reached without a driver."""
        return Endpoint(NAME, self.address, 22, self.host_key, username, "", str(self.key_file), 20.0)

    def driver(self) -> DebianDriver:
        """A driver for it, not yet open."""
        options = {"key_file": str(self.key_file), "host_key": self.host_key, "secrets": KEEPER, "name": NAME}
        return DebianDriver(self.address, "lisiere", "", 20, optional_args=options)  # type: ignore[arg-type]

    def files(self, name: str = "current") -> tuple[File, ...]:
        """The files of a generation on its disk, by the link that names it."""
        folder = self.appliance.etc / "lisiere" / name
        paths = [path for path in sorted(folder.rglob("*")) if path.is_file()] if folder.exists() else []
        return tuple(
            File(str(path.relative_to(folder)), f"{path.stat().st_mode & 0o7777:04o}", path.read_text())
            for path in paths
        )

    def text(self, name: str = "current") -> str:
        """The same as one text."""
        return bundle.write(self.files(name))

    def generations(self) -> set[str]:
        """The generations on its disk."""
        return {path.name for path in (self.appliance.etc / "lisiere/generations").iterdir()}

    def refuse_login(self) -> None:
        """Take the account's keys away."""
        (self.appliance.etc / "lisiere/current/ssh/authorized_keys/lisiere").unlink()

    def drop_at(self, step: str) -> None:
        """End the session at the next command of this name; see `SHELL`."""
        self.appliance.tell("sh", "-c", f"umask 0; echo '{step}' >/run/lab-fault")

    def restart(self) -> None:
        """Cut the power and start it again."""
        self.appliance.stop()
        self.appliance.start()


@cache
def _wire() -> tuple[str, str, str]:
    """The name of the cable that ends here, our address on it and the appliance's: others for each process."""
    number = os.getpid() % 32768
    ours = ip_address("198.18.0.0") + 4 * number + 1
    return f"lisb{number}", str(ours), str(ours + 1)


def factory_files(public_key: str) -> dict[str, File]:
    """The first configuration of an appliance on the bench: it can be reached and nothing else."""
    here = Path(__file__).with_name("factory")
    files = {}
    for path in sorted(here.rglob("*")):
        if path.is_file():
            text = path.read_text(encoding="utf-8").replace("ADDRESS", f"{_wire()[2]}/30").replace("KEY", public_key)
            mode = "0600" if path.name in ("nftables.conf", "sshd_config") else "0644"
            files[str(path.relative_to(here))] = File(str(path.relative_to(here)), mode, text)
    return files


@contextmanager
def bench(folder: Path) -> Iterator[RealDebian]:
    """Prepare an appliance from nothing, over SSH: as root once, then by the driver. Torn down at the end."""
    appliance = Appliance(f"bench-{os.getpid()}", folder / "appliance", prefix="lisbench-")
    key = folder / "key"
    kernel.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f", str(key))
    public_key = (folder / "key.pub").read_text().strip()
    appliance.prepare(root_key=public_key)
    try:
        _lay_cables(appliance)
        kernel.run("ip", "-n", appliance.namespace, "address", "add", f"{_wire()[2]}/30", "dev", "mgmt0")
        kernel.run("ip", "-n", appliance.namespace, "link", "set", "mgmt0", "up")
        appliance.start()
        real = RealDebian(appliance, _wire()[2], key)
        bootstrap.install(real.endpoint("root"), public_key=public_key)
        with real.driver() as driver:
            driver.load_replace_candidate(config=bundle.write(factory_files(public_key).values()))
            driver.commit_config()
        shell = folder / "appliance/sbin/lab-shell"
        shell.write_text(SHELL)
        shell.chmod(0o755)
        appliance.tell("sed", "-i", "s#^\\(lisiere:.*\\):[^:]*$#\\1:/usr/local/sbin/lab-shell#", "/etc/passwd")
        appliance.stop()
        shutil.copytree(folder / "appliance/etc", folder / "factory-etc", symlinks=True)
        yield real
    finally:
        kernel.drop_device(_wire()[0])
        appliance.destroy()


@contextmanager
def fresh(real: RealDebian, folder: Path) -> Iterator[RealDebian]:
    """The appliance of a bench as it left it, started; stopped at the end."""
    appliance = real.appliance
    kernel.drop_device(_wire()[0])
    kernel.tear_down([appliance.namespace])
    shutil.rmtree(appliance.etc)
    shutil.copytree(folder / "factory-etc", appliance.etc, symlinks=True)
    _lay_cables(appliance)
    appliance.start()
    try:
        yield real
    finally:
        appliance.stop()


def _lay_cables(appliance: Appliance) -> None:
    """Its ports: the one that we come by ends here, the others in nothing."""
    kernel.run("ip", "netns", "add", appliance.namespace)
    here, ours, _ = _wire()
    link([(appliance, "mgmt0", here)])
    link([(appliance, device, f"{appliance.namespace}/far-{device}") for device in ("wan0", "trunk0", "lan-desk")])
    kernel.batch([f"address add {ours}/30 dev {here}", f"link set dev {here} up"])
    kernel.run("ip", "-n", appliance.namespace, "link", "set", "far-wan0", "up")
    kernel.run("ip", "-n", appliance.namespace, "link", "set", "far-lan-desk", "up")
