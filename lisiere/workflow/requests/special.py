"""Addresses that are nobody's end of a tunnel, nor behind one: those with a meaning of their own (RFC 6890)."""

from collections.abc import Hashable, Iterable, Iterator
from ipaddress import ip_network
from typing import TypeVar

from lisiere.model.words import Address, Prefix

T = TypeVar("T", bound=Hashable)

SPECIAL: tuple[Prefix, ...] = tuple(
    ip_network(one)
    for one in (
        "0.0.0.0/8",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "192.0.0.0/24",
        "198.18.0.0/15",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/127",
        "::ffff:0:0/96",
        "64:ff9b::/96",
        "100::/64",
        "fe80::/10",
        "ff00::/8",
    )
)


def special(what: Address | Prefix) -> Prefix | None:
    """The range of special use that an address or a prefix is part of or reaches into; None for none."""
    prefix: Prefix = ip_network(what)
    return next((one for one in SPECIAL if one.version == prefix.version and one.overlaps(prefix)), None)


def repeated(items: Iterable[T]) -> Iterator[T]:
    """What comes again, once."""
    seen: dict[T, int] = {}
    for one in items:
        seen[one] = seen.get(one, 0) + 1
        if seen[one] == 2:
            yield one
