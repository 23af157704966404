"""Whether one place may reach another, at each appliance on the way, and which rule says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lisiere.model.intent import Family
from lisiere.model.words import Prefix, Zone
from lisiere.policy.asking import Decision, decisions, passing_all
from lisiere.policy.frozen import PolicyBook
from lisiere.policy.grid import Box
from lisiere.policy.lines import ADDRESSES, prefix_ranges
from lisiere.policy.places import Place
from lisiere.policy.ranges import Ranges, full
from lisiere.policy.ways import End, Hop, IntentOf, Way, way_between


class Outcome(StrEnum):
    """The answer to a question."""

    ALLOWED = "allowed"
    DENIED = "denied"
    IN_PART = "allowed in part"


@dataclass(frozen=True, slots=True)
class Stop:
    """What one appliance on the way decides; `names` are its sets, for words."""

    hop: Hop
    outcome: Outcome
    decisions: tuple[Decision, ...]
    names: Mapping[str, Ranges]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer for one family and one way; a destination of several ways has as many answers."""

    family: Family
    outcome: Outcome
    way: Way
    stops: tuple[Stop, ...]
    question: Box


class Explainer:
    """Answers questions about the sites of a fleet; each site is resolved once."""

    def __init__(self, intent_of: IntentOf) -> None:
        self._intent_of, self._book = intent_of, PolicyBook()

    def answers(
        self,
        origin: Place,
        target: Place,
        *,
        services: Mapping[Family, Ranges],
        moments: Ranges,
    ) -> tuple[Answer, ...]:
        """The answers for every family that the service and both places have."""
        found: list[Answer] = []
        for family, service in services.items():
            for source in origin.of(family):
                for way, destinations in self._ways(origin, source, target, family):
                    box = (prefix_ranges([source]), destinations, service, moments)
                    found.append(self._answer(way, family, box))
        return tuple(found)

    def _ways(self, origin: Place, source: Prefix, target: Place, family: Family) -> list[tuple[Way, Ranges]]:
        """The ways to a target, each with the part of it that lies there."""
        from_zone = origin.zone or Zone.SELF
        if target.zone is not None and (not target.site or (target.zone, target.site) == (Zone.SELF, origin.site)):
            way = Way((Hop(origin.site, from_zone, target.zone),), End.THERE, origin.site)
            return [(way, full(ADDRESSES[family]))]
        found: dict[Way, list[Prefix]] = {}
        for prefix in target.of(family):
            way = way_between(origin.site, from_zone, source, prefix, intent_of=self._intent_of)
            found.setdefault(way, []).append(prefix)
        return [(way, prefix_ranges(prefixes)) for way, prefixes in found.items()]

    def _answer(self, way: Way, family: Family, question: Box) -> Answer:
        stops = tuple(self._stop(hop, family, question) for hop in way.hops)
        return Answer(family, _outcome(way, family, question, stops), way, stops, question)

    def _stop(self, hop: Hop, family: Family, question: Box) -> Stop:
        policy = self._book.policy(self._intent_of(hop.site))
        found = decisions(policy, (hop.from_zone, hop.to_zone, family), question)
        allowing = [one.allows for one in found]
        mixed = Outcome.IN_PART if any(allowing) else Outcome.DENIED
        return Stop(hop, Outcome.ALLOWED if all(allowing) else mixed, found, policy.sets[family])


def _outcome(way: Way, family: Family, question: Box, stops: Sequence[Stop]) -> Outcome:
    """The first denial decides; where appliances let different parts pass, what all of them do."""
    if not way.arrives or any(stop.outcome is Outcome.DENIED for stop in stops):
        return Outcome.DENIED
    if all(stop.outcome is Outcome.ALLOWED for stop in stops):
        return Outcome.ALLOWED
    passing = passing_all(question, family, [stop.decisions for stop in stops])
    return Outcome.IN_PART if passing else Outcome.DENIED
