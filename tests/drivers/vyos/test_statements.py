"""Configuration as statements: reading, differences, and what a difference does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lisiere.drivers.vyos import statements
from lisiere.drivers.vyos.statements import Change
from lisiere.drivers.vyos.tags import tag_paths

WORDS = st.sampled_from(["a", "b", "c", "10", "x y"])
PATHS = st.lists(WORDS, min_size=1, max_size=4).map(tuple)
# Leaves of a real tree: none is a node above another.
LEAVES = st.frozensets(PATHS, max_size=12).map(
    lambda paths: [p for p in sorted(paths) if not any(q[: len(p)] == p and q != p for q in paths)]
)


@given(LEAVES, LEAVES)
def test_what_a_difference_does(before: list[statements.Path], meant: list[statements.Path]) -> None:
    """Applied to the one, the deletions and settings that lead to the other leave nothing missing and nothing over."""
    changes = [Change("delete", path, "") for path in before if path not in meant]
    changes += [Change("set", path, "") for path in meant if path not in before]
    held = statements.after(before, changes)
    assert statements.missing(meant, held, changes) == []
    assert statements.surplus(meant, held) == []


@given(LEAVES)
def test_what_is_written_is_read_back(paths: list[statements.Path]) -> None:
    """Quotes go where they are needed."""
    text = "\n".join(statements.write(path) for path in paths)
    assert statements.parse_statements(text) == paths


@pytest.mark.parametrize(
    "line", ["", "set", "show x", "set a 'b", "set a'b'", "set a  b", "Welcome", "set a b'c", "run set a", "set a\tb"]
)
def test_what_is_no_statement_is_refused(line: str) -> None:
    """The refusal does not repeat the line."""
    with pytest.raises(ValueError, match="neither") as caught:
        statements.parse_line(line)
    assert not line or "Welcome" not in str(caught.value)


def test_a_lost_statement_is_found() -> None:
    """A node without children counts as held while something stands below it or below it was emptied."""
    meant = [("service", "ssh"), ("system", "host-name", "a"), ("zone", "lan", "interface", "eth1")]
    held = {("service", "ssh", "port", "22"), ("zone", "lan", "interface", "eth2")}
    assert statements.missing(meant, held) == meant[1:]
    assert statements.missing([("service", "ssh")], set(), [Change("delete", ("service", "ssh", "port"), "")]) == []
    assert statements.missing([("service", "ssh")], set()) == [("service", "ssh")]


def test_what_the_appliance_added_by_itself_stays() -> None:
    """The MAC address of each port, unless it is meant to be another."""
    running = [
        "set interfaces ethernet eth0 hw-id '52:54:00:00:00:01'",
        "set interfaces ethernet eth1 hw-id '52:54:00:00:00:02'",
        "set interfaces ethernet eth2 description 'its hw-id is known'",
        "set interfaces ethernet eth2 hw-id '52:54:00:00:00:03'",
    ]
    meant = [
        ("interfaces", "ethernet", "eth0", "address", "dhcp"),
        ("interfaces", "ethernet", "eth1", "hw-id", "52:54:00:00:00:09"),
    ]
    assert statements.device_owned("\n".join(running), meant) == [running[0], running[3]]


def test_tag_nodes_are_known() -> None:
    """Those of the firewall, the interfaces and the tunnels are among them, leaves are not."""
    tags = tag_paths()
    assert ("firewall", "ipv4", "name", "*", "rule") in tags
    assert ("interfaces", "ethernet", "*", "vif") in tags
    assert ("vpn", "ipsec", "site-to-site", "peer", "*", "tunnel") in tags
    assert ("service", "dns", "forwarding", "name-server") in tags
    assert ("system", "name-server") not in tags
    assert ("firewall", "ipv4") not in tags
