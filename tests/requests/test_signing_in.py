"""Signing in at a terminal and from elsewhere: tokens stay with their persons, records with their inventory."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from lisiere.errors import UsageError
from lisiere.model.request_case import Role
from lisiere.workflow.requests import marks
from lisiere.workflow.requests.pairing import bind
from lisiere.workflow.requests.people import confirm_by_machine, invite, redeem
from tests.requests.office import ADMIN, APPROVER, ENGINEER, OPEN_FLOW, Office, enrolled, person, read_out


@dataclass
class Terminal:
    """Where commands are called; what an account has is under `home`."""

    office: Office
    home: Path

    @property
    def state(self) -> Path:
        """The folder of the records of the office."""
        return self.office.folder / "state"

    def __call__(self, *words: str, given: str | bytes = "", **env: str) -> Result:
        """Call a command where `LISIERE_INVENTORY` and `LISIERE_STATE` are those of the office."""
        own = {"HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home), "LISIERE_TOKEN": None}
        places = {"LISIERE_INVENTORY": str(self.office.inventory), "LISIERE_STATE": str(self.state)}
        return CliRunner(env=own | places | env).invoke(app, list(words), input=given)


@pytest.fixture
def terminal(office: Office, tmp_path: Path) -> Terminal:
    """A terminal with the records of the office, which are for its inventory."""
    found = Terminal(office, tmp_path / "home")
    found.state.mkdir()
    (found.state / "lisiere.sqlite3").symlink_to(office.folder / "records.sqlite3")
    with (office.folder / ".git" / "info" / "exclude").open("a", encoding="utf-8") as file:
        file.write("state\n")
    binding = bind(office.records, inventory=office.inventory, templates=None, by="tests")
    marks.leave(binding.mark, inventory=office.inventory, state=found.state)
    return found


def test_a_code_is_not_taken_where_its_token_has_no_place(terminal: Terminal) -> None:
    """The place is tried first; the code is still good, and the token can be printed for who keeps it elsewhere."""
    records = terminal.office.records
    enrolled(records, ENGINEER)
    code = invite(records, ADMIN, by=ENGINEER)
    in_the_way = terminal.home / "lisiere" / "token"
    in_the_way.mkdir(parents=True)
    assert "ne peut y être gardé" in str(terminal("login", given=f"{code}\n").exception)
    in_the_way.rmdir()
    done = terminal("login", given=f"{code}\n")
    assert done.exit_code == 0, done.output
    assert in_the_way.stat().st_mode & 0o777 == 0o600
    listed = terminal("user", "list").output
    assert listed.startswith("nom ")
    assert "EPCI 200037059" in listed
    assert terminal("request", "list").output.strip() == "aucune demande"
    assert "Personne n" in str(terminal("user", "list", LISIERE_TOKEN="").exception)
    held = in_the_way.read_text(encoding="utf-8")
    assert terminal("logout").exit_code == 0
    assert not in_the_way.exists()
    assert "à personne" in str(terminal("user", "list", LISIERE_TOKEN=held).exception)
    printed = terminal("login", "--print", given=f"{invite(records, ADMIN, by=ENGINEER)}\n")
    assert len(printed.stdout.strip()) > 40
    assert read_out(records, "anna") in printed.stderr


def test_the_dialogue_asks_in_the_language_of_who_answers(terminal: Terminal) -> None:
    """Each question in plain words; the kinds too."""
    enrolled(terminal.office.records, ENGINEER)
    token = enrolled(terminal.office.records, ADMIN, by=ENGINEER)
    given = "4\nLe serveur\nadmin-haute-somme\nno-such\nshared-files\noui\n"
    asked = terminal("request", "new", given=given, LISIERE_TOKEN=token)
    assert asked.exit_code == 0, asked.output
    for words in (
        "Que demandez-vous ?",
        "close-flow (fermer un flux)",
        "a pas de flux no-such",
        "Effet de la demande",
        "Le réseau privé, par son nom (overlay)",
    ):
        assert words in asked.output
    listed = terminal("request", "list", LISIERE_TOKEN=token).output
    assert listed.startswith("numéro")
    assert "fermer un flux admin-haute-somme" in listed
    english = terminal("request", "list", LISIERE_TOKEN=token, LISIERE_LANGUAGE="en").output
    assert english.startswith("number")


def test_the_dialogue_asks_for_a_partner(terminal: Terminal) -> None:
    """By number or name; what is wrong is asked for again alone, and nothing is kept of a no."""
    enrolled(terminal.office.records, ENGINEER)
    token = enrolled(terminal.office.records, ADMIN, by=ENGINEER)
    answers = ("5", "Nouveau logiciel", "admin-haute-somme", "etat-civil", "État civil", "a@b.example", "127.0.0.1")
    more = ("vpn.b.example", "172.20.40.0/24", "80620-siege-01", "registry-200037059", "Registres", "https", "us")
    last = ("CC", "Registres", "RGPD", "2028-06-30", "203.0.113.222", "non")
    asked = terminal("request", "new", given="\n".join((*answers, *more, *last, "")), LISIERE_TOKEN=token)
    assert asked.exit_code == 0, asked.output
    assert asked.output.count("adresse de son concentrateur") == 2
    assert asked.output.count("Le nom de son concentrateur") == 1
    assert "est dans 127.0.0.0/8" in asked.output
    assert "devient joignable" in asked.output
    assert terminal("request", "list", LISIERE_TOKEN=token).output.strip() == "aucune demande"


def test_the_second_visa_prints_its_commit(terminal: Terminal) -> None:
    """Not the plan that was made after it."""
    office = terminal.office
    token = enrolled(office.records, ENGINEER)
    confirm_by_machine(office.records, "marie", read_out(office.records, "marie"), account="root@srv")
    case = office.half_approved()
    words = ("request", "visa", str(case.number), "--as", "operator", "--effect", case.effect_sha256)
    given = terminal(*words, LISIERE_TOKEN=token)
    assert given.stdout.strip() == office.git("rev-parse", "HEAD"), given.output


def test_people_bring_their_token_through_the_door(terminal: Terminal) -> None:
    """As the first line of what they send; without one nothing is done, and no file of the machine is read."""
    records = terminal.office.records
    enrolled(records, ENGINEER)
    code = invite(records, ADMIN, by=ENGINEER)
    token = terminal("door", given=f"{code}\n", SSH_ORIGINAL_COMMAND="lisiere login").stdout.strip()
    assert not (terminal.home / "lisiere").exists()
    shown = terminal("door", given=f"{token}\n{OPEN_FLOW}", SSH_ORIGINAL_COMMAND="request preview -")
    assert shown.exit_code == 0, shown.output
    assert "printing-200037059" in shown.stdout
    number = terminal("door", given=f"{token}\n{OPEN_FLOW}", SSH_ORIGINAL_COMMAND="request new -").stdout.strip()
    listed = terminal("door", given=f"{token}\n", SSH_ORIGINAL_COMMAND="request list").stdout
    assert number in listed
    file = terminal.office.inventory / "flows.yaml"
    named = terminal("door", given=f"{token}\n", SSH_ORIGINAL_COMMAND=f"request preview {file}")
    assert "après votre jeton" in str(named.exception)
    for content in (f"{token}\n".encode() + b"kind: \xe9", f"{token}\n".encode() + b"#" * 10_000 + b"\xe9"):
        odd = terminal("door", given=content, SSH_ORIGINAL_COMMAND="request preview -")
        assert "UTF-8" in str(odd.exception)
    for given in ("", "\n"):
        refused = terminal("door", given=given, SSH_ORIGINAL_COMMAND="request list", LISIERE_TOKEN=token)
        assert "première ligne" in str(refused.exception)
    nobody = terminal("door", given="x\n", SSH_ORIGINAL_COMMAND="request list", LISIERE_TOKEN=token)
    assert "à personne" in str(nobody.exception)
    for asked in (
        "",
        "check",
        "--inventory /tmp request list",
        "user add eve",
        "door",
        "sh",
        "request 'list",
        "logout",
    ):
        found = terminal("door", given=f"{token}\n", SSH_ORIGINAL_COMMAND=asked)
        assert "on demande" in str(found.exception), asked


def test_people_need_nothing_that_reaches_appliances(terminal: Terminal, tmp_path: Path) -> None:
    """A request is asked for, sent and seen by an account without keys; the worker's token comes from a file."""
    office, own = terminal.office, tmp_path / "own"
    enrolled(office.records, ENGINEER)
    anna = enrolled(office.records, ADMIN, by=ENGINEER)
    confirm_by_machine(office.records, "anna", read_out(office.records, "anna"), account="root@srv")
    bruno = enrolled(office.records, APPROVER, by=ENGINEER)
    confirm_by_machine(office.records, "bruno", read_out(office.records, "bruno"), account="root@srv")
    own.mkdir()
    (own / "lisiere.sqlite3").symlink_to(office.folder / "records.sqlite3")
    places = {"LISIERE_STATE": str(own)}

    def ask(token: str, words: str, given: str = "") -> str:
        done = terminal("door", given=f"{token}\n{given}", SSH_ORIGINAL_COMMAND=words, **places)
        assert done.exit_code == 0, done.output
        return done.output

    number = ask(anna, "request new -", OPEN_FLOW).split()[-1]
    effect = ask(anna, f"request submit {number}").rpartition(";")[2].strip()
    assert "visée par l" in ask(bruno, f"request visa {number} --as epci --effect {effect}")
    assert not list(office.folder.rglob("*.age"))
    assert not list(own.rglob("*.age"))
    file = tmp_path / "token"
    file.write_text(anna, encoding="utf-8")
    file.chmod(0o440)
    as_file = {"LISIERE_TOKEN_FILE": str(file), **places}
    assert "autres peuvent le lire" in str(terminal("request", "list", **as_file).exception)
    credential = terminal("request", "list", CREDENTIALS_DIRECTORY=str(tmp_path), **as_file)
    assert number in credential.stdout, credential.output


def test_an_inventory_goes_with_its_records(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever brings other records, another inventory or templates of their own is refused; owners work unsigned."""
    office, elsewhere = terminal.office, tmp_path / "elsewhere"
    enrolled(office.records, ENGINEER)
    token = enrolled(office.records, ADMIN, by=ENGINEER)
    assert terminal("check").exit_code == 0
    assert "pas celle de cet inventaire" in str(terminal("check", LISIERE_STATE=str(tmp_path / "other")).exception)
    shutil.copytree(office.inventory, elsewhere)
    for place in ({"LISIERE_INVENTORY": str(elsewhere)}, {"LISIERE_TEMPLATES": str(tmp_path)}):
        found = terminal("request", "list", LISIERE_TOKEN=token, **place)
        assert "pas celle de cet inventaire" in str(found.exception)
    option = terminal("--inventory", str(elsewhere), "request", "list", LISIERE_TOKEN=token)
    assert "pas celle de cet inventaire" in str(option.exception)
    assert terminal("request", "list", LISIERE_TOKEN=token).exit_code == 0
    beside = tmp_path / "beside"
    office.git("worktree", "add", "-q", "--detach", str(beside))
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    for folder in (elsewhere, beside / "inventory"):
        assert "Ici, on se connecte" in str(terminal("check", LISIERE_INVENTORY=str(folder)).exception)
    for state in (terminal.state, tmp_path / "other"):
        assert "Ici, on se connecte" in str(terminal("check", LISIERE_STATE=str(state)).exception)
        assert "Ici, on se connecte" in str(terminal("show", "--zone", "--help", LISIERE_STATE=str(state)).exception)
    assert terminal("check", "--help").exit_code == 0
    (office.folder / ".git" / marks.MARK).write_text("others\n", encoding="ascii")
    assert "pas celle" in str(terminal("request", "list", LISIERE_TOKEN=token).exception)


def test_the_first_engineer_pairs_records_and_inventory(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody of a territory works on records that are for no inventory; an engineer pairs them anew."""
    office, state = terminal.office, tmp_path / "fresh"
    (office.folder / ".git" / marks.MARK).unlink()
    words = ("user", "add", "marie", "--first", "--role", "engineer", "--title", "Marie")
    first = terminal(*words, LISIERE_STATE=str(state))
    assert first.exit_code == 0, first.output
    assert marks.of_inventory(office.inventory) == marks.beside(state)
    login = terminal("login", "--print", given=f"{first.stdout.strip().splitlines()[-1]}\n", LISIERE_STATE=str(state))
    before, token = marks.beside(state), login.stdout.strip().splitlines()[-1]
    again = terminal("user", "bind", LISIERE_STATE=str(state), LISIERE_TOKEN=token)
    assert again.exit_code == 0, again.output
    assert marks.of_inventory(office.inventory) == marks.beside(state) != before
    enrolled(office.records, ENGINEER)
    held = redeem(office.records, invite(office.records, person("gael", Role.ENGINEER), by=ENGINEER))[1]
    assert "pas confirmée" in str(terminal("user", "bind", LISIERE_TOKEN=held).exception)
    confirm_by_machine(office.records, "gael", read_out(office.records, "gael"), account="root@srv")
    assert terminal("user", "bind", LISIERE_TOKEN=held).exit_code == 0
    monkeypatch.setattr("cli.accounts.account", lambda: "gael")
    assert terminal("user", "bind", LISIERE_TOKEN=held).exit_code == 0
    marks.leave("others", inventory=office.inventory, state=state)
    assert "pas celle" in str(terminal("user", "bind", LISIERE_TOKEN=held).exception)


def test_root_alone_speaks_for_the_machine(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a code nor a confirmation is made as the machine by another account."""
    monkeypatch.setattr("cli.accounts.account", lambda: "marie")
    for words in (("add", "eve", "--role", "engineer", "--title", "Eve"), ("confirm", "eve", "--login", "0" * 8)):
        found = terminal("user", *words, "--as-machine")
        assert isinstance(found.exception, UsageError)
        assert "root itself" in str(found.exception)
