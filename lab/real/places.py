"""The places around the sites, each a namespace behind the operator's core: addresses, cables, routes. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from lab.real import kernel
from lab.real.surroundings import Surroundings

CORE = f"{kernel.PREFIX}core"
ANSWER = ("198.51.100.200", "2001:db8:ffff:80::80")
"""Where every name that nobody fixed leads to: somewhere in the Internet."""
ANYWHERE = ("0.0.0.0/0", "::/0")
INSIDE = 200
"""The routing table of what comes from the places: it knows the way back to segments, which IPv6 does not translate."""


@dataclass(frozen=True, slots=True)
class Place:
    """One place: its number, what it is called, and what it owns.

    Args:
        owns: Addresses and whole prefixes; it is seen with the first address of each family.
        protected: Addresses that the core has no way to: only tunnels lead there.
    """

    number: int
    name: str
    owns: tuple[str, ...]
    protected: tuple[str, ...] = ()

    @property
    def namespace(self) -> str:
        """Its network namespace."""
        return f"{kernel.PREFIX}{self.name}"

    @property
    def device(self) -> str:
        """The core's device towards it."""
        return f"place{self.number}"

    def ends(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """The two ends of its cable for IPv4 and for IPv6: the core's, and its own."""
        at = 4 * self.number
        return (
            (f"192.88.99.{at + 1}", f"192.88.99.{at + 2}"),
            (f"fd80:ffff:ffff::{at + 1:x}", f"fd80:ffff:ffff::{at + 2:x}"),
        )

    def seen_as(self) -> tuple[str, str]:
        """The addresses that others see it with."""
        ends = self.ends()
        found = [
            next((one for one in self.owns if _is_six(one) == six and "/" not in one), "") for six in (False, True)
        ]
        return found[0] or ends[0][1], found[1] or ends[1][1]


def places_of(around: Surroundings) -> tuple[Place, ...]:
    """Every place, the Internet first."""
    academie, centre = around.academie, around.datacentre
    owned = {
        "internet": (),
        "academie": (academie.proxy[0], *academie.resolvers, *academie.pac_addresses),
        "datacentre": (
            centre.proxy[0], *centre.resolvers, *centre.time_servers, *(one for one, _ in centre.collectors),
            *centre.vaults,
        ),
    }  # fmt: skip
    known = [Place(number, name, tuple(dict.fromkeys(owns))) for number, (name, owns) in enumerate(owned.items())]
    partners = [
        Place(number, f"partner-{one.name}", (one.address,), one.addresses)
        for number, one in enumerate(around.partners, len(known))
    ]
    return (*known, *partners)


def cables(places: Sequence[Place]) -> Iterator[str]:
    """A cable from the core to each."""
    for one in places:
        yield f"link add name {one.device} netns {CORE} type veth peer name core netns {one.namespace}"


def at_the_core(places: Sequence[Place]) -> Iterator[str]:
    """Addresses and routes of the core towards the places."""
    for one in places:
        (core_4, own_4), (core_6, own_6) = one.ends()
        yield f"link set {one.device} up"
        yield f"address add {core_4}/30 dev {one.device}"
        yield f"address add {core_6}/126 dev {one.device} nodad"
        for owned in ANYWHERE if one.name == "internet" else one.owns:
            yield f"route add {owned} via {own_6 if _is_six(owned) else own_4}"


def way_back(places: Sequence[Place]) -> Iterator[str]:
    """Rules of the core: what a place sends, unless it is behind tunnels, finds the way back to segments."""
    yield from (f"rule add pref 100 iif {one.device} lookup {INSIDE}" for one in places if not one.protected)


def at_the_place(place: Place) -> Iterator[str]:
    """Addresses and routes of a place."""
    (core_4, own_4), (core_6, own_6) = place.ends()
    yield from ("link set lo up", "link set core up")
    yield from (f"address add {own_4}/30 dev core", f"address add {own_6}/126 dev core nodad")
    for owned in (*place.owns, *place.protected):
        if "/" in owned:
            yield f"route add local {ip_network(owned)} dev lo"
        else:
            yield f"address add {owned} dev lo{' nodad' if _is_six(owned) else ''}"
    seen_4, seen_6 = place.seen_as()
    yield from (f"route add default via {core_4} src {seen_4}", f"route add default via {core_6} src {seen_6}")


def _is_six(address: str) -> bool:
    return ":" in address
