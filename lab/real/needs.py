"""What a machine needs to run real appliances, and what it lacks."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

PROGRAMS = {
    "charon-systemd": "charon-systemd",
    "chronyd": "chrony",
    "conntrack": "conntrack",
    "dnsmasq": "dnsmasq-base",
    "ip": "iproute2",
    "nft": "nftables",
    "ping": "iputils-ping",
    "rsyslogd": "rsyslog",
    "squid": "squid",
    "sshd": "openssh-server",
    "sudo": "sudo",
    "swanctl": "strongswan-swanctl",
    "unshare": "util-linux",
}
"""Programs of an appliance, and the Debian packages that they are in."""
PLACES = "/usr/sbin:/usr/bin:/sbin:/bin"
HINT = "as root on Debian: scripts/install-lab-packages"


def lacking() -> tuple[str, ...]:
    """What is missing here for a lab of root, in words; empty when real appliances can run."""
    if os.geteuid() != 0:
        return (f"real appliances need root ({HINT})",)
    found = list(missing_programs())
    if not Path("/dev/net/tun").exists():
        found.append("there is no /dev/net/tun, which userland IPsec needs")
    return (*found, *(() if found else refused(("unshare", "--net", "--mount", "--pid", "--fork"))))


def missing_programs() -> tuple[str, ...]:
    """The packages that are missing, in words."""
    packages = sorted({package for program, package in PROGRAMS.items() if shutil.which(program, path=PLACES) is None})
    found = [f"packages are missing: {' '.join(packages)} ({HINT})"] if packages else []
    if not Path("/usr/bin/python3").exists():
        found.append(f"Debian's python3 is missing ({HINT})")
    return tuple(found)


def refused(unshared: Sequence[str]) -> tuple[str, ...]:
    """What the kernel does not allow, asked in namespaces of its own, which the given words make."""
    probe = [*unshared, "/usr/sbin/nft", "add table inet probe"]
    done = subprocess.run(probe, capture_output=True, text=True, check=False, timeout=20)
    if done.returncode == 0:
        return ()
    return (f"this machine allows no namespaces or no nftables in them: {done.stderr.strip()[:200]}",)
