"""Name, time zone, resolvers and kernel settings."""

import contextlib
import socket
from collections.abc import Sequence
from pathlib import Path

from lisiere.drivers.debian.device.bundles import File, text_of
from lisiere.drivers.debian.device.disk import content_of, write_durably
from lisiere.drivers.debian.device.statements import statements


def sysctl(key: str) -> Path:
    """Where a kernel setting is."""
    return Path("/proc/sys") / key.replace(".", "/")


def load_system(files: Sequence[File]) -> None:
    """Set what belongs to the system as a whole."""
    for one in statements(files, "network/sysctl.conf"):
        sysctl(one["key"]).write_text(one["value"], encoding="ascii")
    names = {one["name"]: one["value"] for one in statements(files, "system.conf")}
    if name := names.get("hostname"):
        full = f"{name}.{names['domain']} {name}" if "domain" in names else name
        socket.sethostname(name)
        write_durably(Path("/etc/hostname"), f"{name}\n", 0o644)
        write_durably(Path("/etc/hosts"), f"127.0.0.1 localhost\n127.0.1.1 {full}\n::1 localhost\n", 0o644)
    if zone := names.get("time_zone"):
        scratch = Path("/etc/.localtime-new")
        scratch.unlink(missing_ok=True)
        scratch.symlink_to(f"/usr/share/zoneinfo/{zone}")
        scratch.replace("/etc/localtime")
    if resolvers := text_of(files, "resolv.conf"):
        write_durably(Path("/etc/resolv.conf"), resolvers, 0o644)


def system_deviations(files: Sequence[File]) -> list[str]:
    """What of the system's settings is not so."""
    found = []
    for one in statements(files, "network/sysctl.conf"):
        held = content_of(sysctl(one["key"])).strip()
        found += [] if held == one["value"] else [f"lacks: {one['line']} (it is {held})"]
    for one in statements(files, "system.conf"):
        held = {"hostname": socket.gethostname(), "time_zone": _time_zone()}.get(one["name"], one["value"])
        found += [] if held == one["value"] else [f"lacks: {one['line']} (it is {held})"]
    wanted = text_of(files, "resolv.conf")
    return found + (
        ["lacks: the resolvers of resolv.conf"] if wanted and content_of(Path("/etc/resolv.conf")) != wanted else []
    )


def _time_zone() -> str:
    with contextlib.suppress(OSError):
        return str(Path("/etc/localtime").readlink()).partition("zoneinfo/")[2]
    return ""
