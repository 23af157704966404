"""Plans and configurations come back as they went in, or not at all."""

from typing import TYPE_CHECKING

import pytest

from lisiere.errors import PlanError, RecordError, UnknownError
from lisiere.model.plan import freeze
from tests.store.samples import minutes, names, plan_for, sha256, text_of
from tests.store.tampering import count, rewrite, tampered

if TYPE_CHECKING:
    from lisiere.store.records import Records
    from tests.store.conftest import Opener


def test_a_plan_comes_back_intact(opener: "Opener") -> None:
    """Written by one process, read by another: the same plan, byte for byte under its hash."""
    plan = plan_for(names(7))
    opener().save_plan(plan)
    found = opener().load_plan(plan.id)
    assert found == plan
    assert found.is_intact()


def test_a_plan_is_found_by_its_beginning_and_as_the_last(records: "Records") -> None:
    """What a person types is enough, as long as it names one plan."""
    old, new = plan_for(names(1), at=minutes(0)), plan_for(names(2), at=minutes(1))
    records.save_plan(new)
    records.save_plan(old)
    assert records.load_plan("last") == new
    assert records.load_plan(old.id[:20]) == old
    assert [one.id for one in records.list_plans()] == [new.id, old.id]
    assert [one.changes for one in records.list_plans(limit=1)] == [2]
    with pytest.raises(UnknownError, match="several plans begin with 'plan-2026"):
        records.load_plan("plan-2026")
    with pytest.raises(UnknownError, match="no plan 'plan-1999'"):
        records.load_plan("plan-1999")


def test_no_plan_yet_says_how_to_make_one(records: "Records") -> None:
    """Before the first plan, `last` is no riddle."""
    with pytest.raises(UnknownError, match="make one with `lisiere plan`"):
        records.load_plan("last")


def test_saving_a_plan_again_changes_nothing_but_another_one_is_refused(records: "Records") -> None:
    """A name stands for one content."""
    plan = plan_for(names(3))
    records.save_plan(plan)
    records.save_plan(plan)
    assert len(records.list_plans()) == 1
    with pytest.raises(PlanError, match="altered after it was frozen"):
        records.save_plan(plan.model_copy(update={"selection": "all"}))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE lisiere_planned_change SET position = position + 10 WHERE position = 0",
        "UPDATE lisiere_plan SET selection = 'all'",
        "DELETE FROM lisiere_planned_change WHERE position = 0",
        "UPDATE lisiere_plan SET content = (SELECT content FROM lisiere_planned_change WHERE position = 0)",
    ],
)
def test_a_plan_altered_on_record_is_refused(statement: str, records: "Records") -> None:
    """One changed byte, and nobody applies it."""
    plan = plan_for(names(2))
    records.save_plan(plan)
    assert records.load_plan(plan.id) == plan
    tampered(records, statement)
    with pytest.raises(PlanError, match="altered on record"):
        records.load_plan(plan.id)


def test_a_plan_of_the_whole_fleet_is_kept_with_its_texts(records: "Records") -> None:
    """Six hundred changes and their texts go in together."""
    hosts = names(600)
    plan = plan_for(hosts)
    records.save_plan(plan, texts=map(text_of, hosts))
    assert records.load_plan("last") == plan
    texts = records.get_configurations(change.intended_sha256 for change in plan.changes)
    assert {texts[change.intended_sha256] for change in plan.changes} == set(map(text_of, hosts))


def test_a_plan_that_cannot_be_saved_leaves_nothing(records: "Records") -> None:
    """Refused means that its texts are not there either."""
    plan = plan_for(names(1)).model_copy(update={"created_by": "someone else"})
    with pytest.raises(PlanError):
        records.save_plan(plan, texts=["set a\n"])
    with pytest.raises(RecordError, match="not on record"):
        records.get_configuration(sha256("set a\n"))


def test_a_configuration_is_kept_once_per_content(records: "Records") -> None:
    """The same text has one row, however often it is put."""
    first = records.put_configuration("set system host-name 'é'\n")
    assert records.put_configurations(["set system host-name 'é'\n"] * 3) == (first,) * 3
    assert records.get_configuration(first) == "set system host-name 'é'\n"
    assert count(records, "lisiere_configuration") == 1
    assert first == sha256("set system host-name 'é'\n")


def test_an_altered_configuration_is_refused(records: "Records") -> None:
    """What no longer has its hash is not handed out."""
    first, second = records.put_configurations(["set a\n", "set b\n"])
    tampered(
        records,
        "UPDATE lisiere_configuration SET content = "
        "(SELECT content FROM lisiere_configuration WHERE sha256 = %s) WHERE sha256 = %s",
        first,
        second,
    )
    assert records.get_configuration(first) == "set a\n"
    with pytest.raises(RecordError, match="was altered on record"):
        records.get_configuration(second)


def test_a_plan_kept_before_plans_could_say_more_is_loaded(records: "Records") -> None:
    """Its row and its changes have nothing of pacing, basis and unsettled tunnels; its hash still holds."""
    plain = [one.model_copy(update={"unsettled": ()}) for one in plan_for(names(2)).changes]
    old = freeze(
        id="plan-20261124-120000-abcdef",
        created_at=minutes(0),
        created_by="camille@poste",
        selection="all",
        changes=plain,
        unchanged=(),
        failures=(),
    )
    records.save_plan(old)
    contents = [one.model_dump_json(exclude={"is_fresh", "unsettled"}) for one in old.changes]
    rewrite(records, "lisiere_plan", "id", old.id, '{"unchanged": [], "failures": []}')
    for position, content in enumerate(contents):
        rewrite(records, "lisiere_planned_change", "position", position, content)
    assert records.load_plan(old.id) == old
