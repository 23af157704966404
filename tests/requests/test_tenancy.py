"""What an EPCI's people print holds nothing of another territory: no name, no address, no number, not in an error."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from lisiere.inventory.loader import Loaded
from lisiere.model.fleet import Fleet
from lisiere.model.request_case import Act, Case, Event, Role, State, User
from lisiere.store.setup import connect
from lisiere.workflow.requests.people import add_first_user, add_user
from lisiere.workflow.requests.permissions import ALLOWED, may
from tests.house.checkout import ROOT
from tests.requests.conftest import TERRITORY
from tests.requests.office import ENGINEER, NOW, person

OTHER = "248000531"
CASES = ROOT / "tests" / "requests"
OWN = (person("anna", Role.EPCI_ADMIN, TERRITORY), person("bruno", Role.EPCI_APPROVER, TERRITORY))
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
    ("schedule", "--from", "2030-01-01T20:00", "--to", "2030-01-01T21:00"),
)


def foreign_strings(fleet: Fleet) -> frozenset[str]:
    """Every name, title, number and address of other territories that is not also of this one."""
    other = {text for text in _strings(fleet, own=False) if len(text) > 4}
    own = "\n".join(_strings(fleet, own=True))
    return frozenset(text for text in other if text not in own)


def _strings(fleet: Fleet, *, own: bool) -> Iterator[str]:
    for territory in fleet.territories.values():
        if (territory.siren == TERRITORY) is own:
            yield from (territory.siren, territory.name, str(territory.ipv4), str(territory.ipv6))
    for overlay in fleet.overlays.values():
        if (overlay.territory == TERRITORY) is own:
            yield from (overlay.name, overlay.title)
    for one in fleet.appliances.values():
        if (one.territory == TERRITORY) is own:
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


@pytest.mark.parametrize("user", OWN, ids=lambda user: user.name)
def test_nothing_foreign_is_printed(user: User, loaded: Loaded, tmp_path: Path) -> None:
    """Every command, on a foreign request, on one that is not there, and with files that name foreign things."""
    foreign = foreign_strings(loaded.fleet)
    assert len(foreign) > 5000
    request = "kind: rotate-keys\noverlay: admin-amiens-metropole\nwhy: Secret bien amiénois\n"
    with connect(path=tmp_path / "lisiere.sqlite3") as records:
        add_first_user(records, ENGINEER, by="tests")
        add_user(records, person("zoe", Role.EPCI_ADMIN, OTHER), by=ENGINEER)
        token = add_user(records, user, by=ENGINEER)
        number = records.requests.create(case_of(OTHER, request), b"{}").number
    runner = CliRunner(env={"LISIERE_TOKEN": token, "LISIERE_INVENTORY": str(ROOT / "inventory")})

    def told(*words: str) -> str:
        found = runner.invoke(app, ["--state", str(tmp_path), *words])
        text = f"{found.output}{found.exception or ''}"
        typed = "\n".join(Path(word).read_text(encoding="utf-8") if word.endswith(".yaml") else word for word in words)
        leaks = {one for one in foreign | {"zoe", "Zoe", "Secret bien amiénois"} if one in text and one not in typed}
        assert not leaks, (words, leaks)
        return text

    assert told("request", "list").strip() == "no request"
    assert user.name in told("user", "list")
    for name, *options in ON_NUMBER:
        texts = [told("request", name, str(one), *options).replace(str(one), "N") for one in (number, 99)]
        assert texts[0] == texts[1], name
    told("user", "add", "eve", "--role", "auditor", "--title", "Eve")
    files = ("refused/foreign-prefix", "refused/foreign-overlay", "refused/foreign-site", "cases/add-member")
    for file in files if user is OWN[0] else files[-1:]:
        told("request", "preview", str(CASES / f"{file}.yaml"), "--diff")
    told("request", "new", str(CASES / "cases" / "rotate-keys.yaml"))


@pytest.mark.parametrize("role", Role)
def test_the_table_is_all_that_is_allowed(role: Role) -> None:
    """Deny by default: another territory, an act that the table does not hold, the académie beside schools."""
    territory = TERRITORY if role in {Role.EPCI_ADMIN, Role.EPCI_APPROVER} else None
    user = person("somebody", role, territory)
    for act in Act:
        is_listed = role in ALLOWED.get(act, frozenset())
        assert may(user, act, territory=TERRITORY, concerns_school=True) is is_listed
        assert may(user, act, territory=OTHER, concerns_school=True) is (is_listed and territory is None)
        assert may(user, act, territory=OTHER) is (is_listed and territory is None and role is not Role.ACADEMIE)
