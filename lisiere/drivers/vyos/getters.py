"""NAPALM's dictionaries out of what was parsed. Pure."""

import re
from collections.abc import Sequence
from ipaddress import ip_interface

from napalm.base import models

from lisiere.drivers.vyos import parse
from lisiere.drivers.vyos.parse import InterfaceRow, PingResult, Version
from lisiere.drivers.vyos.statements import Path
from lisiere.errors import UsageError

UNKNOWN = -1.0
ADMINISTRATOR = 15


def facts(version: Version, running: Sequence[Path], uptime_s: float, rows: Sequence[InterfaceRow]) -> models.FactsDict:
    """NAPALM's facts."""
    statements = list(running)
    name = parse.value(statements, "system", "host-name") or "vyos"
    domain = parse.value(statements, "system", "domain-name")
    return {
        "vendor": "VyOS",
        "model": version.model,
        "serial_number": version.serial_number,
        "os_version": version.version,
        "hostname": name,
        "fqdn": f"{name}.{domain}" if domain else name,
        "uptime": uptime_s,
        "interface_list": [row.name for row in rows],
    }


def interfaces(rows: Sequence[InterfaceRow]) -> dict[str, models.InterfaceDict]:
    """NAPALM's interfaces; VyOS tells neither speed nor the time of the last change."""
    return {
        row.name: {
            "is_up": row.is_up,
            "is_enabled": row.is_enabled,
            "description": row.description,
            "last_flapped": UNKNOWN,
            "speed": UNKNOWN,
            "mtu": row.mtu_bytes,
            "mac_address": row.mac_address,
        }
        for row in rows
    }


def interfaces_ip(rows: Sequence[InterfaceRow]) -> dict[str, models.InterfacesIPDict]:
    """NAPALM's addresses by interface and family; interfaces without any are left out."""
    found: dict[str, models.InterfacesIPDict] = {}
    for row in rows:
        for address in map(ip_interface, row.addresses):
            families = found.setdefault(row.name, {})
            entry: models.InterfacesIPDictEntry = {"prefix_length": address.network.prefixlen}
            if address.version == 4:
                families.setdefault("ipv4", {})[str(address.ip)] = entry
            else:
                families.setdefault("ipv6", {})[str(address.ip)] = entry
    return found


def users(running: Sequence[Path]) -> dict[str, models.UsersDict]:
    """NAPALM's users out of a masked configuration."""
    statements = list(running)
    return {
        user: {
            "level": ADMINISTRATOR,
            "password": parse.value(
                statements, "system", "login", "user", user, "authentication", "encrypted-password"
            ),
            "sshkeys": keys,
        }
        for user, keys in parse.users(statements).items()
    }


def ping_command(
    destination: str, source: str, ttl: int, size: int, count: int, vrf: str, source_interface: str
) -> str:
    """VyOS's ping command for NAPALM's arguments."""
    words = [destination, "count", str(count), "size", str(size), "ttl", str(ttl)]
    for option, value in (("source-address", source), ("interface", source_interface), ("vrf", vrf)):
        if value:
            words += [option, value]
    if bad := [word for word in words if not re.fullmatch(r"[\w.:%-]+", word)]:
        raise UsageError(f"cannot ping with {bad[0]!r}: it is neither an address nor a name")
    return " ".join(["ping", *words])


def ping(result: PingResult) -> models.PingResultDict:
    """NAPALM's ping result."""
    least, mean, greatest, deviation = result.spread_ms
    return {
        "success": {
            "probes_sent": result.sent,
            "packet_loss": result.sent - result.received,
            "rtt_min": least,
            "rtt_max": greatest,
            "rtt_avg": mean,
            "rtt_stddev": deviation,
            "results": [{"ip_address": address, "rtt": rtt_ms} for address, rtt_ms in result.replies],
        }
    }


def ping_answer(answer: str) -> models.PingResultDict:
    """NAPALM's ping result out of what the device printed."""
    try:
        return ping(parse.ping(answer))
    except ValueError as exc:
        return {"error": f"{exc}: {' '.join(answer.split())[:200]}"}


def is_answered(answer: str) -> bool:
    """Whether anything came back, out of what the device printed."""
    try:
        return parse.ping(answer).received > 0
    except ValueError:
        return False
