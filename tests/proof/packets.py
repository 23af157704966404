"""The packet proof: everything worth trying is sent, and what is seen is held against what the intents say."""

import random
import time as clock
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

from lab.real.probing import Outcome, Prober
from lab.real.wire import Kind, Probe
from lisiere.model.words import Zone
from tests.proof.asking import Fate, Try, distinct, fate_of
from tests.proof.ground import Ground
from tests.proof.matrix import tries

ROUNDS = 5
"""Times that a packet which should arrive is sent before it counts as lost."""
PATIENCE_S, SETTLE_S = 3.0, 0.5
TOKENS = count(random.randrange(1 << 32))
"""A token for each packet of this process: one that comes late is taken for no other."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A packet that met another fate than its own."""

    one: Try
    fate: Fate
    seen: tuple[str, ...]

    def __str__(self) -> str:
        """What was tried, what was wanted, what was seen, and how to see it again."""
        wanted = f"wanted at {self.fate.arrives_at}" if self.fate.arrives_at else "wanted nowhere"
        found = ", ".join(self.seen) or "nowhere"
        about = f" [{self.one.why}{' ' + self.one.about if self.one.about else ''}]"
        return f"{self.one}{about}: {wanted} ({self.fate.says}), seen {found}\n      {again(self.one)}"


@dataclass(slots=True)
class Report:
    """What came of a packet proof."""

    allowed: int = 0
    answered: int = 0
    denied: int = 0
    bypasses: int = 0
    open_bypasses: int = 0
    in_clear: int = 0
    tried_again: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    disagreements: list[Disagreement] = field(default_factory=list)

    @property
    def tried(self) -> int:
        """How many packets were asked about."""
        return self.allowed + self.denied + len(self.disagreements)


def prove(ground: Ground, sites: Iterable[str], *, seed: int, most: int | None = None) -> Report:
    """Try everything at some sites.

    Args:
        ground: The lab.
        sites: Where to try.
        seed: Of the order, and of the sample if there is one.
        most: Packets at each site at most; None for all.
    """
    return run(ground, questions(ground, sites, seed=seed, most=most))


def questions(ground: Ground, sites: Iterable[str], *, seed: int, most: int | None = None) -> list[tuple[Try, Fate]]:
    """What is tried at some sites, in an order of its own, and what has to become of it."""
    dice, at = random.Random(seed), datetime.now(UTC).time()
    found = [one for site in sites for one in sample(distinct(tries(site, ground)), most, dice)]
    asked = [(one, fate) for one in distinct(iter(found)) if (fate := fate_of(one, ground, at)) is not None]
    dice.shuffle(asked)
    return asked


def sample(found: Sequence[Try], most: int | None, dice: random.Random) -> Sequence[Try]:
    """Some of what could be tried."""
    return found if most is None or most >= len(found) else dice.sample(found, most)


def run(ground: Ground, asked: Sequence[tuple[Try, Fate]], *, rounds: int = ROUNDS) -> Report:
    """Send packets until each has met its fate or has had enough rounds."""
    report, waiting = Report(), list(asked)
    report.kinds.update(one.why for one, _ in asked)
    with Prober(ground.spots.values()) as prober:
        for round_ in range(rounds):
            tokens = {next(TOKENS) & 0xFFFFFFFF: pair for pair in waiting}
            _send(prober, tokens)
            waiting = _judge(tokens, prober.outcome, report, is_last=round_ == rounds - 1)
            if not waiting:
                break
            report.tried_again += len(waiting)
            clock.sleep(0.2 * round_)
    return report


def _send(prober: Prober, tokens: dict[int, tuple[Try, Fate]]) -> None:
    """Send packets, and look until all that should be seen is, and a little longer for what should not."""
    prober.send((one.at, _probe(token, one)) for token, (one, _) in tokens.items())
    wanted = {token: _sightings(one, fate) for token, (one, fate) in tokens.items() if fate.arrives_at}
    prober.look(PATIENCE_S, until=lambda: _all_there(wanted, prober.outcome))
    prober.look(SETTLE_S)


def _all_there(wanted: dict[int, set[tuple[str, Kind]]], outcome: Outcome) -> bool:
    return all(sightings <= outcome.of(token) for token, sightings in wanted.items())


def _sightings(one: Try, fate: Fate) -> set[tuple[str, Kind]]:
    """What has to be seen of a packet that passes."""
    answer = {(one.at, Kind.ANSWER)} if fate.is_answered else set()
    return {(fate.arrives_at, Kind.PROBE), *answer}


def _probe(token: int, one: Try) -> Probe:
    return Probe(token, one.source, one.destination, one.protocol, one.number)


def _judge(
    tokens: dict[int, tuple[Try, Fate]], outcome: Outcome, report: Report, *, is_last: bool
) -> list[tuple[Try, Fate]]:
    """Count what is clear; what should have arrived and did not is given back, to be tried again."""
    left = []
    for token, (one, fate) in tokens.items():
        places = sorted(place for place, kind in outcome.of(token) if kind is Kind.PROBE)
        elsewhere = [place for place in places if place not in (fate.arrives_at, fate.beyond)]
        if elsewhere:
            report.disagreements.append(Disagreement(one, fate, tuple(places)))
            report.in_clear += bool(fate.arrives_at) and any(place.endswith(":uplink") for place in elsewhere)
        elif not fate.arrives_at:
            report.denied += 1
            report.bypasses += one.why == "by-pass"
        elif places and outcome.sources[token, fate.arrives_at] != (fate.called or one.source):
            seen = f"from {outcome.sources[token, fate.arrives_at]} instead of {fate.called}"
            report.disagreements.append(Disagreement(one, fate, (*places, seen)))
        elif fate.arrives_at in places and (not fate.is_answered or (one.at, Kind.ANSWER) in outcome.of(token)):
            report.allowed += 1
            report.answered += fate.is_answered
            report.open_bypasses += one.why == "by-pass"
        elif is_last:
            report.disagreements.append(Disagreement(one, fate, (*places, *(("no answer",) if places else ()))))
        else:
            left.append((one, fate))
    return left


def again(one: Try) -> str:
    """A command that shows what the policy says of a packet."""
    words = {6: "tcp", 17: "udp", 1: "icmp", 58: "icmpv6"}
    service = f"{words[one.protocol]}/{one.number}" if one.protocol in words else "any"
    place = one.at.partition(":")[2] if one.zone is not Zone.WAN else "self"
    return f"lisiere explain --from {one.site}:{place} --to {one.destination} --service {service}"
