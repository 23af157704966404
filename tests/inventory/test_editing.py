"""Edits of inventory files leave alone what they do not concern: comments, order, quotes, odd indents, line ends."""

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from lisiere.inventory.editing import rewrite, rewrite_entry

TEXT = """---
# who brings what
overlays:
  - name:   "a"        # the first
    hubs: [one,  two]
    members:
      - site:  one   # seat
      # about two
      - site: two
      # about three
      - site: three

# the end
"""


def test_an_item_goes_and_the_comment_of_the_next_one_stays() -> None:
    """Only the line of the item is gone, however the rest is written."""

    def change(tree: CommentedMap) -> None:
        del tree["overlays"][0]["members"][1]

    assert rewrite(TEXT, change) == TEXT.replace("      - site: two\n", "")


def test_a_value_changes_in_its_line() -> None:
    """Windows line ends stay, and so does all that is not the value."""

    def change(tree: CommentedMap) -> None:
        tree["overlays"][0]["members"][0]["site"] = "four"

    crlf = TEXT.replace("\n", "\r\n")
    assert rewrite(crlf, change) == crlf.replace("site:  one   #", "site: four   #")


def test_no_change_is_no_change() -> None:
    """What would be written in another way is not."""
    assert rewrite(TEXT, lambda tree: None) == TEXT


def test_one_entry_of_many_is_edited() -> None:
    """The entries around it are not even read."""

    def change(tree: CommentedMap) -> None:
        tree["b"]["kind"] = "dns"

    text = "---\na:\n   kind:  x\nb:\n  kind: y # here\nc: {kind: z}\n"
    assert rewrite_entry(text, "b", change) == text.replace("kind: y", "kind: dns")


def test_an_item_stands_where_the_others_do() -> None:
    """Lists that are not indented get one more line that is not either."""

    def change(tree: CommentedMap) -> None:
        tree["overlays"][0]["members"].append({"site": "two", "segments": ["admin"]})

    text = "---\noverlays:\n- name: a\n  members:\n  - site: one\n    segments:\n    - admin\n  crypto: strong\n"
    added = "  - site: two\n    segments:\n    - admin\n"
    assert rewrite(text, change) == text.replace("  crypto", f"{added}  crypto")


def test_lists_of_several_indents_are_written_anew_rather_than_wrongly() -> None:
    """Where a line would stand in no place that can be read, the whole file has one indent."""

    def change(tree: CommentedMap) -> None:
        tree["overlays"][0]["members"].append({"site": "two", "segments": ["admin"]})

    text = "---\noverlays:\n    - name: a\n      members:\n      - site: one\n        segments: [b]\n"
    text += "      crypto: strong\n"
    found = YAML().load(rewrite(text, change))
    assert [one["site"] for one in found["overlays"][0]["members"]] == ["one", "two"]
    assert found["overlays"][0]["crypto"] == "strong"
