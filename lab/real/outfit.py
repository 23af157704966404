"""What makes a fresh Debian one of our appliances, put on its disk before it starts: what a bootstrap does over SSH."""

import hashlib
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lab.real import kernel
from lab.real.appliance import Appliance, fresh_disk
from lab.real.site import LOGIN
from lisiere import bundle

UID = 990


@dataclass(frozen=True, slots=True)
class Outfit:
    """The script of the appliances, and the line that lets the account run it."""

    script: bytes
    sudoers: str
    categories: tuple[str, ...] = ()
    """Categories of web filtering, each of which an appliance has a list of."""


def dressed_disk(folder: Path, outfit: Outfit, *, key: str) -> None:
    """Make the disk that every appliance is a copy of: account, script, sudo, and the key of the lab."""
    fresh_disk(folder)
    etc = folder / "etc"
    _append(etc / "passwd", f"{LOGIN}:x:{UID}:{UID}::/:/bin/sh\n")
    _append(etc / "group", f"{LOGIN}:x:{UID}:\n")
    _append(etc / "shadow", f"{LOGIN}:*:19000:0:99999:7:::\n")
    _write(etc / f"sudoers.d/{LOGIN}", outfit.sudoers, 0o440)
    _write(etc / "ssh/lab_keys", f"{key}\n", 0o644)
    script = folder / "sbin/lisiere-edge"
    script.write_bytes(outfit.script)
    script.chmod(0o755)
    for name in outfit.categories:
        _write(folder / "lists" / name, f".category-{name}.invalid\n", 0o644)
    (etc / "lisiere/generations").mkdir(parents=True)
    (etc / "lisiere/expected").mkdir(mode=0o700)


def configure(appliance: Appliance, first: str) -> None:
    """Make a first configuration the one in force, and tell PID 1 so, which starts it without the script."""
    etc, files = appliance.etc, bundle.parse(first)
    generation = hashlib.sha256(first.encode()).hexdigest()[:12]
    folder = etc / "lisiere/generations" / generation
    for one in files:
        path = folder / one.path
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, one.text, int(one.mode, 8))
    for link in ("current", "confirmed"):
        (etc / "lisiere" / link).symlink_to(f"generations/{generation}")
    _write(etc / "lisiere/history", f"{generation}\n", 0o600)
    rules = next(one.text for one in files if one.path == "nftables.conf")
    _write(etc / "lisiere/expected" / generation, listing(rules), 0o600)
    read_by_sshd = bundle.write(one for one in files if one.path.startswith("ssh/"))
    _write(etc / "lab-first", f"{generation} {hashlib.sha256(read_by_sshd.encode()).hexdigest()}\n", 0o600)


@cache
def listing(rules: str) -> str:
    """Rules as the kernel lists them: what an appliance finds out itself when it is given a configuration."""
    argv = ("/usr/bin/unshare", "--net", "/bin/sh", "-c", "nft -f - && nft -s list ruleset")
    return kernel.run(*argv, data=rules)


def make_room(folder: Path) -> None:
    """Make a place for the disks of a lab, in memory: no key and no secret of it comes onto a disk of this machine."""
    folder.mkdir(parents=True)
    kernel.run("mount", "-t", "tmpfs", "-o", "mode=755,size=80%", "lisiere-lab", str(folder))


def clear(folder: Path) -> None:
    """Forget the disks of a lab."""
    while folder.is_mount():
        kernel.run("umount", "--lazy", str(folder))
    shutil.rmtree(folder, ignore_errors=True)


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def _write(path: Path, text: str, mode: int) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
