"""Questions from one place to another: the ways that packets take, and what each appliance on them decides."""

from collections.abc import Iterable
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address

import pytest

from cli.explain_words import outcome_of
from lisiere.errors import UsageError
from lisiere.model.intent import Family
from lisiere.model.words import Address, Zone
from lisiere.policy import splitting, words
from lisiere.policy.explaining import Answer, Explainer, Outcome
from lisiere.policy.places import moments_at, origins, service_ranges, targets
from lisiere.policy.ranges import count, is_within
from lisiere.policy.site import resolver
from lisiere.policy.splitting import Splitter, owners_in
from lisiere.policy.ways import End, Hop
from tests.render.fleet import HALL, LONE_HALL, OLD_HALL, SEAT, SECOND_SEAT, TUNNEL, small_fleet


@cache
def explainer() -> Explainer:
    """Answers about the small fleet."""
    return Explainer(cache(resolver(small_fleet())), owners_in(small_fleet()))


def ask(origin: str, target: str, service: str, at: str = "") -> tuple[Answer, ...]:
    """The answers to a question about one origin and one target."""
    fleet = small_fleet()
    (start,), (end,) = origins(fleet, origin), targets(fleet, target)
    return explainer().answers(start, end, services=service_ranges(fleet, service), moments=moments_at(at))


def outcomes(answers: Iterable[Answer]) -> set[Outcome]:
    """The outcomes of all families and ways."""
    return {one.outcome for one in answers}


def test_a_packet_between_two_sites_is_judged_at_both() -> None:
    """From the segment into the tunnel, and out of it into the other's segment; both families alike."""
    answers = ask(f"{HALL}:offices", f"{SEAT}:servers", "https")
    assert [one.family for one in answers] == list(Family)
    for answer in answers:
        assert answer.way.hops == (Hop(HALL, Zone.ADMIN, Zone.VPN), Hop(SEAT, Zone.VPN, Zone.DMZ))
        assert (answer.way.end, answer.outcome) == (End.THERE, Outcome.ALLOWED)
        rules = [one.decisions[0].rule for one in answer.stops]
        assert all(rule is not None and rule.flow is not None for rule in rules)


def test_a_packet_between_two_spokes_passes_the_hub() -> None:
    """The first hub, which a route with the smaller distance leads to."""
    for answer in ask(f"{HALL}:offices", f"{OLD_HALL}:offices", "https"):
        assert [hop.site for hop in answer.way.hops] == [HALL, SEAT, OLD_HALL]
        assert answer.way.hops[1] == Hop(SEAT, Zone.VPN, Zone.VPN)


def test_sites_without_an_overlay_between_them_do_not_reach_each_other() -> None:
    """Nothing between sites leaves in clear."""
    for answer in ask(f"{LONE_HALL}:offices", f"{HALL}:offices", "https"):
        assert (answer.way.end, answer.outcome) == (End.NO_OVERLAY, Outcome.DENIED)


def test_a_segment_that_is_not_in_the_overlay_is_not_carried() -> None:
    """The tunnel's selectors do not hold it."""
    for answer in ask(f"{HALL}:guests", f"{SEAT}:servers", "https"):
        assert (answer.way.end, answer.outcome) == (End.NOT_CARRIED, Outcome.DENIED)


def test_what_a_partner_has_leaves_by_its_tunnel() -> None:
    """Our end only; the other is not ours."""
    (answer,) = ask(f"{TUNNEL}:classes", "192.0.2.10", "tcp/3128")
    assert (answer.way.end, answer.outcome) == (End.PARTNER, Outcome.ALLOWED)
    assert answer.way.hops == (Hop(TUNNEL, Zone.EDU, Zone.VPN),)


def test_one_site_alone_is_asked_about_its_own_zones() -> None:
    """Its segments, the appliance itself, the Internet, and an address set."""
    assert outcomes(ask(f"{HALL}:guests", f"{HALL}:offices", "any")) == {Outcome.DENIED}
    assert outcomes(ask(f"{HALL}:offices", f"{HALL}:offices", "any")) == {Outcome.ALLOWED}
    (neighbour,) = ask(f"{HALL}:offices", str(small_fleet().appliances[HALL].data.segments[0].ipv4.ip + 9), "any")
    assert neighbour.way.end is End.SAME_SEGMENT
    (gateway,) = ask(f"{HALL}:offices", str(small_fleet().appliances[HALL].data.segments[0].ipv4.ip), "tcp/22")
    assert (gateway.way.hops[0].to_zone, gateway.outcome) == (Zone.SELF, Outcome.DENIED)
    assert outcomes(ask(f"{HALL}:offices", f"{HALL}:self", "tcp/22")) == {Outcome.DENIED}
    assert outcomes(ask(f"{HALL}:offices", f"{HALL}:self", "udp/53")) == {Outcome.ALLOWED}
    assert outcomes(ask(f"{HALL}:offices", "wan", "any")) == {Outcome.IN_PART}
    assert outcomes(ask(f"{HALL}:offices", "doh", "https")) == {Outcome.DENIED}


def test_a_rule_that_keeps_hours_is_told_with_them() -> None:
    """All of the day: in part; by night: allowed; at noon: denied. The window crosses midnight."""
    whole = ask(f"{HALL}:offices", "backup-servers", "backup")
    assert outcomes(whole) == {Outcome.IN_PART}
    allowing = [one for answer in whole for one in answer.stops[0].decisions if one.allows]
    assert {words.hours(box[3]) for one in allowing for box in one.boxes} == {"22:00-05:00"}
    assert outcomes(ask(f"{HALL}:offices", "backup-servers", "backup", at="23:30")) == {Outcome.ALLOWED}
    assert outcomes(ask(f"{HALL}:offices", "backup-servers", "backup", at="12:00")) == {Outcome.DENIED}


def test_a_family_that_a_service_does_not_have_is_not_asked() -> None:
    """An echo of IPv4 says nothing about IPv6."""
    assert [one.family for one in ask(f"{HALL}:offices", f"{HALL}:self", "icmp/8")] == [Family.IPV4]
    assert [one.family for one in ask(f"{HALL}:offices", f"{HALL}:self", "icmpv6/128")] == [Family.IPV6]


def test_a_second_hub_is_reached_by_its_own_tunnel() -> None:
    """Hubs do not relay for each other."""
    for answer in ask(f"{HALL}:offices", f"{SECOND_SEAT}:servers", "https"):
        assert [hop.site for hop in answer.way.hops] == [HALL, SECOND_SEAT]


def test_another_appliance_itself_has_its_say() -> None:
    """By name or by address, from a segment or from another appliance: from the Internet only tunnels get in."""
    last = Hop(SEAT, Zone.WAN, Zone.SELF)
    (uplink,) = [str(one) for one in targets(small_fleet(), f"{SEAT}:self")[0].of(Family.IPV4)]
    for origin, target in (
        (f"{HALL}:offices", f"{SEAT}:self"),
        (f"{HALL}:self", f"{SEAT}:self"),
        (f"{HALL}:self", uplink.partition("/")[0]),
    ):
        for answer in ask(origin, target, "tcp/22"):
            assert (answer.way.hops[-1], answer.way.end) == (last, End.THERE)
            assert (answer.stops[-1].outcome, answer.outcome) == (Outcome.DENIED, Outcome.DENIED)
    tunnels = ask(f"{HALL}:self", f"{SEAT}:self", "udp/500")
    assert {one.family: one.outcome for one in tunnels} == {
        Family.IPV4: Outcome.ALLOWED,
        Family.IPV6: Outcome.DENIED,
    }
    rule = tunnels[0].stops[-1].decisions[0].rule
    assert rule is not None
    assert rule.id == "tunnels-in"


def test_an_appliance_sees_the_translated_source_of_what_came_over_the_internet() -> None:
    """IPv4 leaves with the address of the uplink, a known peer; IPv6 with the host's own."""
    found = {one.family: one.stops[-1].outcome for one in ask(f"{HALL}:offices", f"{SEAT}:self", "udp/500")}
    assert found == {Family.IPV4: Outcome.ALLOWED, Family.IPV6: Outcome.DENIED}


def test_a_wide_destination_is_answered_part_by_part() -> None:
    """Its own segments, other sites over tunnels, and what no overlay joins; each address is in one part."""
    answers = ask(f"{HALL}:offices", "10.16.0.0/12", "https")
    ends = {one.way.end for one in answers}
    assert {End.THERE, End.NO_OVERLAY, End.SAME_SEGMENT} <= ends
    assert all(one.is_part for one in answers)
    assert sum(count(one.question[1]) for one in answers) == 1 << 20
    narrow = ask(f"{HALL}:offices", f"{SEAT}:servers", "https")[0]
    (same,) = [one for one in answers if is_within(narrow.question[1], one.question[1])]
    assert (same.way.hops, same.way.end) == (narrow.way.hops, narrow.way.end)
    assert {Outcome.ALLOWED, Outcome.DENIED} <= outcomes(answers)


@pytest.mark.parametrize("prefix", ["0.0.0.0/0", "10.16.0.0/12", "198.51.100.0/24", "fd80:16::/32", "::/0"])
def test_every_address_of_a_wide_destination_is_answered_as_if_it_were_asked_alone(prefix: str) -> None:
    """The first and the last address of each part, which are where parts differ."""
    for answer in ask(f"{HALL}:offices", prefix, "https"):
        for ends in answer.question[1]:
            for number in ends:
                address = str(IPv4Address(number) if answer.family is Family.IPV4 else IPv6Address(number))
                (alone,) = ask(f"{HALL}:offices", address, "https")
                if alone.way.hops and alone.way.hops[-1].to_zone is Zone.SELF and answer.way != alone.way:
                    continue  # A link stands for the hosts on it, not for the appliance's own address.
                assert (alone.way.hops, alone.way.end) == (answer.way.hops, answer.way.end), address


def test_what_is_reached_in_too_many_ways_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who wants to know asks narrower."""
    monkeypatch.setattr(splitting, "MOST_OWNERS", 10_000)
    prefix = IPv4Network("203.0.112.0/22")
    crowd: dict[Address, str] = dict.fromkeys(list(prefix.hosts())[::2], SEAT)
    asked = Splitter(cache(resolver(small_fleet())), crowd)
    (start,) = origins(small_fleet(), f"{HALL}:self")
    with pytest.raises(UsageError, match="ask narrower"):
        asked.ways(HALL, Zone.SELF, start.of(Family.IPV4)[0], prefix)


def test_a_packet_that_cannot_be_is_not_denied() -> None:
    """An echo of IPv4 has no address of IPv6."""
    assert ask(f"{HALL}:offices", "2001:db8::1", "icmp/8") == ()
    assert outcome_of(()) is Outcome.NO_PACKET


@pytest.mark.parametrize(
    ("ends", "wanted"),
    [
        (("80001-town-hal-01", "wan", "https"), "did you mean 80001-town-hall-01"),
        ((f"{HALL}:office", "wan", "https"), f"did you mean {HALL}:offices"),
        ((HALL, "wann", "https"), "did you mean wan"),
        ((HALL, f"{SEAT}:server", "https"), f"did you mean {SEAT}:servers"),
        ((HALL, "wan", "httpss"), "did you mean https"),
        ((HALL, "wan", "tcp"), "unknown service tcp"),
        ((HALL, "wan", "tcp/70000"), "unknown service tcp/70000"),
        ((HALL, "wan", "esp/4"), "unknown service esp/4"),
        ((HALL, "wan", "icmp/256"), "unknown service icmp/256"),
        ((HALL, "wan", "icmp/8-5"), "unknown service icmp/8-5"),
        ((HALL, "wan", "icmpv6/0-99999999999999999999"), "unknown service icmpv6/0-9"),
    ],
)
def test_a_name_that_is_not_known_is_told_with_those_that_look_alike(ends: tuple[str, str, str], wanted: str) -> None:
    """One error, before anything is asked."""
    fleet = small_fleet()
    with pytest.raises(UsageError, match=wanted):
        (origins(fleet, ends[0]), targets(fleet, ends[1]), service_ranges(fleet, ends[2]))


def test_a_moment_is_a_moment() -> None:
    """And nothing else."""
    assert moments_at("00:01") == ((60, 60),)
    with pytest.raises(UsageError, match="no moment"):
        moments_at("25:00")


def test_the_internet_as_a_whole_is_answered_however_many_appliances_are_behind_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """More of them than can be told apart are counted; up to then each judges for itself."""
    apart = ask(f"{LONE_HALL}:offices", "0.0.0.0/0", "https")
    assert len([one for one in apart if one.way.hops[-1:] and one.way.hops[-1].to_zone is Zone.SELF]) > 3
    assert {one.owners for one in apart} == {0}
    monkeypatch.setattr(splitting, "MOST_OWNERS", 2)
    counted = [one for one in ask(f"{LONE_HALL}:offices", "0.0.0.0/0", "https") if one.owners]
    beyond = {str(one) for one in owners_in(small_fleet()) if one.version == 4}
    assert sum(one.owners for one in counted) == len(beyond) - 1, "its own address is not beyond"
    assert {one.way.end for one in counted} == {End.OUTSIDE}
