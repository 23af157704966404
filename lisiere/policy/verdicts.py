"""The verdict of a policy on one packet: the first rule that matches decides."""

from lisiere.model.packet import Packet, Reason, Verdict
from lisiere.model.words import Action
from lisiere.policy.frozen import Policy, Term
from lisiere.policy.lines import is_always, service_number
from lisiere.policy.ranges import holds


def verdict(policy: Policy, packet: Packet) -> Verdict:
    """Whether a packet passes, and what decided.

    Between two zones and inside a zone that has rules of its own, the first rule that matches decides, and what none
    matches is denied. Inside any other zone everything passes, unless the zone is isolated. Without a moment of the
    day, rules that keep hours are passed over.
    """
    if not {packet.from_zone, packet.to_zone} <= policy.zones:
        return Verdict(action=Action.DENY, reason=Reason.NO_ZONE)
    chain = policy.chains.get((packet.from_zone, packet.to_zone, packet.family))
    if chain is None:
        if packet.from_zone == packet.to_zone and packet.from_zone in policy.open_zones:
            return Verdict(action=Action.ALLOW, reason=Reason.INSIDE)
        return Verdict(action=Action.DENY, reason=Reason.DEFAULT)
    point = _point(packet)
    for term in chain.terms:
        if _matches(term, point):
            action = Action.ALLOW if term.allows else Action.DENY
            return Verdict(action=action, reason=Reason.RULE, rule=term.rule)
    return Verdict(action=Action.DENY, reason=Reason.DEFAULT)


Point = tuple[int, int, int, int | None]


def _point(packet: Packet) -> Point:
    detail = packet.port if packet.port is not None else packet.icmp_type or 0
    at = packet.at
    return (
        int(packet.source),
        int(packet.destination),
        service_number(packet.protocol, detail),
        None if at is None else (at.hour * 60 + at.minute) * 60 + at.second,
    )


def _matches(term: Term, point: Point) -> bool:
    source, destination, service, moments = term.box
    if not (holds(source, point[0]) and holds(destination, point[1]) and holds(service, point[2])):
        return False
    return is_always(moments) if point[3] is None else holds(moments, point[3])
