"""The worker: what is due is carried out once, looked at again and written back; what fails is tried again later."""

import hashlib
import json
import signal
from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace
from datetime import timedelta
from pathlib import Path

import pytest

from cli.worker import SignedOutError, look
from cli.worker_tools import tools_of
from lisiere.errors import InventoryError, Mistake, PlanError, RecordError, UnknownError
from lisiere.model.hashing import sha256_of
from lisiere.model.plan import Plan
from lisiere.model.request_case import Act, Case, Decided, State, User
from lisiere.model.site import Appliance
from lisiere.model.transaction import Side
from lisiere.model.words import SecretRef
from lisiere.settings import Settings
from lisiere.store.process import Process, this_process
from lisiere.workflow.requests.due import MOST_SAID, MOST_TRIES, WORKED, WorkerDesk
from lisiere.workflow.requests.incidents import noted
from lisiere.workflow.requests.lifecycle import Step, take
from lisiere.workflow.requests.phrases import RequestError
from lisiere.workflow.requests.reading import parse_request
from nornir_tasks.request_working import UNREADABLE, work
from tests.forks import FORKS
from tests.requests.killed import RUNNING, Moment, work_and_die
from tests.requests.office import (
    ADD_MEMBER,
    ADMIN,
    APPROVER,
    CLOSE_FLOW,
    ENGINEER,
    NOW,
    OPEN_FLOW,
    ROTATE,
    Office,
)
from tests.requests.rack import NAMES, WORKER, KilledError, Rack


def acts(office: Office, case: Case) -> list[Act]:
    """What happened since the request was scheduled."""
    events = [one.act for one in office.desk(ADMIN).case(case.number)[0].events]
    return events[events.index(Act.SCHEDULE) + 1 :]


def test_what_is_due_is_applied_and_verified_once(office: Office) -> None:
    """Not before its window; then the texts that the visas were given for run; then there is nothing to do."""
    rack = Rack.of(office)
    case = office.desk(ENGINEER).schedule(office.approve(office.half_approved()).number)
    assert rack.worked() == []
    assert case.starts_at is not None
    office.clock.now = case.starts_at + timedelta(minutes=5)
    assert rack.worked() == [(State.VERIFIED, "")]
    assert sorted(rack.pushed) == list(NAMES)
    assert acts(office, case) == [Act.BEGIN, Act.APPLY, Act.VERIFY]
    assert rack.worked() == []
    assert office.records.requests.kept(WORKED) == ()
    assert office.desk(ADMIN).close(case.number).state is State.CLOSED
    assert office.records.verify_journal().broken_at == 0


def test_what_fails_is_told_and_tried_again_in_the_next_window(rack: Rack, case: Case) -> None:
    """It stays scheduled; its window is another one; nothing of it is applied meanwhile."""
    rack.fault = PlanError("80620-siege-01 does not answer")
    assert rack.worked() == [(State.SCHEDULED, "80620-siege-01 does not answer")]
    assert rack.worked() == []
    after, _ = rack.office.desk(ADMIN).case(case.number)
    told = after.events[-1].detail
    assert "does not answer" not in told
    noted = rack.office.records.journal_entries("incidents")[-1].detail
    assert noted.endswith("80620-siege-01 does not answer")
    assert noted.partition(":")[0] in told
    assert after.starts_at is not None
    assert case.ends_at is not None
    assert after.starts_at > case.ends_at
    rack.office.clock.now, rack.fault = after.starts_at, None
    assert rack.worked() == [(State.VERIFIED, "")]


def test_nothing_is_sent_that_was_not_shown(rack: Rack, case: Case) -> None:
    """An appliance runs a line of other hands: it would go too, which nobody gave a visa for. Engineers are told."""
    office, name = rack.office, NAMES[1]
    before = rack.running[name]
    rack.running[name] = f"{before}set service ntp server 192.0.2.1\n"
    assert [state for state, _ in rack.worked()] == [State.SCHEDULED]
    assert rack.pushed == []
    assert acts(office, case) == [Act.FAIL]
    noted = office.records.journal_entries("incidents")[-1].detail
    assert noted.endswith(
        f"(delete service ntp server 192.0.2.1); apply what is planned there first: `lisiere plan --name {name}`"
    )
    assert "ntp" not in office.desk(ADMIN).case(case.number)[0].model_dump_json()


def test_what_an_appliance_has_already_is_no_more_than_was_shown(rack: Rack, case: Case) -> None:
    """A part of it was put there by hand: what is left is less, and is sent."""
    effect = rack.office.desk(ADMIN).case(case.number)[1]
    assert effect is not None
    shown = next(one.difference for one in effect.appliances if one.host == NAMES[1])
    rack.running[NAMES[1]] += f"{shown[0]}\n"
    assert rack.worked() == [(State.VERIFIED, "")]


def test_what_is_applied_and_not_in_place_is_said_once(rack: Rack, case: Case) -> None:
    """The second look finds something else: it stays applied, and is verified when that is put right."""
    rack.spoils = "80620-siege-01"
    for _ in range(2):
        assert [state for state, _ in rack.worked()] == [State.APPLIED]
    assert acts(rack.office, case) == [Act.BEGIN, Act.APPLY, Act.FAIL]
    rack.mend()
    assert rack.worked() == [(State.VERIFIED, "")]


@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize("wanted", [OPEN_FLOW, ROTATE], ids=["flow", "keys"], indirect=True)
def test_a_worker_that_was_killed_sends_nothing_twice(rack: Rack, case: Case, *, is_late: bool) -> None:
    """After the appliances had it: the next worker finds that, also when the window is over, and writes it back."""
    office = rack.office
    run_id = _killed(rack, case)
    for act in (Act.REFUSE, Act.WITHDRAW):
        with pytest.raises(RequestError, match=r"impossible|autorisé"):
            office.desk(ENGINEER).say(case.number, act, "Trop tard")
    with pytest.raises(RequestError, match="impossible"):
        office.desk(ENGINEER).schedule(case.number)
    for _ in range(2):
        assert [state for state, _ in rack.worked()] == [State.APPLYING]
    assert acts(office, case) == [Act.BEGIN, Act.HOLD]
    pushed, rotated = list(rack.pushed), rack.rotated
    rack.resolve(run_id)
    if is_late:
        office.clock.now += timedelta(hours=12)
    assert rack.worked() == [(State.VERIFIED, "")]
    assert (rack.pushed, rack.rotated) == (pushed, rotated)
    assert rotated == (parse_request(case.request).kind == "rotate-keys")


@pytest.mark.parametrize("wanted", [ROTATE], ids=["keys"], indirect=True)
def test_keys_are_replaced_at_the_ends_that_are_there(rack: Rack) -> None:
    """A site that is not in service has the new key when it comes; its hub has it now."""
    del rack.running["80620-mairie-01"]
    assert rack.worked() == [(State.VERIFIED, "")]
    assert [(key.rpartition("/")[2], ends) for key, ends in rack.ends.items()] == [
        ("80620-mairie-01--80620-siege-01", 1)
    ]


def test_a_worker_that_was_killed_before_it_was_decided_tries_again(rack: Rack, case: Case) -> None:
    """Its appliances were brought back: it is scheduled anew, and can be refused again until it is begun again."""
    before = dict(rack.running)
    rack.resolve(_killed(rack, case), Side.OLD)
    rack.running = before
    assert [state for state, _ in rack.worked()] == [State.SCHEDULED]
    after, _ = rack.office.desk(ADMIN).case(case.number)
    assert "comme avant" in after.events[-1].detail
    assert after.starts_at is not None
    rack.office.clock.now = after.starts_at
    assert rack.worked() == [(State.VERIFIED, "")]


def _killed(rack: Rack, case: Case) -> str:
    """Let the worker die while it applies; the run that it leaves."""
    rack.fault = KilledError()
    with pytest.raises(KilledError):
        rack.worked()
    rack.fault = None
    assert rack.office.desk(ADMIN).case(case.number)[0].state is State.APPLYING
    return rack.office.records.transactions.open_ones()[0].run_id


@pytest.mark.parametrize("moment", Moment)
def test_whatever_a_killed_process_leaves_is_brought_to_its_end(rack: Rack, case: Case, moment: Moment) -> None:
    """SIGKILL: its claim and its run stay on record as they were, and who comes next finds that it is dead."""
    office = rack.office
    process = FORKS.Process(
        target=work_and_die, args=(str(office.folder), office.clock.now.isoformat(), rack.running, moment)
    )
    process.start()
    process.join(timeout=60)
    assert process.exitcode == -signal.SIGKILL
    rack.running = json.loads((office.folder / RUNNING).read_text(encoding="utf-8"))
    is_open = moment in {Moment.OPENED, Moment.SENT}
    if is_open:
        assert [state for state, _ in rack.worked()] == [State.APPLYING]
        left = office.records.transactions.take_up(office.records.transactions.open_ones()[0].run_id)
        rack.resolve(left.id, Side.NEW if moment is Moment.SENT else Side.OLD)
    if moment is Moment.OPENED:
        assert [state for state, _ in rack.worked()] == [State.SCHEDULED]
        office.clock.now = office.desk(ADMIN).case(case.number)[0].starts_at or NOW
    assert rack.worked() == [(State.VERIFIED, "")]
    assert bool(rack.pushed) == (moment not in {Moment.SENT, Moment.DECIDED}), "what was sent is sent again"


@pytest.mark.parametrize("act", [Act.REFUSE, Act.SCHEDULE])
def test_what_is_taken_back_while_appliances_are_asked_is_not_sent(rack: Rack, case: Case, act: Act) -> None:
    """The request is looked at again in the transaction that says that it is begun."""
    office = rack.office

    def meanwhile(appliances: Sequence[Appliance], texts: Mapping[str, str], words: str) -> Plan:
        plan = rack.plan(appliances, texts, words)
        desk = office.desk(ENGINEER)
        if act is Act.REFUSE:
            office.records.requests.update(
                case.number,
                lambda found, frozen: Decided(
                    take(found, Step(Act.REFUSE, ENGINEER, office.clock(), detail="Trop tard")), frozen
                ),
            )
        else:
            desk.schedule(case.number, None)
        return plan

    work(WorkerDesk(office.records, WORKER, office.clock), replace(rack.tools(), plan=meanwhile))
    assert rack.pushed == []
    assert Act.BEGIN not in acts(office, case)


def test_one_request_in_trouble_stops_no_other(rack: Rack, case: Case) -> None:
    """An inventory that cannot be read, no window in a year: it keeps its place without one, and gets one later."""
    office = rack.office
    rack.unreadable = InventoryError([Mistake("hosts/x.yaml", 1, "80999-mairie-01: vlan 9999")])
    assert [state for state, _ in rack.worked()] == [State.SCHEDULED]
    after, _ = office.desk(ADMIN).case(case.number)
    assert (after.state, after.ends_at) == (State.SCHEDULED, None)
    assert "9999" not in after.model_dump_json()
    assert rack.worked() == []
    rack.unreadable = None
    assert rack.worked() == [(State.SCHEDULED, "")]
    again, _ = office.desk(ADMIN).case(case.number)
    assert again.starts_at is not None
    office.clock.now = again.starts_at
    assert rack.worked() == [(State.VERIFIED, "")]


def test_what_stands_at_no_site_yet_waits(rack: Rack, case: Case) -> None:
    """Nothing was looked at: it is not verified, says so once, and has a window when the first appliance is there."""
    office = rack.office
    running = dict(rack.running)
    rack.running.clear()
    assert [state for state, _ in rack.worked()] == [State.SCHEDULED]
    office.clock.now += timedelta(days=30)
    assert rack.worked() == []
    assert acts(office, case) == [Act.FAIL]
    rack.running[NAMES[0]] = running[NAMES[0]]
    assert rack.worked() == [(State.SCHEDULED, "")]
    after, _ = office.desk(ADMIN).case(case.number)
    assert after.starts_at is not None
    office.clock.now = after.starts_at
    assert rack.worked() == [(State.VERIFIED, "")]
    assert NAMES[1] in office.desk(ADMIN).case(case.number)[0].events[-1].detail


def test_too_little_of_a_window_is_none(rack: Rack, case: Case) -> None:
    """What would not be over by its end is not begun."""
    tools = replace(rack.tools(), takes=lambda _: timedelta(hours=8))
    work(WorkerDesk(rack.office.records, WORKER, rack.office.clock), tools)
    assert rack.pushed == []
    assert acts(rack.office, case) == [Act.FAIL]


def test_what_is_applied_is_verified_against_what_was_applied(rack: Rack, case: Case) -> None:
    """Another change of the same sites in the inventory is no matter; one on an appliance is an engineer's to end."""
    office = rack.office
    rack.spoils = "80620-siege-01"
    assert [state for state, _ in rack.worked()] == [State.APPLIED]
    _more_speed(office)
    rack.mend()
    assert rack.worked() == [(State.VERIFIED, "")]
    assert office.desk(ADMIN).close(case.number).state is State.CLOSED


def test_an_engineer_ends_what_can_no_longer_be_verified(rack: Rack, case: Case) -> None:
    """With a reason; nobody else does. Until then the reasons why it is not verified are said, and not for ever."""
    office = rack.office
    rack.spoils = "80620-siege-01"
    rack.worked()
    for at in range(30):
        rack.unreadable = InventoryError([Mistake("hosts/x.yaml", 1, f"mistake {at}")])
        rack.worked()
    assert acts(office, case).count(Act.FAIL) == MOST_SAID
    with pytest.raises(RequestError, match="autorisé"):
        office.desk(ADMIN).say(case.number, Act.END, "Remplacée")
    with pytest.raises(RequestError, match="raison"):
        office.desk(ENGINEER).say(case.number, Act.END, " ")
    assert office.desk(ENGINEER).say(case.number, Act.END, "Remplacée").state is State.CLOSED


def test_an_engineer_ends_what_no_appliance_answers_for(rack: Rack, case: Case) -> None:
    """Its worker died and one of its appliances is gone for good: with a reason, and not while a worker is at it."""
    office = rack.office
    _killed(rack, case)
    office.records.requests.claim(case.number, term=timedelta(hours=1))
    with pytest.raises(RequestError, match="est dessus"):
        office.desk(ENGINEER).say(case.number, Act.END, "Détruit")
    office.records.requests.release(case.number)
    with pytest.raises(RequestError, match="autorisé"):
        office.desk(ADMIN).say(case.number, Act.END, "Détruit")
    assert office.desk(ENGINEER).say(case.number, Act.END, "Détruit").state is State.CLOSED
    assert rack.worked() == []


@pytest.mark.parametrize("wanted", [ADD_MEMBER], ids=["member"], indirect=True)
def test_keys_of_what_was_not_sent_are_ended(rack: Rack, case: Case) -> None:
    """Those that this try made; what was there before stays."""
    effect = rack.office.desk(ADMIN).case(case.number)[1]
    assert effect is not None
    assert effect.keys_made
    rack.fault = PlanError("80620-siege-01 does not answer")
    assert [state for state, _ in rack.worked()] == [State.SCHEDULED]
    assert rack.keys == set()
    rack.keys = {*effect.keys_made}
    rack.office.clock.now = rack.office.desk(ADMIN).case(case.number)[0].starts_at or NOW
    assert [state for state, _ in rack.worked()] == [State.SCHEDULED]
    assert rack.keys == {*effect.keys_made}


def test_an_old_key_is_destroyed_when_all_ends_are_new_and_not_before(rack: Rack, case: Case) -> None:
    """A worker that died in between leaves it; who finds that all ends are new destroys it."""
    old: SecretRef = "secret:overlay/admin-haute-somme/80620-ecole-01--80620-siege-01"
    effect = rack.office.desk(ADMIN).case(case.number)[1]
    assert effect is not None
    ending = effect.model_copy(update={"keys_ended": (old,)})
    bound = case.model_copy(update={"effect_sha256": ending.sha256})
    rack.office.records.requests.update(case.number, lambda _, __: Decided(bound, ending.frozen()))
    rack.keys = {old}
    run_id = _killed(rack, case)
    assert [state for state, _ in rack.worked()] == [State.APPLYING]
    assert rack.keys == {old}
    rack.resolve(run_id)
    assert rack.worked() == [(State.VERIFIED, "")]
    assert rack.keys == set()


def test_an_incident_is_noted_once_under_a_number_that_says_nothing(office: Office) -> None:
    """Who sees the number cannot find out what it stands for; the same words have the same one."""
    numbers = [noted(office.records, words, at=office.clock()) for words in ("a: b", "c", "a: b")]
    assert numbers[0] == numbers[2] != numbers[1]
    assert len(office.records.journal_entries("incidents")) == 2
    assert numbers[0] != hashlib.sha256(b"a: b").hexdigest()[:8]


def test_many_ends_take_longer_than_two(office: Office) -> None:
    """A window is long enough for the transaction that is begun in it, armed and brought back."""
    takes = tools_of(Settings(state=office.folder, workers=2), office.records, is_lab=True).takes
    assert takes(2) < takes(12)


def test_what_another_process_has_is_left_to_it(rack: Rack) -> None:
    """While that one lives; what a dead one had is taken."""
    office = rack.office
    ticks = Path("/proc/1/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    living = replace(this_process(), pid=1, pid_started=ticks)
    for holder, expected in ((living, []), (replace(this_process(), pid_started="before"), [(State.VERIFIED, "")])):
        office.damage("UPDATE lisiere_request SET claim = ?", _claim(holder, office))
        assert rack.worked() == expected


def _claim(holder: Process, office: Office) -> str:
    until = office.clock.now + timedelta(hours=1)
    return json.dumps({"process": list(astuple(holder)), "until": until.isoformat()})


def test_an_inventory_that_moved_is_not_applied(rack: Rack, case: Case) -> None:
    """What is intended is no longer what the visas were given for: nothing is sent, and the time line says so.

    That is tried in some windows, and then no more until an engineer chooses one; they are told of it.
    """
    office = rack.office
    _more_speed(office)
    for _ in range(MOST_TRIES):
        assert [state for state, _ in rack.worked()] == [State.SCHEDULED]
        after, _ = office.desk(ADMIN).case(case.number)
        assert "plus ce pour quoi" in after.events[-1].detail
        office.clock.now = after.starts_at or office.clock.now
    assert after.starts_at is None
    assert "un ingénieur choisit" in after.events[-1].detail
    told = [one for one in office.records.compliance.unsent_notices() if one.kind == "incident"]
    assert [one.text for one in told] == [after.events[-1].detail]
    office.clock.now += timedelta(days=7)
    assert rack.worked() == []
    assert rack.pushed == []
    again = office.desk(ENGINEER).schedule(case.number)
    assert again.starts_at is not None
    office.clock.now = again.starts_at
    assert [state for state, _ in rack.worked()] == [State.SCHEDULED]
    assert office.desk(ADMIN).case(case.number)[0].starts_at is not None


def _more_speed(office: Office) -> None:
    hosts = next(office.inventory.glob("hosts/200037059-*.yaml"))
    text = hosts.read_text(encoding="utf-8")
    at = text.index("80620-mairie-01:")
    hosts.write_text(text[:at] + text[at:].replace("uplink_mbit: ", "uplink_mbit: 1", 1), encoding="utf-8")
    office.git("commit", "-qam", "More speed")


def test_one_request_at_a_time_for_the_same_sites(rack: Rack, case: Case) -> None:
    """The second gets its visa when the first is verified."""
    office = rack.office
    second = office.submitted(CLOSE_FLOW)
    office.desk(APPROVER).visa(second.number, Act.VISA_EPCI, shown_sha256=second.effect_sha256)
    with pytest.raises(RequestError, match=f"La demande {case.number} .* passe d.abord"):
        office.approve(second)
    assert rack.worked() == [(State.VERIFIED, "")]
    assert office.approve(second).state is State.APPROVED


@pytest.mark.parametrize("user", [ADMIN, APPROVER, ENGINEER], ids=lambda user: user.name)
def test_nobody_else_is_the_worker(rack: Rack, user: User) -> None:
    """The table says who writes back what was applied."""
    with pytest.raises(RequestError, match="autorisé"):
        work(WorkerDesk(rack.office.records, user, rack.office.clock), rack.tools())


def test_what_nobody_foresaw_stops_no_other(rack: Rack, case: Case) -> None:
    """A surprise of one request, an effect that this version cannot read: each is said, and nothing is sent."""
    office = rack.office

    def gone(*_: object) -> Plan:
        raise PermissionError(13, "Permission denied", "hosts/x.yaml")

    desk = WorkerDesk(office.records, WORKER, office.clock)
    assert [one.problem for one in work(desk, replace(rack.tools(), plan=gone))] == ["hosts/x.yaml: Permission denied"]
    unread = b"{}\n"
    found = office.desk(ADMIN).case(case.number)[0].model_copy(update={"effect_sha256": sha256_of(unread)})
    office.records.requests.update(case.number, lambda _, __: Decided(found, unread))
    assert rack.worked() == [(State.SCHEDULED, UNREADABLE)]
    assert rack.pushed == []


@pytest.mark.parametrize(
    "error", [RecordError("locked"), UnknownError("no such run"), ValueError("a"), OSError(5, "I/O")]
)
def test_a_worker_that_goes_on_survives_a_bad_look(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever it is, it is said, and the next look comes."""

    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("cli.worker.work_once", fails)
    look(Settings(state=tmp_path), is_lab=True)
    assert capsys.readouterr().err.strip() in {str(error), "something unforeseen (ValueError)"}


def test_a_worker_that_nobody_is_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that the records do not know gets better by no waiting."""
    monkeypatch.setenv("LISIERE_TOKEN", "nobody")
    with pytest.raises(SignedOutError):
        look(Settings(state=tmp_path / "other"), is_lab=True)
