"""What the operational commands print. Pure: an appliance's state in, text out."""

import datetime as dt
import ipaddress
from collections.abc import Sequence

from lab.vyos.device import Device
from lab.vyos.proposal import Section

_KINDS = ("dummy", "ethernet", "loopback", "vti", "wireguard")


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns under a line of dashes; a cell with line ends goes on in the lines below."""
    cells = [[cell.split("\n") for cell in row] for row in rows]
    widths = [
        max([len(header), *(len(line) for row in cells for line in row[at])]) for at, header in enumerate(headers)
    ]
    lines = [headers, ["-" * width for width in widths]]
    for row in cells:
        height = max(len(cell) for cell in row)
        lines += [[cell[number] if number < len(cell) else "" for cell in row] for number in range(height)]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n" for line in lines
    )


def version(device: Device) -> str:
    """`show version`."""
    release = device.release
    serial = f"LAB{abs(hash_of(device.name)):012d}"
    facts = [
        ("Version", f"VyOS {release.version}"),
        ("Release train", release.train),
        ("Release flavor", "generic"),
        None,
        ("Built by", "lab@localhost"),
        ("Built on", "Mon 21 Oct 2024 00:07 UTC"),
        ("Build UUID", "00000000-0000-0000-0000-000000000000"),
        ("Build commit ID", "0000000000000000"),
        None,
        ("Architecture", "x86_64"),
        ("Boot via", "installed image"),
        ("System type", "KVM guest"),
        *([("Secure Boot", "n/a (BIOS)")] if release.name == "1.5" else []),
        None,
        ("Hardware vendor", "QEMU"),
        ("Hardware model", "Standard PC (Q35 + ICH9, 2009)"),
        ("Hardware S/N", serial),
        ("Hardware UUID", "00000000-0000-0000-0000-000000000000"),
        None,
        ("Copyright", "VyOS maintainers and contributors"),
    ]
    return "".join(f"{fact[0] + ':':<18}{fact[1]}\n" if fact else "\n" for fact in facts)


def hash_of(name: str) -> int:
    """A number that is the same for a name on every day and machine."""
    number = 0
    for char in name:
        number = (number * 131 + ord(char)) % 1_000_000_000_000
    return number


def uptime(device: Device) -> str:
    """`show system uptime`."""
    left, parts = int(device.clock() - device.booted_at), []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or unit == "s":
            parts.append(f"{count}{unit}")
    return f"Uptime: {' '.join(parts)}\n\nLoad averages:\n1  minute:   0.3%\n5  minutes:  0.2%\n15 minutes:  0.1%\n"


def interfaces(device: Device) -> str:
    """`show interfaces`."""
    rows = []
    for name, addresses, mac, mtu, state, description in interface_rows(device):
        rows.append([name, "\n".join(addresses) or "-", mac, "default", mtu, state, description])
    headers = ("Interface", "IP Address", "MAC", "VRF", "MTU", "S/L", "Description")
    return "Codes: S - State, L - Link, u - Up, D - Down, A - Admin Down\n" + table(headers, rows)


def interfaces_summary(device: Device) -> str:
    """`show interfaces summary`."""
    line = "{:<16} {:<33} {:<4} {}"
    lines = [
        "Codes: S - State, L - Link, u - Up, D - Down, A - Admin Down",
        line.format("Interface", "IP Address", "S/L", "Description"),
        line.format("---------", "----------", "---", "-----------"),
    ]
    for name, addresses, _, _, state, description in interface_rows(device):
        first, *more = addresses or ["-"]
        lines.append(line.format(name, first, state, description))
        lines += [line.format("", address, "", "") for address in more]
    return "".join(f"{text.rstrip()}\n" for text in lines)


def interface_rows(device: Device) -> list[tuple[str, list[str], str, str, str, str]]:
    """Name, addresses, MAC, MTU, state and description of every interface."""
    rows = []
    configured = Section(device.tree().at(("interfaces",)))
    for kind in _KINDS:
        for name, section in configured.at(kind).sections().items():
            mac = section.value("hw-id") or device.macs.get(name, "n/a")
            mac = mac if kind in ("ethernet",) else "n/a"
            rows.append(_interface(name, kind, section, mac))
            for vlan, vif in section.at("vif").sections().items():
                rows.append(_interface(f"{name}.{vlan}", kind, vif, mac))
    if not configured.has("loopback", "lo"):
        rows.append(("lo", [], "n/a", "65536", "u/u", ""))
    known = {row[0] for row in rows}
    rows += [(name, [], mac, "1500", "A/D", "") for name, mac in device.macs.items() if name not in known]
    return sorted(rows)


def _interface(name: str, kind: str, section: Section, mac: str) -> tuple[str, list[str], str, str, str, str]:
    addresses = [address for address in section.values("address") if "/" in address]
    if name == "lo":
        addresses = ["127.0.0.1/8", "::1/128", *addresses]
        mac = "00:00:00:00:00:00"
    mtu = section.value("mtu") or ("65536" if name == "lo" else "1500")
    return name, addresses, mac, mtu, "A/D" if section.has("disable") else "u/u", section.value("description")


def ntp(device: Device) -> str:
    """`show ntp`."""
    servers = Section(device.tree().at(("service", "ntp", "server"))).sections()
    if not servers:
        return "NTP service is not enabled.\n"
    lines = ["Name/IP Address            NP  NR  Span  Frequency  Freq Skew  Offset  Std Dev", "=" * 78]
    lines += [f"{name:<26} 12   7   11m     +0.010      0.125    +12us    38us" for name in servers]
    return "".join(f"{line}\n" for line in lines)


def ipsec_sa(device: Device, *, is_up: bool) -> str:
    """`show vpn ipsec sa`: one row for each child of each peer."""
    headers = (
        "Connection",
        "State",
        "Uptime",
        "Bytes In/Out",
        "Packets In/Out",
        "Remote address",
        "Remote ID",
        "Proposal",
    )
    ipsec = Section(device.tree().at(("vpn", "ipsec")))
    rows = []
    for name, peer in ipsec.at("site-to-site", "peer").sections().items():
        if peer.has("disable"):
            continue
        remote = peer.value("remote-address") or "N/A"
        identity = peer.value("authentication", "remote-id") or remote
        live = ("up", "1h5m12s", "12K/9K", "154/120", remote, identity, _proposal(ipsec, peer))
        state = live if is_up else ("down", "N/A", "N/A", "N/A", remote, "N/A", "N/A")
        tunnels = peer.at("tunnel").sections().items()
        children = [f"tunnel-{number}" for number, tunnel in tunnels if not tunnel.has("disable")]
        rows += [(f"{name}-{child}", *state) for child in children or (["vti"] if not tunnels else [])]
    return table(headers, rows)


def _proposal(ipsec: Section, peer: Section) -> str:
    group = peer.value("vti", "esp-group") or peer.value("default-esp-group")
    first = next(iter(ipsec.at("esp-group", group, "proposal").sections().values()), Section(None))
    names = {
        "aes256gcm128": "AES_GCM_16_256",
        "aes128gcm128": "AES_GCM_16_128",
        "chacha20poly1305": "CHACHA20_POLY1305",
    }
    encryption = first.value("encryption") or "aes128"
    dh_group = {"dh-group19": "ECP_256", "dh-group20": "ECP_384", "dh-group21": "ECP_521", "dh-group31": "CURVE_25519"}
    pfs = dh_group.get(ipsec.value("esp-group", group, "pfs"), "")
    return names.get(encryption, encryption.upper()) + (f"/{pfs}" if pfs else "")


def log(device: Device) -> str:
    """`show log`."""
    return "".join(f"Jan 01 00:00:00 {line}\n" for line in device.log)


def commits(device: Device) -> str:
    """`show system commit`."""
    lines = []
    for number, one in enumerate(device.revisions):
        at = dt.datetime.fromtimestamp(one.at, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
        lines.append(f"{number}  {at}  by {one.user}  via {one.via}\n")
        if one.comment != "commit":
            lines.append(f"   {one.comment}\n")
    return "".join(lines)


def ping(words: Sequence[str], *, is_reachable: bool) -> str:
    """`ping HOST [count N]`."""
    target, rest = words[0], words[1:]
    count = int(rest[rest.index("count") + 1]) if "count" in rest[:-1] else 5
    try:
        ipaddress.ip_address(target)
    except ValueError:
        return f"ping: {target}: Temporary failure in name resolution\n"
    size = 56
    lines = [f"PING {target} ({target}) {size}({size + 28}) bytes of data."]
    if is_reachable:
        lines += [f"64 bytes from {target}: icmp_seq={one} ttl=64 time=0.42 ms" for one in range(1, count + 1)]
    lines += ["", f"--- {target} ping statistics ---"]
    received = count if is_reachable else 0
    lost = 0 if is_reachable else 100
    lines.append(f"{count} packets transmitted, {received} received, {lost}% packet loss, time {(count - 1) * 1001}ms")
    if is_reachable:
        lines.append("rtt min/avg/max/mdev = 0.420/0.420/0.420/0.000 ms")
    return "".join(f"{line}\n" for line in lines)
