"""Reasons without what is not for the eyes of a territory: names and addresses of the others.

A reason is worked out over the whole fleet: that two tunnels share a key names both, whoever they belong to.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from lisiere.model.fleet import Fleet
from lisiere.model.overlay import Overlay

HIDDEN = "(not shown: it names another territory)"
ELSEWHERE = "(a site of another territory)"

_WORD = re.compile(r"[0-9A-Za-z_-]+")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+|[0-9a-fA-F]{1,4}:[0-9a-fA-F:]+")


class Blinds:
    """Hides what a reader of some sites may not see.

    Args:
        fleet: The whole fleet.
        names: The appliances that the reader may see.
        say: What a message is in the language of the reader.
    """

    def __init__(self, fleet: Fleet, names: Iterable[str], *, say: Callable[[str], str] = str) -> None:
        self._hidden, self._elsewhere = say(HIDDEN), say(ELSEWHERE)
        own = frozenset(names)
        inside = frozenset(fleet.appliances[name].territory for name in own)
        outside = fleet.territories.keys() - inside
        self._hosts = {name for name, one in fleet.appliances.items() if one.territory in outside}
        self._own = tuple(sorted(_titles(fleet, inside), key=len, reverse=True))
        self._foreign = frozenset(_titles(fleet, outside)).difference(self._own)
        self._words = outside | {one.name for one in fleet.overlays.values() if not _touches(one, inside, own)}
        self._networks = tuple(_networks(fleet, outside))
        self._known: dict[str, str] = {}

    def over(self, text: str) -> str:
        """The text, or what may be seen of it."""
        if text not in self._known:
            self._known[text] = self._blinded(text)
        return self._known[text]

    def _blinded(self, text: str) -> str:
        shown = _WORD.sub(lambda found: self._elsewhere if found[0] in self._hosts else found[0], text)
        return self._hidden if self._tells(shown) else shown

    def _tells(self, text: str) -> bool:
        if not self._words.isdisjoint(_WORD.findall(text)) or any(map(self._is_outside, _ADDRESS.findall(text))):
            return True
        plain = text.replace("\\", "")  # A title in a text that is quoted has its marks escaped.
        for word in self._own:
            plain = plain.replace(word, "")
        return any(word in plain for word in self._foreign)

    def _is_outside(self, text: str) -> bool:
        try:
            address = ip_address(text.rstrip(":") if not text.endswith("::") else text)
        except ValueError:
            return False
        return any(address in network for network in self._networks if network.version == address.version)


def _titles(fleet: Fleet, territories: Iterable[str]) -> Iterator[str]:
    wanted = frozenset(territories)
    yield from (fleet.territories[siren].name for siren in wanted)
    yield from (one.data.site for one in fleet.appliances.values() if one.territory in wanted)


def _touches(overlay: Overlay, territories: frozenset[str], names: frozenset[str]) -> bool:
    sites = {member.site for member in overlay.members} | {site for one in overlay.partners for site in one.sites}
    return overlay.territory in territories or not names.isdisjoint(sites | set(overlay.hubs))


def _networks(fleet: Fleet, territories: Iterable[str]) -> Iterator[IPv4Network | IPv6Network]:
    for siren in territories:
        one = fleet.territories[siren]
        yield from (ip_network(str(one.ipv4)), ip_network(str(one.ipv6)))
