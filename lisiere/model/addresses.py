"""Addresses as an inventory writes them, thousands of them: read by the C library, and slowly only when it refuses.

What `inet_pton` takes, `ipaddress` takes too and means the same; whatever else is written goes on to pydantic, which
says what is wrong with it.
"""

from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import Annotated

from pydantic import BeforeValidator


def _ipv4_address(value: object) -> object:
    number = _number(AF_INET, value)
    return value if number is None else IPv4Address(number)


def _ipv6_address(value: object) -> object:
    number = _number(AF_INET6, value)
    return value if number is None else IPv6Address(number)


def _ipv4_interface(value: object) -> object:
    found = _number_and_length(AF_INET, value)
    return value if found is None or found[1] > 32 else IPv4Interface(found)


def _ipv6_interface(value: object) -> object:
    found = _number_and_length(AF_INET6, value)
    return value if found is None or found[1] > 128 else IPv6Interface(found)


def _number(family: int, text: object) -> int | None:
    if not isinstance(text, str):
        return None
    try:
        return int.from_bytes(inet_pton(family, text))
    except (OSError, ValueError):
        return None


def _number_and_length(family: int, text: object) -> tuple[int, int] | None:
    address, slash, length = text.partition("/") if isinstance(text, str) else ("", "", "")
    number = _number(family, address) if slash else None
    is_plain = length.isascii() and length.isdecimal() and len(length) <= 3 and (length[0] != "0" or length == "0")
    return None if number is None or not is_plain else (number, int(length))


NETWORKS = (IPv4Network, IPv6Network)


def written(value: object) -> str:
    """What `str` says; addresses, prefixes and interfaces from the C library and several times as fast."""
    if isinstance(value, NETWORKS):
        return f"{_written(value.network_address)}/{value.prefixlen}"
    if isinstance(value, IPv4Interface) or (isinstance(value, IPv6Interface) and not value.scope_id):
        return f"{_written(value.ip)}/{value.network.prefixlen}"
    if type(value) is IPv4Address or type(value) is IPv6Address:
        return _written(value)
    return str(value)


def _written(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv4Address):
        return inet_ntop(AF_INET, address.packed)
    text = inet_ntop(AF_INET6, address.packed)
    return str(address) if "." in text or address.scope_id else text


Ipv4Address = Annotated[IPv4Address, BeforeValidator(_ipv4_address)]
Ipv6Address = Annotated[IPv6Address, BeforeValidator(_ipv6_address)]
Ipv4Interface = Annotated[IPv4Interface, BeforeValidator(_ipv4_interface)]
Ipv6Interface = Annotated[IPv6Interface, BeforeValidator(_ipv6_interface)]
