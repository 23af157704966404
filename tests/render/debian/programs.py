"""The programs that read a Debian configuration, asked what they think of it.

They run in namespaces of their own and nothing runs on after the question. What they say is read closely, for their
exit status alone lies.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

PACKAGES = {
    "nft": "nftables",
    "ip": "iproute2",
    "conntrack": "conntrack",
    "tc": "iproute2",
    "swanctl": "strongswan-swanctl",
    "charon-systemd": "charon-systemd",
    "squid": "squid",
    "dnsmasq": "dnsmasq-base",
    "chronyd": "chrony",
    "rsyslogd": "rsyslog",
    "sshd": "openssh-server",
    "node": "nodejs",
}
"""Each program, and the Debian package that brings it."""

PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
QUIET_LINE = re.compile(r"[0-9/:| ]*(Processing|Startup|Initializing)[: ]")
CHARON = """\
charon-systemd {{
  load_modular = no
  load = {plugins} revocation constraints kernel-netlink socket-default hmac kdf vici
  install_routes = no
  plugins {{ vici {{ socket = unix://{folder}/vici }} }}
  journal {{ default = -1 }}
}}
swanctl {{ load = {plugins} }}
"""


def need(*programs: str) -> None:
    """Skip the test, with a hint, where a program or the right to make network namespaces is missing."""
    missing = [PACKAGES[one] for one in programs if shutil.which(one, path=PATH) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: apt-get install --no-install-recommends {' '.join(missing)}")
    if os.geteuid() != 0 or run("unshare", "-n", "-m", "true").returncode != 0:
        pytest.skip("needs root and network namespaces: run the tests as root, outside a confined container")


def run(*command: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end, errors among its output; an hour of the day means UTC."""
    return subprocess.run(
        [str(part) for part in command],
        env={**os.environ, "PATH": PATH, "TZ": "UTC", "LC_ALL": "C.UTF-8", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )


def nft(folder: Path) -> str:
    """What nftables says of a rule set."""
    return complaint(run("unshare", "-n", "nft", "-c", "-f", folder / "nftables.conf"))


def loaded(folder: Path) -> str:
    """The rule set as the kernel holds it after loading, counters left out."""
    script = 'nft -f "$0" && nft -s list ruleset'
    return run("unshare", "-n", "sh", "-c", script, folder / "nftables.conf").stdout


def listed(folder: Path) -> str:
    """The same as JSON."""
    script = 'nft -f "$0" && nft -j list ruleset'
    return run("unshare", "-n", "sh", "-c", script, folder / "nftables.conf").stdout


def squid(folder: Path) -> str:
    """Whatever Squid says beside what it does: its exit status is 0 for a line that it does not understand."""
    done = run("squid", "-k", "parse", "-f", folder / "squid" / "squid.conf")
    unexpected = [line for line in done.stdout.splitlines() if not QUIET_LINE.match(line)]
    return "\n".join(unexpected) or ("" if done.returncode == 0 else f"exit status {done.returncode}")


def dnsmasq(folder: Path) -> str:
    """What dnsmasq says of its file."""
    return complaint(run("dnsmasq", "--test", "-C", folder / "dnsmasq" / "dnsmasq.conf"), silent=False)


def chronyd(folder: Path) -> str:
    """What chronyd says of its file."""
    return complaint(run("chronyd", "-p", "-f", folder / "chrony" / "chrony.conf"), silent=False)


def rsyslogd(folder: Path) -> str:
    """What rsyslogd says of its file; a mistake is a line with an error number."""
    done = run("rsyslogd", "-N1", "-f", folder / "rsyslog" / "rsyslog.conf")
    return done.stdout if done.returncode != 0 or re.search(r"error|warning", done.stdout) else ""


def sshd(folder: Path) -> str:
    """What sshd says of its file; the host key of this machine is not needed for that."""
    key = folder.parent / f"{folder.name}-host-key"
    if not key.exists():
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    path = folder / "ssh" / "sshd_config"
    Path("/run/sshd").mkdir(exist_ok=True)
    return complaint(run("/usr/sbin/sshd", "-t", "-f", path, "-o", f"HostKey={key}"))


def complaint(done: "subprocess.CompletedProcess[str]", *, silent: bool = True) -> str:
    """What a program said and how it ended, when it did not end well (or, of a silent one, at all)."""
    is_well = done.returncode == 0 and not (silent and done.stdout.strip())
    return "" if is_well else f"exit status {done.returncode}: {done.stdout}"


@contextmanager
def charon(folder: Path) -> Iterator[dict[str, str]]:
    """A throwaway IKE daemon in a network of its own; gives the environment in which swanctl speaks to it."""
    with tempfile.TemporaryDirectory(prefix="charon-") as place:
        conf = Path(place) / "strongswan.conf"
        conf.write_text(CHARON.format(folder=place, plugins="random nonce openssl pem pkcs1 pkcs8 x509 pubkey"))
        environment = {"STRONGSWAN_CONF": str(conf), "SWANCTL_DIR": str(folder / "swanctl")}
        daemon = subprocess.Popen(
            ["unshare", "-n", "-m", "sh", "-c", f'mount -t tmpfs t /run; mkdir -p "{place}"; exec charon-systemd'],
            env={**os.environ, "PATH": PATH, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for(Path(place) / "vici", daemon)
            yield {**environment, "VICI": f"unix://{place}/vici"}
        finally:
            daemon.send_signal(signal.SIGKILL)
            daemon.wait()


def _wait_for(socket: Path, daemon: "subprocess.Popen[bytes]") -> None:
    for _ in range(500):
        if socket.exists():
            return
        assert daemon.poll() is None, "charon ended before it listened"
        time.sleep(0.02)
    raise AssertionError("charon does not listen")


def swanctl(environment: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    """Ask the throwaway daemon."""
    own = {name: value for name, value in environment.items() if name != "VICI"}
    return run("swanctl", *words, "--uri", environment["VICI"], **own)


def in_network(devices: Sequence[str], *commands: str) -> "subprocess.CompletedProcess[str]":
    """Run commands in a fresh network that has these devices, each with a far end that nobody uses."""
    named = [name for name in devices if name != "lo"]
    links = [f"ip link add {name} type veth peer name far{place}" for place, name in enumerate(named)]
    return run("unshare", "-n", "sh", "-ec", "\n".join([*links, *commands]))
