"""The configurations that the contenders push: sound, of the wanted length, with a real change between them."""

from benchmarks import texts

A = """set firewall ipv4 name X default-action 'drop'
set firewall ipv4 name X rule 10 action 'accept'
set firewall ipv4 name X rule 10 description 'old words'
set firewall ipv4 name X rule 20 action 'drop'
set firewall ipv4 name X rule 20 log
set system host-name 'a'
"""
B = """set firewall ipv4 name X default-action 'drop'
set firewall ipv4 name X rule 10 action 'accept'
set firewall ipv4 name X rule 10 description 'new words'
set firewall ipv4 name X rule 27 action 'drop'
set firewall ipv4 name X rule 27 log
set system host-name 'a'
"""
RENDERED = """set system host-name 'a'
set vpn ipsec interface 'eth0'
set firewall group network-group near network '192.0.2.0/28'
set firewall group network-group near network '192.0.2.16/28'
set firewall group network-group near network '192.0.2.32/28'
set firewall group network-group far network '198.51.100.0/28'
set firewall ipv4 name WAN-SELF default-action 'drop'
set firewall ipv4 name WAN-SELF rule 10 action 'accept'
set firewall ipv4 name WAN-SELF rule 10 source group network-group 'near'
set firewall ipv6 name WAN-SELF default-action 'drop'
set firewall zone LOCAL from WAN firewall name 'WAN-SELF'
set firewall zone LOCAL from WAN firewall ipv6-name 'WAN-SELF'
"""


def test_a_node_that_is_gone_is_deleted_as_a_whole() -> None:
    """One command for a rule, and one for a value that another replaces."""
    assert texts.deletions(A, B) == [
        "delete firewall ipv4 name X rule 10 description 'old words'",
        "delete firewall ipv4 name X rule 20",
    ]


def test_a_change_is_what_differs_and_no_more() -> None:
    """Deletions first, then the lines that are new."""
    assert texts.changes(A, B)[2:] == [
        "set firewall ipv4 name X rule 10 description 'new words'",
        "set firewall ipv4 name X rule 27 action 'drop'",
        "set firewall ipv4 name X rule 27 log",
    ]
    assert texts.changes(A, A) == []


def test_a_cut_text_refers_to_nothing_that_it_does_not_hold() -> None:
    """Groups come with the rules that name them, rule sets with their place; tunnels and idle groups stay out."""
    lines = texts.condense(RENDERED).splitlines()
    assert "set firewall zone LOCAL from WAN firewall ipv6-name 'WAN-SELF'" in lines
    assert sum(" network-group near " in line for line in lines) == texts.MEMBERS
    assert not any(" far " in line or " vpn " in line for line in lines)
    short = texts.condense(RENDERED, lines=3).splitlines()
    assert short == ["set firewall ipv4 name WAN-SELF default-action 'drop'", *short[1:]]
    assert len(short) == 3
    assert not any("ipv6" in line for line in short)


def test_what_an_appliance_knows_of_its_network_cards_is_no_difference() -> None:
    """Order is none either."""
    running = "set interfaces ethernet eth0 hw-id '52:54:00:00:00:01'\n" + "".join(
        reversed(A.splitlines(keepends=True))
    )
    assert texts.is_run(A, running=running)
    assert not texts.is_run(B, running=running)
