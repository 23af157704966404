"""The firewall of rendered texts read back: it means what the intent means, and what is not understood is unread."""

from functools import cache

import pytest

from lisiere.model.intent import Family
from lisiere.policy import words
from lisiere.policy.frozen import Policy, policy_of
from lisiere.policy.reach import Passage, difference, reachability
from lisiere.policy.site import resolve_fleet
from lisiere.render.renderer import render
from lisiere.render.vyos_reading import PolicyReader, Unread
from tests.render.fleet import HALL, SITES, small_fleet


@cache
def texts() -> dict[str, str]:
    """Every site of the small fleet, rendered."""
    return {intent.name: render(intent) for intent in resolve_fleet(small_fleet())}


def read(text: str) -> Policy:
    """A text as a policy."""
    found = PolicyReader().read(text)
    assert isinstance(found, Policy), found
    return found


@pytest.mark.parametrize("site", SITES)
def test_what_templates_write_means_what_the_intent_means(site: str) -> None:
    """Every profile, kind of web access and release: not one packet passes on one side only."""
    intent = next(one for one in resolve_fleet(small_fleet()) if one.name == site)
    written, meant = read(texts()[site]), policy_of(intent)
    assert len(reachability(meant)) > 20
    assert difference(meant, written).is_empty
    assert {zone for zone in written.zones if zone != "untagged"} == meant.zones


def test_a_rule_added_by_hand_is_a_difference() -> None:
    """An address, both transports, and hours: what templates do not write is understood too."""
    rule = "set firewall ipv4 name ADMIN-WAN rule 999000"
    lines = [
        f"{rule} action 'accept'",
        f"{rule} protocol 'tcp_udp'",
        f"{rule} destination port '5000-5001'",
        f"{rule} destination address '192.0.2.7'",
        f"{rule} time starttime '08:00'",
        f"{rule} time stoptime '12:00:00'",
    ]
    found = difference(read(texts()[HALL]), read(texts()[HALL] + "".join(f"{line}\n" for line in lines)))
    (opened,) = found.opened
    assert not found.closed
    assert said(opened) == ("admin to wan", "any", "192.0.2.7", "tcp/5000-5001 udp/5000-5001", "08:00-12:00")


def said(one: Passage) -> tuple[str, ...]:
    """A passage in words."""
    source, destination, service, moments = one.box
    return (
        f"{one.from_zone} to {one.to_zone}",
        words.addresses(source, one.family, {}),
        words.addresses(destination, one.family, {}),
        words.services(service),
        words.hours(moments),
    )


def test_a_disabled_rule_lets_nothing_pass() -> None:
    """As if it were not there."""
    rules = [line.rpartition(" action ")[0] for line in texts()[HALL].splitlines() if " action 'accept'" in line]
    rules = [rule for rule in rules if rule.startswith("set firewall ipv4 name ADMIN-WAN rule ")]
    assert rules
    found = difference(read(texts()[HALL]), read(texts()[HALL] + "".join(f"{rule} disable\n" for rule in rules)))
    assert found.closed
    assert not found.opened
    assert {(one.from_zone, one.to_zone, one.family) for one in found.closed} == {("admin", "wan", Family.IPV4)}


def test_a_zone_is_open_inside_unless_it_is_told_otherwise() -> None:
    """VyOS forwards inside a zone by default."""
    line = "set firewall zone GUEST intra-zone-filtering action 'drop'\n"
    assert line in texts()[HALL]
    found = difference(read(texts()[HALL]), read(texts()[HALL].replace(line, "")))
    assert {(one.from_zone, one.to_zone) for one in found.opened} == {("guest", "guest")}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("set firewall ipv4 name ADMIN-WAN rule 999000 action 'jump'", "action"),
        ("set firewall ipv4 name ADMIN-WAN rule 999000 source mac-address '00:53:00:00:00:01'", "mac-address"),
        ("set firewall ipv4 name ADMIN-WAN rule 999000 state 'new'", "state"),
        ("set firewall ipv4 forward filter default-action 'accept'", "forward"),
        ("set firewall group domain-group anywhere address 'example.org'", "domain-group"),
        ("set firewall zone ADMIN from GUEST firewall name 'NOWHERE'", "several values"),
        ("set firewall zone MGMT from UNTAGGED firewall name 'NOWHERE'", "NOWHERE"),
        ("set firewall global-options state-policy invalid action 'accept'", "connection states"),
        ("set firewall zone WAN default-action 'accept'", "does not deny"),
        ("set firewall zone GUEST local-zone", "zone GUEST is the appliance itself"),
        ("set firewall flowtable fast offload 'software'", "flowtable"),
        ("set firewall ipv4 name ADMIN-WAN rule ten action 'accept'", "number"),
    ],
)
def test_what_is_not_understood_is_said_to_be_unread(line: str, reason: str) -> None:
    """A reading is exact, or there is none."""
    found = PolicyReader().read(f"{texts()[HALL]}{line}\n")
    assert isinstance(found, Unread)
    assert reason in found.reason


@pytest.mark.parametrize(
    "end",
    [
        "destination port '!443'",
        "destination port 'https'",
        "protocol '!tcp'",
        "protocol 'gre'",
        "time starttime 'noon'",
        "destination address '!192.0.2.0/24'",
        "destination address 'fd80::1'",
        "icmp type '999'",
    ],
)
def test_a_match_that_is_not_understood_is_said_to_be_unread(end: str) -> None:
    """Negations, names and other protocols exist on the platform; we never write them."""
    rule = "set firewall ipv4 name ADMIN-WAN rule 999000"
    added = [f"{rule} action 'accept'", f"{rule} {end}"]
    added += [] if "protocol" in end else [f"{rule} protocol '{'icmp' if 'icmp' in end else 'tcp'}'"]
    assert isinstance(PolicyReader().read(texts()[HALL] + "\n".join(added)), Unread)


def test_a_zone_of_the_appliance_that_is_none_is_unread() -> None:
    """Without the word, LOCAL would be a zone like others, and the appliance itself in none."""
    line = "set firewall zone LOCAL local-zone\n"
    assert line in texts()[HALL]
    found = PolicyReader().read(texts()[HALL].replace(line, ""))
    assert found == Unread("zone LOCAL is not the appliance itself")


@pytest.mark.parametrize("text", ["", "set system host-name 'new'\n", "firewall {\n}\n", "set firewall\n"])
def test_a_text_without_zones_is_unread(text: str) -> None:
    """What an appliance leaves the factory with filters nothing that we could speak of."""
    assert isinstance(PolicyReader().read(text), Unread)
