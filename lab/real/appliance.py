"""One real appliance: its namespaces, its root, its start and its end."""

import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from lab.errors import LabError
from lab.real import kernel

INIT, SKELETON = Path(__file__).with_name("appliance.sh"), "skeleton"
COPIED = (
    "bash.bashrc", "debian_version", "group", "ld.so.cache", "login.defs", "nsswitch.conf", "os-release",
    "pam.conf", "pam.d", "passwd", "protocols", "security", "services", "squid", "ssl/openssl.cnf",
)  # fmt: skip
"""What of the host's /etc an appliance has as well."""
STRONGSWAN = """charon {
  load_modular = no
  load = random nonce openssl hmac kdf pem pkcs1 pkcs8 x509 pubkey revocation constraints kernel-libipsec kernel-netlink socket-default updown vici
  install_routes = no
  retransmit_tries = 4
  retransmit_timeout = 2.0
  retransmit_base = 1.4
  plugins {
    kernel-libipsec {
      load = yes
      allow_peer_ts = yes
    }
  }
}
swanctl {
  load = random nonce openssl pem pkcs1 pkcs8 x509 pubkey
}
include strongswan.d/*.conf
"""  # noqa: E501
SUDOERS = """Defaults env_reset
Defaults mail_badpass
Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Defaults use_pty
root ALL=(ALL:ALL) ALL
%sudo ALL=(ALL:ALL) ALL
@includedir /etc/sudoers.d
"""
"""As Debian installs it; on the host only root may read it."""
FACTORY_SSHD = """PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
MaxStartups 200
HostKey /etc/ssh/ssh_host_ed25519_key
"""


@dataclass(frozen=True, slots=True)
class Appliance:
    """One appliance on this machine.

    Args:
        name: Its host name.
        folder: Where its files are, those that outlive a restart with them.
        prefix: What the name of its network namespace begins with.
    """

    name: str
    folder: Path
    prefix: str = kernel.PREFIX

    @property
    def namespace(self) -> str:
        """The network namespace."""
        return f"{self.prefix}{self.name}"

    @property
    def etc(self) -> Path:
        """Its /etc."""
        return self.folder / "etc"

    @property
    def host_key(self) -> str:
        """The key that it shows: type and base64."""
        return " ".join((self.etc / "ssh/ssh_host_ed25519_key.pub").read_text(encoding="ascii").split()[:2])

    # ---- from nothing to running and back ------------------------------------------------------------------------

    def prepare(self, *, root_key: str = "", template: Path | None = None) -> None:
        """Give it a disk as a fresh installation leaves it, or a copy of another; with a host key of its own."""
        if template is None:
            fresh_disk(self.folder)
        else:
            kernel.run("cp", "-a", str(template), str(self.folder))
        (self.etc / "hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {self.name}\n", encoding="ascii")
        (self.etc / "ssh/root_keys").write_text(f"{root_key}\n", encoding="ascii")
        _make_host_key(self.etc / "ssh/ssh_host_ed25519_key")

    def start(self) -> None:
        """Start it, and wait until it has booted. Its network namespace, with what is in it, is there already."""
        if not (kernel.NAMESPACES / self.namespace).exists():
            kernel.run("ip", "netns", "add", self.namespace)
        (self.folder / "root").mkdir(exist_ok=True)
        if not (self.folder.parent / SKELETON).exists():
            make_skeleton(self.folder.parent)
        started = subprocess.Popen(
            [
                "/usr/bin/nsenter", f"--net={kernel.NAMESPACES / self.namespace}",
                "/usr/bin/unshare", "--mount", "--pid", "--fork", "--uts", "--ipc", "--kill-child",
                "/bin/bash", str(INIT), self.name, str(self.folder),
            ],
            stdin=subprocess.DEVNULL, stdout=(self.folder / "start.log").open("w"), stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        until = time.monotonic() + 30.0
        while not _has_booted(started.pid):
            if time.monotonic() > until:
                said = (self.folder / "start.log").read_text(encoding="utf-8")
                raise LabError(f"{self.name} did not start: {said.strip()[-400:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Cut its power: whatever runs is killed; its disk and its links stay."""
        pids = list(kernel.processes([self.namespace]))
        until = time.monotonic() + 20.0
        while pids and time.monotonic() < until:
            for pid in pids:
                kernel.kill(pid)
            time.sleep(0.01)
            pids = list(kernel.processes([self.namespace]))
        inside = ["nsenter", f"--net={kernel.NAMESPACES / self.namespace}"]
        kernel.run(*inside, "nft", "flush", "ruleset")
        kernel.run(*inside, "ip", "address", "flush", "scope", "global")

    def destroy(self) -> None:
        """End it and leave nothing."""
        kernel.tear_down([self.namespace])
        shutil.rmtree(self.folder)

    # ---- from the outside ----------------------------------------------------------------------------------------

    def call(self, *argv: str, data: str | None = None, timeout_s: float = 60.0) -> tuple[int, str]:
        """Run a program inside as root: how it ended and what it said."""
        pid = self._pid()
        if not pid:
            return 255, f"{self.name} is not running"
        entered = ["/usr/bin/nsenter", "-t", str(pid), "-m", "-u", "-i", "-n", "-p", "-r", "-w", *argv]
        done = subprocess.run(
            entered,
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        return done.returncode, done.stdout

    def tell(self, *argv: str, data: str | None = None) -> str:
        """The same for what has to succeed."""
        status, said = self.call(*argv, data=data)
        if status:
            raise LabError(f"{self.name}: {' '.join(argv)[:200]} failed: {said.strip()[:400]}")
        return said

    def _pid(self) -> int:
        """The host's number for its PID 1, 0 when it does not run."""
        for pid in kernel.processes([self.namespace]):
            try:
                status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            numbers = next((line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:")), [])
            if len(numbers) > 1 and numbers[-1] == "1":
                return pid
        return 0


def fresh_disk(folder: Path) -> None:
    """Make what a fresh installation leaves on a disk: Debian, its packages, sshd for root, nothing of ours."""
    etc = folder / "etc"
    for made in (
        etc / "ssh",
        etc / "strongswan.d",
        etc / "swanctl",
        etc / "sudoers.d",
        folder / "sbin",
        folder / "home",
        folder / "lists",
    ):
        made.mkdir(parents=True)
    for name in COPIED:
        source = Path("/etc") / name
        (etc / name).parent.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, etc / name, symlinks=True, ignore=_unreadable)
        elif source.exists():
            shutil.copy2(source, etc / name)
    (etc / "sudoers").write_text(SUDOERS, encoding="ascii")
    (etc / "sudoers").chmod(0o440)
    (etc / "localtime").symlink_to("/usr/share/zoneinfo/UTC")
    (etc / "strongswan.conf").write_text(STRONGSWAN, encoding="ascii")
    (etc / "strongswan.d/charon-systemd.conf").write_text("charon-systemd {\n}\n", encoding="ascii")
    (etc / "resolv.conf").write_text("", encoding="ascii")
    users = [line.split(":")[0] for line in (etc / "passwd").read_text(encoding="utf-8").splitlines()]
    shadow = etc / "shadow"
    shadow.write_text("".join(f"{user}:*:19000:0:99999:7:::\n" for user in users), encoding="utf-8")
    shadow.chmod(0o600)
    keys = "AuthorizedKeysFile /etc/ssh/root_keys .ssh/authorized_keys\n"
    (etc / "ssh/sshd_config").write_text(f"{FACTORY_SSHD}{keys}", encoding="ascii")


def _unreadable(folder: str, names: list[str]) -> list[str]:
    """What only root may read, which a lab without root goes without."""
    return [name for name in names if not os.access(Path(folder, name), os.R_OK)]


def make_skeleton(folder: Path) -> None:
    """Make what the roots of all appliances in a folder have in common."""
    kernel.run("/bin/bash", str(INIT), "--skeleton", str(folder / SKELETON))


def _make_host_key(path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    path.touch(mode=0o600)
    path.write_bytes(private)
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    path.with_suffix(".pub").write_bytes(public + b"\n")


def _has_booted(parent: int) -> bool:
    """Whether the one child of a process, which is PID 1 of an appliance, has come to its end of booting."""
    try:
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    except OSError:
        return False
    return any(Path(f"/proc/{child}/root/run/booted").exists() for child in children)


def link(appliances: Sequence[tuple[Appliance, str, str]]) -> None:
    """Lay cables: (appliance, device inside, `netns/device` or `device` at the other end)."""
    lines = []
    for appliance, device, other in appliances:
        namespace, _, far = other.rpartition("/")
        place = f" netns {namespace}" if namespace else ""
        lines.append(f"link add name {device} netns {appliance.namespace} type veth peer name {far}{place}")
    kernel.batch(lines)
