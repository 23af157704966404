"""Squid's words for a proxy of the intent: who may use it, and the lists that it reads from files."""

from collections.abc import Iterable

from lisiere.model.intent import PrefixGiven, SiteIntent, WebProxy


def users(intent: SiteIntent) -> tuple[PrefixGiven, ...]:
    """The prefixes of the segments whose users browse, in the order of the interfaces."""
    zones = intent.web.zones
    inside = [one for one in intent.interfaces if one.zone in zones]
    return tuple(prefix for one in inside for prefix in (one.ipv4.network, one.ipv6.network))


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
