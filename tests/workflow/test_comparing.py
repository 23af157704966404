"""Two texts compared by the lines that differ give what whole trees give."""

from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lisiere.configtree import ConfigSyntaxError, difference, format_set, parse_set
from lisiere.workflow.comparing import changes, compare, is_same

WORDS = st.sampled_from(["firewall", "ipv4", "ipv", "rule", "10", "100", "log"])
PATHS = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)
LINES = st.lists(st.tuples(PATHS, st.sampled_from(["", "", " 'a'", " 'b'", " 'c'"])), max_size=14)
HW_ID = "set interfaces ethernet eth0 hw-id '52:54:00:00:00:01'"


def text(lines: Sequence[tuple[str, str]]) -> str:
    """A configuration as an appliance shows it: each statement once, those of one node together."""
    return format_set(parse_set("".join(f"set {path}{value}\n" for path, value in lines)))


@settings(max_examples=200, deadline=None)
@given(LINES, LINES)
@example([("a b", " 'x'"), ("a c", "")], [("a", " 'x'")])
@example([("a", " 'x'"), ("a", " 'y'"), ("b", "")], [("a", " 'y'"), ("a", " 'x'"), ("c", "")])
def test_the_lines_that_differ_give_what_the_trees_give(
    old: Sequence[tuple[str, str]], new: Sequence[tuple[str, str]]
) -> None:
    """The same commands and the same share, whatever stands beside; and the same word on whether there is any."""
    running, intended = text(old), text(new)
    whole = difference(parse_set(running), parse_set(intended))
    found = changes(running=running, intended=intended)
    assert is_same(running=running, intended=intended) == whole.is_empty
    if found is None:
        assert whole.is_empty
        return
    assert sorted(found.commands()) == sorted(whole.commands())
    assert found.deleted_share == pytest.approx(whole.deleted_share)


@given(LINES)
@settings(deadline=None)
def test_what_an_appliance_writes_by_itself_does_not_count(lines: Sequence[tuple[str, str]]) -> None:
    """The MAC of its ports, wherever it stands."""
    intended = text(lines)
    for running in (f"{HW_ID}\n{intended}", f"{intended}{HW_ID}\n"):
        assert is_same(running=running, intended=intended)
        assert changes(running=running, intended=intended) is None
        assert compare(running=running, intended=intended).is_empty


def test_the_order_of_values_counts_and_that_of_statements_does_not() -> None:
    """A list of servers in another order is another list."""
    one = "set a server '1'\nset a server '2'\nset b\n"
    assert is_same(running="set b\nset a server '1'\nset a server '2'\n", intended=one)
    other = "set b\nset a server '2'\nset a server '1'\n"
    assert not is_same(running=other, intended=one)
    assert not compare(running=other, intended=one).is_empty


def test_a_line_that_is_no_statement_is_named() -> None:
    """Half an answer is no configuration."""
    with pytest.raises(ConfigSyntaxError, match="not a set command"):
        changes(running="set a\nfirew\n", intended="set a\n")
