"""What is wrong with policies is found, once for each rule, with the sites that it concerns."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest

from lisiere.inventory.loader import load_fleet
from lisiere.model.fleet import Fleet
from lisiere.model.traffic import Rule
from lisiere.policy.finding import Kind, PolicyFinding, Severity
from lisiere.policy.lint import lint
from lisiere.policy.matrix import flow_matrix
from lisiere.policy.site import resolve_fleet
from tests.render.fleet import AS_OF, OLD_HALL, PARENT, SITES, small_fleet

REFERENCE = Path(__file__).parents[2] / "inventory"
HALLS = tuple(sorted(name for name, shape in SITES.items() if shape[0] == "town-hall"))


def found_in(fleet: Fleet, as_of: date = AS_OF) -> tuple[PolicyFinding, ...]:
    """The findings of a fleet."""
    there = fleet.model_copy(update={"as_of": as_of})
    return lint(there, tuple(resolve_fleet(there)))


def with_profile_rule(rule: Mapping[str, object], *, at_start: bool = False) -> Fleet:
    """The small fleet with one more rule for town halls."""
    fleet = small_fleet()
    rules = fleet.policies.profiles["town-hall"]
    fresh = Rule.model_validate({"id": "tried", "from": "admin", "to": "wan", "action": "allow", **rule})
    profiles = {**fleet.policies.profiles, "town-hall": (fresh, *rules) if at_start else (*rules, fresh)}
    return fleet.model_copy(update={"policies": fleet.policies.model_copy(update={"profiles": profiles})})


def about(found: tuple[PolicyFinding, ...], subject: str) -> list[tuple[Severity, Kind]]:
    """What is said of one subject."""
    return [(one.severity, one.kind) for one in found if one.subject == subject]


def test_a_need_that_an_earlier_denial_takes_is_an_error() -> None:
    """The flow was granted, and nothing passes: by the rules on top, at every site that has the rule."""
    fleet = with_profile_rule({"services": ["https"], "destination": ["doh"], "flow": "web-access"})
    denied = Rule.model_validate({"id": "shut", "from": "admin", "to": "wan", "action": "deny", "services": ["https"]})
    layers = fleet.policies.model_copy(update={"fleet": (*fleet.policies.fleet, denied)})
    found = found_in(fleet.model_copy(update={"policies": layers}))
    (error,) = [one for one in found if one.subject == "profile rule tried"]
    assert (error.severity, error.kind, error.sites) == (Severity.ERROR, Kind.SHADOWED, HALLS)
    assert "the contrary is decided before it by" in error.message
    assert "shut" in error.message


def test_a_rule_that_an_earlier_one_repeats_is_a_note() -> None:
    """Superfluous, and no harm; a warning where something on top takes a part of it and does the contrary."""
    rule = {"services": ["https"], "destination": ["exams"], "flow": "web-access"}
    twice = with_profile_rule(rule)
    profiles = twice.policies.profiles
    again = profiles["town-hall"][-1].model_copy(update={"id": "again"})
    layers = twice.policies.model_copy(update={"profiles": {**profiles, "town-hall": (*profiles["town-hall"], again)}})
    found = found_in(twice.model_copy(update={"policies": layers}))
    assert about(found, "profile rule again") == [(Severity.NOTE, Kind.SHADOWED)]
    wide = again.model_copy(update={"destination": ()})
    layers = layers.model_copy(update={"profiles": {**profiles, "town-hall": (wide, again)}})
    both = layers.profiles["town-hall"]
    layers = layers.model_copy(
        update={"profiles": {**profiles, "town-hall": (*both, wide.model_copy(update={"id": "last"}))}}
    )
    found = found_in(twice.model_copy(update={"policies": layers}))
    assert (Severity.WARNING, Kind.SHADOWED) in about(found, "profile rule last")


def test_a_rule_from_anywhere_to_anywhere_is_over_wide() -> None:
    """Out of a LAN zone a warning, into one an error; a range of a thousand ports a warning."""
    fleet = with_profile_rule({"services": ["https"], "flow": "web-access"})
    assert (Severity.WARNING, Kind.OVER_WIDE) in about(found_in(fleet), "profile rule tried")
    fleet = with_profile_rule({"from": "wan", "to": "dmz", "services": ["https"], "flow": "web-access"})
    assert not about(found_in(fleet), "profile rule tried")
    fleet = with_profile_rule(
        {"from": "wan", "to": "admin", "services": ["https"], "flow": "web-access"}, at_start=True
    )
    assert (Severity.ERROR, Kind.OVER_WIDE) in about(found_in(fleet), "profile rule tried")


@pytest.mark.parametrize(
    ("to", "destination"),
    [("self", []), ("self", ["exams"]), ("mgmt", []), ("mgmt", ["exams"]), ("vpn", []), ("admin", [])],
)
def test_what_lets_the_internet_in_is_an_error(to: str, destination: list[str]) -> None:
    """To the appliance and its management whatever the rule names as destination."""
    rule = {"from": "wan", "to": to, "destination": destination, "services": ["https"], "flow": "web-access"}
    found = [one for one in found_in(with_profile_rule(rule, at_start=True)) if one.subject == "profile rule tried"]
    errors = [one.message for one in found if (one.severity, one.kind) == (Severity.ERROR, Kind.OVER_WIDE)]
    assert len(errors) == 1
    assert "the Internet reach" in errors[0]
    assert not [one for one in found_in(small_fleet()) if one.severity is Severity.ERROR]


def test_flows_are_judged_as_of_a_day() -> None:
    """Past its review: a warning for each rule; ended: an error; served by nothing: a warning."""
    fleet = small_fleet()
    flow = fleet.flows["web-access"]
    ended = flow.model_copy(update={"until": AS_OF - timedelta(days=1)})
    idle = flow.model_copy(update={"id": "idle"})
    found = found_in(fleet.model_copy(update={"flows": {**fleet.flows, "web-access": ended, "idle": idle}}))
    assert (Severity.ERROR, Kind.FLOW) in about(found, "web-access rule proxy-in")
    assert (Severity.WARNING, Kind.FLOW) in about(found, "flow idle")
    late = found_in(fleet, flow.review_by + timedelta(days=1))
    assert (Severity.WARNING, Kind.FLOW) in about(late, "web-access rule proxy-in")
    assert not about(found_in(fleet), "web-access rule proxy-in")


@pytest.mark.parametrize(("days", "is_told"), [(31, False), (30, False), (29, True), (0, True), (-1, True)])
def test_what_ends_within_thirty_days_is_told(days: int, is_told: bool) -> None:
    """Exceptions and bypasses, with the site that has them."""
    fleet = small_fleet()
    (exception,) = fleet.appliances[OLD_HALL].data.exceptions
    (bypass,) = fleet.appliances[PARENT].data.web_access.bypass
    for subject, until, site in (
        ("exception heating", exception.until, OLD_HALL),
        ("bypass to exams", bypass.until, PARENT),
    ):
        found = [one for one in found_in(fleet, until - timedelta(days=days)) if one.subject == subject]
        assert [(one.kind, one.sites) for one in found] == ([(Kind.ENDING, (site,))] if is_told else [])


@cache
def reference() -> Fleet:
    """The reference fleet."""
    return load_fleet(REFERENCE, as_of=date(2026, 11, 24))


def test_the_reference_fleet_has_no_error_and_nothing_twice() -> None:
    """600 sites, and each finding once."""
    found = found_in(reference(), date(2026, 11, 24))
    assert not [one for one in found if one.severity is Severity.ERROR]
    assert len({(one.severity, one.kind, one.subject) for one in found}) == len(found)
    assert all(one.sites == tuple(sorted(set(one.sites))) for one in found)


def test_the_matrix_has_every_flow_with_the_rules_that_serve_it() -> None:
    """Derived rules too; a flow's sites are those of its rules."""
    rows = flow_matrix(reference(), resolve_fleet(reference()))
    assert [row.flow.id for row in rows] == sorted(reference().flows)
    in_service = len(list(reference().in_service()))
    by_flow = {row.flow.id: row for row in rows}
    assert by_flow["management"].sites == in_service
    assert {use.id for use in by_flow["management"].rules} == {"management-ssh", "management-ping"}
    (ssh,) = [use for use in by_flow["management"].rules if use.id == "management-ssh"]
    assert (ssh.layer, ssh.zones, ssh.services) == ("management", ("mgmt > self",), "tcp/22")
    mail = {use.id: len(use.sites) for use in by_flow["mail"].rules}
    halls = [one for one in reference().in_service() if one.profile == "town-hall"]
    assert mail["town-hall-mail"] == len(halls)
    assert all(row.rules for row in rows)
