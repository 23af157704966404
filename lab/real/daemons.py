"""Programs of the places around the sites: resolvers, proxies, far ends of tunnels, each with a file of its own."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from lab.errors import LabError
from lab.real import kernel
from lab.real.appliance import STRONGSWAN
from lab.real.surroundings import Endpoint, Partner

BOOT_S, PROCESS = 20.0, ".process"
OWN_MEMORY = (
    "/usr/bin/unshare", "--mount", "/bin/sh", "-c", 'mount -t tmpfs lisiere-shm /dev/shm && exec "$@"', "sh",
)  # fmt: skip
"""What keeps the shared memory of a squid, which it leaves behind when it is killed, off the machine's."""


def start(namespace: str, argv: list[str], log: Path) -> int:
    """Start a program in a namespace; its process, which ends with the namespace, and is noted beside its log."""
    with log.open("ab") as out:
        pid = subprocess.Popen(
            ["/usr/bin/nsenter", f"--net={kernel.NAMESPACES / namespace}", *argv],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, cwd="/",
        ).pid  # fmt: skip
    log.with_suffix(PROCESS).write_text(f"{pid} {kernel.began(pid)}", encoding="ascii")
    return pid


def ended(folder: Path) -> tuple[str, ...]:
    """The programs of a world that run no longer: `academie/squid`, or `answers` for whatever answers."""
    found = []
    for note in sorted(folder.rglob(f"*{PROCESS}")):
        pid, _, began = note.read_text(encoding="ascii").partition(" ")
        if not began or kernel.began(int(pid)) != began:
            found.append(str(note.relative_to(folder).with_suffix("")))
    return tuple(found)


def wait_for(what: str, is_so: Callable[[], bool], log: Path) -> None:
    """Wait until something is so.

    Raises:
        LabError: It did not come to be; with the last words of the log.
    """
    until = time.monotonic() + BOOT_S
    while not is_so():
        if time.monotonic() > until:
            said = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
            raise LabError(f"{what} did not start: {' '.join(said.split())[-300:]}")
        time.sleep(0.02)


def listens(process: int, port: int) -> bool:
    """Whether something listens on a TCP port in the namespace of a process."""
    for table in ("tcp", "tcp6"):
        try:
            rows = Path(f"/proc/{process}/net/{table}").read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            return False
        if any(row.split()[3] == "0A" and int(row.split()[1].rpartition(":")[2], 16) == port for row in rows):
            return True
    return False


def resolver(
    namespace: str, folder: Path, *, answer: tuple[str, str], names: tuple[tuple[str, tuple[str, ...]], ...]
) -> int:
    """Start dnsmasq on every address of a namespace; it logs every question in `dns.log`."""
    lines = [
        "keep-in-foreground", "bind-dynamic", "no-resolv", "no-hosts", "no-poll", "user=root", "pid-file",
        "cache-size=0", "log-queries=extra", f"log-facility={folder / 'dns.log'}",
        *(f"address=/#/{one}" for one in answer), *(f"address=/{name}/{one}" for name, found in names for one in found),
    ]  # fmt: skip
    conf, log = folder / "dnsmasq.conf", folder / "dnsmasq.out"
    conf.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
    pid = start(namespace, ["/usr/sbin/dnsmasq", f"--conf-file={conf}"], log)
    wait_for(f"the resolver of {namespace}", lambda: listens(pid, 53), log)
    return pid


def proxy(namespace: str, folder: Path, *, at: Endpoint, resolvers: tuple[str, ...], seen_as: tuple[str, str]) -> int:
    """Start squid as a forward proxy that lets everything through; each request is a line of `access.log`."""
    logs = folder / "squid"
    logs.mkdir()
    kernel.run("chown", "proxy:proxy", str(logs))
    lines = [
        f"http_port {at[0]}:{at[1]}", "http_access allow all", "cache deny all", "cache_mem 8 MB", "pinger_enable off",
        "pid_filename none", "cache_store_log none", "netdb_filename none", "max_filedescriptors 4096",
        "shutdown_lifetime 1 seconds", f"access_log stdio:{logs / 'access.log'} squid",
        f"cache_log {logs / 'cache.log'}", f"coredump_dir {logs}", f"dns_nameservers {' '.join(resolvers)}",
        f"visible_hostname {namespace}",
        f"tcp_outgoing_address {seen_as[0]}", f"tcp_outgoing_address {seen_as[1]}",
    ]  # fmt: skip
    conf, log = folder / "squid.conf", folder / "squid.out"
    conf.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
    squid = ["/usr/sbin/squid", "-N", "-n", namespace.replace("-", ""), "-f", str(conf)]
    pid = start(namespace, [*OWN_MEMORY, *squid], log)
    wait_for(f"the proxy of {namespace}", lambda: listens(pid, at[1]), log)
    return pid


def far_end(namespace: str, folder: Path, partner: Partner) -> None:
    """Start charon with a partner's end of each of its tunnels; ESP goes through a device `ipsec0` as on appliances."""
    folder.chmod(0o700)
    vici, log = folder / "charon.vici", folder / "charon.log"
    conf, tunnels = folder / "strongswan.conf", folder / "swanctl.conf"
    text = STRONGSWAN.replace("install_routes = no", "install_routes = yes")
    text = text.replace("  plugins {", f"  plugins {{\n    vici {{\n      socket = unix://{vici}\n    }}")
    text = text.replace(
        "  plugins {", f"  filelog {{\n    file {{\n      path = {log}\n      default = 1\n    }}\n  }}\n  plugins {{"
    )
    conf.write_text(text, encoding="ascii")
    tunnels.write_text("".join(f"{line}\n" for line in swanctl(partner)), encoding="ascii")
    tunnels.chmod(0o600)
    start(namespace, ["/usr/bin/env", f"STRONGSWAN_CONF={conf}", "/usr/sbin/charon-systemd"], folder / "charon.out")
    wait_for(f"charon of {namespace}", vici.exists, folder / "charon.out")
    load = ["env", f"STRONGSWAN_CONF={conf}", "swanctl", "--load-all", "--noprompt", "--file", str(tunnels)]
    kernel.run(*load, "--uri", f"unix://{vici}")


def swanctl(partner: Partner) -> list[str]:
    """The partner's swanctl.conf: it waits to be called, as the far end of a managed site does."""
    lines, secrets = ["connections {"], ["secrets {"]
    for one in partner.tunnels:
        if not one.secret:
            continue
        lines += [
            f"  {one.name} {{", "    version = 2", "    mobike = no", f"    local_addrs = {partner.address}",
            f"    remote_addrs = {one.remote_address}", f"    proposals = {one.ike}",
            "    dpd_delay = 30s", "    unique = replace",
            f"    local {{\n      auth = psk\n      id = {one.local_identity}\n    }}",
            f"    remote {{\n      auth = psk\n      id = {one.remote_identity}\n    }}",
            f"    children {{\n      {one.name} {{", f"        local_ts = {','.join(one.local_prefixes)}",
            f"        remote_ts = {','.join(one.remote_prefixes)}", f"        esp_proposals = {one.esp}",
            "        start_action = none\n        dpd_action = clear\n      }\n    }\n  }",
        ]  # fmt: skip
        secrets += [
            f"  ike-{one.name} {{\n    id-local = {one.local_identity}\n    id-remote = {one.remote_identity}",
            f'    secret = "{one.secret}"\n  }}',
        ]
    return [*lines, "}", *secrets, "}"]
