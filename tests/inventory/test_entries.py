"""Of lists that all territories share, entries come and go alone, however the file is written."""

import pytest
import yaml

from lisiere.inventory.entries import Entry, UneditableError, edit_entries

FLOWS = [{"id": name, "title": f"Le flux {name}", "until": 2} for name in ("ant", "bee", "fox")]
NEW: dict[str, Entry] = {"cow": {"id": "cow", "title": "Un flux : celui-ci", "until": 3}}
WRITTEN = {
    "indented": "---\nflows:\n  - id: ant\n    title: Le flux ant\n    until: 2\n  # bees\n  - id: bee\n"
    "    title: Le flux bee\n    until: 2\n  # foxes\n  - id: fox\n    title: Le flux fox\n    until: 2\n",
    "dedented": "flows:\n- id: ant\n  title: Le flux ant\n  until: 2\n- id: bee\n  title: Le flux bee\n  until: 2\n"
    "- id: fox\n  title: Le flux fox\n  until: 2\n# the end\n",
    "spaced": "flows:\n-   id: ant\n    title: Le flux ant\n    until: 2\n-   id: bee\n    title: >-\n      Le flux\n"
    "      bee\n"
    "    until: 2\n\n-   id: fox\n    title: Le flux fox\n    until: 2",
    "braces": "flows:\n  - {id: ant, title: Le flux ant, until: 2}\n  - {id: bee, title: Le flux bee, until: 2}\n"
    "  - {id: fox, title: Le flux fox, until: 2}\nother: 1\n",
    "inline": "flows: [{id: ant, title: Le flux ant, until: 2}, {id: bee, title: Le flux bee, until: 2}, "
    "{id: fox, title: Le flux fox, until: 2}]\n",
    "folded": "flows: [\n  {id: ant, title: Le flux ant,\n   until: 2},\n  {id: bee, title: Le flux bee, until: 2},\n"
    "  {id: fox, title: Le flux fox, until: 2},\n]\n",
}


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("name", WRITTEN)
def test_an_entry_comes_and_another_goes(name: str, end: str) -> None:
    """What remains is what was, and all that is gone from the text is what went."""
    text = WRITTEN[name].replace("\n", end)
    assert yaml.safe_load(text)["flows"] == FLOWS
    found = edit_entries(text, "flows", gone={"bee"}, new=NEW)
    assert yaml.safe_load(found)["flows"] == [FLOWS[0], NEW["cow"], FLOWS[2]]
    assert edit_entries(found, "flows", gone={"cow"}, new={"bee": FLOWS[1]}).count(end) >= found.count(end) - 1
    kept = [line for line in text.splitlines() if "bee" not in line]
    if name not in {"inline", "folded"}:
        assert [line for line in kept if "until" in line and line not in found] == []


@pytest.mark.parametrize("name", WRITTEN)
def test_all_go_and_come_back(name: str) -> None:
    """At the beginning, at the end, and where nothing is left."""
    text = WRITTEN[name]
    empty = edit_entries(text, "flows", gone={"ant", "bee", "fox"}, new={})
    assert yaml.safe_load(empty)["flows"] == []
    again = edit_entries(empty, "flows", gone=(), new={str(one["id"]): one for one in FLOWS})
    assert yaml.safe_load(again)["flows"] == FLOWS
    for at in (0, 2):
        gone = str(FLOWS[at]["id"])
        assert edit_entries(edit_entries(text, "flows", gone={gone}, new={}), "flows", gone=(), new={gone: FLOWS[at]})


def test_only_lines_of_the_entry_change() -> None:
    """The comments that speak of the next one stay, and so does every other line."""
    found = edit_entries(WRITTEN["indented"], "flows", gone={"bee"}, new={})
    assert found == WRITTEN["indented"].replace("  - id: bee\n    title: Le flux bee\n    until: 2\n", "")


@pytest.mark.parametrize(
    "text",
    [
        "flows:\n  - &a {id: ant}\n  - *a\n",
        "flows:\n  -\n    id: ant\n",
        "flows: {id: ant}\n",
        "flows:\n  - id: ant\n   title: odd\n",
        "flows: text\n",
        "",
    ],
    ids=["anchors", "dash alone", "mapping", "no yaml", "text", "empty"],
)
def test_what_cannot_be_edited_alone_is_not(text: str) -> None:
    """Nothing is written anew as a whole."""
    with pytest.raises(UneditableError, match=r"flows\.yaml: its entries"):
        edit_entries(text, "flows", gone={"ant"}, new=NEW)
