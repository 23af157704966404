"""Requests are read, refused in plain words, or become the smallest change of the inventory that says them."""

import re
from collections.abc import Mapping
from difflib import unified_diff
from pathlib import Path

import pytest

from lisiere.inventory.loader import Loaded
from lisiere.model.effect import Effect, thawed
from lisiere.model.report import Language
from lisiere.model.request import MOST_BYTES, RequestKind
from lisiere.model.site import Appliance
from lisiere.workflow.intended import render_sites
from lisiere.workflow.requests.applying import apply_in_memory
from lisiere.workflow.requests.checking import check_request
from lisiere.workflow.requests.effects import effect_of
from lisiere.workflow.requests.phrases import RequestError
from lisiere.workflow.requests.previews import preview
from lisiere.workflow.requests.reading import as_yaml, parse_request
from lisiere.workflow.requests.sight import Sight
from tests.golden import Golden
from tests.house.checkout import ROOT
from tests.requests.conftest import TERRITORY

HERE = Path(__file__).parent
CASES = sorted((HERE / "cases").glob("*.yaml"))
REFUSED = sorted((HERE / "refused").glob("*.yaml"))


def test_every_kind_has_a_case() -> None:
    """A case is named as its kind, so that no kind is forgotten."""
    assert {path.stem for path in CASES} == set(RequestKind)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_a_request_changes_only_what_it_says(case: Path, loaded: Loaded, sight: Sight, golden: Golden) -> None:
    """`cases/<kind>.yaml` in, the change of the inventory and the effect out; the changed inventory is valid."""
    request = parse_request(case.read_bytes())
    applied = apply_in_memory(ROOT / "inventory", loaded, request, sight)
    golden(case.with_suffix(".diff"), _difference(loaded, applied.files))
    effect = effect_of(applied, request)
    told = preview(effect, language=Language.FR)
    assert told.endswith(f"{effect.sha256}\n")
    golden(case.with_suffix(".effect"), told.replace(effect.sha256, "…"))
    assert not re.search(
        r"\b(any|and|but|to|more|prefixes)\b", "".join(one for one in told.splitlines() if "joignable:" in one)
    )
    assert parse_request(as_yaml(request)) == request == parse_request(effect.request)
    assert thawed(effect.frozen()) == effect
    assert {one.territory for one in _appliances(loaded, effect)} == {effect.territory} == {TERRITORY}


def _appliances(loaded: Loaded, effect: Effect) -> list[Appliance]:
    return [loaded.fleet.appliances[one.host] for one in effect.appliances]


def test_no_other_appliance_changes(loaded: Loaded, sight: Sight) -> None:
    """The effect names every appliance of the territory whose configuration differs."""
    request = parse_request((HERE / "cases" / "open-flow.yaml").read_bytes())
    applied = apply_in_memory(ROOT / "inventory", loaded, request, sight)
    names = sorted(one.name for one in loaded.fleet.in_service() if one.territory == TERRITORY)
    before, after = (render_sites(one.fleet, names) for one in (applied.before, applied.after))
    changed = [name for name in names if before[name] != after[name]]
    effects = [effect_of(applied, request) for _ in range(2)]
    assert changed == [one.host for one in effects[0].appliances]
    assert effects[0].frozen() == effects[1].frozen()


def test_a_partner_s_key_is_replaced_where_the_partner_is_named(loaded: Loaded, sight: Sight) -> None:
    """All keys of an overlay are those of its own tunnels; both ways are warned of."""
    said = {
        "": "Les clés partagées avec Sofia Gestion (éditeur fictif) restent",
        "ends: [80001-siege-01, sofia-gestion]\n": "est coupé à partir du changement",
    }
    for ends, warning in said.items():
        request = parse_request(f"kind: rotate-keys\noverlay: admin-baie-de-somme\nwhy: Départ\n{ends}")
        effect = effect_of(apply_in_memory(ROOT / "inventory", loaded, request, sight), request)
        to_partner = [one for one in effect.keys_replaced if "sofia" in one]
        assert (len(to_partner), len(effect.keys_replaced) > 1) == ((1, False) if ends else (0, True))
        assert warning in preview(effect, language=Language.FR)


def _difference(loaded: Loaded, files: Mapping[str, str]) -> str:
    return "".join(
        line
        for name, text in sorted(files.items())
        for line in unified_diff(
            loaded.texts[name].splitlines(keepends=True), text.splitlines(keepends=True), name, name, n=1
        )
    )


@pytest.mark.parametrize("case", REFUSED, ids=lambda path: path.stem)
def test_a_request_is_refused_in_words(case: Path, sight: Sight, golden: Golden) -> None:
    """`refused/<case>.yaml` in, the reasons in both languages out, harmless to a terminal."""
    with pytest.raises(RequestError) as caught:
        check_request(parse_request(case.read_bytes()), sight)
    told = "\n".join(caught.value.told(language) for language in Language)
    golden(case.with_suffix(".txt"), f"{told}\n")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", told)


def test_a_megabyte_of_comment_is_refused_before_it_is_parsed() -> None:
    """The limit is on the bytes."""
    with pytest.raises(RequestError, match=str(MOST_BYTES)):
        parse_request("# " + "x" * 1_000_000)


@pytest.mark.parametrize(
    "text",
    ["[" * 20_000, "kind: " + "[" * 30_000 + "]" * 30_000, "- " * 30_000, "kind: " + "{a: " * 200 + "}" * 200],
)
def test_deep_nesting_is_refused(text: str) -> None:
    """Neither a recursion error nor the end of the process."""
    with pytest.raises(RequestError, match="imbriquée"):
        parse_request(text)


@pytest.mark.parametrize("text", ["kind: [x]", "kind: {a: b}", "kind:", "- kind", "kind: 1", "1: 2", "? [a]\n: b"])
def test_what_is_no_kind_is_refused(text: str) -> None:
    """Whatever stands in its place."""
    with pytest.raises(RequestError):
        parse_request(text)


def test_what_is_no_text_is_refused() -> None:
    """As bytes, and as what a terminal makes of them."""
    for text in (b"kind: \xe9t\xe9", "kind: \udce9"):
        with pytest.raises(RequestError, match="UTF-8"):
            parse_request(text)


@pytest.mark.parametrize("mark", ["\u061c", "\u200b", "\u200f", "\u202e", "\u2066", "\ufeff"])
def test_what_nobody_sees_is_part_of_no_line(mark: str) -> None:
    """A mark without width or of direction is refused where people write, and shown as a sign where it got in."""
    with pytest.raises(RequestError, match="why"):
        parse_request(f"kind: rotate-keys\noverlay: a\nwhy: Dé{mark}part\n")
    effect = Effect(
        territory=TERRITORY,
        request=f"why: {mark}\n",
        files=(),
        appliances=(),
        keys_made=(),
        keys_ended=(),
        keys_replaced=(),
        warnings=(),
    )
    assert mark not in preview(effect, language=Language.FR)
