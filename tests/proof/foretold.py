"""What the preview of a request says in words, read as a person would: nothing is taken from anywhere else."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_network

from lisiere.model.intent import Family
from tests.proof.ground import Address

SAYS = {
    "newly reachable": True,
    "no longer reachable": False,
    "devient joignable": True,
    "n\u2019est plus joignable": False,
}
"""What a line about packets begins with, in the two languages: whether they begin to pass."""
CHANGE = re.compile(r"(?:Appliances that change|Équipements qui changent) ?: \d+")
NOTHING = ("No appliance changes", "Aucun équipement ne change")
APPLIANCE = re.compile(r"  \S.* \((\S+)\)")
FACT = re.compile(r"    ([+~-]) ([^:]+?) ?: (.+)")
_BY = r"(?P<services>[^,]+(?:,\d[^ ]*.*)?) \((?P<families>IPv4|IPv6|IPv4 (?:and|et) IPv6)\)"
PASSAGES = (
    re.compile(rf"from (?P<near>.+?) to (?P<far>.+?): (?P<source>.+?) to (?P<destination>.+), by {_BY}"),
    re.compile(rf"de (?P<near>.+?) vers (?P<far>.+?) : (?P<source>.+?) vers (?P<destination>.+), par {_BY}"),
)
ZONES = {
    "the Internet side": "wan",
    "« Internet »": "wan",
    "the private networks": "vpn",
    "« réseaux privés »": "vpn",
    "the appliance itself": "self",
    "l\u2019équipement": "self",
    "« administration »": "admin",
    "« serveurs »": "dmz",
    "« enseignement »": "edu",
    "« invités »": "guest",
    "« gestion »": "mgmt",
    "« téléphonie »": "voice",
    **{f"the zone {zone}": zone for zone in ("admin", "dmz", "edu", "guest", "mgmt", "voice")},
}
"""What people call a zone, and the name that it has."""
SETS = (
    (r"(?:the other members of|les autres membres de) (.+)", "overlay-{0}"),
    (r"(?:the partner|le partenaire) (.+)", "partner-{0}"),
    (r"(?:the own networks in|nos réseaux dans) (.+)", "{0}-{zone}"),
    (r"the members that (.+) names|les membres que nomme (.+)", "{0}-{side}"),
    ("the ends of the tunnels|les extrémités des tunnels", "vpn-peers"),
    ("the parent proxy|le proxy parent", "web-parent"),
    ("the resolvers of the académie|les résolveurs de l\u2019académie", "academie-dns"),
    ("all sites of the operator|tous les sites de l\u2019exploitant", "fleet-sites"),
)
"""What people call a set of addresses, and its name where it stands: in a zone, and on the side of who asks or not."""
NUMBERS = {"icmp": 1, "tcp": 6, "udp": 17, "gre": 47, "esp": 50, "ah": 51, "icmpv6": 58, "ospf": 89}
MORE = re.compile(r" (?:and \d+ more networks|et \d+ autres réseaux)$")
ANY = re.compile("any address|toute adresse")
BUT = re.compile("(?:any address but|toute adresse sauf) (.+)")
ANY_SERVICE = re.compile("(?:any service|tout service)(?: (?:but|sauf) (.+))?")
Holds = Callable[[str, Address], bool]
"""Whether the set of a name holds an address."""


class UnreadError(AssertionError):
    """A preview says something that cannot be read, or that says too little to tell which packets it is about."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One line about packets: at an appliance, from one zone to another, some begin or cease to pass."""

    site: str
    begins: bool
    from_zone: str
    to_zone: str
    source: str
    destination: str
    services: str
    families: str

    def __str__(self) -> str:
        """The line, with its appliance."""
        words = "newly reachable" if self.begins else "no longer reachable"
        told = f"from {self.from_zone} to {self.to_zone}: {self.source} to {self.destination}, by {self.services}"
        return f"{self.site}: {words}: {told} ({self.families})"

    def is_about(self, source: Address, destination: Address, protocol: int, number: int, holds: Holds) -> bool:
        """Whether a packet is one of those."""
        family = Family.IPV4 if source.version == 4 else Family.IPV6
        return (
            f"IPv{4 if family is Family.IPV4 else 6}" in self.families
            and _within(self.source, source, lambda word, one: holds(_set(word, self.from_zone, "from"), one))
            and _within(self.destination, destination, lambda word, one: holds(_set(word, self.to_zone, "to"), one))
            and _among(self.services, protocol, number)
        )


@dataclass(frozen=True, slots=True)
class Foretold:
    """What a preview says.

    Args:
        passages: Packets that begin or cease to pass.
        begun, ended, anew: Tunnels, each end for itself: the appliance that it is said of, and its peer.
        sites: All appliances that it says something of.
    """

    passages: tuple[Passage, ...]
    begun: frozenset[tuple[str, str]]
    ended: frozenset[tuple[str, str]]
    anew: frozenset[tuple[str, str]]
    sites: frozenset[str]


def read(text: str) -> Foretold:
    """Read a preview.

    Raises:
        UnreadError: It has a line that this does not know.
    """
    passages: list[Passage] = []
    tunnels: Mapping[str, set[tuple[str, str]]] = {"+": set(), "-": set(), "~": set()}
    sites: set[str] = set()
    for site, sign, what, told in _facts(text):
        sites.add(site)
        if what == "tunnels":
            tunnels[sign].add((site, _peer(told)))
        else:
            passages.append(_passage(site, what, told))
    begun, ended, anew = (frozenset(tunnels[sign]) for sign in "+-~")
    return Foretold(tuple(passages), begun, ended, anew, frozenset(sites))


def _facts(text: str) -> Iterator[tuple[str, str, str, str]]:
    """Appliance, sign, what about, and the rest of every line about an appliance; a group's lines hold for each."""
    lines = iter(text.splitlines())
    if not any(CHANGE.fullmatch(line) or line in NOTHING for line in lines):
        raise UnreadError("the preview does not say which appliances change")
    group: list[str] = []
    is_open = True
    for line in lines:
        if not line.startswith("  "):
            return
        if (fact := FACT.fullmatch(line)) is not None:
            is_open = False
            yield from ((site, *fact.groups()) for site in group)  # type: ignore[misc]
        elif (named := APPLIANCE.fullmatch(line)) is not None:
            group = [*group, named[1]] if is_open else [named[1]]
            is_open = True
        else:
            raise UnreadError(f"not understood: {line}")


def _peer(told: str) -> str:
    found = re.fullmatch(r".* \((\S+)\)", told)
    if found is None:
        raise UnreadError(f"no peer in: {told}")
    return found[1]


def _passage(site: str, what: str, told: str) -> Passage:
    found = next(filter(None, (form.fullmatch(told) for form in PASSAGES)), None)
    if what not in SAYS or found is None or not {found["near"], found["far"]} <= ZONES.keys():
        raise UnreadError(f"not understood: {what}: {told}")
    return Passage(
        site,
        SAYS[what],
        ZONES[found["near"]],
        ZONES[found["far"]],
        found["source"],
        found["destination"],
        found["services"],
        found["families"],
    )


def _within(words: str, address: Address, holds: Holds) -> bool:
    """Whether words for addresses are about one of them."""
    if MORE.search(words):
        raise UnreadError(f"more than is said: {words}")
    if ANY.fullmatch(words):
        return True
    if (rest := BUT.fullmatch(words)) is not None:
        return not _within(rest[1], address, holds)
    return any(_is_in(one, address, holds) for one in words.split(", "))


def _is_in(word: str, address: Address, holds: Holds) -> bool:
    try:
        return address in ip_network(word)
    except ValueError:
        return holds(word, address)


def _set(word: str, zone: str, side: str) -> str:
    """The name of a set that people call otherwise."""
    for form, name in SETS:
        if (found := re.fullmatch(form, word)) is not None:
            return name.format(*filter(None, found.groups()), zone=zone, side=side)
    return word


def _among(words: str, protocol: int, number: int) -> bool:
    """Whether words for services are about one of them."""
    if (found := ANY_SERVICE.fullmatch(words)) is not None:
        return found[1] is None or not _among(found[1], protocol, number)
    return any(_is_service(word, protocol, number) for word in words.split())


def _is_service(word: str, protocol: int, number: int) -> bool:
    name, _, details = word.partition("/")
    known = NUMBERS.get(name) if not name.startswith("protocol-") else int(name.removeprefix("protocol-"))
    if known is None:
        raise UnreadError(f"no service: {word}")
    if known != protocol:
        return False
    spans = [one.partition("-") for one in details.split(",")] if details else []
    return not spans or any(int(first) <= number <= int(last or first) for first, _, last in spans)
