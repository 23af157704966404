"""Configuration sessions without a network: what each command answers, and what it leaves behind."""

import time
from collections.abc import Callable

import pytest

from lab.fleet import LabAppliance, factory, macs
from lab.vyos.appliance import Settings
from lab.vyos.device import BOOT_FILE, Device
from lab.vyos.session import ConfigSession, Refusal, play
from lab.vyos.trees import braces
from lisiere.configtree import parse_set

NAME = "fw-001"


def device(release: str = "1.5", text: str = "") -> Device:
    """An appliance as it leaves the bench, or with a configuration of its own."""
    settings = Settings(username="netops")
    tree = factory(LabAppliance(NAME, release, factory=text), settings)
    return Device(NAME, release=release, factory=tree, home="/home/netops", macs=macs(NAME), clock=time.monotonic)


@pytest.fixture
def session() -> ConfigSession:
    """A session on a fresh appliance."""
    return ConfigSession(device(), "netops")


def said(command: Callable[[], str]) -> str:
    """The answer, refused or not."""
    try:
        return command()
    except Refusal as exc:
        return str(exc)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("system hostname x", "\n  Configuration path: system [hostname] is not valid\n  Set failed\n\n"),
        ("system host-name", "\n  Configuration path: [system host-name] requires a value\n  Set failed\n\n"),
        ("firewall zone", "\n  Configuration path: [firewall zone] requires a value\n  Set failed\n\n"),
        ("system host-name ab cd", "\n  Configuration path: system host-name ab [cd] is not valid\n  Set failed\n\n"),
        ("system host-name fw-001", "\n  Configuration path: [system host-name fw-001] already exists\n\n"),
        (
            "interfaces ethernet eth0 address 1.2.3",
            "\n  Error: 1.2.3 is not a valid IP host\n\n  Invalid value\n  Value validation failed\n  Set failed\n\n",
        ),
        ("system host-name fw-002", ""),
        ("system login banner pre-login hello", ""),
    ],
)
def test_set_answers_as_vyos_does(session: ConfigSession, line: str, answer: str) -> None:
    """In its own words; nothing when it is done."""
    assert said(lambda: session.set(line.split())) == answer


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("system foo", "\n  Configuration path: system [foo] is not valid\n  Delete failed\n\n"),
        ("system time-zone", "\n  Nothing to delete (the specified node does not exist)\n\n"),
        ("service ssh port 23", "\n  Nothing to delete (the specified value does not exist)\n\n"),
        ("service ssh port 22", ""),
        ("service ssh", ""),
    ],
)
def test_delete_answers_as_vyos_does(session: ConfigSession, line: str, answer: str) -> None:
    """In its own words; nothing when it is done."""
    assert said(lambda: session.delete(line.split())) == answer


@pytest.mark.parametrize("value", ["it's", 'a "b"'])
def test_a_quote_in_a_value_is_refused(session: ConfigSession, value: str) -> None:
    """VyOS has no way to write it down."""
    with pytest.raises(Refusal, match="Value validation failed"):
        session.set(["system", "login", "banner", "pre-login", value])


def test_a_leaf_is_replaced_and_a_multi_leaf_collects(session: ConfigSession) -> None:
    """As the grammar says of each."""
    for line in ("set system host-name 'ab'", "set system host-name 'cd'", "set service ssh port '2022'"):
        play(line, session)
    assert session.candidate.at(("system", "host-name")).values == ["cd"]  # type: ignore[union-attr]
    assert session.candidate.at(("service", "ssh", "port")).values == ["22", "2022"]  # type: ignore[union-attr]


def test_a_tag_node_goes_with_its_last_name_and_a_plain_one_stays(session: ConfigSession) -> None:
    """An empty node without names is still configuration."""
    play("set service ntp server 192.0.2.1 prefer", session)
    play("delete service ntp server 192.0.2.1", session)
    assert session.candidate.at(("service", "ntp", "server")) is None
    assert session.candidate.at(("service", "ntp")) is not None


def test_compare_shows_blocks_under_their_path(session: ConfigSession) -> None:
    """With the names in the order of the alphabet, removals first, values in double quotes."""
    play("set firewall zone LAN interface 'eth1'", session)
    play("set firewall zone LAN from WAN firewall name 'WAN-LAN'", session)
    play("delete service ssh", session)
    play("set service ntp server 192.0.2.1", session)
    play("set system host-name 'other'", session)
    assert session.compare([]) == (
        '[service]\n- ssh {\n-     port "22"\n- }\n+ ntp {\n+     server 192.0.2.1 {\n+     }\n+ }\n'
        '[system]\n- host-name "fw-001"\n+ host-name "other"\n'
        "[]\n+ firewall {\n+     zone LAN {\n+         from WAN {\n+             firewall {\n"
        '+                 name "WAN-LAN"\n'
        '+             }\n+         }\n+         interface "eth1"\n+     }\n+ }\n\n'
    )
    assert session.compare(["commands"]) == (
        "delete service ssh port '22'\ndelete system host-name 'fw-001'\n"
        "set service ntp server 192.0.2.1\nset system host-name 'other'\n"
        "set firewall zone LAN from WAN firewall name 'WAN-LAN'\nset firewall zone LAN interface 'eth1'\n\n"
    )


def test_compare_inside_a_tag_names_the_rest_only(session: ConfigSession) -> None:
    """`[firewall zone]` above, `LAN {` below."""
    play("set firewall zone WAN interface 'eth0'", session)
    session.commit(refusals={})
    play("set firewall zone LAN from WAN firewall name 'X'", session)
    text = session.compare([])
    assert text.startswith("[firewall zone]\n+ LAN {\n+     from WAN {\n")


def test_no_changes_are_said_so(session: ConfigSession) -> None:
    """Against whatever is compared with."""
    session.device.save()
    assert session.compare([]) == "No changes between working and active configurations.\n\n"
    assert session.compare(["saved"]) == "No changes between working and saved configurations.\n\n"
    assert session.compare(["0"]) == "No changes between working and revision 0 configurations.\n\n"
    assert said(lambda: session.compare(["9"])) == "Invalid revision number 9\n"
    assert session.discard() == "No changes have been discarded\n"


def test_show_marks_what_changed(session: ConfigSession) -> None:
    """`+`, `-` and `>` in the first column."""
    for line in ("set system host-name 'other'", "set service ssh port '2022'", "delete interfaces dummy"):
        play(line, session)
    text = session.show([])
    assert ">    host-name other\n" in text
    assert "+        port 2022\n" in text
    assert "-    dummy dum0 {\n-        address 192.0.2.1/32\n-    }\n" in text
    assert session.show(["service", "ntp"]) == "Configuration under specified path is empty\n"


def written(one: Device, text: str, *, footer: bool = True) -> None:
    """Put a configuration into /tmp/new."""
    content = braces(parse_set(text), one.grammar) + (one.release.footer() if footer else "")
    one.files.write("/tmp/new", content.encode())


def test_load_drops_what_it_does_not_know_and_takes_bad_values(session: ConfigSession) -> None:
    """Without a word about either."""
    written(
        session.device, "set system host-name 'x'\nset system colour 'red'\nset service ntp server 192.0.2.1 blue\n"
    )
    assert session.load("/tmp/new") == (
        "Loading configuration from '/tmp/new'\nLoad complete. Use 'commit' to make changes effective.\n"
    )
    assert session.candidate == parse_set("set system host-name 'x'\nset service ntp server 192.0.2.1\n")


def test_load_needs_a_clean_candidate(session: ConfigSession) -> None:
    """Else nothing is loaded."""
    written(session.device, "set system host-name 'yz'\n")
    play("set system host-name 'other'", session)
    assert said(lambda: session.load("/tmp/new")).startswith("Cannot load: configuration modified.")
    session.discard()
    session.load("/tmp/new")
    assert session.candidate.at(("system", "host-name")).values == ["yz"]  # type: ignore[union-attr]


def test_a_file_without_footer_is_migrated(session: ConfigSession) -> None:
    """It is loaded all the same; the log tells."""
    written(session.device, "set system host-name 'yz'\n", footer=False)
    assert "Load complete" in session.load("/tmp/new")
    assert any("migrated" in line for line in session.device.log)


def test_a_file_that_is_missing_or_torn_is_not_loaded(session: ConfigSession) -> None:
    """The candidate stays as it is."""
    session.device.files.write("/tmp/torn", b"system {\n")
    assert said(lambda: session.load("/tmp/none")) == "No such file '/tmp/none'\n"
    assert "Failed to parse" in said(lambda: session.load("/tmp/torn"))
    assert not session.is_modified


def test_merge_refuses_bad_lines_and_plays_the_others(session: ConfigSession) -> None:
    """One by one."""
    written(session.device, "set system host-name 'yz'\nset service ssh port 'none'\n")
    text = session.merge("/tmp/new")
    assert "failed to run command: /opt/vyatta/sbin/my_set service ssh port 'none'" in text
    assert text.endswith("Merge complete. Use 'commit' to make changes effective.\n")
    assert session.compare(["commands"]).splitlines()[:2] == [
        "delete system host-name 'fw-001'",
        "set system host-name 'yz'",
    ]


def test_a_commit_is_not_atomic(session: ConfigSession) -> None:
    """What a script refuses stays in the candidate, the rest is active."""
    play("set system host-name 'other'", session)
    play("set firewall zone EMPTY default-action 'drop'", session)
    report = session.commit(refusals={})
    assert report.text() == (
        '[ firewall ]\nZone "EMPTY" has no interfaces and is not the local zone\n\n[[firewall]] failed\nCommit failed\n'
    )
    assert "host-name 'other'" in session.device.running_set()
    assert "EMPTY" not in session.device.running_set()
    assert session.compare(["commands"]).strip() == "set firewall zone EMPTY default-action 'drop'"


def test_a_second_session_sees_what_the_first_committed() -> None:
    """Its own changes stay on top."""
    one = device()
    first, second = ConfigSession(one, "netops"), ConfigSession(one, "netops")
    play("set service ssh port '2022'", second)
    play("set system host-name 'other'", first)
    first.commit(refusals={})
    assert second.compare(["commands"]).strip() == "set service ssh port '2022'"
    second.commit(refusals={})
    assert {"set system host-name 'other'", "set service ssh port '2022'"} <= set(one.running_set().splitlines())


def test_revisions_are_kept_and_bounded(session: ConfigSession) -> None:
    """`rollback-soft` makes one of them the candidate."""
    for number in range(30):
        play(f"set system host-name 'name-{number}'", session)
        session.commit(refusals={})
    assert 5 < len(session.device.revisions) < 20
    assert "Rollback diff has been applied" in session.load_revision(2)
    assert session.candidate.at(("system", "host-name")).values == ["name-27"]  # type: ignore[union-attr]
    assert said(lambda: session.load_revision(99)).startswith("Invalid revision number 99: must be 0 < rev < ")


def test_a_boot_takes_what_was_saved_and_adds_the_cards() -> None:
    """What was committed only is lost; hw-id appears by itself."""
    one = device()
    session = ConfigSession(one, "netops")
    play("set system host-name 'kept'", session)
    session.commit(refusals={})
    one.save()
    play("set system host-name 'lost'", session)
    play("delete interfaces ethernet", session)
    session.commit(refusals={})
    assert not one.is_saved()
    session.close()
    one.boot()
    assert "host-name 'kept'" in one.running_set()
    assert one.running_set().count(" hw-id ") == 2
    assert one.files.read(BOOT_FILE).decode().endswith(one.release.footer())


def test_a_user_cannot_delete_itself(session: ConfigSession) -> None:
    """The commit refuses, whatever else goes through."""
    play("delete system login user netops", session)
    assert "Attempting to delete current user: netops" in session.commit(refusals={}).text()


CASES = {
    "a zone without interfaces": ("firewall zone A default-action 'drop'", "firewall", 'Zone "A" has no interfaces'),
    "a zone of two": (
        "firewall zone A interface 'eth0'; firewall zone B interface 'eth0'",
        "firewall",
        "Interfaces cannot be assigned to multiple zones",
    ),
    "a pair with an unknown zone": (
        "firewall zone A interface 'eth0'; firewall zone A from B firewall name 'X'",
        "firewall",
        'Zone "A" refers to a non-existent or deleted zone "B"',
    ),
    "a pair with an unknown rule set": (
        "firewall zone A interface 'eth0'; firewall zone B local-zone; firewall zone A from B firewall name 'X'",
        "firewall",
        'Firewall name "X" does not exist',
    ),
    "a pair with an unknown rule set for IPv6": (
        "firewall zone A interface 'eth0'; firewall zone B local-zone; firewall zone A from B firewall ipv6-name 'X'",
        "firewall",
        'Firewall ipv6-name "X" does not exist',
    ),
    "a rule without action": ("firewall ipv4 name A rule 1 protocol 'tcp'", "firewall", "Rule action must be defined"),
    "a port without protocol": (
        "firewall ipv4 name A rule 1 action 'drop'; firewall ipv4 name A rule 1 destination port '22'",
        "firewall",
        "Protocol must be defined if specifying a port or port-group",
    ),
    "an unknown group": (
        "firewall ipv6 name A rule 1 action 'drop'; firewall ipv6 name A rule 1 source group network-group 'N'",
        "firewall",
        'Invalid ipv6-network-group "N" on firewall rule',
    ),
    "ICMP of the other family": (
        "firewall ipv6 name A rule 1 action 'drop'; firewall ipv6 name A rule 1 protocol 'icmp'",
        "firewall",
        "Cannot match IPv4 ICMP protocol on IPv6",
    ),
    "a translation without address": (
        "nat source rule 1 source address '10.0.0.0/8'",
        "nat",
        "Source NAT configuration error in rule 1: translation requires address and/or port",
    ),
    "a translated port without protocol": (
        (
            "nat destination rule 1 inbound-interface name 'eth0'; "
            "nat destination rule 1 translation address '10.0.0.1'; "
            "nat destination rule 1 translation port '80'"
        ),
        "nat",
        "ports can only be specified when protocol is either tcp, udp or tcp_udp!",
    ),
    "a peer without group": (
        "vpn ipsec site-to-site peer P local-address '192.0.2.1'",
        "vpn ipsec",
        "Missing ike-group on site-to-site peer P",
    ),
    "a psk without secret": ("vpn ipsec authentication psk P id 'a'", "vpn ipsec", 'psk "P" missing "id" or "secret"'),
    "a VTI that is not there": (
        (
            "vpn ipsec ike-group I key-exchange 'ikev2'; vpn ipsec site-to-site peer P ike-group 'I'; "
            "vpn ipsec site-to-site peer P authentication mode 'pre-shared-secret'; "
            "vpn ipsec site-to-site peer P local-address '192.0.2.1'; vpn ipsec site-to-site peer P vti bind 'vti9'"
        ),
        "vpn ipsec",
        "VTI interface vti9 for site-to-site peer P does not exist!",
    ),
    "an interface that is not there": (
        "vpn ipsec interface 'eth7'",
        "vpn ipsec",
        'Interface "eth7" does not exist!',
    ),
    "name service without clients": (
        "service dns forwarding listen-address '192.0.2.1'",
        "service dns forwarding",
        "DNS forwarding requires an allow-from network",
    ),
    "time without server": (
        "service ntp allow-client address '10.0.0.0/8'",
        "service ntp",
        "NTP server not configured",
    ),
    "a proxy that listens nowhere": (
        "service webproxy cache-size '0'",
        "service webproxy",
        "listen-address needs to be configured!",
    ),
    "a range outside its subnet": (
        (
            "service dhcp-server shared-network-name L subnet 192.0.2.0/24 subnet-id '1'; "
            "service dhcp-server shared-network-name L subnet 192.0.2.0/24 range R start '192.0.3.1'; "
            "service dhcp-server shared-network-name L subnet 192.0.2.0/24 range R stop '192.0.3.9'"
        ),
        "service dhcp-server",
        'DHCP range "R" start address not within shared-network "L, 192.0.2.0/24"!',
    ),
    "a subnet without number": (
        "service dhcp-server shared-network-name L subnet 192.0.2.0/24 range R start '192.0.2.1'",
        "service dhcp-server",
        "Unique subnet ID not specified",
    ),
    "a shaper without default": ("qos policy shaper S bandwidth '1mbit'", "qos", "Bandwidth not defined for default"),
    "a shaper that is not there": ("qos interface eth0 egress 'S'", "qos", 'Selected QoS policy "S" does not exist!'),
    "a route both ways": (
        "protocols static route 10.0.0.0/8 blackhole; protocols static route 10.0.0.0/8 reject",
        "protocols static",
        'Can not use both blackhole and reject for prefix "10.0.0.0/8"!',
    ),
    "a key without type": (
        "system login user x authentication public-keys k key 'QUJD'",
        "system login",
        'Missing type for public-key "k"!',
    ),
    "a tunnel without peer": (
        "interfaces wireguard wg0 private-key 'QUJD'",
        "interfaces wireguard wg0",
        "At least one Wireguard peer is required!",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_commit_refuses(case: str, session: ConfigSession) -> None:
    """In the part where it belongs, with VyOS's reason; the rest of the configuration is not touched."""
    lines, part, reason = CASES[case]
    before = session.device.running_set()
    for line in lines.split("; "):
        play(f"set {line}", session)
    report = session.commit(refusals={})
    assert [" ".join(path) for path, _ in report.failed] == [part]
    assert reason in report.text()
    assert session.device.running_set() == before


def test_sabotage_fails_one_part_only(session: ConfigSession) -> None:
    """The part that is named, and what stands below or above it."""
    play("set system host-name 'other'", session)
    play("set service ssh port '2022'", session)
    report = session.commit(refusals={("service",): "no"})
    assert report.failed == ((("service", "ssh"), "no"),)
    assert report.applied == (("system", "host-name"),)
