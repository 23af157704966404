"""Devices, addresses and static routes: brought to what the files say, and compared."""

import json
import shlex
import socket
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from ipaddress import ip_interface, ip_network
from typing import Any

from lisiere.drivers.debian.device.bundles import File
from lisiere.drivers.debian.device.programs import first_line, run
from lisiere.drivers.debian.device.refusals import RefusedError
from lisiere.drivers.debian.device.statements import statements

OWN_ADDRESSES, VPN = ("127.0.0.1/8", "::1/128"), "ipsec0"


def has_device(device: str) -> bool:
    """Whether there is an interface of this name."""
    return any(name == device for _, name in socket.if_nameindex())


def addresses_meant(files: Sequence[File]) -> set[str]:
    """The addresses that the interfaces of the file are to have."""
    found = (one for one in statements(files, "network/addresses.batch") if one.get("address"))
    return {f"address {one['dev']} {ip_interface(one['address'])}" for one in found}


def addresses_held(files: Sequence[File]) -> set[str]:
    """The addresses that the same interfaces have."""
    devices = {one["dev"] for one in statements(files, "network/addresses.batch")} - {VPN}
    found = set()
    for link in links():
        for one in link.get("addr_info", []):
            address = f"{one.get('local')}/{one.get('prefixlen')}"
            if link.get("ifname") in devices and one.get("scope") != "link" and address not in OWN_ADDRESSES:
                found.add(f"address {link['ifname']} {ip_interface(address)}")
    return found


def links() -> list[dict[str, Any]]:
    """The interfaces and their addresses, as the kernel tells them."""
    found: list[dict[str, Any]] = json.loads(run("/usr/sbin/ip", "-j", "address", "show", split=True).text or "[]")
    return found


def routes_meant(files: Sequence[File]) -> dict[str, str]:
    """The static routes as `routes_held` writes them, and their lines; those into the VPN wait for its device."""
    found, is_there = {}, has_device(VPN)
    for one in statements(files, "network/routes.batch"):
        prefix = ip_network(one["prefix"])
        device = "" if one["hole"] or one["via"] else one["dev"]
        if device != VPN or is_there:
            via = str(ip_interface(one["via"]).ip) if one["via"] else ""
            metric = one["metric"] or ("1024" if prefix.version == 6 else "")
            found[_route(one["hole"].strip(), str(prefix), via, device, metric)] = one["line"]
    return found


def routes_held() -> set[str]:
    """The static routes of the kernel: those that were made here, or by hand in the same way."""
    found = set()
    for family, everything in (("-4", "0.0.0.0/0"), ("-6", "::/0")):
        said = run("/usr/sbin/ip", "-j", family, "route", "show", "table", "main", "proto", "static", split=True)
        for one in json.loads(said.text or "[]"):
            prefix = str(ip_network(one["dst"])) if one["dst"] != "default" else everything
            hole = one["type"] if one.get("type") in ("blackhole", "unreachable") else ""
            via = one.get("gateway") or one.get("via", {}).get("host", "")
            device = "" if hole or via else one.get("dev", "")
            found.add(_route(hole, prefix, via, device, str(one.get("metric", ""))))
    return found


def _route(hole: str, prefix: str, via: str, device: str, metric: str) -> str:
    words = [hole, prefix, via and f"via {via}", device and f"dev {device}", metric and f"metric {metric}"]
    return " ".join(word for word in words if word)


def load_network(files: Sequence[File]) -> None:
    """Bring devices, addresses and static routes to what the files say; surplus addresses and routes go."""
    for one in statements(files, "network/links.batch"):
        if not has_device(one["dev"]) and one["dev"] != VPN:
            command("/usr/sbin/ip", one["line"])
        elif not has_device(one["dev"]):
            run("/usr/sbin/ip", *shlex.split(one["line"]))  # A kernel without such devices leaves it to the IKE daemon.
    held, replaced = addresses_held(files), addresses_meant(files)
    for one in statements(files, "network/addresses.batch"):
        if (one["dev"] != VPN or has_device(VPN)) and (not one.get("address") or _is_new(one, held)):
            command("/usr/sbin/ip", one["line"] + (" nodad" if ":" in one.get("address", "") else ""))
    for address in sorted(held - replaced):
        _, device, value = address.split()
        command("/usr/sbin/ip", f"address delete {value} dev {device}")
    load_routes(files)
    load_shaping(files)


def load_shaping(files: Sequence[File]) -> None:
    """Shape links as the files say, from nothing: the kernel changes no HTB that is there already."""
    for link in links():
        if link.get("qdisc") == "htb":
            command("/usr/sbin/tc", f"qdisc delete dev {link['ifname']} root")
    if any(one.path == "network/shaping.batch" for one in files):
        for one in statements(files, "network/shaping.batch"):
            command("/usr/sbin/tc", one["line"])


def _is_new(one: Mapping[str, str], held: AbstractSet[str]) -> bool:
    return f"address {one['dev']} {ip_interface(one['address'])}" not in held


def load_routes(files: Sequence[File]) -> None:
    """The static routes alone; those into the VPN come when its device does."""
    meant, held = routes_meant(files), routes_held()
    for route in sorted(held - meant.keys()):
        family = "-6" if ":" in route else "-4"
        command("/usr/sbin/ip", f"{family} route delete {route} proto static")
    for route in sorted(meant.keys() - held, key=lambda route: "via" in route):
        command("/usr/sbin/ip", meant[route])


def command(program: str, line: str) -> None:
    """Carry out a line of a batch, or say why it cannot be."""
    said = run(program, *shlex.split(line))
    if said.status:
        raise RefusedError("failed", f"{line}: {first_line(said)}")


def network_deviations(files: Sequence[File]) -> list[str]:
    """How addresses and static routes differ from the files."""
    meant = addresses_meant(files) | {f"route {one}" for one in routes_meant(files)}
    held = addresses_held(files) | {f"route {one}" for one in routes_held()}
    waiting = any(one["dev"] == VPN for one in statements(files, "network/routes.batch")) and not has_device(VPN)
    missing = [VPN] if waiting else []
    missing += [
        one["dev"]
        for one in statements(files, "network/links.batch")
        if not has_device(one["dev"]) and one["dev"] != VPN
    ]
    found = [f"lacks: the interface {one}" for one in missing] + [f"lacks: {one}" for one in sorted(meant - held)]
    return found + [f"adds: {one}" for one in sorted(held - meant)]
