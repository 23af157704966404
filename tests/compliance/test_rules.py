"""Every rule tells a site that keeps it from one that does not."""

import pytest

from lisiere.model.compliance_words import State
from lisiere.model.rule_pack import ConfigCheck
from tests.compliance.casebook import Case, base, cases, changed, packs, result
from tests.compliance.wording import left_in_english

CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_compliant_case_passes_and_the_violating_one_fails(case: Case) -> None:
    """A case that does not tell the two apart is none."""
    good = changed(base(case.base), case.good)
    kept, broken = result(good, case.rule), result(changed(good, case.bad), case.rule)
    assert kept is not None, "the rule does not concern the site of its case"
    assert broken is not None, "the rule no longer concerns the site"
    assert (kept.state, kept.reason) == (State.PASSED, "")
    assert broken.state is State.FAILED
    assert broken.reason, "a finding says what is wrong"
    assert left_in_english(broken.reason) == []


def test_every_rule_has_a_case() -> None:
    """A rule that nobody tried is not shipped, nor a case of no rule."""
    assert {case.rule for case in CASES} == set(packs().rules)


def test_every_rule_of_the_configuration_has_a_case_for_each_of_its_platforms() -> None:
    """What holds for VyOS says nothing of Debian."""
    tried = {(case.rule, base(case.base).subject.appliance.platform.value) for case in CASES}
    wanted = {
        (name, platform)
        for name, one in packs().rules.items()
        if isinstance(one.rule.check, ConfigCheck)
        for platform in ("vyos", "debian")
        if getattr(one.rule.check, platform)
    }
    assert wanted - tried == set()


def test_the_packs_hold_what_an_auditor_asks_for() -> None:
    """Sixty rules and more, each with its source, its remedy and both languages; nothing was refused."""
    found = packs()
    assert found.mistakes == ()
    assert len(found.rules) >= 60
    for one in found.rules.values():
        assert all(number for _, number in found.source(one.rule))
        assert one.rule.title.fr != one.rule.title.en
        assert one.rule.remedy.fr != one.rule.remedy.en
