"""The packet proof: everything worth trying is sent, and what is seen is held against what the intents say."""

import random
import time as clock
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
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
    """What came of a packet proof.

    Args:
        open_bypasses: Ways around that a site's intent leaves open, by site.
        in_clear: Packets of tunnels that were seen at an uplink.
        left_out: What is tried nowhere: it stays on its segment, or its way leads out of the lab.
        overlooked: Packets that no eye had the time to look at; with one of them, nothing that was not seen is shown.
    """

    allowed: int = 0
    answered: int = 0
    denied: int = 0
    bypasses: int = 0
    open_bypasses: Counter[str] = field(default_factory=Counter)
    in_clear: int = 0
    tried_again: int = 0
    left_out: int = 0
    overlooked: int = 0
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
    found = list(_fates(ground, sites, seed=seed, most=most))
    report = run(ground, [(one, fate) for one, fate in found if fate is not None])
    report.left_out = sum(fate is None for _, fate in found)
    return report


def questions(ground: Ground, sites: Iterable[str], *, seed: int, most: int | None = None) -> list[tuple[Try, Fate]]:
    """What is tried at some sites, in an order of its own, and what has to become of it."""
    return [(one, fate) for one, fate in _fates(ground, sites, seed=seed, most=most) if fate is not None]


def _fates(ground: Ground, sites: Iterable[str], *, seed: int, most: int | None) -> Iterator[tuple[Try, Fate | None]]:
    dice, at = random.Random(seed), datetime.now(UTC).time()
    found = distinct(one for site in sites for one in sample(distinct(tries(site, ground)), most, dice))
    dice.shuffle(found)
    return ((one, fate_of(one, ground, at)) for one in found)


def sample(found: Sequence[Try], most: int | None, dice: random.Random) -> Sequence[Try]:
    """Some of what could be tried."""
    return found if most is None or most >= len(found) else dice.sample(found, most)


def run(ground: Ground, asked: Sequence[tuple[Try, Fate]], *, rounds: int = ROUNDS) -> Report:
    """Send packets until each has met its fate or has had enough rounds; what is denied is sent twice."""
    report, waiting, denied = Report(), list(asked), list[Sent]()
    report.kinds.update(one.why for one, _ in asked)
    with Prober(ground.spots.values()) as prober:
        for round_ in range(rounds):
            sent = _send(prober, waiting)
            denied += [one for one in sent if not one.fate.arrives_at]
            waiting = _judge(sent, prober.outcome, report, is_last=round_ == rounds - 1)
            if not waiting:
                break
            report.tried_again += len(waiting)
            clock.sleep(0.2 * round_)
        denied += _send(prober, [(sent.one, sent.fate) for sent in denied])
        _judge_denied(denied, prober.outcome, report)
        report.overlooked = prober.lost()
    return report


@dataclass(frozen=True, slots=True)
class Sent:
    """A packet that was sent."""

    token: int
    one: Try
    fate: Fate


def _send(prober: Prober, asked: Sequence[tuple[Try, Fate]]) -> list[Sent]:
    """Send packets, and look until all that should be seen is, and a little longer for what should not."""
    found = [Sent(next(TOKENS) & 0xFFFFFFFF, one, fate) for one, fate in asked]
    prober.send((sent.one.at, _probe(sent)) for sent in found)
    wanted = {sent.token: _sightings(sent) for sent in found if sent.fate.arrives_at}
    prober.look(PATIENCE_S, until=lambda: _all_there(wanted, prober.outcome))
    prober.look(SETTLE_S)
    return found


def _all_there(wanted: dict[int, set[tuple[str, Kind]]], outcome: Outcome) -> bool:
    return all(sightings <= outcome.of(token) for token, sightings in wanted.items())


def _sightings(sent: Sent) -> set[tuple[str, Kind]]:
    """What has to be seen of a packet that passes."""
    answer = {(sent.one.at, Kind.ANSWER)} if sent.fate.is_answered else set()
    return {(sent.fate.arrives_at, Kind.PROBE), *answer}


def _probe(sent: Sent) -> Probe:
    one = sent.one
    return Probe(sent.token, one.source, one.destination, one.protocol, one.number)


def _judge(found: Sequence[Sent], outcome: Outcome, report: Report, *, is_last: bool) -> list[tuple[Try, Fate]]:
    """Count what was to arrive; what did not is given back, to be tried again."""
    left = []
    for sent in found:
        one, fate = sent.one, sent.fate
        if not fate.arrives_at:
            continue
        places = sorted(place for place, kind in outcome.of(sent.token) if kind is Kind.PROBE)
        elsewhere = [place for place in places if place not in (fate.arrives_at, fate.beyond)]
        called = outcome.sources.get((sent.token, fate.arrives_at))
        if elsewhere:
            report.disagreements.append(Disagreement(one, fate, tuple(places)))
            report.in_clear += any(place.endswith(":uplink") for place in elsewhere)
        elif called is not None and called != (fate.called or one.source):
            seen = f"from {called} instead of {fate.called or one.source}"
            report.disagreements.append(Disagreement(one, fate, (*places, seen)))
        elif called is not None and (not fate.is_answered or (one.at, Kind.ANSWER) in outcome.of(sent.token)):
            report.allowed += 1
            report.answered += fate.is_answered
            report.open_bypasses[one.site] += one.why == "by-pass"
        elif is_last:
            report.disagreements.append(Disagreement(one, fate, (*places, *(("no answer",) if places else ()))))
        else:
            left.append((one, fate))
    return left


def _judge_denied(found: Sequence[Sent], outcome: Outcome, report: Report) -> None:
    """Count what was to arrive nowhere, at the very end: it may have been late. An answer to it is as wrong."""
    seen: dict[Try, tuple[Fate, set[str]]] = {}
    for sent in found:
        places = seen.setdefault(sent.one, (sent.fate, set()))[1]
        told = {Kind.PROBE: "", Kind.ANSWER: "an answer at "}
        places |= {f"{told[kind]}{place}" for place, kind in outcome.of(sent.token) if kind in told}
    for one, (fate, places) in seen.items():
        if places:
            report.disagreements.append(Disagreement(one, fate, tuple(sorted(places))))
        else:
            report.denied += 1
            report.bypasses += one.why == "by-pass"


def again(one: Try) -> str:
    """A command that shows what the policy says of a packet."""
    words = {6: "tcp", 17: "udp", 1: "icmp", 58: "icmpv6"}
    service = f"{words[one.protocol]}/{one.number}" if one.protocol in words else "any"
    place = one.at.partition(":")[2] if one.zone is not Zone.WAN else "self"
    return f"lisiere explain --from {one.site}:{place} --to {one.destination} --service {service}"
