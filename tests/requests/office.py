"""An office for requests: a small fleet of all territories in a git repository, records, and people with roles."""

import sqlite3
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from lisiere.model.finding import Notice
from lisiere.model.report import Language
from lisiere.model.request_case import Act, Case, Grant, Role, State, User
from lisiere.workflow.requests.desk import Desk
from lisiere.workflow.requests.ground import Place
from lisiere.workflow.requests.people import invite, invite_first, redeem
from lisiere.workflow.requests.reading import parse_request

if TYPE_CHECKING:
    from lisiere.store.records import Records

HERE, ELSEWHERE = "200037059", "200069672"
NOW = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
CLOSE_FLOW = """
kind: close-flow
overlay: admin-haute-somme
flow: shared-files
why: Le serveur s'arrête
"""
OPEN_FLOW = """
kind: open-flow
overlay: admin-haute-somme
flow: printing-200037059
title: Impression au siège
from: 80620-mairie-01
to: 80620-siege-01
services: print
owner: CC de la Haute Somme
purpose: Imprimer les registres
legal_basis: RGPD art. 6.1.e
until: 2028-12-31
why: Une seule imprimante
"""
ADD_MEMBER = """
kind: add-member
overlay: admin-haute-somme
site: 80620-ecole-01
segments: staff
why: L'école rejoint le réseau
"""
ROTATE = """
kind: rotate-keys
overlay: admin-haute-somme
why: Le prestataire est parti
"""


def person(name: str, role: Role, territory: str | None = None) -> User:
    """Somebody with one role, whom two engineers know who do nothing else here."""
    grants = (Grant(role=role, territory=territory),)
    return User(name=name, title=name.title(), grants=grants, let_in_by="hugo", confirmed_by="ines", line=("hugo",))


def enrolled(records: "Records", user: User, *, by: User | None = None) -> str:
    """Have somebody let in, by nobody for the first of all; their token."""
    code = invite_first(records, user, by="tests") if by is None else invite(records, user, by=by)
    return redeem(records, code)[1]


def read_out(records: "Records", name: str) -> str:
    """What somebody reads out to who confirms them: the login that `lisiere login` told them."""
    return next(one.user.login for one in records.requests.accounts() if one.user.name == name)


ADMIN = person("anna", Role.EPCI_ADMIN, HERE)
APPROVER = person("bruno", Role.EPCI_APPROVER, HERE)
ENGINEER = person("marie", Role.ENGINEER)
STRANGER = person("chloe", Role.EPCI_ADMIN, ELSEWHERE)
AUDITOR = person("denis", Role.AUDITOR)
ACADEMIE = person("elise", Role.ACADEMIE)
EVERYBODY = (ADMIN, APPROVER, ENGINEER, STRANGER, AUDITOR, ACADEMIE)


@dataclass
class Clock:
    """A clock that moves when it is told to."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        """The time."""
        self.now += timedelta(seconds=1)
        return self.now


@dataclass
class Office:
    """Where the tests work."""

    folder: Path
    records: "Records"
    clock: Clock = field(default_factory=Clock)

    @property
    def inventory(self) -> Path:
        """The inventory in the repository."""
        return self.folder / "inventory"

    def desk(self, user: User, told: list[str] | None = None) -> Desk:
        """The desk of somebody; what it says on the way goes to `told`."""
        heard = [] if told is None else told
        place = Place(self.inventory, self.clock, tell=lambda phrase: heard.append(phrase.told(Language.FR)))
        return Desk(self.records, user, place)

    def handed_over(self) -> list[Notice]:
        """Have what the académie is to be told go through; what was."""
        channels = ["mail", "academie:webhook"]
        taken = self.records.compliance.take_deliveries(channels, at=self.clock())
        found = [one for one in taken if one.channel == "academie:webhook"]
        for one in found:
            self.records.compliance.delivered(one, channels, at=self.clock())
        return [one.notice for one in found]

    def submitted(self, text: str = OPEN_FLOW) -> Case:
        """A request that the admin sent."""
        return self.desk(ADMIN).submit(self.desk(ADMIN).create(parse_request(text)).number)

    def half_approved(self) -> Case:
        """A request with the visa of the EPCI."""
        case = self.submitted()
        found = self.desk(APPROVER).visa(case.number, Act.VISA_EPCI, shown_sha256=case.effect_sha256)
        assert found.state is State.EPCI_APPROVED
        return found

    def approve(self, case: Case, by: User = ENGINEER) -> Case:
        """Give the operator's visa."""
        return self.desk(by).visa(case.number, Act.VISA_OPERATOR, shown_sha256=case.effect_sha256)

    def git(self, *words: str) -> str:
        """Ask git in the repository."""
        done = subprocess.run(["git", "-C", self.folder, *words], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commits(self) -> int:
        """How many commits there are."""
        return int(self.git("rev-list", "--count", "HEAD"))

    def damage(self, statement: str, *values: object) -> None:
        """Write past the records, as somebody with the database in hand could."""
        with sqlite3.connect(self.folder / "records.sqlite3") as database:
            database.execute(statement, values)
