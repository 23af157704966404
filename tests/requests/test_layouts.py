"""However the operator writes the files that all territories share, a request shows its own and nothing else."""

from collections.abc import Callable

import pytest
import yaml

from lisiere.errors import DataError
from lisiere.inventory.loader import load_fleet, load_whole
from lisiere.model.report import Language
from lisiere.model.site import WebAccessKind
from lisiere.workflow.requests.applying import apply_in_memory
from lisiere.workflow.requests.effects import effect_of
from lisiere.workflow.requests.phrases import RequestError
from lisiere.workflow.requests.previews import preview
from lisiere.workflow.requests.reading import parse_request
from lisiere.workflow.requests.sight import Sight
from tests.fleets import AS_OF
from tests.requests.office import ADMIN, CLOSE_FLOW, ENGINEER, HERE, Office
from tests.requests.test_tenancy import foreign_strings

ADD_PARTNER = """
kind: add-partner
overlay: admin-haute-somme
why: Nouveau logiciel
partner:
  name: etat-civil
  title: État civil hébergé
  contact: reseau@etat-civil.example
  address: 203.0.113.222
  identity: vpn.etat-civil.example
  prefixes: [172.20.40.0/24]
  sites: [80620-siege-01]
  until: 2028-06-30
  flows: [{flow: registry-200037059, services: https, from: 80620-siege-01, to: etat-civil}]
declares:
  - {id: registry-200037059, title: État civil, owner: CC, reason: Registres, legal_basis: RGPD, review_by: 2028-06-30}
"""
Layout = Callable[[str, list[object]], str]


def _inline(key: str, items: list[object]) -> str:
    return f"{key}: {yaml.safe_dump(items, default_flow_style=True, width=10**9, allow_unicode=True)}"


def _folded(key: str, items: list[object]) -> str:
    return f"---\n{key}: [\n" + "".join(f"  {_inline('', [one])[3:].strip()[:-1]},\n" for one in items) + "]\n"


def _spaced(key: str, items: list[object]) -> str:
    """Dedented with room after the dash, with line ends of Windows, and none at the end."""
    lines = yaml.safe_dump({key: items}, sort_keys=False, allow_unicode=True, width=10**9).splitlines()
    return "\r\n".join(
        "-   " + line[2:] if line[:1] == "-" else f"  {line}" if line[:1] == " " else line for line in lines
    )


def _written(office: Office, layout: Layout) -> None:
    for key in ("flows", "secrets"):
        file = office.inventory / f"{key}.yaml"
        file.write_bytes(layout(key, yaml.safe_load(file.read_text(encoding="utf-8"))[key]).encode())


@pytest.mark.parametrize("layout", [_inline, _folded, _spaced], ids=lambda one: one.__name__[1:])
def test_the_layout_of_shared_files_is_no_part_of_an_effect(office: Office, layout: Layout) -> None:
    """The same bytes, and no name of another territory in them."""
    request = parse_request(ADD_PARTNER)
    effect = office.desk(ADMIN).preview(request)
    assert [one.file for one in effect.files if not one.file.startswith("overlays")] == ["flows.yaml", "secrets.yaml"]
    _written(office, layout)
    assert office.desk(ADMIN).preview(request) == effect
    told = preview(effect, language=Language.FR, with_differences=True) + effect.frozen().decode()
    foreign = foreign_strings(load_fleet(office.inventory, as_of=AS_OF), HERE)
    assert len(foreign) > 500
    assert not {one for one in foreign if one in told}


def test_a_shared_file_that_cannot_be_edited_alone_is_left_alone(office: Office) -> None:
    """Who sees one territory is told that the operator has to act; the operator reads what to do."""
    file = office.inventory / "secrets.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("  - ", "  -\n    "), encoding="utf-8")
    with pytest.raises(RequestError, match="exploitant"):
        office.desk(ADMIN).preview(parse_request(ADD_PARTNER))
    with pytest.raises(DataError, match=r"secrets\.yaml: its entries cannot be changed one by one"):
        office.desk(ENGINEER).preview(parse_request(ADD_PARTNER))


def _end_elsewhere(office: Office) -> None:
    """Let nobody else use the flow."""
    for file in (office.inventory / "overlays").glob("[!.]*.yaml"):
        if file.name.startswith(HERE):
            continue
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
        for overlay in found["overlays"]:
            overlay["flows"] = [one for one in overlay.get("flows", []) if one["flow"] != "shared-files"]
        file.write_text(yaml.safe_dump(found, sort_keys=False, allow_unicode=True), encoding="utf-8")


def test_an_effect_does_not_tell_whether_others_use_a_flow(office: Office) -> None:
    """The declaration goes with the last use; which one that is says nothing of others."""
    request = parse_request(CLOSE_FLOW)
    effects, names = [], []
    for prepare in (lambda _: None, _end_elsewhere):
        prepare(office)
        loaded = load_whole(office.inventory, as_of=AS_OF)
        applied = apply_in_memory(office.inventory, loaded, request, Sight(loaded.fleet))
        effects.append(effect_of(applied, request))
        names.append("flows.yaml" in applied.files)
    assert names == [False, True]
    assert effects[0] == effects[1]
    assert "disparaît quand plus personne" in preview(effects[0], language=Language.FR)


def test_a_school_gets_a_kind_of_web_access_of_its_own(office: Office) -> None:
    """Where its group gives the kind, the school has what the group says, but for the kind."""
    hosts = load_fleet(office.inventory, as_of=AS_OF).appliances.values()
    name = next(one.name for one in hosts if one.data.web_access.kind is WebAccessKind.PARENT_PROXY)
    raw = next(
        path for path in (office.inventory / "hosts").iterdir() if f"\n{name}:" in path.read_text(encoding="utf-8")
    )
    found = yaml.safe_load(raw.read_text(encoding="utf-8"))
    groups = yaml.safe_load((office.inventory / "groups.yaml").read_text(encoding="utf-8"))
    groups[found[name]["groups"][1]]["data"]["web_access"] = found[name]["data"].pop("web_access")
    raw.write_text(yaml.safe_dump(found, sort_keys=False, allow_unicode=True), encoding="utf-8")
    (office.inventory / "groups.yaml").write_text(yaml.safe_dump(groups, allow_unicode=True), encoding="utf-8")
    before = load_fleet(office.inventory, as_of=AS_OF).appliances[name].data.web_access
    assert before.kind is WebAccessKind.PARENT_PROXY
    request = parse_request(f"kind: change-web-access\nsite: {name}\nweb_access: dns\nwhy: Essai\n")
    loaded = load_whole(office.inventory, as_of=AS_OF)
    applied = apply_in_memory(office.inventory, loaded, request, Sight(loaded.fleet))
    after = applied.after.fleet.appliances[name].data.web_access
    assert after == before.model_copy(update={"kind": WebAccessKind.DNS})
    assert list(applied.files) == [f"hosts/{raw.name}"]
