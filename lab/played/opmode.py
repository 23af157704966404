"""What operational commands print."""

import time
from collections.abc import Sequence
from hashlib import sha256

from lab.played.checks import at, value
from lab.played.device import Device
from lisiere.configtree import Node

STARTED = time.monotonic()


def show_version(device: Device) -> str:
    """`show version`."""
    serial = sha256(device.name.encode()).hexdigest()[:12]
    boot = "\nSecure Boot:      n/a (BIOS)" if device.release == "1.5" else ""
    return (
        f"Version:          VyOS {device.version}\n"
        f"Release train:    {'sagitta' if device.release == '1.4' else 'current'}\n"
        "Release flavor:   generic\n\n"
        "Built by:         autobuild@vyos.net\nBuilt on:         Mon 21 Oct 2024 00:07 UTC\n"
        "Build UUID:       00000000-0000-4000-8000-000000000000\nBuild commit ID:  000000000000\n\n"
        f"Architecture:     x86_64\nBoot via:         installed image\nSystem type:      KVM guest{boot}\n\n"
        f"Hardware vendor:  Lab\nHardware model:   Played\nHardware S/N:     {serial}\n"
        "Hardware UUID:    00000000-0000-4000-8000-000000000000\n\n"
        "Copyright:        VyOS maintainers and contributors"
    )


def show_uptime(_: Device) -> str:
    """`show system uptime`."""
    seconds = int(time.monotonic() - STARTED)
    parts = f"{seconds // 3600}h {seconds // 60 % 60}m {seconds % 60}s"
    return f"Uptime: {parts}\n\nLoad averages:\n1  minute:   0.3%\n5  minutes:  0.2%\n15 minutes:  0.1%"


def show_interfaces(device: Device) -> str:
    """`show interfaces`: one row per interface, further addresses on lines of their own."""
    rows = [("Interface", "IP Address", "MAC", "VRF", "MTU", "S/L", "Description")]
    for name, node in sorted(_interfaces(device.running)):
        mac = "02:" + ":".join(sha256(f"{device.name} {name}".encode()).hexdigest()[i : i + 2] for i in range(0, 10, 2))
        state = "A/D" if name.startswith("vti") and device.is_vpn_down else "u/u"
        addresses = at(node, "address").values or ["-"]
        shown_mac = "n/a" if name.startswith("vti") else mac
        rows.append((name, addresses[0], shown_mac, "default", "1500", state, value(node, "description")))
        rows += [("", address, "", "", "", "", "") for address in addresses[1:]]
    return "Codes: S - State, L - Link, u - Up, D - Down, A - Admin Down\n" + table(rows)


def show_ipsec(device: Device) -> str:
    """`show vpn ipsec sa`: one row per tunnel that is up."""
    head = (
        "Connection",
        "State",
        "Uptime",
        "Bytes In/Out",
        "Packets In/Out",
        "Remote address",
        "Remote ID",
        "Proposal",
    )
    rows = [head]
    if not (device.faults.vpn_down or device.is_vpn_down):
        for peer, node in at(device.running, "vpn", "ipsec", "site-to-site", "peer").children.items():
            remote = value(node, "remote-address")
            identity = value(at(node, "authentication"), "remote-id")
            children = [f"tunnel-{number}" for number in at(node, "tunnel").children] or ["vti"]
            rows += [
                (f"{peer}-{child}", "up", "5m1s", "0B/0B", "0/0", remote, identity, "AES_GCM_16_256/ECP_384")
                for child in children
            ]
    return table(rows)


def show_ntp(device: Device) -> str:
    """`show ntp`."""
    servers = at(device.running, "service", "ntp", "server").children
    if not servers:
        return "NTP service is not enabled."
    head = "Name/IP Address            NP  NR  Span  Frequency  Freq Skew  Offset  Std Dev"
    return "\n".join(
        [head, "=" * 78, *(f"{name:<26} 12   7   11m     +0.001      0.100   +1us    20us" for name in servers)]
    )


def ping(device: Device, words: list[str]) -> str:
    """`ping ADDRESS count N`: what is on the way to a configured gateway or one of its own addresses answers."""
    target = words[0] if words else ""
    count = int(words[words.index("count") + 1]) if "count" in words else 3
    is_routed = bool(at(device.running, "protocols", "static").children)
    received = count if is_routed else 0
    lines = [f"PING {target} ({target}) 56(84) bytes of data."]
    lines += [f"64 bytes from {target}: icmp_seq={number + 1} ttl=64 time=0.100 ms" for number in range(received)]
    loss = 0 if received else 100
    lines += ["", f"--- {target} ping statistics ---"]
    lines.append(f"{count} packets transmitted, {received} received, {loss}% packet loss, time 0ms")
    if received:
        lines.append("rtt min/avg/max/mdev = 0.100/0.100/0.100/0.000 ms")
    return "\n".join(lines)


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """Columns with a line of dashes below the header."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _interfaces(root: Node) -> list[tuple[str, Node]]:
    found: list[tuple[str, Node]] = []
    for kind in at(root, "interfaces").children.values():
        for name, node in kind.children.items():
            found.append((name, node))
            found += [(f"{name}.{vlan}", vif) for vlan, vif in at(node, "vif").children.items()]
    return found
