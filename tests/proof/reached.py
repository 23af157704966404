"""What a change of an overlay lets pass: asked with packets before and after, and told from what its preview said."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import time as moment
from functools import cached_property
from itertools import pairwise, product

from lab.real import kernel
from lab.real.probing import Prober, Spot
from lab.real.wire import Kind, Probe
from lisiere.model.intent import Family, Interface
from lisiere.model.overlay import Overlay
from lisiere.model.words import Zone
from tests.proof.asking import OTHER, Try, denied_at, distinct
from tests.proof.foretold import Foretold, Passage
from tests.proof.ground import Address, Ground, address_of, segment_of
from tests.proof.hubs import DEVICE
from tests.proof.packets import PATIENCE_S, ROUNDS, SETTLE_S, TOKENS
from tests.proof.speakers import ECHO, OUTSIDE, TCP, UDP

ESP, TWICE = 50, 2
SERVICES = ((TCP, 22), (TCP, 80), (TCP, 443), (TCP, 445), (TCP, 446), (TCP, 631), (UDP, 53), (UDP, 443), (UDP, 631))
"""Services of the overlay's flows, one that a flow will open, and such that none does."""
KEYS = ((UDP, 500), (UDP, 4500), (ESP, 0), (UDP, 501), (TCP, 500), (TCP, 22))
"""What tunnels are made of, and its neighbours."""

Seen = Mapping[Try, frozenset[str]]
"""Where each packet was seen."""


@dataclass(frozen=True, slots=True)
class Step:
    """One appliance on the way of a packet."""

    site: str
    from_zone: Zone
    to_zone: Zone


# ---- what is asked -----------------------------------------------------------------------------------------------


def questions(site: str, segment: str, overlay: Overlay, ground: Ground) -> list[Try]:
    """Everything between a site and the members of an overlay, in both directions, whatever segments they bring in.

    Args:
        site: The site.
        segment: The one that it brings in, or is to.
        overlay: The overlay.
        ground: The lab.
    """
    others = [one.site for one in overlay.members if one.site in ground.sites and one.site != site]
    between = (
        found for other in others for pair in ((site, other), (other, site)) for found in _between(*pair, ground)
    )
    hubs = [one for one in others if one in overlay.hubs]
    outer = (found for other in others for found in _outer(site, other, ground))
    into = (found for hub in hubs for found in _into(site, hub, segment, ground))
    among = (found for one, other in _pairs(others, hubs) for found in _between(one, other, ground, shallow=True))
    return distinct(one for part in (into, between, outer, among) for one in part)


def _pairs(others: Sequence[str], hubs: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Members whom the change does not concern: each with the hubs, and one spoke with the next."""
    yield from ((one, hub) for one, hub in product(others, hubs) if one != hub)
    yield from pairwise(others)


def _between(site: str, other: str, ground: Ground, *, shallow: bool = False) -> Iterator[Try]:
    """From one site to another: from each client to each client and to the other appliance, and from the appliance."""
    segments = product(ground.segments(site), ground.segments(other), Family)
    for near, far, family in segments:
        source, destination = ground.client(site, near, family), ground.client(other, far, family)
        for protocol, number in (*(SERVICES[2:6] if shallow else SERVICES), ECHO[family], (OTHER, 0)):
            yield _asked(site, near, source, destination, protocol, number)
        if not shallow:
            for protocol, number in ((TCP, 22), (TCP, 443), ECHO[family]):
                yield _asked(site, near, source, address_of(far, family), protocol, number)
                own = address_of(near, family)
                for end in (destination, address_of(far, family)):
                    yield Try("self", site, Zone.SELF, f"{site}:self", own, end, protocol, number)


def _asked(site: str, near: Interface, source: Address, there: Address, protocol: int, number: int) -> Try:
    return Try("between", site, near.zone, f"{site}:{segment_of(near)}", source, there, protocol, number)


def _outer(site: str, other: str, ground: Ground) -> Iterator[Try]:
    """What two appliances may send each other outside of tunnels, and whether anybody else may send them the same."""
    for one, far in ((site, other), (other, site)):
        for near_ip, far_ip in zip(_uplinks(one, ground), _uplinks(far, ground), strict=True):
            family = Family.IPV4 if near_ip.version == 4 else Family.IPV6
            for protocol, number in KEYS:
                yield Try("outer", one, Zone.SELF, f"{one}:self", near_ip, far_ip, protocol, number)
                for source in (far_ip, OUTSIDE[family]):
                    yield Try("outer", one, Zone.WAN, f"{one}:uplink", source, near_ip, protocol, number)


def _into(site: str, hub: str, segment: str, ground: Ground) -> Iterator[Try]:
    """What an appliance itself may send into its tunnel, seen where it comes out of it, before any rule there."""
    near = next(one for one in ground.segments(site) if segment_of(one) == segment)
    for family in Family:
        there = address_of(ground.segments(hub)[0], family)
        for protocol, number in (ECHO[family], (TCP, 22), (UDP, 53)):
            yield Try(
                "into a tunnel", site, Zone.SELF, f"{site}:self", address_of(near, family), there, protocol, number
            )


def with_tunnels(ground: Ground, hubs: Iterable[str]) -> Ground:
    """The same with eyes where tunnels come out at hubs."""
    names = [name for name in hubs if name in ground.sites]
    eyes = {f"{name}:tunnel": Spot(f"{name}:tunnel", f"{kernel.PREFIX}{name}", DEVICE) for name in names}
    return replace(ground, spots={**ground.spots, **eyes})


def _uplinks(site: str, ground: Ground) -> tuple[Address, Address]:
    ipv4, ipv6 = ground.sites[site].uplink.near
    return ipv4.ip, ipv6.ip


# ---- what was foretold -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reading:
    """What somebody knows who knows how all was before, and reads a preview.

    Args:
        before, after: The lab then and afterwards; of afterwards nothing is taken but what names of sets stand for.
        overlay: The overlay as it was.
        said: The preview.
        at: The moment.
    """

    before: Ground
    after: Ground
    overlay: Overlay
    said: Foretold
    at: moment

    @cached_property
    def tunnels(self) -> frozenset[tuple[str, str]]:
        """The tunnels of which both ends will be there."""
        ends = (self._tunnels_before - self.said.ended) | self.said.begun
        return frozenset(pair for pair in ends if pair[::-1] in ends)

    @cached_property
    def _tunnels_before(self) -> frozenset[tuple[str, str]]:
        return frozenset((name, one.peer) for name, intent in self.before.intents.items() for one in intent.tunnels)

    def without(self, passage: Passage) -> "Reading":
        """The same of a preview that lacks a line."""
        left = tuple(one for one in self.said.passages if one != passage)
        said = Foretold(left, self.said.begun, self.said.ended, self.said.anew, self.said.sites)
        return Reading(self.before, self.after, self.overlay, said, self.at)

    @property
    def passages(self) -> tuple[Passage, ...]:
        """The lines about packets at appliances of the lab."""
        return tuple(one for one in self.said.passages if one.site in self.before.sites)

    def target(self, one: Try) -> str:
        """The spot where a packet would arrive."""
        return self._place(one)[2]

    def arrives(self, one: Try) -> bool:
        """Whether a packet will arrive."""
        ways = list(self._ways(one, self.tunnels))
        return bool(ways) and all(self._passes(one, step) for way in ways for step in way)

    def lines_about(self, one: Try) -> set[Passage]:
        """The lines that are about a packet, on its way now or before."""
        ways = {*self._ways(one, self.tunnels), *self._ways(one, self._tunnels_before)}
        found = (self._about(one, step) for way in ways for step in way)
        return {line for line in found if line is not None}

    def _ways(self, one: Try, tunnels: AbstractSet[tuple[str, str]]) -> Iterator[tuple[Step, ...]]:
        """The ways that a packet may take: out or in by an uplink, by a tunnel, or by those of any hub."""
        far, zone, _ = self._place(one)
        if one.why == "outer":
            yield (Step(one.site, one.zone, zone),)
        elif (one.site, far) in tunnels:
            into = Step(one.site, one.zone, Zone.VPN)
            yield (into,) if one.why == "into a tunnel" else (into, Step(far, Zone.VPN, zone))
        else:
            for hub in self.overlay.hubs:
                if hub in self.before.sites and {(one.site, hub), (hub, far)} <= tunnels:
                    over = Step(hub, Zone.VPN, Zone.VPN)
                    yield Step(one.site, one.zone, Zone.VPN), over, Step(far, Zone.VPN, zone)

    def _place(self, one: Try) -> tuple[str, Zone, str]:
        """The site and the zone of a destination, and the spot where its packet is looked for."""
        if one.why == "outer" and one.zone is Zone.SELF:
            return one.site, Zone.WAN, f"{one.site}:uplink"
        site, zone, spot = self._places[one.destination]
        return site, zone, f"{site}:tunnel" if one.why == "into a tunnel" else spot

    @cached_property
    def _places(self) -> Mapping[Address, tuple[str, Zone, str]]:
        found: dict[Address, tuple[str, Zone, str]] = {}
        for site in self.before.sites:
            own = [address_of(one, family) for one in self.before.segments(site) for family in Family]
            found |= dict.fromkeys((*own, *_uplinks(site, self.before)), (site, Zone.SELF, f"{site}:self"))
            for one, family in product(self.before.segments(site), Family):
                spot = f"{site}:{segment_of(one)}"
                found[self.before.client(site, one, family)] = site, one.zone, spot
        return found

    def _passes(self, one: Try, step: Step) -> bool:
        """Whether a packet passes an appliance: as the preview says, or else as before."""
        line = self._about(one, step)
        if line is not None:
            return line.begins
        return not denied_at(one, step.site, step.from_zone, step.to_zone, self.before, self.at)

    def _about(self, one: Try, step: Step) -> Passage | None:
        for line in self.said.passages:
            if (line.site, line.from_zone, line.to_zone) != (step.site, step.from_zone, step.to_zone):
                continue
            ground = self.after if line.begins else self.before
            names = ground.policies[step.site].sets

            def holds(name: str, address: Address, names: Names = names) -> bool:
                family = Family.IPV4 if address.version == 4 else Family.IPV6
                return any(first <= int(address) <= last for first, last in names[family][name])

            if line.is_about(one.source, one.destination, one.protocol, one.number, holds):
                return line
        return None


Names = Mapping[Family, Mapping[str, Sequence[tuple[int, int]]]]


# ---- what is seen ------------------------------------------------------------------------------------------------


def ask(ground: Ground, asked: Sequence[Try], expected: Mapping[Try, str]) -> tuple[Seen, int]:
    """Send every packet twice, and those that are expected somewhere until they are seen there or had enough rounds.

    Args:
        ground: The lab.
        asked: The packets.
        expected: The spot where a packet should arrive; nothing for one that should arrive nowhere.

    Returns:
        Where each was seen, and how many packets no eye had the time to look at.
    """
    tokens: dict[int, Try] = {}
    waiting = list(asked)
    with Prober(ground.spots.values()) as prober:
        for round_ in range(ROUNDS):
            fresh = {next(TOKENS) & 0xFFFFFFFF: one for one in waiting}
            tokens |= fresh
            prober.send((one.at, _probe(token, one)) for token, one in fresh.items())
            prober.look(PATIENCE_S, until=lambda: not list(_late(fresh, prober, expected)))  # noqa: B023 - done before the next round
            prober.look(SETTLE_S)
            waiting = list(asked) if round_ + 1 < TWICE else list(_late(fresh, prober, expected))
            if not waiting:
                break
        seen: dict[Try, set[str]] = {one: set() for one in asked}
        for token, one in tokens.items():
            seen[one] |= {place for place, kind in prober.outcome.of(token) if kind is Kind.PROBE}
        return {one: frozenset(places) for one, places in seen.items()}, prober.lost()


def _probe(token: int, one: Try) -> Probe:
    return Probe(token, one.source, one.destination, one.protocol, one.number)


def _late(sent: Mapping[int, Try], prober: Prober, expected: Mapping[Try, str]) -> Iterator[Try]:
    """Those that should have arrived by now."""
    for token, one in sent.items():
        if one in expected and (expected[one], Kind.PROBE) not in prober.outcome.of(token):
            yield one


# ---- the one beside the other ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Compared:
    """The packets before and after a change, beside what its preview said.

    Args:
        began, ended: Packets that arrive and did not, and the other way round, as was said.
        stayed: Those for which nothing changed and nothing was said to.
        overlooked: Those for which something changed that was not said.
        untrue: Those for which something was said that is not so.
        in_clear: Packets between segments that were seen at an uplink.
    """

    began: tuple[Try, ...]
    ended: tuple[Try, ...]
    stayed: int
    overlooked: tuple[Try, ...]
    untrue: tuple[Try, ...]
    in_clear: tuple[Try, ...]


def compare(reading: Reading, before: Seen, after: Seen) -> Compared:
    """Compare what changed with what was said to change."""
    began, ended, overlooked, untrue = (list[Try]() for _ in range(4))
    stayed = 0
    for one in before:
        had, has = (reading.target(one) in seen[one] for seen in (before, after))
        will = reading.arrives(one)
        if has == will:
            (began if has else ended).append(one) if has != had else None
            stayed += has == had
        else:
            (overlooked if has != had else untrue).append(one)
    clear = (one for seen in (before, after) for one in seen if one.why != "outer" and _is_clear(seen[one]))
    return Compared(tuple(began), tuple(ended), stayed, tuple(overlooked), tuple(untrue), tuple(dict.fromkeys(clear)))


def _is_clear(places: Iterable[str]) -> bool:
    return any(place.endswith(":uplink") for place in places)


def unnoticed(reading: Reading, before: Seen, after: Seen) -> list[Passage]:
    """The lines that could be taken out of a preview without its being wrong about any packet.

    That packets end is said of each appliance on their way, and of their tunnel too: all of it is taken out.
    """
    left = dict.fromkeys(reading.passages)
    for one, places in after.items():
        had, has = reading.target(one) in before[one], reading.target(one) in places
        for line in reading.lines_about(one) & left.keys():
            will = reading.without(line).arrives(one) if line.begins else had
            if will != has:
                del left[line]
    return list(left)
