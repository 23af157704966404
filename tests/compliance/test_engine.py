"""What is never told as passed, transitions between rules, and dates."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from lisiere.compliance.demands import complaint
from lisiere.compliance.engine import Engine, Prepared
from lisiere.compliance.predicates.base import FleetPredicate, IntentPredicate, Told
from lisiere.compliance.subject import Running, Setting, Subject
from lisiere.drivers.validating import compare
from lisiere.model.compliance_words import State
from lisiere.model.finding import Result
from lisiere.model.hashing import sha256_of
from lisiere.model.intent import SiteIntent
from lisiere.model.plan import Drift, DriftReason
from lisiere.model.rule_pack import Demand, PackRule
from lisiere.workflow.reference.waivers import reference_waivers
from tests.compliance.casebook import AS_OF, AT, base, changed, fleet, packs, result, state


class Raising(IntentPredicate):
    """A check that meets what it did not expect."""

    def ask(self, subject: Subject, setting: Setting) -> Told:
        """Raise."""
        raise KeyError(subject.appliance.name)


class RaisingOverFleet(FleetPredicate):
    """The same over the fleet."""

    def ask(self, intents: Mapping[str, SiteIntent], setting: Setting) -> Mapping[str, Sequence[str]]:
        """Raise."""
        raise ZeroDivisionError


def rule(name: str, **changes: object) -> PackRule:
    """A rule of ours with other contents."""
    return packs().rules["ssh-keys-only"].rule.model_copy(update={"id": name, **changes})


def asked(rules: Sequence[Prepared], *, as_of: date = AS_OF, subject: Subject | None = None) -> dict[str, Result]:
    """What rules say of a town hall."""
    engine = Engine(rules, setting=Setting(fleet(), as_of, AT), compare=compare)
    stage = base("vyos-town-hall")
    found = [*engine.ask(subject or stage.subject), *engine.ask_fleet(stage.intents, is_whole=False)]
    return {one.rule: one for one in found if one.host == stage.subject.appliance.name}


def test_a_check_that_raises_is_not_evaluated_and_stops_nothing() -> None:
    """The rule beside it is asked all the same."""
    predicate = packs().rules["recyf-backup"].rule.check
    raising = Prepared(rule("raising", check=predicate), predicate=Raising())
    over_fleet = Prepared(rule("raising-too", check=predicate), predicate=RaisingOverFleet())
    found = asked([raising, over_fleet, packs().rules["ssh-keys-only"]])
    assert found["raising"].state is State.NOT_EVALUATED
    assert "KeyError" in found["raising"].reason
    assert found["raising-too"].state is State.NOT_EVALUATED
    assert found["ssh-keys-only"].state is State.PASSED


def test_what_was_never_seen_is_not_evaluated() -> None:
    """Rules about the inventory are."""
    stage = base("vyos-town-hall")
    unseen = Subject(appliance=stage.subject.appliance, intent=stage.subject.intent, missed="it did not answer")
    found = asked(tuple(packs().rules.values()), subject=unseen)
    for name in ("ssh-keys-only", "op-tunnels-up", "op-vendor-as-expected", "recyf-hardened-configuration"):
        assert (found[name].state, found[name].reason) == (State.NOT_EVALUATED, "it did not answer")
    assert found["recyf-backup"].state is State.PASSED


def test_a_configuration_that_cannot_be_read_is_not_evaluated() -> None:
    """Neither its rules nor its drift."""
    stage = base("vyos-town-hall")
    text = f"{stage.subject.running.text}no command at all\n" if stage.subject.running else ""
    host = stage.subject.appliance.name
    unparsable = Drift(
        host=host, reason=DriftReason.UNPARSABLE, path="", intended="", running="", entered_at=AT - timedelta(days=1)
    )
    compared = stage.subject.compared
    assert compared is not None
    broken = replace(
        stage.subject,
        running=Running(text, sha256_of(text), AT),
        compared=replace(compared, drift=(unparsable,)),
    )
    found = asked(tuple(packs().rules.values()), subject=broken)
    assert found["ssh-keys-only"].state is State.NOT_EVALUATED
    assert found["recyf-hardened-configuration"].state is State.NOT_EVALUATED
    assert found["op-readable"].state is State.FAILED


@pytest.mark.parametrize(
    ("name", "gone", "rules"),
    [
        ("vyos-town-hall", "set vpn ipsec", ("ipsec-ikev2", "ipsec-pfs", "crypto-ike-lifetime")),
        ("vyos-town-hall", "set service webproxy", ("proxy-explicit", "proxy-no-caching", "proxy-authenticated")),
        ("debian-town-hall", "@@ file swanctl/swanctl.conf", ("ipsec-ikev2", "ipsec-pfs", "ipsec-esp-not-ah")),
        ("debian-town-hall", "@@ file squid/squid.conf", ("proxy-explicit", "proxy-closed-to-others")),
    ],
)
def test_what_is_gone_keeps_no_rule(name: str, gone: str, rules: tuple[str, ...]) -> None:
    """A site that needs tunnels or a proxy, and runs none of it, fails what is asked of them."""
    stage = base(name)
    running = stage.subject.running
    assert running is not None
    if gone.startswith("@@"):
        before, _, after = running.text.partition(gone)
        text = f"{before}@@{after.partition('@@')[2]}"
    else:
        text = "".join(line for line in running.text.splitlines(keepends=True) if not line.startswith(gone))
    left = replace(stage, subject=replace(stage.subject, running=replace(running, text=text)))
    for rule_name in rules:
        found = result(left, rule_name)
        assert found is not None, rule_name
        assert (found.state, "nothing is there" in found.reason) == (State.FAILED, True)


def test_an_answer_that_the_command_does_not_print_is_not_evaluated() -> None:
    """Nor one that is too old."""
    stage = changed(base("vyos-town-hall"), {"told": [{"topic": "tunnels", "find": "State", "put": "Mood"}]})
    assert state(stage, "op-tunnels-up") is State.NOT_EVALUATED
    fresh = base("vyos-town-hall").subject
    old = {topic: one.model_copy(update={"seen_at": AT - timedelta(days=8)}) for topic, one in fresh.states.items()}
    found = result(replace(stage, subject=replace(fresh, states=old)), "op-tunnels-up")
    assert found is not None
    assert found.state is State.NOT_EVALUATED
    assert "last told on 2026-11-16" in found.reason


def test_what_was_told_is_not_older_than_the_setting_allows() -> None:
    """A rule may ask for younger evidence than the workplace, not for older."""
    stage = base("vyos-town-hall")
    old = {
        topic: one.model_copy(update={"seen_at": AT - timedelta(days=3)}) for topic, one in stage.subject.states.items()
    }
    aged = replace(stage, subject=replace(stage.subject, states=old))
    assert state(aged, "op-tunnels-up") is State.PASSED
    found = result(aged, "op-tunnels-up", max_age_days=2)
    assert found is not None
    assert found.state is State.NOT_EVALUATED


def test_a_tunnel_that_is_not_told_of_is_missed() -> None:
    """Silence is not up."""
    told = base("vyos-town-hall").subject.intent.tunnels[0].name
    stage = changed(
        base("vyos-town-hall"), {"told": [{"topic": "tunnels", "find": told, "put": "another-overlay-80001-siege-01"}]}
    )
    found = result(stage, "op-tunnels-up")
    assert found is not None
    assert (found.state, found.reason) == (State.FAILED, f"{told}: is not there")


def test_what_was_read_too_long_ago_says_nothing_of_what_runs() -> None:
    """A month by default: neither its configuration nor its deviations are judged; that it is old is a finding."""
    stage = base("vyos-town-hall")
    running, compared = stage.subject.running, stage.subject.compared
    assert running is not None
    assert compared is not None
    for days, expected in ((30, State.PASSED), (31, State.NOT_EVALUATED)):
        at = AT - timedelta(days=days)
        old = replace(stage.subject, running=replace(running, read_at=at), compared=replace(compared, read_at=at))
        found = asked(tuple(packs().rules.values()), subject=old)
        for name in ("ssh-keys-only", "recyf-hardened-configuration", "recyf-default-secrets"):
            assert found[name].state is expected
        assert found["op-read-recently"].state is State.FAILED
    assert found["ssh-keys-only"].reason == "last read on 2026-10-24, more than 30 days ago"


def test_tunnels_of_a_site_that_has_none_are_not_told_to_be_up() -> None:
    """Nobody looked, and there is nothing to look for: the rule says nothing."""
    stage = base("vyos-town-hall").subject
    alone = replace(stage, intent=stage.intent.model_copy(update={"tunnels": ()}), states={})
    assert "op-tunnels-up" not in asked([packs().rules["op-tunnels-up"]], subject=alone)


def test_a_site_that_moves_to_a_new_intent_has_its_days_of_transition() -> None:
    """What conformed a week ago still passes, and says so; a month later it does not."""
    stage = changed(base("vyos-town-hall"), {"drift": [{"reason": "changed", "path": "system login banner"}]})
    compared = stage.subject.compared
    assert compared is not None
    for days, expected in ((7, State.PASSED), (30, State.FAILED)):
        moved = replace(compared, conformed_at=AT - timedelta(days=days))
        found = result(replace(stage, subject=replace(stage.subject, compared=moved)), "recyf-hardened-configuration")
        assert found is not None
        assert found.state is expected
        assert found.reason


OLD = {"kind": "config", "vyos": [{"path": "system host-name"}]}
NEW = {"kind": "config", "vyos": [{"path": "system nothing-like-it"}]}


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        (date(2026, 11, 24), {"old": State.PASSED}),
        (date(2027, 1, 1), {"old": State.PASSED, "new": State.PASSED}),
        (date(2027, 3, 31), {"old": State.PASSED, "new": State.PASSED}),
        (date(2027, 4, 1), {"new": State.FAILED}),
    ],
)
def test_in_a_transition_the_current_or_the_next_rule_is_enough(as_of: date, expected: dict[str, State]) -> None:
    """Before, the current one counts; afterwards the next one."""
    last = date(2027, 3, 31)
    kept = PackRule.model_validate({**rule("old").model_dump(), "check": OLD, "valid_until": last})
    coming = PackRule.model_validate(
        {
            **rule("new").model_dump(),
            "check": NEW,
            "valid_from": date(2027, 1, 1),
            "replaces": "old",
            "transition_until": last,
        }
    )
    found = asked([Prepared(kept), Prepared(coming)], as_of=as_of)
    assert {name: one.state for name, one in found.items()} == expected


def test_a_transition_ends_even_where_the_replaced_rule_goes_on() -> None:
    """From the day after, both rules are asked, and keeping the old one is not enough."""
    last = date(2027, 3, 31)
    kept = PackRule.model_validate({**rule("old").model_dump(), "check": OLD})
    coming = PackRule.model_validate(
        {**rule("new").model_dump(), "check": NEW, "replaces": "old", "transition_until": last}
    )
    for as_of, expected in ((last, State.PASSED), (last + timedelta(days=1), State.FAILED)):
        found = asked([Prepared(kept), Prepared(coming)], as_of=as_of)
        assert (found["old"].state, found["new"].state) == (State.PASSED, expected)


def test_group_14_passes_until_2030_and_fails_from_2031() -> None:
    """And 3DES fails from 2026; each cites document, version and number."""
    fourteen = changed(
        base("vyos-town-hall"),
        {"intent": [{"at": "tunnels.*.crypto.ike.dh_group", "put": 14}]},
    )
    assert state(replace(fourteen, as_of=date(2030, 12, 31)), "crypto-modulus-2048") is State.PASSED
    assert state(replace(fourteen, as_of=date(2031, 1, 1)), "crypto-modulus-2048") is State.FAILED
    triple = changed(base("vyos-town-hall"), {"intent": [{"at": "tunnels.*.crypto.esp.encryption", "put": "3des"}]})
    assert state(replace(triple, as_of=date(2025, 12, 31)), "crypto-block-size") is State.PASSED
    assert state(replace(triple, as_of=date(2026, 1, 1)), "crypto-block-size") is State.FAILED
    ((source, number),) = packs().source(packs().rules["crypto-modulus-2048"].rule)
    assert (source.document, source.version, source.language) == (
        "ANSSI, Guide des mécanismes cryptographiques",
        "2.04",
        "fr",
    )
    assert "2030" in number


@pytest.mark.parametrize(
    ("value", "is_kept"),
    [
        ("3600", True),
        ("3600s", True),
        ("60m", True),
        ("1h", True),
        ("30m30s", True),
        ("61m", False),
        ("24h", False),
        ("30d", False),
        ("0", False),
        ("0s", False),
        ("-1", False),
        ("1y", False),
        ("3600 ", False),
        ("soon", False),
    ],
)
def test_a_time_is_read_with_its_unit(value: str, is_kept: bool) -> None:
    """Thirty days are no thirty seconds; nought turns a renewal off."""
    assert (complaint(Demand(at_least=1, at_most=3600), [value], as_of=AS_OF) == "") is is_kept


def test_a_volume_is_read_with_its_unit() -> None:
    """`m` is mega there, not minutes."""
    demand = Demand(at_least=1, at_most=100_000_000_000, unit="bytes")
    kept = [one for one in ("1", "93G", "94G", "500m", "99999999m", "1T") if not complaint(demand, [one], as_of=AS_OF)]
    assert kept == ["1", "93G", "500m"]


@pytest.mark.parametrize("demand", [Demand(one_of=("no",)), Demand(matches=".*"), Demand(at_most=5)])
def test_what_says_nothing_is_not_as_demanded(demand: Demand) -> None:
    """A keyword without a value keeps no rule that asks for one."""
    assert complaint(demand, [], as_of=AS_OF) == "says nothing"


def test_an_expression_that_would_be_endless_elsewhere_ends() -> None:
    """RE2 takes time that grows with the text and not with the expression."""
    demand = Demand(matches="(a+)+b", matches_none="(.*x){9}y")
    assert complaint(demand, ["a" * 20_000], as_of=AS_OF) != ""


def test_the_packs_find_nothing_in_the_reference_fleet_but_what_is_known() -> None:
    """What an engineer would mend is mended; the rest is told, not left out, and has a waiver with an end."""
    known = {one.rule for one in reference_waivers(fleet(), at=AT)}
    assert known == {
        "ipsec-no-psk",
        "log-protected-transport",
        "op-hubs-in-pairs",
        "proxy-authenticated",
        "proxy-logs-central",
    }
    for name in ("vyos-town-hall", "debian-town-hall", "vyos-school", "debian-school"):
        stage = base(name)
        engine = Engine(packs().rules.values(), setting=Setting(fleet(), AS_OF, AT), compare=compare)
        found = [*engine.ask(stage.subject), *engine.ask_fleet(stage.intents, is_whole=True)]
        assert {one.rule for one in found if one.state is State.FAILED} <= known
        assert {(one.rule, one.reason) for one in found if one.state is State.NOT_EVALUATED} == set()
