"""Policies made up over a small world, as a site's intent, and packets that lie on both sides of every edge in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from itertools import product
from random import Random

from hypothesis import strategies as st
from hypothesis.vendor.pretty import RepresentationPrinter

from lisiere.model.intent import Family, Layer, NamedSet, PolicyRule, RuleSet, SiteIntent
from lisiere.model.packet import WITH_PORTS, Packet
from lisiere.model.traffic import PortRange, Protocol, ServiceEntry
from lisiere.model.words import Action, Zone
from lisiere.policy.frozen import Policy, policy_of
from lisiere.render.nftables import match
from tests.render.debian.files import intents
from tests.render.fleet import HALL

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
DEVICES = {Zone.ADMIN: "lan-offices", Zone.GUEST: "lan-guests", Zone.VOICE: "lan-phones", Zone.WAN: "wan0"}
PAIRS = (
    (Zone.ADMIN, Zone.WAN), (Zone.GUEST, Zone.WAN), (Zone.WAN, Zone.ADMIN), (Zone.ADMIN, Zone.GUEST),
    (Zone.GUEST, Zone.ADMIN), (Zone.ADMIN, Zone.SELF), (Zone.WAN, Zone.SELF), (Zone.SELF, Zone.WAN),
    (Zone.SELF, Zone.ADMIN),
)  # fmt: skip
"""Between segments, to and from the Internet, to and from the appliance itself."""
SENTINEL = (Zone.VOICE, Zone.WAN)
"""The pair that every made policy leaves open: what comes out here tells that all before it came out too."""
NETWORKS: dict[tuple[Zone, Family], Network] = {
    (zone, family): ip_network(prefix)
    for zone, prefixes in {
        Zone.ADMIN: ("10.16.24.0/24", "fd80:16:3::/64"),
        Zone.GUEST: ("10.16.26.0/24", "fd80:16:3:2::/64"),
        Zone.VOICE: ("10.16.25.0/24", "fd80:16:3:1::/64"),
        Zone.WAN: ("203.0.113.0/24", "2001:db8:77::/64"),
    }.items()
    for family, prefix in zip(Family, prefixes, strict=True)
}
"""Where the made packets of each zone come from and go to, in the address plan of the site in between."""
TYPES = {Family.IPV4: (Protocol.ICMP, (8, 13, 17)), Family.IPV6: (Protocol.ICMPV6, (128, 139))}
"""Types of ICMP that begin something: the kernel takes others for answers to nothing."""
NAMES = ("made-left", "made-right", "made-both")


@dataclass(frozen=True, repr=False)
class Made:
    """A policy that was made up, as an intent and as what the product makes of it; a failure shows rules and sets."""

    rule_sets: tuple[RuleSet, ...]
    sets: tuple[NamedSet, ...]
    packets: tuple[Packet, ...]

    def __repr__(self) -> str:
        said = [f"{one.name}: {', '.join(str(prefix) for prefix in (*one.ipv4, *one.ipv6))}" for one in self.sets]
        for rules in self.rule_sets:
            said += [f"{rules.name}: {rule.action} {match(rule, rules.family)}" for rule in rules.rules]
        return "\n".join(said)

    def _repr_pretty_(self, printer: RepresentationPrinter, is_cycle: bool) -> None:
        del is_cycle
        printer.text(repr(self))

    @property
    def intent(self) -> SiteIntent:
        """The site with these rules and no others."""
        base = intents()[HALL]
        return base.model_copy(update={"rule_sets": self.rule_sets, "sets": (*base.sets, *self.sets)})

    @property
    def policy(self) -> Policy:
        """What the product takes them for."""
        return policy_of(self.intent)


def hosts(zone: Zone, family: Family) -> list[Address]:
    """Five addresses of a zone: on each side of the edges that a set made here can have; the appliance's own for it."""
    if zone is Zone.SELF:
        return [own(Zone.ADMIN, family), own(Zone.WAN, family)]
    network = NETWORKS[zone, family]
    return [network.network_address + number for number in (4, 5, 6, 7, 77)]


def own(zone: Zone, family: Family) -> Address:
    """The appliance's address in a zone."""
    if zone is Zone.WAN:
        return ip_address("198.51.100.14" if family is Family.IPV4 else "2001:db8:3::2")
    return NETWORKS[zone, family].network_address + 1


def windows() -> tuple[tuple[str, str] | None, ...]:
    """Hours of which one holds this moment and one does not, whenever it is asked."""
    now = datetime.now(UTC)
    around = (f"{now.hour:02}:00:00", f"{now.hour:02}:59:59")
    other = now - timedelta(hours=2)
    return (None, None, None, around, (f"{other.hour:02}:00:00", f"{other.hour:02}:59:59"))


@st.composite
def entries(draw: st.DrawFn, family: Family) -> ServiceEntry | None:
    """Services at and around the edges of one another."""
    icmp, numbers = TYPES[family]
    kind = draw(st.sampled_from(("any", "ports", "ports", "ports", "types", "all types", "esp")))
    if kind == "any":
        return None
    if kind == "ports":
        edges = st.tuples(st.sampled_from((1, 2, 3)), st.sampled_from((1, 2, 3, 65535)))
        bounds = [sorted(draw(edges)) for _ in range(draw(st.integers(1, 2)))]
        ports = tuple(PortRange(first=first, last=last) for first, last in bounds)
        return ServiceEntry(protocol=draw(st.sampled_from((Protocol.TCP, Protocol.UDP))), ports=ports)
    if kind == "types":
        return ServiceEntry(
            protocol=icmp, icmp_types=tuple(sorted(draw(st.sets(st.sampled_from(numbers), min_size=1))))
        )
    return ServiceEntry(protocol=icmp if kind == "all types" else Protocol.ESP)


@st.composite
def rule_sets(draw: st.DrawFn, from_zone: Zone, to_zone: Zone, family: Family, times: Sequence[object]) -> RuleSet:
    """The rules of one pair of zones, a few of them logged."""
    rules = []
    for number in range(draw(st.integers(1, 7))):
        action = draw(st.sampled_from((Action.ALLOW, Action.ALLOW, Action.DENY)))
        rules.append(
            PolicyRule.model_validate(
                {
                    "number": number + 1, "id": f"made-{number}", "layer": Layer.PROFILE, "action": action,
                    "source": draw(st.sampled_from((None, None, None, *NAMES))),
                    "destination": draw(st.sampled_from((None, None, None, *NAMES))),
                    "entry": draw(entries(family)), "log": draw(st.booleans()),
                    "flow": "made" if action is Action.ALLOW else None, "window": draw(st.sampled_from(times)),
                }
            )
        )  # fmt: skip
    return RuleSet(
        name=f"{from_zone}-{to_zone}-{family}", from_zone=from_zone, to_zone=to_zone, family=family, rules=tuple(rules)
    )


@st.composite
def made(draw: st.DrawFn, times: Sequence[tuple[str, str] | None], per_pair: int = 24) -> Made:
    """A policy over a few pairs of zones in both families, and packets for it."""
    pairs = draw(st.lists(st.sampled_from(PAIRS), min_size=2, max_size=4, unique=True))
    found = [draw(rule_sets(*pair, family, times)) for pair in pairs for family in Family]
    found += [_open(family) for family in Family]
    sets = tuple(draw(_set(name)) for name in NAMES)
    dice = Random(draw(st.integers(0, 2**32)))
    asked = [one for pair in pairs for family in Family for one in _packets(*pair, family, dice, per_pair)]
    return Made(tuple(found), sets, tuple(asked))


def sentinel(family: Family) -> Packet:
    """The packet that always passes."""
    return _packet(*SENTINEL, hosts(SENTINEL[0], family)[0], hosts(SENTINEL[1], family)[0], Protocol.UDP, 9)


def _open(family: Family) -> RuleSet:
    rule = PolicyRule(
        number=1, id="sentinel", layer=Layer.PROFILE, source=None, destination=None, entry=None, action=Action.ALLOW,
        log=False, flow="made", window=None,
    )  # fmt: skip
    return RuleSet(name=f"sentinel-{family}", from_zone=SENTINEL[0], to_zone=SENTINEL[1], family=family, rules=(rule,))


@st.composite
def _set(draw: st.DrawFn, name: str) -> NamedSet:
    """Prefixes with an edge between the hosts of every zone, in both families."""
    found: dict[Family, tuple[Network, ...]] = {}
    for family in Family:
        last = 32 if family is Family.IPV4 else 128
        networks = [network for (_, one), network in NETWORKS.items() if one is family]
        choices = [ip_network(f"{net.network_address + at}/{last - cut}") for net in networks for at, cut in EDGES]
        choices += networks
        found[family] = tuple(draw(st.lists(st.sampled_from(choices), min_size=1, max_size=4, unique=True)))
    return NamedSet.model_validate({"name": name, "ipv4": found[Family.IPV4], "ipv6": found[Family.IPV6]})


EDGES = ((4, 0), (5, 0), (4, 1), (6, 1), (4, 2))


def _packets(from_zone: Zone, to_zone: Zone, family: Family, dice: Random, most: int) -> list[Packet]:
    icmp, numbers = TYPES[family]
    services = [(one, port) for one in (Protocol.TCP, Protocol.UDP) for port in (1, 2, 3, 4, 65535)]
    services += [*((icmp, number) for number in numbers), (Protocol.ESP, 0)]
    sources = hosts(from_zone, family) if from_zone is not Zone.SELF else [own(to_zone, family)]
    targets = hosts(to_zone, family) if to_zone is not Zone.SELF else [own(from_zone, family)]
    every = list(product(sources, targets, services))
    return [
        _packet(from_zone, to_zone, source, target, *service)
        for source, target, service in dice.sample(every, min(most, len(every)))
    ]


def _packet(
    from_zone: Zone, to_zone: Zone, source: Address, destination: Address, protocol: Protocol, detail: int
) -> Packet:
    return Packet(
        from_zone=from_zone,
        to_zone=to_zone,
        source=source,
        destination=destination,
        protocol=protocol,
        port=detail if protocol in WITH_PORTS else None,
        icmp_type=detail if protocol in (Protocol.ICMP, Protocol.ICMPV6) else None,
    )


def at(packet: Packet, moment: time) -> Packet:
    """The same packet at a moment of the day."""
    return packet.model_copy(update={"at": moment})
