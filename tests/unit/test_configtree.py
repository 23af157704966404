"""The configuration tree: every text form round-trips, and a difference is exact."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lisiere.configtree import (
    ConfigSyntaxError,
    Node,
    Reason,
    deviations,
    difference,
    format_braces,
    format_set,
    parse_braces,
    parse_set,
    without,
)

WORDS = st.sampled_from(["eth0", "rule", "10", "address", "log", "description", "zone"])
VALUES = st.text(alphabet='ab 1./:-\\"é', min_size=1, max_size=6).filter(lambda text: text == text.strip())


@st.composite
def trees(draw: st.DrawFn, depth: int = 3) -> Node:
    """A tree in which a node has children, or values, or nothing."""
    node = Node()
    for name in draw(st.lists(WORDS, unique=True, max_size=3)):
        kind = draw(st.sampled_from(["values", "empty", "children"]))
        child = Node()
        if kind == "values":
            child.values = draw(st.lists(VALUES, unique=True, min_size=1, max_size=3))
        elif kind == "children" and depth:
            child = draw(trees(depth=depth - 1))
        node.children[name] = child
    return node


def carried_out(before: str, commands: tuple[str, ...]) -> Node:
    """What a device would hold after the commands: values append, a path that goes takes what is below with it."""
    node = parse_set(before)
    for command in commands:
        verb, _, rest = command.partition(" ")
        head, quote, tail = rest.partition("'")
        *above, last = head.split()
        parent = node
        for word in above:
            parent = parent.child(word)
        if verb == "set":
            leaf = parent.child(last)
            if quote:
                leaf.values.append(tail[:-1])
        elif quote:
            parent.children[last].values.remove(tail[:-1])
        else:
            del parent.children[last]
    return node


@given(trees())
def test_set_text_round_trips(tree: Node) -> None:
    """Reading what was written gives the tree again."""
    assert parse_set(format_set(tree)) == tree


@given(trees())
def test_braces_round_trip(tree: Node) -> None:
    """The same in braces, without tags and with one."""
    assert parse_braces(format_braces(tree, tags=frozenset())) == tree


def test_tags_stand_beside_their_name_in_braces() -> None:
    """`ethernet eth0 {` is one block, and reads back as two levels."""
    tree = parse_set("set interfaces ethernet eth0 address '10.0.0.1/24'\nset interfaces ethernet eth1\n")
    text = format_braces(tree, tags={("interfaces", "ethernet")})
    assert '    ethernet eth0 {\n        address "10.0.0.1/24"\n    }\n' in text
    assert parse_braces(text) == tree


@given(trees(), trees())
def test_the_commands_of_a_difference_lead_from_before_to_after(before: Node, after: Node) -> None:
    """Carried out on the text before, they give the tree after, order of values included."""
    found = difference(before, after)
    assert carried_out(format_set(before), found.commands()) == after


@given(trees(), trees())
def test_a_difference_is_empty_only_between_equal_trees(before: Node, after: Node) -> None:
    """Empty commands, empty text and equality say the same."""
    found = difference(before, after)
    assert found.is_empty == (before == after) == (found.commands() == ()) == (found.text() == "")


@given(trees(), trees())
def test_the_deleted_share_is_a_share(before: Node, after: Node) -> None:
    """Between nothing and everything, and everything when nothing is left."""
    assert 0.0 <= difference(before, after).deleted_share <= 1.0
    assert difference(before, Node()).deleted_share == (1.0 if before.children else 0.0)


def test_a_reordered_value_is_a_difference() -> None:
    """The order of name servers is a choice: the same servers in another order are not the same configuration."""
    before, after = (
        parse_set("set system name-server '1'\nset system name-server '2'\n"),
        parse_set("set system name-server '2'\nset system name-server '1'\n"),
    )
    assert difference(before, after).commands() == (
        "delete system name-server",
        "set system name-server '2'",
        "set system name-server '1'",
    )


def test_the_text_of_a_difference_reads_like_compare() -> None:
    """Headers of paths, then what goes and what comes."""
    before = parse_set("set system host-name 'a'\nset service ssh port '22'\n")
    after = parse_set("set system host-name 'b'\nset service ssh port '22'\nset service ntp\n")
    assert difference(before, after).text() == "[service]\n+ ntp\n\n[system]\n- host-name 'a'\n+ host-name 'b'\n"


def test_deviations_are_typed() -> None:
    """Missing, extra, changed and reordered are told apart; what is ignored is not told."""
    intended = "set a 'x'\nset b '1'\nset b '2'\nset c\n"
    running = "set a 'y'\nset b '2'\nset b '1'\nset d e\nset hw eth0 id 'mac'\nset hw eth0 mtu '1'\n"
    found = deviations(intended, running, ignore=[("hw", "*", "id")])
    assert [(one.reason, one.path) for one in found] == [
        (Reason.CHANGED, ("a",)),
        (Reason.REORDERED, ("b",)),
        (Reason.MISSING, ("c",)),
        (Reason.EXTRA, ("d",)),
        (Reason.EXTRA, ("hw",)),
    ]


def test_a_running_text_that_cannot_be_read_is_one_deviation() -> None:
    """Nothing is guessed from half a text."""
    assert [one.reason for one in deviations("set a\n", "set a\nInvalid command\n")] == [Reason.UNPARSABLE]


def test_what_is_taken_out_leaves_the_tree_alone() -> None:
    """`without` copies what it changes."""
    tree = parse_set("set interfaces ethernet eth0 hw-id 'm'\nset interfaces ethernet eth0 mtu '1500'\n")
    assert format_set(without(tree, [("interfaces", "ethernet", "*", "hw-id")])).count("\n") == 1
    assert format_set(tree).count("\n") == 2


@pytest.mark.parametrize("line", ["delete a", "set", "set a 'b", "set a 'b' c", "foo"])
def test_a_line_that_is_no_set_command_is_refused_with_its_number(line: str) -> None:
    """The number of the line is told."""
    with pytest.raises(ConfigSyntaxError, match="configuration:2") as caught:
        parse_set(f"set x\n{line}\n")
    assert caught.value.line == 2


@pytest.mark.parametrize("text", ["a {", "}", 'a "b', "{"])
def test_braces_that_do_not_match_are_refused(text: str) -> None:
    """Cut or torn text is never read as a configuration."""
    with pytest.raises(ConfigSyntaxError):
        parse_braces(f"{text}\n")


def test_a_leaf_of_ten_times_the_values_takes_no_hundred_times_as_long() -> None:
    """Time grows with the length of the text, not with its square; the two are measured one after the other."""

    def took_s(number: int) -> float:
        lines = [f"set firewall group address-group G address '10.0.{one >> 8}.{one & 255}'\n" for one in range(number)]
        began = time.process_time()
        before, after = parse_set("".join([*lines, *lines])), parse_set("".join(reversed(lines)))
        assert len(difference(before, after).commands()) == number + 1
        return time.process_time() - began

    assert min(took_s(20_000) / took_s(2_000) for _ in range(3)) < 40
