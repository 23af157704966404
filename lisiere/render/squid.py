"""Squid's words for a proxy of the intent: who may use it, for what never, and the lists that it reads from files."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from lisiere.model.intent import PrefixGiven, SiteIntent, WebProxy

NEVER_PUBLIC = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "224.0.0.0/3",
            "::/127",
            "fc00::/7",
            "fe80::/10",
            "ff00::/8",
        ),
    )
)
"""What no host on the Internet has: this host, private and shared addresses, links, groups (RFC 6890)."""


def users(intent: SiteIntent) -> tuple[PrefixGiven, ...]:
    """The prefixes of the segments whose users browse, in the order of the interfaces."""
    zones = intent.web.zones
    inside = [one for one in intent.interfaces if one.zone in zones]
    return tuple(prefix for one in inside for prefix in (one.ipv4.network, one.ipv6.network))


def inside(intent: SiteIntent) -> tuple[PrefixGiven, ...]:
    """What a proxy without a parent fetches nothing from: all that is not the Internet, or belongs to the inside.

    That is the fleet and its partners, the operator's management, the appliance itself. Anybody can have a name resolve
    to such an address, and the appliance reaches more of them than its users do.
    """
    ours = [*NEVER_PUBLIC, *intent.unreachable, *intent.ssh.allow_from]
    for interface in intent.interfaces:
        ours += (ip_network(interface.ipv4.ip), ip_network(interface.ipv6.ip))
    ipv4 = collapse_addresses(one for one in ours if isinstance(one, IPv4Network))
    ipv6 = collapse_addresses(one for one in ours if isinstance(one, IPv6Network))
    return (*ipv4, *ipv6)


def lists(proxy: WebProxy) -> dict[str, tuple[str, ...]]:
    """The lists of names that travel with the configuration, by file name; an empty one is left out."""
    if proxy.filtering is None:
        return {}
    found = {
        "allowed-names": covering(proxy.filtering.allowed_names),
        "blocked-names": covering(proxy.filtering.blocked_names),
    }
    return {name: names for name, names in found.items() if names}


def covering(names: Iterable[str]) -> tuple[str, ...]:
    """The names that no other one covers: Squid matches a domain with all below it, and complains of the rest."""
    kept: list[str] = []
    for name in sorted(set(names), key=lambda one: (one.count("."), one)):
        if not any(name.endswith(f".{above}") for above in kept):
            kept.append(name)
    return tuple(sorted(kept))
