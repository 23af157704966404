"""The answer to a question about a policy, in words and as JSON: each appliance on the way, each rule with a say."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import typer

from lisiere.model.packet import Reason
from lisiere.policy import words
from lisiere.policy.explaining import Outcome
from lisiere.policy.lines import family_of, prefix_ranges
from lisiere.policy.ways import End

if TYPE_CHECKING:
    from lisiere.model.fleet import Fleet
    from lisiere.model.intent import Family
    from lisiere.policy.asking import Decision
    from lisiere.policy.explaining import Answer, Stop
    from lisiere.policy.grid import Box
    from lisiere.policy.ranges import Ranges
    from lisiere.policy.words import Names

TOLD = {End.THERE, End.OUTSIDE}
"""Ends that go without saying."""


def print_answer(question: str, answers: Sequence["Answer"], fleet: "Fleet") -> None:
    """Print the answer to one question; what is the same in both families is said once."""
    typer.echo(f"{outcome_of(answers)}: {question}")
    if not answers:
        typer.echo("  no packet of that service goes between these addresses: they are of different families")
    told: dict[tuple[str, ...], list[Family]] = {}
    for answer in answers:
        told.setdefault(tuple(_lines(answer, fleet)), []).append(answer.family)
    for lines, families in told.items():
        if len(told) > 1:
            typer.echo(f"  {' and '.join(dict.fromkeys(_family(one) for one in families))}:")
        for line in lines:
            typer.echo(f"{'    ' if len(told) > 1 else '  '}{line}")


def outcome_of(answers: Iterable["Answer"]) -> Outcome:
    """The answer over families and ways."""
    found = {answer.outcome for answer in answers} or {Outcome.NO_PACKET}
    return found.pop() if len(found) == 1 else Outcome.IN_PART


def document(question: str, answers: Sequence["Answer"], fleet: "Fleet") -> dict[str, object]:
    """The answer to one question as JSON."""
    return {
        "question": question,
        "outcome": outcome_of(answers),
        "answers": [
            {
                "family": answer.family,
                "outcome": answer.outcome,
                "destination": words.addresses(answer.question[1], answer.family, names_of(fleet, answer.family)),
                "end": answer.way.end,
                "end_at": answer.way.end_at,
                "appliances_there": answer.owners,
                "appliances": [_stop_document(stop, answer, fleet) for stop in answer.stops],
            }
            for answer in answers
        ],
    }


def _stop_document(stop: "Stop", answer: "Answer", fleet: "Fleet") -> dict[str, object]:
    names = {**stop.names, **names_of(fleet, answer.family)}
    return {
        "appliance": stop.hop.site,
        "from_zone": stop.hop.from_zone,
        "to_zone": stop.hop.to_zone,
        "outcome": stop.outcome,
        "decisions": [
            {
                "action": "allow" if one.allows else "deny",
                "reason": one.reason,
                "layer": one.rule.layer if one.rule else None,
                "rule": one.rule.id if one.rule else None,
                "flow": one.rule.flow if one.rule else None,
                "packets": [_packets(box, answer.family, names) for box in one.boxes],
            }
            for one in stop.decisions
        ],
    }


def _packets(box: "Box", family: "Family", names: "Names") -> dict[str, object]:
    return {
        "source": words.addresses(box[0], family, names),
        "destination": words.addresses(box[1], family, names),
        "service": words.services(box[2]),
        "hours": words.hours(box[3]) or "always",
    }


def _lines(answer: "Answer", fleet: "Fleet") -> list[str]:
    """What each appliance on the way decides, and how the way ends where that is not plain."""
    named = names_of(fleet, answer.family)
    found = []
    for stop in answer.stops:
        place = f"{stop.hop.site}, {stop.hop.from_zone} to {stop.hop.to_zone}:"
        told = _decisions(stop, answer, fleet, {**stop.names, **named})
        found += [f"{place} {told[0]}"] if len(told) == 1 else [place, *(f"  {one}" for one in told)]
    if answer.way.end not in TOLD:
        found.append(_end(answer))
    if answer.owners:
        found.append(f"{answer.owners} appliances of the fleet have an address there, and each judges by itself")
    if not answer.is_part:
        return found
    return [f"to {words.addresses(answer.question[1], answer.family, named)}:", *(f"  {line}" for line in found)]


def _decisions(stop: "Stop", answer: "Answer", fleet: "Fleet", names: "Names") -> list[str]:
    """Who decides about what; the last one has all that the others leave."""
    if len(stop.decisions) == 1:
        return [_decision(stop.decisions[0], fleet)]
    found = []
    for one in stop.decisions:
        parts = "; ".join(dict.fromkeys(_part(box, answer, names) for box in one.boxes))
        is_rest = one is stop.decisions[-1] and (one.rule is None or "any but" in parts or ";" in parts)
        found.append(f"{_decision(one, fleet)}: {'everything else' if is_rest else parts}")
    return found


def _decision(one: "Decision", fleet: "Fleet") -> str:
    """What decides, and for which flow."""
    action = "allowed" if one.allows else "denied"
    if one.rule is None:
        return f"{action} by default" if one.reason is Reason.DEFAULT else f"{action}, {one.reason}"
    flow = f", flow {one.rule.flow} ({fleet.flows[one.rule.flow].title})" if one.rule.flow in fleet.flows else ""
    return f"{action} by {one.rule.layer} rule {one.rule.id}{flow}"


def _part(box: "Box", answer: "Answer", names: "Names") -> str:
    """What of the question a decision is about; empty for all of it."""
    asked = answer.question
    found = []
    if box[0] != asked[0]:
        found.append(f"from {words.addresses(box[0], answer.family, names)}")
    if box[1] != asked[1]:
        found.append(f"to {words.addresses(box[1], answer.family, names)}")
    if box[2] != asked[2]:
        found.append(words.services(box[2]))
    if box[3] != asked[3]:
        found.append(f"during {words.hours(box[3])}")
    return " ".join(found)


def _end(answer: "Answer") -> str:
    where = answer.way.end_at
    told: Mapping[End, str] = {
        End.PARTNER: f"then it is with the partner {where}, whose end is not ours",
        End.NO_OVERLAY: f"{where}: dropped, no overlay joins the two and nothing between sites leaves in clear",
        End.NOT_CARRIED: f"dropped: the tunnel {where} carries neither this source nor this destination",
        End.CIRCLE: f"{where}: dropped, it runs in a circle",
        End.SAME_SEGMENT: "it stays on its segment: the appliance does not see it",
    }
    return told[answer.way.end]


def names_of(fleet: "Fleet", family: "Family") -> dict[str, "Ranges"]:
    """The fleet's address sets, by family, and what all sites are numbered from."""
    pools = fleet.operator.pools
    named = {name: one.prefixes for name, one in fleet.address_sets.items()}
    named["fleet-sites"] = (pools.sites_ipv4, pools.sites_ipv6)
    return {
        name: prefix_ranges(one for one in prefixes if family_of(one) is family) for name, prefixes in named.items()
    }


def _family(family: "Family") -> str:
    return "IPv4" if family == "ipv4" else "IPv6"
