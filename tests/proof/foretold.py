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
PASSAGE = re.compile(
    r"(?P<near>[a-z]+) to (?P<far>[a-z]+): (?P<source>.+) -> (?P<destination>.+), (?P<services>[^,]+(?:,\d[^ ]*.*)?)"
    r" \((?P<families>IPv4|IPv6|IPv4 and IPv6)\)"
)
NUMBERS = {"icmp": 1, "tcp": 6, "udp": 17, "gre": 47, "esp": 50, "ah": 51, "icmpv6": 58, "ospf": 89}
MORE, BUT = re.compile(r" and \d+ more prefixes$"), "any but "
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
        told = f"{self.from_zone} to {self.to_zone}: {self.source} -> {self.destination}, {self.services}"
        return f"{self.site}: {words}: {told} ({self.families})"

    def is_about(self, source: Address, destination: Address, protocol: int, number: int, holds: Holds) -> bool:
        """Whether a packet is one of those."""
        family = Family.IPV4 if source.version == 4 else Family.IPV6
        return (
            f"IPv{4 if family is Family.IPV4 else 6}" in self.families
            and _within(self.source, source, holds)
            and _within(self.destination, destination, holds)
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
    found = PASSAGE.fullmatch(told)
    if what not in SAYS or found is None:
        raise UnreadError(f"not understood: {what}: {told}")
    return Passage(
        site,
        SAYS[what],
        found["near"],
        found["far"],
        found["source"],
        found["destination"],
        found["services"],
        found["families"],
    )


def _within(words: str, address: Address, holds: Holds) -> bool:
    """Whether words for addresses are about one of them."""
    if MORE.search(words):
        raise UnreadError(f"more than is said: {words}")
    if words == "any":
        return True
    if words.startswith(BUT):
        return not _within(words.removeprefix(BUT), address, holds)
    return any(_is_in(one, address, holds) for one in words.split(", "))


def _is_in(word: str, address: Address, holds: Holds) -> bool:
    try:
        return address in ip_network(word)
    except ValueError:
        return holds(word, address)


def _among(words: str, protocol: int, number: int) -> bool:
    """Whether words for services are about one of them."""
    if words.startswith("any service"):
        rest = words.removeprefix("any service").removeprefix(" but ")
        return not rest or not _among(rest, protocol, number)
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
