"""Nobody makes up the second person: codes are taken once, and logins are confirmed by another engineer."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from lisiere.errors import UsageError
from lisiere.model.request_case import Act, Role, Standing, State, User
from lisiere.workflow.requests.desk import Desk
from lisiere.workflow.requests.ground import Place
from lisiere.workflow.requests.people import (
    CODE_TERM,
    TOKEN_TERM,
    accounts_seen,
    confirm,
    confirm_by_machine,
    invite,
    invite_by_machine,
    invite_first,
    redeem,
    revoke,
    sign_out,
)
from lisiere.workflow.requests.people import user_of as signed_in
from lisiere.workflow.requests.phrases import RequestError
from lisiere.workflow.requests.reading import parse_request
from tests.requests.office import (
    ADMIN,
    APPROVER,
    ENGINEER,
    HERE,
    OPEN_FLOW,
    STRANGER,
    Office,
    enrolled,
    person,
    read_out,
)

GAEL, BRUNO = person("gael", Role.ENGINEER), APPROVER


def two_engineers(office: Office) -> tuple[User, User]:
    """The first engineer, and the second, whom the first lets in and the owner of the machine vouches for."""
    records = office.records
    marie = signed_in(records, enrolled(records, ENGINEER))
    return marie, vouched(office, GAEL, by=marie)


def vouched(office: Office, user: User, *, by: User) -> User:
    """Somebody whom an engineer lets in and the owner of the machine vouches for."""
    token = enrolled(office.records, user, by=by)
    confirm_by_machine(office.records, user.name, read_out(office.records, user.name), account="root@srv")
    return signed_in(office.records, token)


def confirmed(office: Office, user: User, *, by: User, also: User) -> User:
    """Somebody whom an engineer lets in and another one confirms."""
    token = enrolled(office.records, user, by=by)
    confirm(office.records, user.name, read_out(office.records, user.name), by=also)
    return signed_in(office.records, token)


def test_one_engineer_alone_gives_no_two_visas(office: Office) -> None:
    """Neither beside a login of the own making, nor by two of them, nor by one that makes another."""
    records = office.records
    marie, gael = two_engineers(office)
    case = office.submitted()
    token = enrolled(records, BRUNO, by=marie)
    bruno = signed_in(records, token)
    with pytest.raises(RequestError, match="pas confirmée"):
        office.desk(bruno).visa(case.number, Act.VISA_EPCI, shown_sha256=case.effect_sha256)
    puppet = signed_in(records, enrolled(records, person("puppet", Role.ENGINEER), by=marie))
    for somebody in (marie, puppet):
        with pytest.raises((UsageError, RequestError)):
            confirm(records, "bruno", read_out(records, "bruno"), by=somebody)
    confirm(records, "bruno", read_out(records, "bruno"), by=gael)
    bruno = signed_in(records, token)
    office.desk(bruno).visa(case.number, Act.VISA_EPCI, shown_sha256=case.effect_sha256)
    with pytest.raises(RequestError, match=r"L.un de vous"):
        office.approve(case, by=marie)
    with pytest.raises(RequestError, match="pas confirmée"):
        office.approve(case, by=puppet)
    office.approve(case, by=gael)


def test_a_code_is_taken_once_and_in_time(office: Office) -> None:
    """After that it is nobody's; a new one makes the token void before anybody takes it."""
    records = office.records
    marie, _ = two_engineers(office)
    code = invite(records, BRUNO, by=marie)
    _, token = redeem(records, code)
    assert token != code
    with pytest.raises(UsageError, match="déjà servi"):
        redeem(records, code)
    assert signed_in(records, token).name == "bruno"
    late = invite(records, BRUNO, by=marie)
    with pytest.raises(UsageError, match="à personne"):
        signed_in(records, token)
    office.clock.now += CODE_TERM + timedelta(seconds=1)
    with pytest.raises(UsageError, match="dépassé"):
        redeem(records, late)
    standing = {one.user.name: one.standing for one in accounts_seen(records, marie)}
    assert standing == {"marie": Standing.CONFIRMED, "gael": Standing.CONFIRMED, "bruno": Standing.LAPSED}
    steps = [one.detail for one in records.journal_entries("users")]
    assert [one for one in steps if "bruno" in one][-1].startswith("marie: bruno is epci-approver of 200037059")
    assert not any(code in one or token in one for one in steps)


def test_who_had_a_hand_in_a_request_makes_no_code_for_its_visas(office: Office) -> None:
    """While it waits; another engineer does."""
    records = office.records
    marie, gael = two_engineers(office)
    desk = office.desk(marie)
    desk.submit(desk.create(parse_request(OPEN_FLOW)).number)
    with pytest.raises(RequestError, match="pris part"):
        invite(records, BRUNO, by=marie)
    invite(records, BRUNO, by=gael)
    invite(records, person("anna", Role.EPCI_ADMIN, HERE), by=marie)


def test_a_puppet_lets_nobody_in(office: Office) -> None:
    """Neither one that nobody confirmed; nor does who made one that was confirmed say who the next person is."""
    records = office.records
    marie, gael = two_engineers(office)
    held = enrolled(records, person("puppet", Role.ENGINEER), by=marie)
    puppet = signed_in(records, held)
    for act in (lambda: invite(records, BRUNO, by=puppet), lambda: revoke(records, "gael", by=puppet)):
        with pytest.raises(RequestError, match="pas confirmée"):
            act()
    confirm(records, "puppet", read_out(records, "puppet"), by=gael)
    puppet = signed_in(records, held)
    token = enrolled(records, BRUNO, by=puppet)
    with pytest.raises(UsageError, match="marie, puppet let bruno in"):
        confirm(records, "bruno", read_out(records, "bruno"), by=puppet)
    with pytest.raises(UsageError, match="marie let bruno in"):
        confirm(records, "bruno", read_out(records, "bruno"), by=marie)
    confirm(records, "bruno", read_out(records, "bruno"), by=gael)
    with pytest.raises(UsageError, match="confirmed already"):
        confirm(records, "bruno", read_out(records, "bruno"), by=gael)
    bruno = signed_in(records, token)
    assert bruno.line == ("puppet", "marie")
    case = office.submitted()
    office.desk(bruno).visa(case.number, Act.VISA_EPCI, shown_sha256=case.effect_sha256)
    for somebody in (marie, puppet):
        with pytest.raises(RequestError, match="fait entrer l"):
            office.approve(case, by=somebody)
    assert office.approve(case, by=gael).state is State.APPROVED


def test_a_second_engineer_let_in_anew_is_nobody_yet(office: Office) -> None:
    """The word of whom makes the code is not enough, neither the first time nor after it; nor are two such enough."""
    records = office.records
    marie = signed_in(records, enrolled(records, ENGINEER))
    for _ in range(2):
        token = enrolled(records, GAEL, by=marie)
        assert signed_in(records, token).confirmed_by == ""
        with pytest.raises(UsageError, match="marie let gael in"):
            confirm(records, "gael", read_out(records, "gael"), by=marie)
    confirm_by_machine(records, "gael", read_out(records, "gael"), account="root@srv")
    gael = signed_in(records, token)
    assert (gael.confirmed_by, gael.line) == ("root@srv", ())
    invite(records, GAEL, by=marie)
    for act in (lambda: invite(records, BRUNO, by=gael), lambda: revoke(records, "marie", by=gael)):
        with pytest.raises(UsageError, match="any longer"):
            act()


def test_who_let_the_asker_in_gives_no_visa_for_them(office: Office) -> None:
    """What the asker's login asks for may be what its maker wants."""
    marie, gael = two_engineers(office)
    anna = confirmed(office, ADMIN, by=marie, also=gael)
    desk = office.desk(anna)
    case = desk.submit(desk.create(parse_request(OPEN_FLOW)).number)
    office.desk(APPROVER).visa(case.number, Act.VISA_EPCI, shown_sha256=case.effect_sha256)
    with pytest.raises(RequestError, match="qui a demandé ceci"):
        office.approve(case, by=marie)
    assert office.approve(case, by=gael).state is State.APPROVED


def test_who_was_revoked_while_an_act_was_prepared_does_nothing(office: Office) -> None:
    """The login is looked at again where the visa is written; the name is then nobody's."""
    marie, gael = two_engineers(office)
    bruno = confirmed(office, BRUNO, by=marie, also=gael)
    case = office.submitted()
    revoke(office.records, "bruno", by=gael)
    with pytest.raises(RequestError, match="a changé entre-temps"):
        office.desk(bruno).visa(case.number, Act.VISA_EPCI, shown_sha256=case.effect_sha256)
    with pytest.raises(RequestError, match="a changé entre-temps"):
        office.desk(bruno).say(case.number, Act.COMMENT, "encore là")
    assert office.desk(ADMIN).case(case.number)[0] == case
    with pytest.raises(UsageError, match="nobody else's"):
        invite(office.records, BRUNO, by=marie)


def test_nobody_is_locked_out_for_good(office: Office) -> None:
    """The first code can be made anew until somebody took one; later the owner of the machine lets in, on record."""
    records = office.records
    with pytest.raises(UsageError, match="no users yet"):
        invite_by_machine(records, ENGINEER, account="root@srv")
    lost = invite_first(records, person("mairie", Role.ENGINEER), by="root@srv")
    marie = signed_in(records, enrolled(records, ENGINEER))
    with pytest.raises(RequestError, match="à personne"):
        redeem(records, lost)
    with pytest.raises(UsageError, match="there are users already"):
        invite_first(records, person("eve", Role.ENGINEER), by="tests")
    with pytest.raises(UsageError, match="only engineer"):
        invite(records, ENGINEER, by=marie)
    token = redeem(records, invite_by_machine(records, ENGINEER, account="root@srv"))[1]
    assert signed_in(records, token).confirmed_by == ""
    confirm_by_machine(records, "marie", read_out(records, "marie"), account="root@srv")
    assert signed_in(records, token).line == ()
    steps = [one.detail for one in records.journal_entries("users")]
    assert steps[-3].startswith("root@srv: marie is engineer")
    assert steps[-1] == "root@srv: it is marie who signed in with the code of root@srv"


def test_the_last_engineer_stays(office: Office) -> None:
    """Neither revoked nor made something else."""
    records = office.records
    marie = signed_in(records, enrolled(records, ENGINEER))
    invite(records, GAEL, by=marie)
    with pytest.raises(UsageError, match="only engineer"):
        revoke(records, "marie", by=marie)
    with pytest.raises(UsageError, match="only engineer"):
        invite(records, person("marie", Role.AUDITOR), by=marie)
    vouched(office, GAEL, by=marie)
    revoke(records, "gael", by=marie)
    with pytest.raises(RequestError, match="autorisé"):
        revoke(records, "marie", by=ADMIN)


def test_who_takes_a_code_made_for_somebody_else_is_found_out(office: Office) -> None:
    """The person reads out the login that they were told; one that the maker of the code took is another one."""
    records = office.records
    marie, gael = two_engineers(office)
    enrolled(records, BRUNO, by=marie)
    told = read_out(records, "bruno")
    stolen = enrolled(records, BRUNO, by=marie)
    for login in (told, "", read_out(records, "marie")):
        with pytest.raises(UsageError, match="not the login of bruno"):
            confirm(records, "bruno", login, by=gael)
        with pytest.raises(UsageError, match="not the login of bruno"):
            confirm_by_machine(records, "bruno", login, account="root@srv")
    assert signed_in(records, stolen).confirmed_by == ""
    seen = {one.user.name: one.user.login for one in accounts_seen(records, gael)}
    assert seen == {"bruno": "", "marie": "", "gael": read_out(records, "gael")}


def test_a_territory_says_itself_who_else_acts_for_it(office: Office) -> None:
    """The operator confirms the first person alone; people of other territories know nothing of either."""
    records = office.records
    marie, gael = two_engineers(office)
    anna = confirmed(office, ADMIN, by=marie, also=gael)
    chloe = confirmed(office, STRANGER, by=marie, also=gael)
    token = enrolled(records, BRUNO, by=gael)
    login = read_out(records, "bruno")
    with pytest.raises(UsageError, match="confirmed by somebody of the territory: anna"):
        confirm(records, "bruno", login, by=marie)
    refused = []
    for name in ("bruno", "nobody", "marie"):
        with pytest.raises(UsageError) as caught:
            confirm(records, name, login, by=chloe)
        refused.append(str(caught.value).replace(name, "X"))
    assert len(set(refused)) == 1
    assert {one.user.name for one in accounts_seen(records, anna)} == {"anna", "bruno"}
    assert {one.user.name for one in accounts_seen(records, chloe)} == {"chloe"}
    confirm(records, "bruno", login, by=anna)
    assert signed_in(records, token).confirmed_by == "anna"
    for name in ("anna", "bruno"):
        revoke(records, name, by=marie)
    other = enrolled(records, person("boris", Role.EPCI_APPROVER, HERE), by=marie)
    confirm(records, "boris", read_out(records, "boris"), by=gael)
    assert signed_in(records, other).confirmed_by == "gael"


def test_who_sends_a_request_gives_no_visa_for_it(office: Office) -> None:
    """Also where somebody else wrote it."""
    case = office.desk(ADMIN).create(parse_request(OPEN_FLOW))
    sent = office.desk(ENGINEER).submit(case.number)
    office.desk(APPROVER).visa(sent.number, Act.VISA_EPCI, shown_sha256=sent.effect_sha256)
    with pytest.raises(RequestError, match="envoyé cela vous-même"):
        office.approve(sent)


@pytest.mark.parametrize("is_revoked", [True, False])
def test_the_visa_of_a_login_that_was_taken_away_is_void(office: Office, *, is_revoked: bool) -> None:
    """Whoever had it: that is found when the other one is given. To sign out takes nothing back."""
    records = office.records
    marie, gael = two_engineers(office)
    token = enrolled(records, BRUNO, by=marie)
    confirm(records, "bruno", read_out(records, "bruno"), by=gael)
    bruno = signed_in(records, token)
    case = office.submitted()
    office.desk(bruno).visa(case.number, Act.VISA_EPCI, shown_sha256=case.effect_sha256)
    sign_out(records, token)
    assert office.desk(gael).case(case.number)[0].lapsed == ()
    if is_revoked:
        revoke(records, "bruno", by=gael)
    else:
        invite(records, BRUNO, by=gael)
    with pytest.raises(RequestError, match=r"visas sont nuls.*bruno"):
        office.approve(case, by=gael)
    after, _ = office.desk(ADMIN).case(case.number)
    assert (after.state, after.visas(), office.commits()) == (State.SUBMITTED, (), 1)


def test_a_token_ends_by_itself(office: Office) -> None:
    """Half a year after it was given."""
    token = enrolled(office.records, ENGINEER)
    office.clock.now += TOKEN_TERM - timedelta(minutes=1)
    assert signed_in(office.records, token).name == "marie"
    office.clock.now += timedelta(minutes=1)
    with pytest.raises(RequestError, match="à personne"):
        signed_in(office.records, token)
    assert [one.standing for one in office.records.requests.accounts()] == [Standing.LAPSED]


def test_a_name_that_was_revoked_is_nobody_elses(office: Office) -> None:
    """Not for the owner of the machine either; an engineer whom nobody confirmed is no second one."""
    records = office.records
    marie, gael = two_engineers(office)
    enrolled(records, BRUNO, by=marie)
    revoke(records, "bruno", by=gael)
    with pytest.raises(UsageError, match="nobody else's"):
        invite_by_machine(records, BRUNO, account="root@srv")
    enrolled(records, person("hubert", Role.ENGINEER), by=marie)
    revoke(records, "gael", by=marie)
    with pytest.raises(UsageError, match="only engineer"):
        revoke(records, "marie", by=marie)


def test_what_is_written_is_for_the_inventory_of_the_records(office: Office, tmp_path: Path) -> None:
    """Whoever writes: an engineer may look at a clone, and nothing is sent, seen or committed by it."""
    case = office.half_approved()
    clone = tmp_path / "clone"
    office.git("clone", "-q", str(office.folder), str(clone))
    desk = Desk(office.records, ENGINEER, Place(clone / "inventory", office.clock))
    request = parse_request(OPEN_FLOW)
    assert desk.preview(request).sha256 == case.effect_sha256
    acts: tuple[Callable[[], object], ...] = (
        lambda: desk.create(request),
        lambda: desk.submit(case.number),
        lambda: desk.say(case.number, Act.COMMENT, "vu"),
        lambda: desk.visa(case.number, Act.VISA_OPERATOR, shown_sha256=case.effect_sha256),
        lambda: desk.commit(case.number),
        lambda: desk.schedule(case.number),
    )
    for act in acts:
        with pytest.raises(RequestError, match="pas celle de cet inventaire"):
            act()
    own = Desk(office.records, ENGINEER, Place(office.inventory, office.clock, templates=tmp_path))
    with pytest.raises(RequestError, match="pas celle de cet inventaire"):
        own.visa(case.number, Act.VISA_OPERATOR, shown_sha256=case.effect_sha256)
    assert office.desk(ADMIN).case(case.number)[0] == case
