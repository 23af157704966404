"""Reports out of real records: what held on a day, what changed between two, by which plan, and the way there."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lisiere.errors import Mistake, UsageError
from lisiere.model.compliance_words import Basis, ScopeKind, State
from lisiere.model.finding import Audited, Evidence, Result, Scope
from lisiere.model.plan import freeze
from lisiere.model.report import Language, Move, Report, View
from lisiere.render.compliance_page import write_report
from lisiere.workflow.report_making import Wish, moment_of, report_of
from lisiere.workflow.report_tables import workbook_title
from lisiere.workflow.scene import scene_of
from lisiere.workflow.waiving import new_waiver
from tests.compliance.casebook import fleet, packs
from tests.records import empty_records

if TYPE_CHECKING:
    from lisiere.store.records import Records

START = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)
SIREN = min(fleet().territories)
HOSTS = [one.name for one in fleet().in_service() if one.territory == SIREN][:2]
ELSEWHERE = next(one.name for one in fleet().in_service() if one.territory != SIREN)
BROKEN, ACCEPTED, LOST = sorted(packs().rules)[:3]
P, F, N = State.PASSED, State.FAILED, State.NOT_EVALUATED


@pytest.fixture
def records(tmp_path: Path) -> Iterator["Records"]:
    """Records in a file."""
    with empty_records(tmp_path / "records.sqlite3") as opened:
        yield opened


def keep(
    records: "Records",
    day: int,
    found: Mapping[tuple[str, str], State],
    *,
    run: str = "",
    at: datetime | None = None,
    read: datetime | None = None,
) -> None:
    """An audit of a day, of the appliances that it tells of."""
    at = at or START + timedelta(days=day)
    evidence = Evidence(what="running configuration", sha256="ab" * 32, seen_at=read or at)
    results = tuple(
        Result(host=host, rule=rule, state=state, reason="" if state is P else f"on day {day}", evidence=evidence)
        for (host, rule), state in found.items()
    )
    records.compliance.record_audit(
        Audited(
            at=at,
            by="alice",
            basis=Basis.LAST,
            selection="all",
            packs_sha256="0" * 64,
            hosts=frozenset(host for host, _ in found),
            results=results,
            known_hosts=frozenset(one.name for one in fleet().in_service()),
            run_id=run,
        )
    )


def made(records: "Records", view: View, day: int, days: tuple[int, int] | None = None) -> Report:
    """The report of a day."""
    at = START + timedelta(days=day)
    both = None if days is None else (_date(days[0]), _date(days[1]))
    return report_of(records, scene_of(fleet(), packs(), view, language=Language.EN, at=at), Wish("1", days=both))


def _date(day: int) -> date:
    return (START + timedelta(days=day)).date()


def test_two_days_are_compared_and_the_plan_that_mended_is_named(records: "Records") -> None:
    """What appeared, what was mended and by which plan, what a waiver covered, what nobody could tell any more."""
    one, other = HOSTS
    plan = freeze(
        id="plan-1", created_at=START, created_by="alice", selection="all", changes=(), unchanged=(one,), failures=()
    )
    records.save_plan(plan)
    run = records.start_run(plan.id, started_by="alice", at=START)
    keep(records, 0, {(one, BROKEN): F, (one, ACCEPTED): F, (one, LOST): P, (other, BROKEN): P, (ELSEWHERE, BROKEN): F})
    keep(records, 10, {(one, BROKEN): P, (one, ACCEPTED): F, (one, LOST): P}, run=run.id)
    _waive(records, ACCEPTED, day=12)
    keep(
        records, 20, {(one, BROKEN): P, (one, ACCEPTED): F, (one, LOST): N, (other, BROKEN): F, (ELSEWHERE, BROKEN): P}
    )
    found = made(records, View(territory=SIREN), 30, (5, 25)).comparison
    assert found is not None
    told = {(line.host, line.rule): (line.move, line.plan, line.at) for line in found.changes}
    assert told == {
        (one, BROKEN): (Move.MENDED, plan.id, START + timedelta(days=10)),
        (one, ACCEPTED): (Move.WAIVED, "", START + timedelta(days=12)),
        (one, LOST): (Move.UNSEEN, "", START + timedelta(days=20)),
        (other, BROKEN): (Move.APPEARED, "", START + timedelta(days=20)),
    }
    assert (found.counts_before.failed, found.counts_after.failed, found.counts_after.waived) == (2, 1, 1)


def test_a_waiver_that_ended_is_a_move_of_its_own(records: "Records") -> None:
    """The finding is open again, without an audit in between."""
    keep(records, 0, {(HOSTS[0], ACCEPTED): F})
    _waive(records, ACCEPTED, day=1, last=15)
    found = made(records, View(), 30, (10, 20)).comparison
    assert found is not None
    assert [line.move for line in found.changes] == [Move.REOPENED]
    assert (found.changes[0].at, found.changes[0].run) == (datetime(2026, 9, 16, 22, 0, tzinfo=UTC), "")


def test_the_way_there_counts_waivers_and_nothing_out_of_view(records: "Records") -> None:
    """Points are of different days, the last one is now, and what another territory failed is not in them."""
    keep(records, 0, {(HOSTS[0], ACCEPTED): F, (HOSTS[1], BROKEN): F, (ELSEWHERE, BROKEN): F})
    _waive(records, ACCEPTED, day=20)
    keep(records, 40, {(HOSTS[0], ACCEPTED): F, (HOSTS[1], BROKEN): P})
    report = made(records, View(territory=SIREN), 60)
    points = {(point.at - START).days: point.counts for point in report.trend}
    assert points[0].failed == 2
    assert (points[25].failed, points[25].waived) == (1, 1)
    assert (points[60].failed, points[60].waived, points[60].passed) == (0, 1, 1)
    assert report.counts == points[60]
    assert made(records, View(), 60).trend[-1].counts.failed == 1


def test_a_day_in_the_past_is_told_as_it_was(records: "Records") -> None:
    """The state at the end of that day in Paris; a day that has not come is refused."""
    keep(records, 0, {(HOSTS[0], BROKEN): F})
    keep(records, 10, {(HOSTS[0], BROKEN): P})
    now = START + timedelta(days=20)
    at = moment_of(_date(3), now=now)
    assert at == datetime(2026, 9, 4, 21, 59, 59, 999999, tzinfo=UTC)
    scene = scene_of(fleet(), packs(), View(), language=Language.FR, at=at)
    report = report_of(records, scene, Wish("1", on=_date(3)))
    assert report.counts.failed == 1
    assert "État à la fin du 04/09/2026" in write_report(report)
    with pytest.raises(UsageError, match="has not come"):
        moment_of(_date(21), now=now)
    with pytest.raises(UsageError, match="is not before"):
        made(records, View(), 20, (8, 8))


def test_what_happens_at_midnight_is_of_the_next_day(records: "Records") -> None:
    """Neither an audit at that instant nor the end of a waiver is told of the day before."""
    midnight = datetime(2026, 9, 4, 22, 0, tzinfo=UTC)
    keep(records, 0, {(HOSTS[0], BROKEN): F, (HOSTS[0], ACCEPTED): F})
    _waive(records, ACCEPTED, day=1, last=3)
    keep(records, 0, {(HOSTS[0], BROKEN): P, (HOSTS[0], ACCEPTED): F}, at=midnight)
    for day, expected in ((3, (0, 1, 1)), (4, (1, 1, 0))):
        at = moment_of(_date(day), now=START + timedelta(days=20))
        scene = scene_of(fleet(), packs(), View(), language=Language.FR, at=at)
        counts = report_of(records, scene, Wish("1")).counts
        assert (counts.passed, counts.failed, counts.waived) == expected


def test_readings_are_told_apart_from_judgements(records: "Records") -> None:
    """An audit out of the records is no look at an appliance, and none is told of a day before it."""
    keep(records, 0, {(HOSTS[0], BROKEN): F})
    keep(records, 10, {(HOSTS[0], BROKEN): F}, read=START)
    report = made(records, View(), 20)
    assert report.audited_at == (START + timedelta(days=10),) * 2
    assert report.read_at == (START, START)
    assert report.findings[0].read_at == START
    assert made(records, View(), 5).audited_at == (START, START)


def test_what_was_seen_on_the_lab_says_so(records: "Records") -> None:
    """In the title of the page and of the workbook, and in JSON."""
    keep(records, 0, {(HOSTS[0], BROKEN): F})
    scene = scene_of(fleet(), packs(), View(), language=Language.EN, at=START)
    for is_lab in (True, False):
        report = report_of(records, scene, Wish("1", is_lab=is_lab))
        assert report.is_lab is is_lab
        assert ("the whole fleet (seen on the lab)" in write_report(report)) is is_lab
        assert ("seen on the lab" in workbook_title(report)) is is_lab


def test_a_refused_pack_alarms_every_reader(records: "Records") -> None:
    """A territory's and a site's too; the way there counts the rules that the report counts."""
    keep(records, 0, {(HOSTS[0], BROKEN): F, (HOSTS[0], ACCEPTED): F})
    served = {name: one for name, one in packs().rules.items() if name != BROKEN}
    known = replace(packs(), rules=served, mistakes=(Mistake("own.yaml", 3, "a rule has no check"),))
    for view in (View(), View(territory=SIREN), View(site=HOSTS[0])):
        scene = scene_of(fleet(), known, view, language=Language.EN, at=START + timedelta(days=9))
        report = report_of(records, scene, Wish("1"))
        assert any("a rule has no check" in one for one in report.refused_packs)
        assert report.counts.failed == 1
        assert {point.counts.failed for point in report.trend} == {1}


def test_a_site_of_another_territory_is_refused() -> None:
    """Its report would bear the name of one and tell of none."""
    with pytest.raises(UsageError, match="is not of territory"):
        scene_of(fleet(), packs(), View(territory=SIREN, site=ELSEWHERE), language=Language.EN, at=START)
    both = scene_of(fleet(), packs(), View(territory=SIREN, site=HOSTS[0]), language=Language.EN, at=START)
    assert both.names == (HOSTS[0],)


def _waive(records: "Records", rule: str, *, day: int, last: int = 200) -> None:
    at = START + timedelta(days=day)
    asked = new_waiver(
        rule,
        Scope(kind=ScopeKind.FLEET),
        reason="why",
        measure="meanwhile",
        asked_by="alice",
        until=_date(last),
        at=at,
        fleet=fleet(),
    )
    number = records.compliance.ask_waiver(asked).number
    records.compliance.approve_waiver(number, by="bob", at=at)
