"""Audits of a part of the fleet: what an appliance shares with others is judged beside them all the same."""

from collections.abc import Mapping, Sequence

from lisiere.compliance.engine import Engine, Prepared
from lisiere.compliance.predicates.base import FleetPredicate
from lisiere.compliance.subject import Setting
from lisiere.drivers.validating import compare
from lisiere.model.compliance_words import State
from lisiere.model.intent import SiteIntent
from lisiere.workflow.auditing import Order, evaluate
from lisiere.workflow.packs import Packs
from tests.compliance.casebook import AS_OF, AT, base, changed, fleet, packs

KEYS = "crypto-one-key-one-use"


class SeesNeighbours(FleetPredicate):
    """A question that only the whole fleet answers: every appliance is told how many others there are."""

    def ask(self, intents: Mapping[str, SiteIntent], setting: Setting) -> Mapping[str, Sequence[str]]:
        """The number of appliances that were given, at each of them."""
        return {name: [str(len(intents))] for name in intents}


def test_an_audit_of_one_appliance_asks_rules_about_the_fleet_of_all_of_it() -> None:
    """Else a finding that needs two sites is closed by every apply to one of them."""
    name = base("vyos-town-hall").subject.appliance.name
    asked = Prepared(packs().rules[KEYS].rule, predicate=SeesNeighbours())
    some = Packs(packs=packs().packs, rules={KEYS: asked}, mistakes=(), sha256="")
    order = Order(fleet=fleet(), names=[name], is_whole=False, packs=some, compare=compare, as_of=AS_OF, at=AT)
    (found,) = evaluate(order, {})
    assert (found.host, found.state) == (name, State.FAILED)
    assert found.reason == str(len(list(fleet().in_service())))


def test_a_key_that_another_site_shares_is_found_at_the_one_that_is_audited() -> None:
    """And nothing is said of the other one."""
    stage = base("vyos-town-hall")
    secret = stage.subject.intent.tunnels[0].secret
    stage = changed(stage, {"shared_key": secret})
    engine = Engine([packs().rules[KEYS]], setting=Setting(stage.fleet, AS_OF, AT), compare=compare)
    name = stage.subject.appliance.name
    found = engine.ask_fleet(stage.intents, hosts={name}, is_whole=False)
    assert [(one.host, one.state) for one in found] == [(name, State.FAILED)]
