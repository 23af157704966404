"""The kinds of value that the grammar names, and what VyOS's validators say when one does not fit."""

import re
from collections.abc import Callable
from functools import cache, lru_cache
from ipaddress import (
    AddressValueError,
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)

Check = Callable[[str], bool]


def _parses(*kinds: Callable[[str], object]) -> Check:
    def check(text: str) -> bool:
        for kind in kinds:
            try:
                kind(text)
            except (AddressValueError, ValueError):
                continue
            return True
        return False

    return check


def _host4(text: str) -> IPv4Interface:
    """An address with a length that is not the network itself."""
    found = IPv4Interface(text)
    if "/" not in text or (found.network.prefixlen < 31 and found.ip == found.network.network_address):
        raise ValueError(text)
    return found


def _host6(text: str) -> IPv6Interface:
    found = IPv6Interface(text)
    if "/" not in text or (found.network.prefixlen < 127 and found.ip == found.network.network_address):
        raise ValueError(text)
    return found


def _net4(text: str) -> IPv4Network:
    if "/" not in text:
        raise ValueError(text)
    return IPv4Network(text)


def _net6(text: str) -> IPv6Network:
    if "/" not in text:
        raise ValueError(text)
    return IPv6Network(text)


def _range4(text: str) -> None:
    first, dash, last = text.partition("-")
    if not dash or IPv4Address(first) >= IPv4Address(last) or first.rpartition(".")[0] != last.rpartition(".")[0]:
        raise ValueError(text)


def _range6(text: str) -> None:
    first, dash, last = text.partition("-")
    if not dash or IPv6Address(first) >= IPv6Address(last):
        raise ValueError(text)


def _ports(text: str) -> bool:
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not (
            _is_port_or_name(first)
            and (not dash or (last.isdigit() and first.isdigit() and int(first) < int(last) < 65536))
        ):
            return False
    return True


def _is_port_or_name(text: str) -> bool:
    if text.isdigit():
        return 1 <= int(text) <= 65535
    return bool(re.fullmatch(r"[a-z][a-z0-9-]*", text))


def _negated(check: Check) -> Check:
    return lambda text: check(text.removeprefix("!"))


def _shape(pattern: str) -> Check:
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


_PROTOCOLS = (
    "all|tcp|udp|tcp_udp|icmp|icmpv6|ipv6-icmp|esp|ah|gre|igmp|ospf|vrrp|sctp|ipv6|ip|ipip|pim|l2tp|dccp|udplite"
)
_INTERFACE = (
    r"(eth|lan|bond|br|dum|vti|wg|tun|vtun|peth|pppoe|l2tpeth|geneve|vxlan|macsec|wlan|wwan|ifb|sstpc|pod-|veth)\d+"
    r"(\.\d+){0,2}|(eno|ens|enp|enx)\S+|lo"
)

_KINDS: dict[str, tuple[Check, str]] = {
    "text": (lambda text: True, ""),
    "label": (_shape(r".{0,255}"), "Description too long (limit 255 characters)"),
    "ipv4": (_parses(IPv4Address), "Error: {} is not a valid IPv4 address"),
    "ipv6": (_parses(IPv6Address), "Error: {} is not a valid IPv6 address"),
    "ip": (_parses(IPv4Address, IPv6Address), "Error: {} is not a valid IP address"),
    "host4": (_parses(_host4), "Error: {} is not a valid IPv4 host"),
    "host6": (_parses(_host6), "Error: {} is not a valid IPv6 host"),
    "host": (_parses(_host4, _host6), "Error: {} is not a valid IP host"),
    "net4": (_parses(_net4), "Error: {} is not a valid IPv4 prefix"),
    "net6": (_parses(_net6), "Error: {} is not a valid IPv6 prefix"),
    "net": (_parses(_net4, _net6), "Error: {} is not a valid IP prefix"),
    "range4": (_parses(_range4), "Error: {} is not a valid IPv4 address range"),
    "range6": (_parses(_range6), "Error: {} is not a valid IPv6 address range"),
    "match4": (
        _negated(_parses(IPv4Address, _net4, _range4)),
        "Error: {} is not a valid IPv4 address, prefix or range",
    ),
    "match6": (
        _negated(_parses(IPv6Address, _net6, _range6)),
        "Error: {} is not a valid IPv6 address, prefix or range",
    ),
    "natv4": (_parses(IPv4Address, _net4, _range4), "Error: {} is not a valid IPv4 address, prefix or range"),
    "port": (
        _shape(r"[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5]"),
        "Port number must be in range 1 to 65535",
    ),
    "ports": (_negated(_ports), "Error: {} is not a valid port, port range or list of them"),
    "portrange": (_ports, "Error: {} is not a valid port, port name or port range"),
    "protocol": (
        _shape(rf"!?({_PROTOCOLS}|\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])"),
        "Error: {} is not a valid IP protocol",
    ),
    "fqdn": (
        _shape(
            r"(?=.{1,253}\.?\Z)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?\.?"
        ),
        "Error: {} is not a valid FQDN",
    ),
    "hostname": (
        _shape(r"(?=.{2,63}\Z)[A-Za-z0-9][-.A-Za-z0-9]*[A-Za-z0-9]"),
        "Host-name must be an alphanumeric string, may contain hyphens and is at most 63 characters long",
    ),
    "interface": (_shape(_INTERFACE), "Error: {} is not a valid interface name"),
    "mac": (_shape(r"!?([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}"), "Error: {} is not a valid MAC address"),
    "name": (_shape(r"[a-zA-Z0-9][\w\-\.]*"), "Name may contain alphanumeric characters, '-', '_' and '.' only"),
    "word": (_shape(r"[-_a-zA-Z0-9]+"), "Name may contain alphanumeric characters, '-' and '_' only"),
    "peer": (
        _shape(r"[-_a-zA-Z0-9|@]+"),
        "Peer connection name must be alphanumeric and can contain hyphen and underscores",
    ),
    "user": (
        _shape(r"[-_a-zA-Z0-9.]{1,100}"),
        "Username contains illegal characters or exceeds 100 character limitation.",
    ),
    "setref": (_shape(r"!?[\w\-\.]+"), "Error: {} is no name of a group"),
    "ifset": (_shape(r"!?([\w\-\.\*]+)"), "Error: {} is not a valid interface name"),
    "base64": (
        _shape(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"),
        "Error: value is not base64-encoded",
    ),
    "crypt": (
        _shape(r"\*|!|\$[0-9a-zA-Z]+\$(?:[^$]*\$){0,2}[A-Za-z0-9./]+"),
        "Invalid encrypted password for $VAR(../../@).",
    ),
    "bandwidth": (
        _shape(
            r"auto|[1-9]\d*(\.\d+)?([kmg]?(bit|ibit|bps|ibps)?|%)?",
        ),
        "Error: {} is not a valid bandwidth",
    ),
    "vrf": (
        _shape(r"(?!\d|br|eth|lan|dum|vti|wg|lo\Z)[-_\w.]{1,15}"),
        "VRF instance name must be 15 characters or less",
    ),
    "lengths": (_shape(r"\d+(-\d+)?"), "Error: {} is not a number or a range"),
    "dhcp-id": (_shape(r"[-_a-zA-Z0-9.: ]+"), "Invalid identifier"),
    "duid": (_shape(r"([0-9A-Fa-f]{2}:){0,127}[0-9A-Fa-f]{2}"), "Invalid DUID, must be in the format h[[:h]...]"),
    "dscp": (
        _shape(
            r"\d|[1-5]\d|6[0-3]|default|reliability|throughput|lowdelay|priority|immediate|flash|flash-override|critical"
            r"|internet|network|AF[1-4][1-3]|CS[1-7]|EF"
        ),
        "Priority must be between 0 and 63",
    ),
    "source-group": (_shape(r"[^0-9][a-zA-Z_][a-zA-Z0-9][\w\-.]*"), "Source-group must start with a letter"),
    "full-name": (_shape(r"[^:]{0,100}"), "Cannot use ':' in full name"),
    "clock": (_shape(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?"), "Error: {} is not a time of day"),
    "date": (_shape(r"\d{4}-\d{2}-\d{2}"), "Error: {} is not a date"),
    "rate": (_shape(r"\d+/(second|minute|hour|day)"), "integer/unit (Example: 5/minute)"),
    "timezone": (
        _shape(r"UTC|GMT|(Africa|America|Antarctica|Asia|Atlantic|Australia|Etc|Europe|Indian|Pacific)(/[\w+-]+)+"),
        "Invalid time zone",
    ),
    "domain-start": (_shape(r"\.[a-z0-9A-Z.-]+"), "Must start with domain-name with leading dot"),
}


@lru_cache(maxsize=65536)
def fits(kind: str, text: str) -> bool:
    """Whether a value is of a kind: a name above, a range such as `1-4094`, or a pattern in parentheses."""
    return _check(kind)(text)


def complaint(kinds: tuple[str, ...], text: str) -> str:
    """What the validator says of a value that is of none of these kinds."""
    first = kinds[0]
    if first in _KINDS:
        return _KINDS[first][1].format(text)
    if first.startswith("("):
        return f"Invalid value, must be one of {', '.join(first.strip('()').split('|'))}"
    return f"Number is not in any of allowed ranges {first}"


@cache
def _check(kind: str) -> Check:
    if kind in _KINDS:
        return _KINDS[kind][0]
    if kind.startswith("("):
        return _shape(kind)
    low, high = (int(bound) for bound in kind.split("-"))
    return lambda text: bool(re.fullmatch(r"0|-?[1-9]\d*", text)) and low <= int(text) <= high
