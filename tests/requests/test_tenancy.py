"""What an EPCI's people print holds nothing of another territory: no name, no address, no number, not in an error."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.testing import CliRunner

from cli.commands import COMMANDS, load
from cli.guard import refusal
from cli.main import app
from lisiere.inventory.loader import Loaded
from lisiere.model.fleet import Fleet
from lisiere.model.request_case import Act, Case, Event, Role, State, User
from lisiere.store.setup import connect
from lisiere.workflow.requests.pairing import bind
from lisiere.workflow.requests.people import confirm_by_machine
from lisiere.workflow.requests.permissions import COMMANDS as PERMITTED
from lisiere.workflow.requests.permissions import may
from lisiere.workflow.requests.sight import Sight
from tests.house.checkout import ROOT
from tests.requests.conftest import TERRITORY
from tests.requests.office import ENGINEER, NOW, enrolled, person, read_out

OTHER = "248000531"
CASES = ROOT / "tests" / "requests"
OWN = (person("anna", Role.EPCI_ADMIN, TERRITORY), person("bruno", Role.EPCI_APPROVER, TERRITORY))
WATCHING = (person("denis", Role.AUDITOR), person("elise", Role.ACADEMIE))
ON_NUMBER = (
    ("show",),
    ("submit",),
    ("visa", "--as", "epci", "--effect", "0" * 64),
    ("visa", "--as", "operator", "--effect", "0" * 64),
    ("refuse", "--reason", "x"),
    ("withdraw", "--reason", "x"),
    ("object", "--reason", "x"),
    ("comment", "--text", "x"),
    ("commit",),
    ("inform", "--reason", "x"),
    ("end", "--reason", "x"),
    ("close",),
    ("schedule", "--from", "2030-01-01T20:00", "--to", "2030-01-01T21:00"),
)


WORKING = {Act.CREATE, Act.SUBMIT, Act.WITHDRAW, Act.CLOSE}
ON_THE_INVENTORY = {Act.INFORM, Act.PLAN, Act.SCHEDULE, Act.END, Act.COMMIT}
EXPECTED: Mapping[Role, set[Act]] = {
    Role.ENGINEER: WORKING
    | ON_THE_INVENTORY
    | {Act.READ, Act.COMMENT, Act.VISA_OPERATOR, Act.REFUSE, Act.MANAGE_USERS, Act.CONFIRM_USER},
    Role.EPCI_ADMIN: WORKING | {Act.READ, Act.COMMENT, Act.CONFIRM_USER},
    Role.EPCI_APPROVER: {Act.READ, Act.COMMENT, Act.VISA_EPCI, Act.REFUSE, Act.CONFIRM_USER},
    Role.AUDITOR: {Act.READ},
    Role.ACADEMIE: {Act.READ, Act.COMMENT, Act.OBJECT},
    Role.WORKER: {Act.READ, Act.BEGIN, Act.APPLY, Act.HOLD, Act.FAIL, Act.VERIFY},
}


def foreign_strings(fleet: Fleet, territory: str = TERRITORY) -> frozenset[str]:
    """Every name, title, number and address of other territories that is not also of this one."""
    other = {text for text in _strings(fleet, territory, own=False) if len(text) > 4}
    own = "\n".join(_strings(fleet, territory, own=True))
    return frozenset(text for text in other if text not in own)


def _strings(fleet: Fleet, siren: str, *, own: bool) -> Iterator[str]:
    for territory in fleet.territories.values():
        if (territory.siren == siren) is own:
            yield from (territory.siren, territory.name, str(territory.ipv4), str(territory.ipv6))
    for overlay in fleet.overlays.values():
        if (overlay.territory == siren) is own:
            yield from (overlay.name, overlay.title)
            for partner in overlay.partners:
                yield from (partner.name, partner.title, partner.contact, partner.identity, str(partner.address))
                yield from map(str, partner.prefixes)
    seen = Sight(fleet, frozenset({siren}))
    yield from (name for name in fleet.flows if seen.knows_flow(name) is own)
    for one in fleet.appliances.values():
        if (one.territory == siren) is own:
            yield from (one.name, one.data.site, one.hostname, str(one.data.loopback.ipv6))
            for segment in one.data.segments:
                yield from (str(segment.ipv4.ip), str(segment.ipv6.ip))
            for link in (one.data.uplink, one.data.management):
                yield from (str(link.ipv4.ip), str(link.ipv6.ip))


def case_of(territory: str, request: str) -> Case:
    """A request of a territory that was sent."""
    events = tuple(Event(at=NOW, by="zoe", act=act, sha256="1" * 64) for act in (Act.CREATE, Act.SUBMIT))
    return Case(
        number=0,
        territory=territory,
        asked_by="zoe",
        request=request,
        concerns_school=False,
        state=State.SUBMITTED,
        effect_sha256="1" * 64,
        events=events,
    )


@pytest.fixture(scope="module")
def told(loaded: Loaded, tmp_path_factory: pytest.TempPathFactory) -> "Telling":
    """A workplace with users of every role, and a request of another territory."""
    state = tmp_path_factory.mktemp("state")
    request = "kind: rotate-keys\noverlay: admin-amiens-metropole\nwhy: Secret bien amiénois\n"
    tokens = {}
    with connect(path=state / "lisiere.sqlite3") as records:
        enrolled(records, ENGINEER)
        enrolled(records, person("zoe", Role.EPCI_ADMIN, OTHER), by=ENGINEER)
        for user in (*OWN, *WATCHING):
            tokens[user.name] = enrolled(records, user, by=ENGINEER)
            confirm_by_machine(records, user.name, read_out(records, user.name), account="root@srv")
        bind(records, inventory=ROOT / "inventory", templates=None, by="tests")
        number = records.requests.create(case_of(OTHER, request), b"{}").number
    return Telling(state, number, tokens, foreign_strings(loaded.fleet))


@dataclass(frozen=True)
class Telling:
    """What a command prints to somebody, after a search for what is not theirs."""

    state: Path
    number: int
    tokens: Mapping[str, str]
    foreign: frozenset[str]

    def __call__(self, user: User, *words: str) -> str:
        """Call a command as somebody."""
        runner = CliRunner(env={"LISIERE_TOKEN": self.tokens[user.name], "LISIERE_INVENTORY": str(ROOT / "inventory")})
        found = runner.invoke(app, ["--state", str(self.state), *words])
        text = f"{found.output}{found.exception or ''}"
        typed = "\n".join(Path(word).read_text(encoding="utf-8") if word.endswith(".yaml") else word for word in words)
        secret = {"zoe", "Zoe", "Secret bien amiénois"}
        leaks = {one for one in self.foreign | secret if one in text and one not in typed}
        assert not leaks, (words, sorted(leaks)[:5])
        return text


@pytest.mark.parametrize("user", OWN, ids=lambda user: user.name)
def test_nothing_foreign_is_printed(user: User, told: Telling) -> None:
    """Every command, on a foreign request, on one that is not there, and with files that name foreign things."""
    assert len(told.foreign) > 5000
    assert str(told.number) not in told(user, "request", "list")
    assert user.name in told(user, "user", "list")
    for name, *options in ON_NUMBER:
        texts = [told(user, "request", name, str(one), *options).replace(str(one), "N") for one in (told.number, 99)]
        assert texts[0] == texts[1], name
    for words in (("add", "eve", "--role", "auditor", "--title", "Eve"), ("revoke", "zoe"), ("bind",)):
        assert "autorisé" in told(user, "user", *words)
    found = [told(user, "user", "confirm", name, "--login", "0" * 8).replace(name, "X") for name in ("zoe", "nemo")]
    assert found[0] == found[1]
    files = ("refused/foreign-prefix", "refused/foreign-overlay", "refused/foreign-site", "cases/add-member")
    for file in files if user is OWN[0] else files[-1:]:
        told(user, "request", "preview", str(CASES / f"{file}.yaml"), "--diff")
    told(user, "request", "new", str(CASES / "cases" / "rotate-keys.yaml"))
    assert "aucun de vos" in told(user, "request", "sheet", "admin-amiens-metropole", "sofia-gestion")


def test_nothing_foreign_is_printed_where_an_act_succeeds(told: "Telling") -> None:
    """Asked for, sent, shown with every difference, spoken of, approved and refused."""
    anna, bruno = OWN
    number = told(anna, "request", "new", str(CASES / "cases" / "open-flow.yaml")).strip()
    sent = told(anna, "request", "submit", number)
    told(anna, "request", "comment", number, "--text", "Avant l'hiver")
    assert number in told(bruno, "request", "list")
    assert "printing-" in told(bruno, "request", "show", number, "--diff")
    effect = sent.rpartition(";")[2].strip()
    assert "visée par l" in told(bruno, "request", "visa", number, "--as", "epci", "--effect", effect)
    assert "refusée" in told(bruno, "request", "refuse", number, "--reason", "Pas cette année")
    assert "Pas cette année" in told(anna, "request", "show", number)
    assert told(anna, "request", "show", number, "--json")


def test_the_academie_sees_nothing_that_concerns_no_school(told: Telling, loaded: Loaded) -> None:
    """Not of any territory, by any command that it may call."""
    elise = WATCHING[1]
    nothing_of_anybody = replace(told, foreign=foreign_strings(loaded.fleet, "nobody"))
    assert len(nothing_of_anybody.foreign) > len(told.foreign)
    assert nothing_of_anybody(elise, "request", "list").strip() == "aucune demande"
    assert "anna" not in nothing_of_anybody(elise, "user", "list")
    for name, *options in ON_NUMBER:
        texts = [nothing_of_anybody(elise, "request", name, str(one), *options) for one in (told.number, 99)]
        assert texts[0].replace(str(told.number), "N") == texts[1].replace("99", "N"), name
    for file in ("add-member", "change-web-access"):
        nothing_of_anybody(elise, "request", "preview", str(CASES / "cases" / f"{file}.yaml"), "--diff")
        nothing_of_anybody(elise, "request", "new", str(CASES / "cases" / f"{file}.yaml"))
    assert "aucun de vos" in nothing_of_anybody(elise, "request", "sheet", "admin-amiens-metropole", "sofia-gestion")
    for words in (("add", "eve", "--role", "auditor", "--title", "Eve"), ("revoke", "zoe"), ("bind",)):
        assert "autorisé" in nothing_of_anybody(elise, "user", *words)


def test_no_command_of_people_is_left_out_above() -> None:
    """A new one is tried for what it tells before it is anybody's."""
    tried = {name for name, *_ in ON_NUMBER} | {"list", "new", "preview", "sheet"}
    assert _names_of("request") == tried
    assert _names_of("user") == {"add", "bind", "confirm", "list", "revoke"}


def _names_of(noun: str) -> set[str]:
    found = load(noun)
    assert isinstance(found, TyperGroup)
    return set(found.commands)


@pytest.mark.parametrize("user", [*OWN, *WATCHING], ids=lambda user: user.name)
def test_commands_that_are_not_listed_are_refused_in_the_same_words(
    user: User, told: Telling, tmp_path: Path, loaded: Loaded
) -> None:
    """Whatever they are and whatever they are given, also with records and an inventory of one's own choice."""
    listed = {"door"} | {name for grant in user.grants for name in PERMITTED[grant.role] or COMMANDS}
    foreign = next(one for one in loaded.fleet.appliances.values() if one.territory == OTHER)
    assert listed >= {"login", "request", "user"}
    for at, name in enumerate(sorted(COMMANDS.keys() - listed)):
        beside = ((name, "--help"), (name, foreign.name), ("--state", str(tmp_path), name))
        for words in ((name,), beside[at % len(beside)]):
            assert told(user, *words).strip() == str(refusal())
    runner = CliRunner(env={"LISIERE_TOKEN": told.tokens[user.name]})
    preview = ["request", "preview", str(CASES / "cases" / "open-flow.yaml")]
    found = runner.invoke(app, ["--state", str(tmp_path), "--inventory", str(ROOT / "inventory"), *preview])
    assert str(found.exception) == str(refusal())
    assert not list(tmp_path.iterdir())


def test_nobody_is_shown_anything_of_requests_without_signing_in(tmp_path: Path) -> None:
    """An empty state makes nobody the operator."""
    runner = CliRunner(env={"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)})
    places = ["--state", str(tmp_path / "state"), "--inventory", str(ROOT / "inventory")]
    for words in (("preview", str(CASES / "cases" / "open-flow.yaml")), ("list",), ("sheet", "a", "b")):
        assert "lisiere login" in str(runner.invoke(app, [*places, "request", *words]).exception)


def test_a_foreign_name_and_none_are_refused_alike() -> None:
    """The names of flows that exist elsewhere are refused in the words for those that do not."""
    taken, free = ((CASES / "refused" / f"{name}-flow.txt").read_text(encoding="utf-8") for name in ("taken", "free"))
    assert taken.replace("school-meals", "X") == free.replace("no-such-flow", "X")
    told = (CASES / "refused" / "foreign-partner-flow.txt").read_text(encoding="utf-8").splitlines()
    assert told[0].replace("waste-platform", "X") == told[1].replace("no-such-flow", "X")


@pytest.mark.parametrize("role", Role)
def test_the_table_is_all_that_is_allowed(role: Role) -> None:
    """Deny by default: another territory, an act that the table does not hold, the académie beside schools."""
    territory = TERRITORY if role in {Role.EPCI_ADMIN, Role.EPCI_APPROVER} else None
    user = person("somebody", role, territory)
    for act in Act:
        is_listed = act in EXPECTED[role]
        assert may(user, act, territory=TERRITORY, concerns_school=True) is is_listed
        assert may(user, act, territory=OTHER, concerns_school=True) is (is_listed and territory is None)
        assert may(user, act, territory=OTHER) is (is_listed and territory is None and role is not Role.ACADEMIE)
