"""A request from draft to window: bound visas, four eyes, one commit, and nothing twice."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lisiere.errors import InventoryError, LisiereError
from lisiere.inventory.loader import load_fleet
from lisiere.model.calendar import Span
from lisiere.model.request_case import Act, Case, Damaged, Grant, Role, State
from lisiere.model.site import SCHOOL_WEB_ACCESS
from lisiere.model.words import Lifecycle
from lisiere.workflow.requests.desk import Desk
from lisiere.workflow.requests.following import INTENT
from lisiere.workflow.requests.ground import Place
from lisiere.workflow.requests.lifecycle import OBJECTION_TERM
from lisiere.workflow.requests.moves import void_reason
from lisiere.workflow.requests.people import confirm_by_machine
from lisiere.workflow.requests.phrases import RequestError
from lisiere.workflow.requests.reading import parse_request
from lisiere.workflow.requests.repository import Repository
from tests.house.checkout import ROOT
from tests.requests.office import (
    ACADEMIE,
    ADMIN,
    APPROVER,
    CLOSE_FLOW,
    ELSEWHERE,
    ENGINEER,
    HERE,
    OPEN_FLOW,
    ROTATE,
    STRANGER,
    Office,
    enrolled,
    person,
    read_out,
)


def test_a_request_goes_from_draft_to_its_window(office: Office) -> None:
    """One commit, with the number and both names; every act in the journal; the inventory holds the flow."""
    case = office.half_approved()
    approved = office.approve(case)
    assert (approved.state, len(approved.visas()), office.commits()) == (State.APPROVED, 2, 2)
    message = office.git("log", "-1", "--format=%B")
    assert f"Request {case.number}: open-flow admin-haute-somme" in message
    assert "Visa: bruno" in message
    assert "Visa: marie" in message
    assert office.git("status", "--porcelain") == ""
    assert "printing-200037059" in (office.inventory / "flows.yaml").read_text(encoding="utf-8")
    found = office.desk(ENGINEER).schedule(case.number)
    assert (found.state, found.starts_at) == (State.SCHEDULED, datetime(2026, 11, 26, 18, tzinfo=UTC))
    wrong = Span(starts_at=datetime(2026, 11, 27, 18, tzinfo=UTC), ends_at=datetime(2026, 11, 27, 20, tzinfo=UTC))
    with pytest.raises(RequestError, match=r"aucune fenêtre.*\n.*prochaine fenêtre libre va du 2026-11-30 19:00"):
        office.desk(ENGINEER).schedule(case.number, wrong)
    plan = office.records.load_plan(found.plan_id)
    assert {one.host for one in plan.failures} == {"80620-mairie-01", "80620-siege-01"}
    steps = [one.step for one in office.records.journal_entries(f"request-{case.number}")]
    assert steps == ["create", "submit", "visa-epci", "visa-operator", "commit", "plan", "schedule"]
    assert office.records.verify_journal().broken_at == 0


def test_four_eyes(office: Office) -> None:
    """Nobody gives both visas, whatever they are; who asks gives none; who asks elsewhere sees nothing."""
    grants = (Grant(role=Role.EPCI_APPROVER, territory=HERE), Grant(role=Role.ENGINEER))
    both = person("fanny", Role.ENGINEER).model_copy(update={"grants": grants})
    case = office.submitted()
    office.desk(both).visa(case.number, Act.VISA_EPCI, shown_sha256=case.effect_sha256)
    with pytest.raises(RequestError, match="déjà donné un visa"):
        office.approve(case, by=both)
    own = office.desk(both).submit(office.desk(both).create(parse_request(OPEN_FLOW)).number)
    with pytest.raises(RequestError, match="vous-même"):
        office.desk(both).visa(own.number, Act.VISA_EPCI, shown_sha256=own.effect_sha256)
    for user, act in ((ADMIN, Act.VISA_EPCI), (APPROVER, Act.VISA_OPERATOR), (STRANGER, Act.VISA_EPCI)):
        with pytest.raises(RequestError, match=r"autorisé|Il n.y a pas"):
            office.desk(user).visa(case.number, act, shown_sha256=case.effect_sha256)
    assert office.commits() == 1


def test_a_fleet_that_moved_voids_the_visas(office: Office) -> None:
    """It says what moved; the same visas can be given again for the new effect."""
    case = office.half_approved()
    hosts = office.inventory / "hosts" / "200037059-haute-somme.yaml"
    text = hosts.read_text(encoding="utf-8")
    at = text.index("80620-mairie-01:")
    hosts.write_text(text[:at] + text[at:].replace("uplink_mbit: ", "uplink_mbit: 1", 1), encoding="utf-8")
    office.git("commit", "-qam", "More speed")
    with pytest.raises(RequestError, match=r"visas sont nuls.*80620-mairie-01"):
        office.approve(case)
    again, _ = office.desk(ADMIN).case(case.number)
    assert (again.state, again.visas()) == (State.SUBMITTED, ())
    assert again.effect_sha256 != case.effect_sha256
    office.desk(APPROVER).visa(again.number, Act.VISA_EPCI, shown_sha256=again.effect_sha256)
    assert office.approve(again).state is State.APPROVED


def test_a_visa_is_for_what_was_shown(office: Office) -> None:
    """Another hash than the one on record is refused, and nothing is given."""
    case = office.submitted()
    with pytest.raises(RequestError, match="plus celui"):
        office.desk(APPROVER).visa(case.number, Act.VISA_EPCI, shown_sha256="0" * 64)
    assert office.desk(ADMIN).case(case.number)[0].visas() == ()


def test_each_altered_byte_of_the_frozen_effect_voids_the_visas(office: Office) -> None:
    """Every byte in turn by the rule itself; the first and one in the middle through the database and the desk."""
    case = office.half_approved()
    _, effect = office.desk(ADMIN).case(case.number)
    assert effect is not None
    frozen = effect.frozen()
    assert not void_reason(case, frozen, effect)
    assert all(void_reason(case, _altered(frozen, at), effect) for at in range(len(frozen)))
    for at in (0, len(frozen) // 2):
        office.damage("UPDATE lisiere_request SET effect = ?", _altered(frozen, at))
        assert office.desk(ADMIN).case(case.number)[1] is None
        with pytest.raises(RequestError, match="altéré"):
            office.approve(case)
        found, whole = office.desk(ADMIN).case(case.number)
        assert (found.state, found.visas(), whole) == (State.SUBMITTED, (), effect)
        office.desk(APPROVER).visa(case.number, Act.VISA_EPCI, shown_sha256=case.effect_sha256)
    assert office.commits() == 1


def _altered(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def test_an_altered_history_is_refused(office: Office) -> None:
    """A visa that somebody writes into the database is no visa, nor the history of another; the list goes on."""
    case = office.half_approved()
    office.damage("UPDATE lisiere_request SET content = replace(content, 'bruno', 'marie')")
    with pytest.raises(RequestError, match="altérée"):
        office.desk(ADMIN).case(case.number)
    with pytest.raises(RequestError, match="altérée"):
        office.approve(case)
    other = office.submitted()
    assert {type(one) for one in office.desk(ADMIN).cases()} == {Damaged, Case}
    assert office.desk(STRANGER).cases() == ()
    with pytest.raises(RequestError, match=r"Il n.y a pas"):
        office.desk(STRANGER).case(case.number)
    office.damage(
        "UPDATE lisiere_request SET (content, seal) = (SELECT content, seal FROM lisiere_request WHERE id = ?) "
        "WHERE id = ?",
        other.number,
        case.number,
    )
    with pytest.raises(RequestError, match="altérée"):
        office.desk(ADMIN).case(case.number)


def test_replays_change_nothing(office: Office) -> None:
    """Each act is taken once."""
    case = office.half_approved()
    with pytest.raises(RequestError, match="impossible"):
        office.desk(ADMIN).submit(case.number)
    with pytest.raises(RequestError):
        office.desk(APPROVER).visa(case.number, Act.VISA_EPCI, shown_sha256=case.effect_sha256)
    office.approve(case)
    other = person("gael", Role.ENGINEER)
    with pytest.raises(RequestError):
        office.approve(case, by=other)
    with pytest.raises(RequestError, match="déjà"):
        office.desk(other).commit(case.number)
    with pytest.raises(RequestError, match="impossible"):
        office.desk(ADMIN).say(case.number, Act.WITHDRAW, "trop tard")
    assert office.commits() == 2


def test_a_repository_in_disorder_is_refused_before_anything_moves(office: Office) -> None:
    """Dirty, with a file that is not tracked, on no branch, behind its upstream: no visa, no file, no commit."""
    case = office.half_approved()
    flows, notes = office.inventory / "flows.yaml", office.inventory / "notes.txt"
    whole = flows.read_text(encoding="utf-8")
    flows.write_text(f"{whole}# half done\n", encoding="utf-8")
    _refused(office, case)
    flows.write_text(whole, encoding="utf-8")
    notes.write_text("x", encoding="utf-8")
    _refused(office, case)
    notes.unlink()
    office.git("checkout", "-q", "--detach")
    _refused(office, case)
    office.git("checkout", "-q", "main")
    office.git("commit", "-q", "--allow-empty", "-m", "Theirs")
    office.git("branch", "theirs")
    office.git("reset", "-q", "--hard", "HEAD~1")
    office.git("branch", "-q", "--set-upstream-to=theirs")
    _refused(office, case)


def _refused(office: Office, case: Case) -> None:
    before = office.git("status", "--porcelain"), office.git("rev-parse", "HEAD")
    with pytest.raises(RequestError, match="dépôt"):
        office.approve(case)
    assert (office.git("status", "--porcelain"), office.git("rev-parse", "HEAD")) == before
    assert len(office.desk(ADMIN).case(case.number)[0].visas()) == 1


def test_a_commit_that_was_cut_short_is_taken_up(office: Office) -> None:
    """Git refuses after the second visa: the files are as before, and the commit is made later, once."""
    case = office.half_approved()
    hook = office.folder / ".git" / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho full >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    with pytest.raises(RequestError, match="Git refuse"):
        office.approve(case)
    assert (office.git("status", "--porcelain"), office.commits()) == ("", 1)
    assert office.desk(ADMIN).case(case.number)[0].state is State.APPROVED
    hook.unlink()
    office.desk(ENGINEER).commit(case.number)
    with pytest.raises(RequestError, match="déjà"):
        office.desk(ENGINEER).commit(case.number)
    assert office.commits() == 2


def test_two_visas_at_the_same_moment_count_once(office: Office, tmp_path: Path) -> None:
    """Two engineers in two processes: one visa, one commit, and the other is told."""
    case = office.half_approved()
    first = enrolled(office.records, ENGINEER)
    second = enrolled(office.records, person("gael", Role.ENGINEER), by=ENGINEER)
    confirm_by_machine(office.records, "gael", read_out(office.records, "gael"), account="root@srv")
    told = _visas_at_once(office, tmp_path, (case, case), (first, second))
    assert sorted(status for status, _ in told) == [0, 2], told
    found, _ = office.desk(ADMIN).case(case.number)
    assert [one.act for one in found.events].count(Act.VISA_OPERATOR) == 1
    assert [one.act for one in found.events].count(Act.COMMIT) == 1
    assert office.commits() == 2


def _visas_at_once(
    office: Office, tmp_path: Path, cases: tuple[Case, Case], tokens: tuple[str, str]
) -> list[tuple[int, str]]:
    """Give the operator's visa twice, each in a process of its own; statuses and what was said."""
    state = tmp_path / "state"
    state.mkdir()
    (state / "lisiere.sqlite3").symlink_to(office.folder / "records.sqlite3")
    words = ["--inventory", office.inventory, "--state", state, "request", "visa", "--as", "operator", "--effect"]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "cli.main", *map(str, words), case.effect_sha256, str(case.number)],
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", "LISIERE_TOKEN": token, "HOME": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for token, case in zip(tokens, cases, strict=True)
    ]
    told = [one.communicate(timeout=240) for one in running]
    return [(one.returncode, "".join(said)) for one, said in zip(running, told, strict=True)]


def test_the_academie_may_object_in_time(office: Office) -> None:
    """The operator waits for the term; after it there is no objection. What is voided is told anew, with a new term."""
    site, kind = next(
        (name, one.data.web_access.kind)
        for name, one in load_fleet(office.inventory, as_of=office.clock.now.date()).appliances.items()
        if one.territory == HERE
        and one.data.web_access.kind in SCHOOL_WEB_ACCESS
        and one.data.lifecycle is not Lifecycle.RETIRED
    )
    wanted = "pac" if kind != "pac" else "dns"
    text = f"kind: change-web-access\nsite: {site}\nweb_access: {wanted}\nwhy: Filtrage\n"
    case = office.submitted(text)
    office.desk(APPROVER).visa(case.number, Act.VISA_EPCI, shown_sha256=case.effect_sha256)
    with pytest.raises(RequestError, match=r"pas encore été informé"):
        office.approve(case)
    office.handed_over()
    with pytest.raises(RequestError, match=r"peut s.opposer"):
        office.approve(case)
    assert office.desk(ACADEMIE).say(case.number, Act.OBJECT, "Pas avant la rentrée").state is State.REFUSED
    late = office.submitted(text)
    office.desk(ENGINEER).say(late.number, Act.INFORM, "Par courrier recommandé")
    office.clock.now += OBJECTION_TERM + timedelta(minutes=1)
    with pytest.raises(RequestError, match="passé"):
        office.desk(ACADEMIE).say(late.number, Act.OBJECT, "trop tard")
    again = office.submitted(text)
    office.handed_over()
    office.clock.now += OBJECTION_TERM + timedelta(minutes=1)
    with pytest.raises(RequestError, match=r"Il n.y a pas"):
        office.desk(ACADEMIE).case(office.submitted().number)
    office.desk(APPROVER).visa(again.number, Act.VISA_EPCI, shown_sha256=again.effect_sha256)
    office.damage("UPDATE lisiere_request SET effect = ? WHERE id = ?", b"{}", again.number)
    with pytest.raises(RequestError, match="visas sont nuls"):
        office.approve(again)
    void, _ = office.desk(ADMIN).case(again.number)
    assert void.informed_at is None
    assert [one.subject for one in office.handed_over()] == [f"demande {again.number}, envoi 2"]
    office.desk(APPROVER).visa(again.number, Act.VISA_EPCI, shown_sha256=void.effect_sha256)
    with pytest.raises(RequestError, match=r"peut s.opposer"):
        office.approve(void)


def test_a_request_stays_in_its_territory(office: Office) -> None:
    """One that is kept for a territory, whose private network is another's in the inventory, gets nowhere."""
    fleet = load_fleet(office.inventory, as_of=office.clock.now.date())
    foreign = next(one.name for one in fleet.overlays.values() if one.territory == ELSEWHERE)
    text = f"kind: rotate-keys\noverlay: {foreign}\nwhy: Curiosité\n"
    case = office.desk(ENGINEER).create(parse_request(text))
    assert case.territory == ELSEWHERE
    desk = office.desk(person("gael", Role.ENGINEER))
    acts: dict[State, Callable[[Case], Case]] = {
        State.DRAFT: lambda bent: desk.submit(bent.number),
        State.EPCI_APPROVED: lambda bent: desk.visa(bent.number, Act.VISA_OPERATOR, shown_sha256=bent.effect_sha256),
        State.APPROVED: lambda bent: desk.commit(bent.number),
    }
    for state, act in acts.items():
        bent = office.records.requests.create(case.model_copy(update={"territory": HERE, "state": state}), b"{}")
        with pytest.raises(RequestError, match="autre territoire"):
            act(bent)
        assert office.desk(ENGINEER).case(bent.number)[0].events == bent.events


def test_a_reason_is_needed_and_harmless(office: Office) -> None:
    """Empty, with controls, too long, turning the direction: refused, and nothing is kept."""
    case = office.submitted()
    for text in ("", "a\x1b[2J", "x" * 2001, "\u202e"):
        with pytest.raises(RequestError):
            office.desk(APPROVER).say(case.number, Act.REFUSE, text)
    assert office.desk(ADMIN).case(case.number)[0] == case


def test_an_end_is_an_end(office: Office) -> None:
    """A refused request keeps its reason; a withdrawn one is at its end."""
    case = office.submitted()
    refused = office.desk(APPROVER).say(case.number, Act.REFUSE, "Pas cette année")
    assert refused.events[-1].detail == "Pas cette année"
    with pytest.raises(RequestError, match="impossible"):
        office.desk(ADMIN).say(case.number, Act.WITHDRAW, "tant pis")


def test_an_inventory_that_cannot_be_read_is_told_to_engineers_alone(office: Office) -> None:
    """Who sees one territory gets a number; the operator is told of it by that number, with every mistake, once."""
    foreign = next(office.inventory.glob(f"hosts/{ELSEWHERE}-*.yaml"))
    foreign.write_text(foreign.read_text(encoding="utf-8").replace("vlan: 10", "vlan: 9999"), encoding="utf-8")
    for _ in range(2):
        with pytest.raises(RequestError, match="pas lisible") as caught:
            office.desk(ADMIN).preview(parse_request(OPEN_FLOW))
        assert foreign.name not in str(caught.value)
    told = [one for one in office.records.compliance.unsent_notices() if one.kind == "incident"]
    assert len(told) == 1
    assert foreign.name in told[0].text
    numbers = [one.detail.partition(":")[0] for one in office.records.journal_entries("incidents")]
    assert numbers[1] in str(caught.value)
    with pytest.raises(InventoryError, match=foreign.name):
        office.desk(ENGINEER).preview(parse_request(OPEN_FLOW))


def test_a_commit_that_lost_its_process_is_brought_up(office: Office) -> None:
    """The branch has the commit and the files do not: the next who works there brings them up, and says so."""
    case = office.half_approved()
    office.approve(case)
    office.git("checkout", "-q", "HEAD~1", "--", "inventory")
    assert office.git("status", "--porcelain") != ""
    (office.folder / ".git" / INTENT).write_text(office.git("rev-parse", "HEAD"), encoding="utf-8")
    told: list[str] = []
    found = office.desk(ENGINEER, told)
    found.preview(parse_request(CLOSE_FLOW))
    assert len(told) == 1
    assert str(case.number) in told[0]
    assert office.git("status", "--porcelain") == ""
    other = office.submitted(CLOSE_FLOW)
    office.desk(APPROVER).visa(other.number, Act.VISA_EPCI, shown_sha256=other.effect_sha256)
    (office.inventory / "flows.yaml").write_text("---\nflows: []\n", encoding="utf-8")
    with pytest.raises(RequestError, match="dépôt"):
        found.visa(other.number, Act.VISA_OPERATOR, shown_sha256=other.effect_sha256)
    assert (office.inventory / "flows.yaml").read_text(encoding="utf-8") == "---\nflows: []\n"
    office.git("checkout", "-q", "HEAD", "--", "inventory")
    office.git("checkout", "-q", "HEAD~1", "--", "inventory")
    with pytest.raises(RequestError, match="dépôt"):
        found.visa(other.number, Act.VISA_OPERATOR, shown_sha256=other.effect_sha256)
    assert office.git("diff", "--cached", "--name-only", "HEAD") != ""
    assert len(told) == 1


def test_what_moves_while_a_visa_is_given_stops_it(office: Office) -> None:
    """The branch and every text are compared in the transaction: a change after the effect was worked out is seen."""
    case = office.half_approved()
    policies, times = office.inventory / "policies.yaml", []

    def clock_beside_which_it_moves() -> datetime:
        times.append(office.clock())
        if len(times) == 2:
            policies.write_text(f"{policies.read_text(encoding='utf-8')}# new\n", encoding="utf-8")
            office.git("commit", "-qam", "Meanwhile")
        return times[-1]

    desk = Desk(office.records, ENGINEER, Place(office.inventory, clock_beside_which_it_moves))
    with pytest.raises(RequestError, match="entre-temps"):
        desk.visa(case.number, Act.VISA_OPERATOR, shown_sha256=case.effect_sha256)
    assert len(office.desk(ADMIN).case(case.number)[0].visas()) == 1


def test_an_engineer_takes_back_what_is_approved(office: Office) -> None:
    """Nobody else does; and what is no remark is no remark."""
    case = office.approve(office.half_approved())
    with pytest.raises(RequestError, match="autorisé"):
        office.desk(APPROVER).say(case.number, Act.REFUSE, "Trop tard")
    for act in (Act.COMMIT, Act.PLAN, Act.SCHEDULE, Act.APPLY):
        with pytest.raises(RequestError, match="autorisé"):
            office.desk(ENGINEER).say(case.number, act, "plan-x")
    assert office.desk(ENGINEER).say(case.number, Act.REFUSE, "Le site ferme").state is State.REFUSED


@pytest.mark.parametrize("is_scheduled", [False, True])
def test_what_is_refused_after_its_visas_leaves_the_inventory(office: Office, *, is_scheduled: bool) -> None:
    """In one commit of its own; what was committed since stays, and nothing of it comes with the next request."""
    flows = office.inventory / "flows.yaml"
    before = flows.read_text(encoding="utf-8")
    case = office.approve(office.half_approved())
    if is_scheduled:
        office.desk(ENGINEER).schedule(case.number)
    flows.write_text("# Theirs\n" + flows.read_text(encoding="utf-8"), encoding="utf-8")
    office.git("commit", "-qam", "Theirs")
    assert office.desk(ENGINEER).say(case.number, Act.REFUSE, "Le site ferme").state is State.REFUSED
    assert flows.read_text(encoding="utf-8") == "# Theirs\n" + before
    assert (office.git("status", "--porcelain"), office.commits()) == ("", 4)
    assert f"Request {case.number} taken back: open-flow" in office.git("log", "-1", "--format=%B")
    again = office.desk(ADMIN).preview(parse_request(CLOSE_FLOW))
    assert "printing-200037059" not in again.frozen().decode()
    with pytest.raises(RequestError):
        office.desk(ENGINEER).commit(case.number)


def test_what_later_changes_rest_upon_is_not_taken_back_blindly(office: Office) -> None:
    """The request keeps its place, until an engineer took it out of the inventory; then nothing is left to commit."""
    flows = office.inventory / "flows.yaml"
    case = office.approve(office.half_approved())
    text = flows.read_text(encoding="utf-8")
    flows.write_text(text.replace("Impression au siège", "Impression"), encoding="utf-8")
    office.git("commit", "-qam", "Theirs")
    with pytest.raises(RequestError, match="appuie sur elle"):
        office.desk(ENGINEER).say(case.number, Act.REFUSE, "Le site ferme")
    assert (office.desk(ADMIN).case(case.number)[0].state, office.commits()) == (State.APPROVED, 3)
    office.git("checkout", "-q", "HEAD~2", "--", "inventory")
    office.git("commit", "-qm", "Out of it")
    assert office.desk(ENGINEER).say(case.number, Act.REFUSE, "Le site ferme").state is State.REFUSED
    assert office.commits() == 4


def test_one_process_at_a_time_works_in_the_repository(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another one does, no visa is given and nothing is brought up."""
    case = office.half_approved()
    monkeypatch.setattr("lisiere.workflow.requests.repository.PATIENCE_S", 0.1)
    with Repository(office.inventory).locked(), pytest.raises(RequestError, match="autre travaille"):
        office.approve(case)
    assert len(office.desk(ADMIN).case(case.number)[0].visas()) == 1
    assert office.approve(case).state is State.APPROVED


def test_two_requests_approved_at_the_same_moment_lose_nothing(office: Office, tmp_path: Path) -> None:
    """In two processes: each request is in the inventory with a commit, or its visas are void."""
    elsewhere = CLOSE_FLOW.replace("admin-haute-somme", _overlay_of(office, ELSEWHERE))
    first = office.half_approved()
    desk = office.desk(STRANGER)
    sent = desk.submit(desk.create(parse_request(elsewhere)).number)
    approver = person("gilles", Role.EPCI_APPROVER, ELSEWHERE)
    second = office.desk(approver).visa(sent.number, Act.VISA_EPCI, shown_sha256=sent.effect_sha256)
    token = enrolled(office.records, ENGINEER)
    told = _visas_at_once(office, tmp_path, (first, second), (token, token))
    found = [office.desk(ENGINEER).case(one.number)[0] for one in (first, second)]
    states = [one.state for one in found]
    assert sorted(states) in ([State.APPROVED, State.APPROVED], [State.APPROVED, State.SUBMITTED]), told
    committed = [one for one in found if one.state is State.APPROVED]
    assert (office.git("status", "--porcelain"), office.commits()) == ("", 1 + len(committed))
    text = (office.inventory / "flows.yaml").read_text(encoding="utf-8")
    assert ("printing-200037059" in text) == (found[0].state is State.APPROVED)
    assert office.records.verify_journal().broken_at == 0


def _overlay_of(office: Office, territory: str) -> str:
    fleet = load_fleet(office.inventory, as_of=office.clock.now.date())
    return next(
        name
        for name, one in sorted(fleet.overlays.items())
        if one.territory == territory and any(flow.flow == "shared-files" for flow in one.flows)
    )


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_rotation_that_lost_its_plan_is_planned_later(office: Office, *, is_lost: bool) -> None:
    """Keys change no file, so there is no commit: what is missing after the second visa is taken up all the same."""
    case = office.submitted(ROTATE)
    office.desk(APPROVER).visa(case.number, Act.VISA_EPCI, shown_sha256=case.effect_sha256)
    if is_lost:
        office.damage("CREATE TRIGGER full BEFORE INSERT ON lisiere_plan BEGIN SELECT RAISE(ABORT, 'full'); END")
        with pytest.raises(LisiereError):
            office.approve(case)
        office.damage("DROP TRIGGER full")
        assert office.desk(ENGINEER).commit(case.number).plan_id
    else:
        assert office.approve(case).plan_id
    with pytest.raises(RequestError, match="déjà"):
        office.desk(ENGINEER).commit(case.number)
