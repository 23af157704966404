"""The worker: what is due is carried out once, looked at again and written back; what fails is tried again later."""

import json
from dataclasses import astuple, replace
from datetime import timedelta
from pathlib import Path

import pytest

from lisiere.errors import PlanError
from lisiere.model.request_case import Act, Case, State, User
from lisiere.store.process import Process, this_process
from lisiere.workflow.intended import render_sites
from lisiere.workflow.requests.due import WorkerDesk
from lisiere.workflow.requests.phrases import RequestError
from nornir_tasks.request_working import work
from tests.requests.office import ADMIN, APPROVER, CLOSE_FLOW, ENGINEER, Office
from tests.requests.rack import KilledError, Rack

NAMES = ["80620-mairie-01", "80620-siege-01"]


@pytest.fixture
def rack(office: Office) -> Rack:
    """Two appliances that run what is intended before any request."""
    found = Rack(office)
    found.running = dict(render_sites(found.fleet(), NAMES))
    return found


def scheduled(office: Office) -> Case:
    """A request in a window that is open."""
    case = office.desk(ENGINEER).schedule(office.approve(office.half_approved()).number)
    assert case.starts_at is not None
    office.clock.now = case.starts_at + timedelta(minutes=5)
    return case


def acts(office: Office, case: Case) -> list[Act]:
    """What happened since the request was scheduled."""
    events = [one.act for one in office.desk(ADMIN).case(case.number)[0].events]
    return events[events.index(Act.SCHEDULE) + 1 :]


def test_what_is_due_is_applied_and_verified_once(rack: Rack) -> None:
    """Not before its window; then the texts that the visas were given for run; then there is nothing to do."""
    office = rack.office
    case = office.desk(ENGINEER).schedule(office.approve(office.half_approved()).number)
    assert rack.worked() == []
    assert case.starts_at is not None
    office.clock.now = case.starts_at + timedelta(minutes=5)
    assert rack.worked() == [(State.VERIFIED, "")]
    assert sorted(rack.pushed) == NAMES
    assert acts(office, case) == [Act.APPLY, Act.VERIFY]
    assert rack.worked() == []
    assert office.desk(ADMIN).close(case.number).state is State.CLOSED
    assert office.records.verify_journal().broken_at == 0


def test_what_fails_is_told_and_tried_again_in_the_next_window(rack: Rack) -> None:
    """It stays scheduled; its window is another one; nothing of it is applied meanwhile."""
    case = scheduled(rack.office)
    rack.fault = PlanError("80620-siege-01 does not answer")
    assert rack.worked() == [(State.SCHEDULED, "80620-siege-01 does not answer")]
    assert rack.worked() == []
    after, _ = rack.office.desk(ADMIN).case(case.number)
    assert "80620-siege-01 does not answer" in after.events[-1].detail
    assert after.starts_at is not None
    assert case.ends_at is not None
    assert after.starts_at > case.ends_at
    rack.office.clock.now, rack.fault = after.starts_at, None
    assert rack.worked() == [(State.VERIFIED, "")]


def test_what_is_applied_and_not_in_place_is_said_once(rack: Rack) -> None:
    """The second look finds something else: it stays applied, and is verified when that is put right."""
    case = scheduled(rack.office)
    rack.spoils = "80620-siege-01"
    for _ in range(2):
        assert [state for state, _ in rack.worked()] == [State.APPLIED]
    assert acts(rack.office, case) == [Act.APPLY, Act.FAIL]
    rack.mend()
    assert rack.worked() == [(State.VERIFIED, "")]


@pytest.mark.parametrize("is_late", [False, True])
def test_a_worker_that_was_killed_pushes_nothing_twice(rack: Rack, *, is_late: bool) -> None:
    """After the appliances had it: the next worker finds that, also in the next window, and writes it back."""
    case = scheduled(rack.office)
    rack.fault = KilledError()
    with pytest.raises(KilledError):
        rack.worked()
    assert rack.office.desk(ADMIN).case(case.number)[0].state is State.SCHEDULED
    rack.fault = None
    if is_late:
        rack.office.clock.now += timedelta(hours=12)
        assert [state for state, _ in rack.worked()] == [State.SCHEDULED]
        after, _ = rack.office.desk(ADMIN).case(case.number)
        assert after.starts_at is not None
        rack.office.clock.now = after.starts_at
    assert rack.worked() == [(State.VERIFIED, "")]
    assert sorted(rack.pushed) == NAMES


def test_what_another_process_has_is_left_to_it(rack: Rack) -> None:
    """While that one lives; what a dead one had is taken."""
    office = rack.office
    scheduled(office)
    ticks = Path("/proc/1/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    living = replace(this_process(), pid=1, pid_started=ticks)
    for holder, expected in ((living, []), (replace(this_process(), pid_started="before"), [(State.VERIFIED, "")])):
        office.damage("UPDATE lisiere_request SET claim = ?", _claim(holder, office))
        assert rack.worked() == expected


def _claim(holder: Process, office: Office) -> str:
    until = office.clock.now + timedelta(hours=1)
    return json.dumps({"process": list(astuple(holder)), "until": until.isoformat()})


def test_an_inventory_that_moved_is_not_applied(rack: Rack) -> None:
    """What is intended is no longer what the visas were given for: nothing is sent, and the time line says so."""
    office = rack.office
    case = scheduled(office)
    hosts = next(office.inventory.glob("hosts/200037059-*.yaml"))
    text = hosts.read_text(encoding="utf-8")
    at = text.index("80620-mairie-01:")
    hosts.write_text(text[:at] + text[at:].replace("uplink_mbit: ", "uplink_mbit: 1", 1), encoding="utf-8")
    office.git("commit", "-qam", "More speed")
    assert [state for state, _ in rack.worked()] == [State.SCHEDULED]
    assert rack.pushed == []
    assert "plus ce pour quoi" in office.desk(ADMIN).case(case.number)[0].events[-1].detail


def test_one_request_at_a_time_for_the_same_sites(rack: Rack) -> None:
    """The second gets its visa when the first is verified."""
    office = rack.office
    first = scheduled(office)
    second = office.submitted(CLOSE_FLOW)
    office.desk(APPROVER).visa(second.number, Act.VISA_EPCI, shown_sha256=second.effect_sha256)
    with pytest.raises(RequestError, match=f"La demande {first.number} .* passe d.abord"):
        office.approve(second)
    assert rack.worked() == [(State.VERIFIED, "")]
    assert office.approve(second).state is State.APPROVED


@pytest.mark.parametrize("user", [ADMIN, APPROVER, ENGINEER], ids=lambda user: user.name)
def test_nobody_else_is_the_worker(rack: Rack, user: User) -> None:
    """The table says who writes back what was applied."""
    scheduled(rack.office)
    with pytest.raises(RequestError, match="autorisé"):
        work(WorkerDesk(rack.office.records, user, rack.office.clock), rack.tools())
