"""Signing in at a terminal: the token has a place before the code is taken, and people are asked in plain words."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from lisiere.workflow.requests.people import invite
from tests.requests.office import ADMIN, ENGINEER, Office, enrolled


@dataclass
class Terminal:
    """Where commands are called; what an account has is under `home`."""

    office: Office
    home: Path

    @property
    def state(self) -> Path:
        """The folder of the records of the office."""
        return self.office.folder / "state"

    def __call__(self, *words: str, given: str = "", **env: str) -> Result:
        """Call a command where `LISIERE_INVENTORY` and `LISIERE_STATE` are those of the office."""
        own = {"HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home), "LISIERE_TOKEN": ""}
        places = {"LISIERE_INVENTORY": str(self.office.inventory), "LISIERE_STATE": str(self.state)}
        return CliRunner(env=own | places | env).invoke(app, list(words), input=given)


@pytest.fixture
def terminal(office: Office, tmp_path: Path) -> Terminal:
    """A terminal with the records of the office."""
    found = Terminal(office, tmp_path / "home")
    found.state.mkdir()
    (found.state / "lisiere.sqlite3").symlink_to(office.folder / "records.sqlite3")
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
    printed = terminal("login", "--print", given=f"{invite(records, ADMIN, by=ENGINEER)}\n")
    assert len(printed.stdout.strip()) > 40


def test_the_dialogue_asks_in_the_language_of_who_answers(terminal: Terminal) -> None:
    """Each question in plain words; the kinds too."""
    enrolled(terminal.office.records, ENGINEER)
    token = enrolled(terminal.office.records, ADMIN, by=ENGINEER)
    given = "close-flow\nLe serveur\nadmin-haute-somme\nshared-files\n"
    asked = terminal("request", "new", given=given, LISIERE_TOKEN=token)
    assert asked.exit_code == 0, asked.output
    for words in ("Que demandez-vous ?", "close-flow (fermer un flux)", "Le réseau privé, par son nom (overlay)"):
        assert words in asked.output
    listed = terminal("request", "list", LISIERE_TOKEN=token).output
    assert listed.startswith("numéro")
    assert "fermer un flux admin-haute-somme" in listed
    english = terminal("request", "list", LISIERE_TOKEN=token, LISIERE_LANGUAGE="en").output
    assert english.startswith("number")
