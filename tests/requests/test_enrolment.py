"""Nobody makes up the second person: codes are taken once, and logins are confirmed by another engineer."""

from datetime import timedelta

import pytest

from lisiere.errors import UsageError
from lisiere.model.request_case import Act, Role, Standing, User
from lisiere.workflow.requests.people import (
    CODE_TERM,
    accounts_seen,
    confirm,
    confirm_by_machine,
    invite,
    invite_first,
    redeem,
    revoke,
)
from lisiere.workflow.requests.people import user_of as signed_in
from lisiere.workflow.requests.phrases import RequestError
from lisiere.workflow.requests.reading import parse_request
from tests.requests.office import ADMIN, APPROVER, ENGINEER, HERE, OPEN_FLOW, Office, enrolled, person

GAEL, BRUNO = person("gael", Role.ENGINEER), APPROVER


def two_engineers(office: Office) -> tuple[User, User]:
    """The first engineer, and the second, whom the first lets in."""
    records = office.records
    marie = signed_in(records, enrolled(records, ENGINEER))
    return marie, signed_in(records, enrolled(records, GAEL, by=marie))


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
            confirm(records, "bruno", by=somebody)
    confirm(records, "bruno", by=gael)
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
    with pytest.raises(UsageError, match="taken already"):
        redeem(records, code)
    assert signed_in(records, token).name == "bruno"
    late = invite(records, BRUNO, by=marie)
    with pytest.raises(UsageError, match="nobody's"):
        signed_in(records, token)
    office.clock.now += CODE_TERM + timedelta(seconds=1)
    with pytest.raises(UsageError, match="its time is over"):
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


def test_the_last_engineer_stays(office: Office) -> None:
    """Neither revoked nor made something else; the founding second engineer is founded once."""
    records = office.records
    marie = signed_in(records, enrolled(records, ENGINEER))
    invite(records, GAEL, by=marie)
    with pytest.raises(UsageError, match="only engineer"):
        revoke(records, "marie", by=marie)
    with pytest.raises(UsageError, match="only engineer"):
        invite(records, person("marie", Role.AUDITOR), by=marie)
    gael = signed_in(records, enrolled(records, GAEL, by=marie))
    assert gael.confirmed_by == "marie"
    revoke(records, "gael", by=marie)
    third = signed_in(records, enrolled(records, person("hugo", Role.ENGINEER), by=marie))
    assert third.confirmed_by == ""
    with pytest.raises(UsageError, match="another engineer"):
        confirm(records, "hugo", by=marie)
    confirm_by_machine(records, "hugo", account="root@srv")
    with pytest.raises(UsageError, match="there are users already"):
        invite_first(records, person("eve", Role.ENGINEER), by="tests")
    with pytest.raises(RequestError, match="autorisé"):
        revoke(records, "marie", by=ADMIN)
