"""Whether one place may reach another, at each appliance on the way, and which rule says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_network

from lisiere.model.intent import Family
from lisiere.model.words import Prefix, Zone
from lisiere.policy.asking import Decision, decisions, passing_all
from lisiere.policy.frozen import PolicyBook
from lisiere.policy.grid import Box
from lisiere.policy.lines import ADDRESSES, prefix_ranges
from lisiere.policy.places import Place
from lisiere.policy.ranges import Ranges, full, merged
from lisiere.policy.splitting import Owners, Splitter, leaves
from lisiere.policy.ways import End, Hop, IntentOf, Way


class Outcome(StrEnum):
    """The answer to a question."""

    ALLOWED = "allowed"
    DENIED = "denied"
    IN_PART = "allowed in part"
    NO_PACKET = "no such packet"


@dataclass(frozen=True, slots=True)
class Stop:
    """What one appliance on the way decides; `names` are its sets, for words."""

    hop: Hop
    outcome: Outcome
    decisions: tuple[Decision, ...]
    names: Mapping[str, Ranges]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer for one family and one way; a destination of several ways has as many answers, each for its part.

    `owners` are appliances of the fleet among destinations on the Internet, too many to tell what each of them says.
    """

    family: Family
    outcome: Outcome
    way: Way
    stops: tuple[Stop, ...]
    question: Box
    is_part: bool = False
    owners: int = 0


class Explainer:
    """Answers questions about the sites of a fleet; each site is resolved once.

    Args:
        intent_of: Gives the intent of a site.
        owners: The appliances behind the Internet, which judge what goes to themselves.
    """

    def __init__(self, intent_of: IntentOf, owners: Owners) -> None:
        self._intent_of, self._book, self._splitter = intent_of, PolicyBook(), Splitter(intent_of, owners)

    def answers(
        self,
        origin: Place,
        target: Place,
        *,
        services: Mapping[Family, Ranges],
        moments: Ranges,
    ) -> tuple[Answer, ...]:
        """The answers for every family that the service and both places have; none when no packet has all three.

        Raises:
            UsageError: A destination is reached in too many ways to tell.
        """
        found: list[Answer] = []
        for family, service in services.items():
            for source in origin.of(family):
                ways = self._ways(origin, source, target, family)
                for way, destinations in ways.items():
                    box = (prefix_ranges([source]), destinations, service, moments)
                    found.append(self._answer(way, family, box, is_part=len(ways) > 1))
        return tuple(found)

    def _ways(self, origin: Place, source: Prefix, target: Place, family: Family) -> dict[Way, Ranges]:
        """The ways to a target, each with the part of it that lies there."""
        from_zone = origin.zone or Zone.SELF
        if target.zone is not None and (not target.site or (target.zone, target.site) == (Zone.SELF, origin.site)):
            way = Way((Hop(origin.site, from_zone, target.zone),), End.THERE, origin.site)
            return {way: full(ADDRESSES[family])}
        found: dict[Way, Ranges] = {}
        for prefix in target.of(family):
            for way, part in self._splitter.ways(origin.site, from_zone, source, prefix).items():
                found[way] = merged((*found.get(way, ()), *part))
        return found

    def _answer(self, way: Way, family: Family, question: Box, *, is_part: bool) -> Answer:
        stops = tuple(self._stop(way, place, family, question) for place in range(len(way.hops)))
        version = 4 if family is Family.IPV4 else 6
        owners = self._splitter.owners_among(question[1], version) if leaves(way) else 0
        return Answer(family, _outcome(way, family, question, stops), way, stops, question, is_part, owners)

    def _stop(self, way: Way, place: int, family: Family, question: Box) -> Stop:
        hop = way.hops[place]
        policy = self._book.policy(self._intent_of(hop.site))
        asked = (self._source_at(way, place, family, question), *question[1:])
        found = decisions(policy, (hop.from_zone, hop.to_zone, family), asked)
        if asked != question:
            found = tuple(_as_asked(one, question) for one in found)
        allowing = [one.allows for one in found]
        mixed = Outcome.IN_PART if any(allowing) else Outcome.DENIED
        return Stop(hop, Outcome.ALLOWED if all(allowing) else mixed, found, policy.sets[family])

    def _source_at(self, way: Way, place: int, family: Family, question: Box) -> Ranges:
        """The sources as an appliance sees them: what came over the Internet was translated where it left its site."""
        if family is Family.IPV6 or place == 0 or way.hops[place - 1].to_zone is not Zone.WAN:
            return question[0]
        left = self._intent_of(way.hops[place - 1].site)
        if not any(prefix_ranges([one.source]) == question[0] for one in left.masquerades):
            return question[0]
        return prefix_ranges(ip_network(one.ipv4.ip) for one in left.interfaces if one.zone is Zone.WAN)


def _as_asked(decision: Decision, question: Box) -> Decision:
    """A decision about a translated source, which all sources of the question have become."""
    return decision._replace(boxes=tuple((question[0], *box[1:]) for box in decision.boxes))


def _outcome(way: Way, family: Family, question: Box, stops: Sequence[Stop]) -> Outcome:
    """The first denial decides; where appliances let different parts pass, what all of them do."""
    if not way.arrives or any(stop.outcome is Outcome.DENIED for stop in stops):
        return Outcome.DENIED
    if all(stop.outcome is Outcome.ALLOWED for stop in stops):
        return Outcome.ALLOWED
    passing = passing_all(question, family, [stop.decisions for stop in stops])
    return Outcome.IN_PART if passing else Outcome.DENIED
