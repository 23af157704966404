"""The programs that run all the time, each by a file of the configuration."""

import contextlib
import hashlib
import os
import re
import shutil
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lisiere.drivers.debian.device.bundles import File, text_of, write_bundle
from lisiere.drivers.debian.device.disk import content_of, write_durably
from lisiere.drivers.debian.device.network import VPN, has_device
from lisiere.drivers.debian.device.places import RUN, SELF, current_path
from lisiere.drivers.debian.device.programs import born, is_systemd, listeners, process_of, run, spawn, stop, wait_until
from lisiere.drivers.debian.device.proving import write_settings
from lisiere.drivers.debian.device.refusals import Problem
from lisiere.drivers.debian.device.statements import statements
from lisiere.drivers.debian.device.swanctl import SWANCTL, parse_swanctl, tunnel_deviations
from lisiere.drivers.debian.device.system import sysctl
from lisiere.drivers.debian.device.tunnels import load_tunnels

REREAD_S = 0.3
"""How long a program may take to read its file anew, or to end over it."""
LISTENS_S = 5.0
"""How long a program that was started may take to listen."""


@dataclass(frozen=True)
class Service:
    """A program that reads a file of ours; without that file it does not run."""

    name: str
    folder: str
    file: str
    argv: tuple[str, ...]
    signal: int = 0
    """What makes it read its file anew; 0: it has to be started again; -1: nothing has to."""

    @property
    def command(self) -> list[str]:
        """How it is started: what ends in an option for it is given its file."""
        return [*self.argv, *([current_path(self.file)] if self.argv[-1] in ("-f", "-C") else [])]

    def is_wanted(self, files: Sequence[File]) -> bool:
        """Whether a configuration has it run."""
        return any(one.path == self.file for one in files)

    def stamp(self, files: Sequence[File]) -> str:
        """Names its files and the process that read them."""
        text = write_bundle([one for one in files if one.path.startswith(self.folder)])
        pid = process_of(self.name)
        return f"{hashlib.sha256(text.encode()).hexdigest()} {pid} {born(pid)}"


SERVICES = (
    Service("charon", "swanctl/", SWANCTL, ("/usr/sbin/charon-systemd",), signal=-1),
    Service("watch", "swanctl/", SWANCTL, ("/usr/bin/python3", "-I", SELF, "_watch"), signal=-1),
    Service("squid", "squid/", "squid/squid.conf", ("/usr/sbin/squid", "-NYC", "-f"), signal.SIGHUP),
    Service("dnsmasq", "dnsmasq/", "dnsmasq/dnsmasq.conf", ("/usr/sbin/dnsmasq", "--keep-in-foreground", "-C")),
    Service("chronyd", "chrony/", "chrony/chrony.conf", ("/usr/sbin/chronyd", "-n", "-f")),
    Service("rsyslogd", "rsyslog/", "rsyslog/rsyslog.conf", ("/usr/sbin/rsyslogd", "-n", "-i", "NONE", "-f")),
    Service("web", "web/", "web/proxy.pac", ("/usr/bin/python3", "-I", SELF, "_web"), signal=-1),
    Service("sshd", "ssh/", "ssh/sshd_config", ("/usr/sbin/sshd", "-D", "-f"), signal.SIGHUP),
)
"""In the order in which they are loaded; sshd comes last, when all else is known to be well."""


def may_set_clock() -> bool:
    """Whether this appliance may set its clock: containers and laboratories may not."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    held = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return bool(held and int(held[1], 16) >> 25 & 1)


def start(service: Service) -> None:
    """Start a program anew."""
    stop(service.name)
    argv = [*service.command, *([] if service.name != "chronyd" or may_set_clock() else ["-x"])]
    if service.name == "charon":
        Path("/run/charon.vici").unlink(missing_ok=True)
        write_settings()
    for made, owner in (
        ("/run/sshd", ""),
        ("/run/squid", "proxy"),
        ("/var/log/squid", "proxy"),
        ("/run/chrony", "_chrony"),
    ):
        Path(made).mkdir(mode=0o755, parents=True, exist_ok=True)
        with contextlib.suppress(LookupError, OSError):
            shutil.chown(made, owner or "root", owner or "root")
    if service.name == "sshd":
        stock_sshd(is_wanted=False)
    spawn(service.name, argv)
    wait_until(lambda: process_of(service.name), 2.0)


def stock_sshd(*, is_wanted: bool) -> None:
    """End the sshd of a fresh installation, which holds the port, or bring it back. Its sessions go on."""
    if is_systemd():
        run("/usr/bin/systemctl", *(["enable"] if is_wanted else ["disable"]), "--now", "ssh.service")
        return
    pid = int((content_of(Path("/run/sshd.pid")) or "0").strip())
    if is_wanted:
        run("/usr/sbin/sshd")
    elif pid and content_of(Path(f"/proc/{pid}/comm")).strip() == "sshd":
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not born(pid), 2.0)


def load_service(service: Service, before: Sequence[File], files: Sequence[File]) -> None:
    """Let a program run by its file; without one it ends."""
    if not service.is_wanted(files):
        stop(service.name)
        (RUN / f"{service.name}.loaded").unlink(missing_ok=True)
        return
    pid = process_of(service.name)
    if not pid or not service.signal:
        start(service)
        wait_until(lambda: ports(service, files) <= listeners(), LISTENS_S)
    elif service.signal > 0:
        os.kill(pid, service.signal)
        time.sleep(REREAD_S)
    if service.name == "charon":
        load_tunnels(before, files)
    write_durably(RUN / f"{service.name}.loaded", service.stamp(files), 0o600)


def service_deviations(files: Sequence[File]) -> list[str]:
    """Which programs do not run, or not by the files."""
    found = []
    for service in SERVICES:
        pid = process_of(service.name)
        if not service.is_wanted(files):
            found += [f"adds: {service.name} runs"] if pid else []
        elif not pid:
            found.append(f"lacks: {service.name} does not run")
        elif content_of(RUN / f"{service.name}.loaded") != service.stamp(files):
            found.append(f"lacks: {service.name} did not read these files, or was started by somebody else")
    wanted = set().union(*(ports(service, files) for service in SERVICES))
    return found + [f"lacks: nothing listens on port {port}" for port in sorted(wanted - listeners())]


PORTS = {"squid/squid.conf": r"^http_port (?:\S*:)?(\d+)\b", "ssh/sshd_config": r"(?i)^port (\d+)$"}
"""Where a file says on which ports its program listens."""


def ports(service: Service, files: Sequence[File]) -> set[int]:
    """Where a program listens, as far as the files say."""
    if service.name == "web":
        return {80} if service.is_wanted(files) else set()
    shape = PORTS.get(service.file)
    return {int(port) for port in re.findall(shape, text_of(files, service.file), re.MULTILINE)} if shape else set()


def absent_means(files: Sequence[File]) -> Iterator[Problem]:
    """What the files need of this very appliance and it does not have."""
    made = {one["dev"] for one in statements(files, "network/links.batch")} | {VPN}
    for path in ("network/addresses.batch", "network/routes.batch"):
        for one in statements(files, path):
            device = one.get("dev", "")
            if device and device not in made and not has_device(device):
                yield Problem(path, 0, f"this appliance has no interface {device}", one["line"])
    for one in statements(files, "network/sysctl.conf"):
        if not sysctl(one["key"]).exists():
            yield Problem("network/sysctl.conf", 0, "this appliance knows no such kernel setting", one["line"])
    wanted = [(service.file, service.argv[0]) for service in SERVICES if service.is_wanted(files)]
    for path, program in [*wanted, ("nftables.conf", "/usr/sbin/conntrack")]:
        if not Path(program).exists():
            yield Problem(path, 0, f"{program} is not installed on this appliance")


def is_stale(service: Service, files: Sequence[File]) -> bool:
    """Whether a program does not go by its files, though they did not change."""
    if not service.is_wanted(files):
        return process_of(service.name) != 0
    if content_of(RUN / f"{service.name}.loaded") != service.stamp(files):
        return True
    return service.name == "charon" and bool(tunnel_deviations(parse_swanctl(text_of(files, SWANCTL))[0]))
