"""Hostile requests: refused with nothing kept, or shown and kept as the text that they are, and never carried out."""

import json
from pathlib import Path

import pytest

from lisiere.configtree import parse_set
from lisiere.inventory.loader import load_fleet
from lisiere.model.days import day_of
from lisiere.model.report import Language
from lisiere.model.request_case import Act, State
from lisiere.workflow.intended import render_sites
from lisiere.workflow.requests.phrases import RequestError
from lisiere.workflow.requests.previews import preview
from lisiere.workflow.requests.reading import parse_request
from tests.requests.office import ADMIN, APPROVER, ENGINEER, OPEN_FLOW, Office

REFUSED = sorted((Path(__file__).parent / "refused").glob("*.yaml"))
SHELL = "$(touch pwned); `touch pwned` | reboot"
JINJA = "{{ 7 * 7 }}{% set x = cycler.__init__ %}"
YAML = "a: &b !!python/object/apply:os.system [touch pwned] # no"
MARKUP = "<b onclick=x>&amp; %s {0} [été](javascript:x) *|"


def test_what_is_refused_leaves_nothing_behind(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No draft, no change of the inventory, and no file that a tag or a name would have made."""
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    desk = office.desk(ADMIN)
    for case in REFUSED:
        with pytest.raises(RequestError):
            desk.create(parse_request(case.read_bytes()))
    for text in (OPEN_FLOW + "extra: " + "x" * 1_000_000, OPEN_FLOW.replace("2028-12-31", "2020-01-01")):
        with pytest.raises(RequestError):
            desk.create(parse_request(text))
    assert office.records.requests.everything() == ()
    assert office.git("status", "--porcelain") == ""
    assert office.commits() == 1
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("texts", [(SHELL, JINJA, YAML, MARKUP), (YAML, MARKUP, SHELL, JINJA)], ids=["one", "other"])
def test_text_is_text_all_the_way(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, texts: tuple[str, ...]
) -> None:
    """From the request to the inventory, its commit, the time line and the texts of appliances."""
    monkeypatch.chdir(tmp_path)
    words = dict(zip(("title", "owner", "purpose", "why"), texts, strict=True))
    lines = [line for line in OPEN_FLOW.strip().splitlines() if line.partition(":")[0] not in words]
    asked = "\n".join([*lines, *(f"{name}: {json.dumps(value)}" for name, value in words.items())])
    case = office.submitted(f"{asked}\n")
    for text in texts:
        office.desk(ADMIN).say(case.number, Act.COMMENT, text)
    effect = office.desk(ADMIN).case(case.number)[1]
    assert effect is not None
    shown = preview(effect, language=Language.FR)
    assert all(text.split(maxsplit=1)[0] in shown for text in texts)
    seen = office.desk(APPROVER).visa(case.number, Act.VISA_EPCI, shown_sha256=case.effect_sha256)
    done = office.approve(seen)
    events = office.desk(ENGINEER).case(case.number)[0].events
    assert done.state is State.APPROVED
    assert [one.detail for one in events if one.act is Act.COMMENT] == list(texts)
    fleet = load_fleet(office.inventory, as_of=day_of(office.clock.now))
    flow = fleet.flows["printing-200037059"]
    assert (flow.title, flow.owner, flow.reason) == texts[:3]
    assert office.git("status", "--porcelain") == ""
    for rendered in render_sites(fleet, ["80620-siege-01", "80620-mairie-01"]).values():
        assert "49" not in {word.strip("'\"") for word in rendered.split()}
        parse_set(rendered)
    assert not (tmp_path / "pwned").exists()
    assert not (office.folder / "pwned").exists()
