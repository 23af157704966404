"""Audits on record: only changes are written, "since when" is right, and nothing is left of what has gone."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from lisiere.errors import UnknownError, UsageError
from lisiere.model.compliance_words import Basis, ScopeKind, State
from lisiere.model.finding import FLEET, Audit, Audited, Evidence, Observation, Result, Scope, Waiver
from lisiere.model.record import World
from lisiere.workflow.waiving import end_of_day

if TYPE_CHECKING:
    from lisiere.store.records import Records
    from tests.store.conftest import Opener

DAY = timedelta(days=1)
START = datetime(2026, 11, 1, 4, 0, tzinfo=UTC)
A, B = "80001-mairie-01", "80002-ecole-01"


def result(host: str, rule: str, state: State, reason: str = "", sha256: str = "") -> Result:
    """What an audit found."""
    return Result(host=host, rule=rule, state=state, reason=reason, evidence=Evidence(what="inventory", sha256=sha256))


def audit(
    records: "Records",
    day: int,
    results: Iterable[Result],
    *,
    hosts: Iterable[str] = (A, B),
    known_hosts: Iterable[str] = (A, B),
    known_rules: frozenset[str] | None = None,
    run_id: str = "",
) -> Audit:
    """Keep an audit of some day."""
    return records.compliance.record_audit(
        Audited(
            at=START + day * DAY,
            by="alice",
            basis=Basis.LAST,
            selection="all",
            packs_sha256="0" * 64,
            hosts=frozenset(hosts),
            results=tuple(results),
            known_hosts=frozenset(known_hosts),
            known_rules=known_rules,
            run_id=run_id,
        )
    )


def states(records: "Records", at: datetime | None = None) -> dict[tuple[str, str], State]:
    """What holds, or held."""
    return {(one.host, one.rule): one.state for one in records.compliance.findings(at=at)}


def test_a_state_is_entered_once_and_left_once(records: "Records") -> None:
    """A hundred audits that find the same write what the first one wrote."""
    for day in range(5):
        audit(records, day, [result(A, "r", State.FAILED, f"seen on day {day}")])
    (one,) = records.compliance.findings([A])
    assert (one.entered_at, one.failed_at, one.reason) == (START, START, "seen on day 4")
    assert one.seen_at == START + 4 * DAY
    audit(records, 5, [result(A, "r", State.PASSED)], run_id="run-1")
    (mended,) = records.compliance.findings([A])
    assert (mended.state, mended.entered_at, mended.failed_at) == (State.PASSED, START + 5 * DAY, None)
    changes = records.compliance.changes(since=START, until=START + 5 * DAY)
    assert [(one.state, one.left_at, one.run_id) for one in changes] == [
        (State.FAILED, START + 5 * DAY, ""),
        (State.PASSED, None, "run-1"),
    ]
    assert states(records, START + 2 * DAY) == {(A, "r"): State.FAILED}
    assert states(records, START - DAY) == {}


def test_what_a_lasting_state_was_judged_by_last_is_on_record(records: "Records") -> None:
    """The newest reading, though nothing changed; a look at the past tells of no reading and no audit after it."""
    for day in (0, 4):
        read = result(A, "r", State.PASSED, sha256=f"{day}" * 64)
        evidence = read.evidence.model_copy(update={"seen_at": START + day * DAY})
        audit(records, day, [read.model_copy(update={"evidence": evidence}), result(A, "other", State.PASSED)])
    (_, now) = records.compliance.findings([A])
    assert (now.entered_at, now.evidence.seen_at, now.evidence.sha256) == (START, START + 4 * DAY, "4" * 64)
    (_, then) = records.compliance.findings([A], at=START + 2 * DAY)
    assert (then.seen_at, then.evidence.seen_at, then.evidence.sha256) == (START, None, "")


def test_a_time_in_which_nobody_could_tell_makes_a_finding_no_younger(records: "Records") -> None:
    """Failed, unreachable, failed: it fails since the first of them. Passed in between: since the last."""
    for day, state in enumerate((State.FAILED, State.NOT_EVALUATED, State.FAILED)):
        audit(records, day, [result(A, "r", state)])
    (one,) = records.compliance.findings([A])
    assert (one.entered_at, one.failed_at) == (START + 2 * DAY, START)
    for day, state in enumerate((State.PASSED, State.NOT_EVALUATED, State.FAILED), 3):
        audit(records, day, [result(A, "r", state)])
    (again,) = records.compliance.findings([A])
    assert again.failed_at == START + 5 * DAY


def test_an_appliance_that_left_leaves_no_finding(records: "Records") -> None:
    """Not even when the audit was about others; nor does a rule that its new platform has no use for."""
    audit(records, 0, [result(A, "r", State.FAILED), result(B, "r", State.FAILED), result(B, "vyos", State.FAILED)])
    audit(records, 1, [result(B, "r", State.FAILED)], hosts=[B])
    assert set(states(records)) == {(A, "r"), (B, "r")}
    audit(records, 2, [], hosts=[], known_hosts=[B])
    assert set(states(records)) == {(B, "r")}
    audit(records, 3, [], hosts=[B], known_hosts=[B])
    assert states(records) == {}


def test_a_pack_that_is_refused_ends_no_finding_of_its_rules(records: "Records") -> None:
    """Its rules are not asked; that says nothing about the appliance."""
    audit(records, 0, [result(A, "r", State.FAILED), result(A, "of-that-pack", State.FAILED)])
    audit(records, 1, [result(A, "r", State.PASSED)], known_rules=frozenset({"r"}))
    assert states(records) == {(A, "r"): State.PASSED, (A, "of-that-pack"): State.FAILED}


def test_an_older_audit_changes_nothing(records: "Records") -> None:
    """What was found later stands."""
    audit(records, 3, [result(A, "r", State.PASSED)], hosts=[A])
    audit(records, 1, [result(A, "r", State.FAILED), result(B, "r", State.FAILED)])
    assert states(records) == {(A, "r"): State.PASSED, (B, "r"): State.FAILED}


def test_audits_are_listed_with_their_counts(opener: "Opener") -> None:
    """The newest first, also when the records are opened anew; the fleet as a whole is no appliance."""
    records = opener()
    audit(records, 0, [result(FLEET, "f", State.PASSED), result(A, "r", State.FAILED)], hosts=[A, FLEET])
    audit(records, 1, [result(A, "r", State.NOT_EVALUATED)], hosts=[A])
    last, first = opener().compliance.list_audits()
    assert (first.appliances, first.passed, first.failed, first.not_evaluated) == (1, 1, 1, 0)
    assert (last.number > first.number, last.not_evaluated, last.at) == (True, 1, START + DAY)
    assert states(records)[FLEET, "f"] is State.PASSED


def observation(host: str, answer: str, day: int) -> Observation:
    """What an appliance told."""
    return Observation(host=host, topic="tunnels", answer=answer, seen_at=START + day * DAY)


def test_what_appliances_tell_is_kept_once_and_dropped_when_nobody_needs_it(records: "Records") -> None:
    """The last answer stays, and each that a finding rests on."""
    (first, same) = records.compliance.record_sights([observation(A, "peer up", 0), observation(B, "peer up", 0)])
    assert first.sha256 == same.sha256
    audit(records, 0, [result(A, "r", State.FAILED, sha256=first.sha256)])
    for day in range(1, 4):
        records.compliance.record_sights([observation(A, f"peer up {day}h", day), observation(B, f"up {day}h", day)])
    assert records.compliance.forget_evidence() == 4
    (told,) = records.compliance.last_sights([A])[A]
    assert (told.answer, told.seen_at) == ("peer up 3h", START + 3 * DAY)
    assert records.compliance.forget_evidence() == 0


def wanted(until: date = date(2026, 12, 31)) -> Waiver:
    """A waiver that alice asks for."""
    return Waiver(
        number=0,
        rule="r",
        scope=Scope(kind=ScopeKind.SITE, name=A),
        reason="why",
        measure="meanwhile",
        asked_by="alice",
        asked_at=START,
        until=until,
        ends_at=end_of_day(until),
    )


def test_nobody_approves_the_own_waiver(records: "Records") -> None:
    """Somebody else does, once, before it has ended."""
    asked = records.compliance.ask_waiver(wanted())
    with pytest.raises(UsageError, match="somebody else"):
        records.compliance.approve_waiver(asked.number, by="alice", at=START)
    approved = records.compliance.approve_waiver(asked.number, by="bob", at=START + DAY)
    assert (approved.approved_by, approved.approved_at) == ("bob", START + DAY)
    with pytest.raises(UsageError, match="already"):
        records.compliance.approve_waiver(asked.number, by="carol", at=START + DAY)
    with pytest.raises(UnknownError):
        records.compliance.approve_waiver(asked.number + 1, by="bob", at=START)
    late = records.compliance.ask_waiver(wanted(date(2026, 11, 2)))
    with pytest.raises(UsageError, match="has ended"):
        records.compliance.approve_waiver(late.number, by="bob", at=START + 9 * DAY)


def test_one_person_is_one_under_every_name(records: "Records") -> None:
    """The login tells, on whatever machine, and capitals make nobody another; both logins are on record."""
    asked = records.compliance.ask_waiver(wanted().model_copy(update={"asked_login": "alice@desk"}))
    for by, login in (("ALICE", "bob@desk"), ("bob", "alice@desk"), ("bob", "Alice@desk"), ("bob", "alice@other")):
        with pytest.raises(UsageError, match="somebody else"):
            records.compliance.approve_waiver(asked.number, by=by, login=login, at=START)
    approved = records.compliance.approve_waiver(asked.number, by="bob", login="bob@desk", at=START)
    assert (approved.asked_login, approved.approved_login) == ("alice@desk", "bob@desk")


def test_a_waiver_ends_once(records: "Records") -> None:
    """And stays on record."""
    asked = records.compliance.ask_waiver(wanted())
    ended = records.compliance.end_waiver(asked.number, by="bob", at=START + DAY)
    assert (ended.ended_by, ended.stop_at) == ("bob", START + DAY)
    with pytest.raises(UsageError, match="already"):
        records.compliance.end_waiver(asked.number, by="bob", at=START + 2 * DAY)
    assert records.compliance.waivers() == (ended,)
    asked_for, by_bob = records.journal_entries("", host=A)
    assert "asked for by alice: why; meanwhile: meanwhile" in asked_for.detail
    assert by_bob.detail.endswith("ended by bob")
    assert records.verify_journal().is_sound


def test_a_notice_is_made_once_and_sent_once(records: "Records") -> None:
    """However often it is due."""
    for day in range(3):
        waiting = records.compliance.notify([("waiver ends", "waiver 1", "soon")], at=START + day * DAY)
    (one,) = waiting
    assert (one.made_at, one.sent_at) == (START, None)
    records.compliance.mark_sent([one.number], at=START + 3 * DAY)
    assert records.compliance.unsent_notices() == ()
    assert records.compliance.notify([("waiver ends", "waiver 1", "soon")], at=START + 4 * DAY) == ()


def test_records_tell_of_one_world_alone(records: "Records") -> None:
    """What a lab showed is never evidence of appliances, nor the other way round; who looks first decides."""
    records.check(World.APPLIANCES)
    records.check(World.LAB)
    records.claim(World.LAB)
    records.claim(World.LAB)
    records.check(World.LAB)
    for refused in (records.check, records.claim):
        with pytest.raises(UsageError, match="seen on the lab"):
            refused(World.APPLIANCES)
