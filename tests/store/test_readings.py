"""Readings tell what deviates and since when; a state keeps its beginning as long as it lasts."""

from typing import TYPE_CHECKING, Any

import pytest

from lisiere.model.plan import ApplianceStatus, Conformity, DriftReason, Outcome
from tests.store.samples import deviation, minutes, names, outcome_for, plan_for, reading
from tests.store.tampering import count

if TYPE_CHECKING:
    from lisiere.store.records import Records

HOST = "80021-mairie-001"


def status_of(records: "Records", host: str = HOST) -> ApplianceStatus:
    """How one appliance stands."""
    return records.status([host])[0]


def test_an_appliance_never_read_is_unread(records: "Records") -> None:
    """It is listed when it is asked for, and claims nothing."""
    found = status_of(records)
    assert (found.conformity, found.entered_at, found.read_at) == (Conformity.UNREAD, None, None)
    assert records.status() == ()
    assert records.drift() == ()


def test_a_state_keeps_its_beginning_as_long_as_it_lasts(records: "Records") -> None:
    """Conforming, drifted, conforming again: `entered_at` moves only when the state changes."""
    told = []
    looks = [(), (), (deviation(HOST, "a"),), (deviation(HOST, "b"),), (), ()]
    for minute, deviations in enumerate(looks):
        records.record_readings([reading(HOST, *deviations, at=minutes(minute))])
        found = status_of(records)
        assert found.read_at == minutes(minute)
        told.append((found.conformity, found.entered_at, found.deviations))
    conforms, drifted = Conformity.CONFORMS, Conformity.DRIFTED
    assert told == [
        (conforms, minutes(0), 0),
        (conforms, minutes(0), 0),
        (drifted, minutes(2), 1),
        (drifted, minutes(2), 1),
        (conforms, minutes(4), 0),
        (conforms, minutes(4), 0),
    ]
    assert count(records, "lisiere_transition") == 3


def test_a_deviation_keeps_its_beginning_while_its_values_change(records: "Records") -> None:
    """What matters for "since when?" is that the path is off, not which wrong value stands there today."""
    for minute, running in enumerate(["1.1.1.1", "8.8.8.8"]):
        records.record_readings([reading(HOST, deviation(HOST, "dns", running=running), at=minutes(minute))])
    (found,) = records.drift([HOST])
    assert (found.running, found.entered_at) == ("8.8.8.8", minutes(0))


def test_another_reason_at_the_same_place_is_another_deviation(records: "Records") -> None:
    """The old one is closed, the new one begins."""
    for minute, reason in enumerate([DriftReason.CHANGED, DriftReason.REORDERED]):
        records.record_readings([reading(HOST, deviation(HOST, "dns", reason=reason), at=minutes(minute))])
    (found,) = records.drift([HOST])
    assert (found.reason, found.entered_at) == (DriftReason.REORDERED, minutes(1))


def test_a_deviation_that_comes_back_begins_anew(records: "Records") -> None:
    """Gone in between: both spells stay on record."""
    for minute, deviations in enumerate([(deviation(HOST, "dns"),), (), (deviation(HOST, "dns"),)]):
        records.record_readings([reading(HOST, *deviations, at=minutes(minute))])
    (found,) = records.drift()
    assert found.entered_at == minutes(2)
    assert count(records, "lisiere_deviation", "closed_at IS NOT NULL") == 1


def test_a_late_or_repeated_reading_changes_no_state(records: "Records") -> None:
    """What is known of a later instant stands; a repetition leaves one row."""
    newest = reading(HOST, deviation(HOST, "dns"), at=minutes(5))
    records.record_readings([newest])
    records.record_readings([newest, reading(HOST, at=minutes(1))])
    assert status_of(records).conformity is Conformity.DRIFTED
    assert status_of(records).read_at == minutes(5)
    assert count(records, "lisiere_reading") == 2
    assert count(records, "lisiere_transition") == 1


def test_several_readings_of_one_appliance_at_once_are_taken_in_order(records: "Records") -> None:
    """A batch may hold the whole story of an appliance, in any order."""
    story = [reading(HOST, deviation(HOST, "dns"), at=minutes(1)), reading(HOST, at=minutes(2)), reading(HOST)]
    records.record_readings(story)
    assert status_of(records).conformity is Conformity.CONFORMS
    assert status_of(records).entered_at == minutes(2)
    assert count(records, "lisiere_transition") == 3


def test_the_last_run_stands_beside_the_last_reading(records: "Records") -> None:
    """Neither wipes out the other, whichever comes first."""
    plan = plan_for([HOST])
    records.save_plan(plan)
    run = records.start_run(plan.id, started_by="camille", at=minutes(0))
    records.record_outcomes(run.id, [outcome_for(HOST, Outcome.STALE)])
    records.record_readings([reading(HOST, at=minutes(1))])
    records.record_outcomes(run.id, [outcome_for(HOST)])
    found = status_of(records)
    assert (found.conformity, found.read_at) == (Conformity.CONFORMS, minutes(1))
    assert (found.last_run, found.last_outcome) == (run.id, Outcome.APPLIED)


def test_more_readings_and_outcomes_are_not_more_statements_each(
    records: "Records", monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fleet's evening round is no burden; twice, as the second time rows are there already."""
    from django.db.backends.utils import CursorWrapper

    asked, execute = [0], CursorWrapper.execute

    def counted(cursor: CursorWrapper, *words: Any) -> Any:
        asked[0] += 1
        return execute(cursor, *words)

    monkeypatch.setattr(CursorWrapper, "execute", counted)
    counts: dict[int, int] = {}
    for number in (60, 600):
        hosts, asked[0] = names(number), 0
        plan = plan_for(hosts)
        records.save_plan(plan)
        run = records.start_run(plan.id, started_by="camille", at=minutes(0))
        for minute in range(2):
            found = [reading(host, deviation(host, f"dns {minute}"), at=minutes(minute)) for host in hosts]
            records.record_readings(found)
            records.record_outcomes(run.id, list(map(outcome_for, hosts)))
        counts[number] = asked[0]
    assert 0 < counts[60] <= counts[600] < 5 * counts[60]
    assert len(records.drift(hosts)) == len(records.status()) == 600


def test_the_last_running_text_of_each_appliance_is_known(records: "Records") -> None:
    """Whatever came in whatever order; what was never read is left out; a whole fleet is answered at once."""
    hosts = names(1200)
    old = [reading(host).model_copy(update={"running_sha256": "a" * 64}) for host in hosts[:-1]]
    new = [reading(host, at=minutes(5)).model_copy(update={"running_sha256": "b" * 64}) for host in hosts[::2]]
    records.record_readings(new)
    records.record_readings(old)
    found = records.last_running(hosts)
    assert set(found) == set(hosts[:-1])
    assert {found[host] for host in hosts[::2]} == {"b" * 64}
    assert {found[host] for host in hosts[1:-1:2]} == {"a" * 64}
    assert records.last_running([]) == {}
