"""The grammar: what both releases know, where they differ, and which values they take."""

from pathlib import Path

import pytest

from lab.vyos.grammar import DATA, RELEASES, Def, grammar, tag_paths
from lab.vyos.values import fits
from lab.vyos.words import split

GOLDEN = sorted((Path(__file__).parents[1] / "render" / "golden").glob("*/expected.set"))


def refused(line: str, release: str) -> str:
    """Why a `set` line is refused; empty when it is not."""
    words, node = split(line)[0][1:], grammar(release)
    at = 0
    while at < len(words):
        if words[at] not in node.children:
            return f"unknown: {words[at]}"
        node, at = node.children[words[at]], at + 1
        if node.is_tag or (node.is_leaf and not node.is_valueless):
            if at == len(words):
                return "no value"
            if not node.accepts(words[at]):
                return f"bad value: {words[at]}"
            at += 1
    return ""


def nodes(node: Def) -> int:
    """How many nodes there are."""
    return sum(1 + nodes(child) for child in node.children.values())


def test_the_corpus_is_there() -> None:
    """A test over no files would prove nothing."""
    assert len(GOLDEN) > 10


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.parent.name)
def test_every_reviewed_configuration_is_known(file: Path) -> None:
    """Path by path and value by value."""
    release = "1.4" if file.parent.name.endswith("-1.4") else "1.5"
    lines = file.read_text(encoding="utf-8").splitlines()
    assert [(line, why) for line in lines if line.startswith("set ") and (why := refused(line, release))] == []


@pytest.mark.parametrize(
    ("line", "releases"),
    [
        ("set system host-name 'fw-001'", "1.4 1.5"),
        ("set system login user netops authentication public-keys laptop type 'ssh-ed25519'", "1.4 1.5"),
        ("set interfaces ethernet eth1 address 'dhcp'", "1.4 1.5"),
        ("set interfaces ethernet eth2 vif 10 address '10.1.10.1/24'", "1.4 1.5"),
        ("set protocols static route 0.0.0.0/0 next-hop 198.51.100.1 distance '10'", "1.4 1.5"),
        ("set protocols static route6 fd00::/8 blackhole distance '254'", "1.4 1.5"),
        ("set nat source rule 90 destination address '!10.200.0.0/16'", "1.4 1.5"),
        ("set nat source rule 100 translation address 'masquerade'", "1.4 1.5"),
        ("set firewall group address-group ADMINS address '192.0.2.20-192.0.2.30'", "1.4 1.5"),
        ("set firewall group port-group WEB port '8000-8010'", "1.4 1.5"),
        ("set firewall ipv4 name LAN-WAN rule 10 source group network-group 'RFC1918'", "1.4 1.5"),
        ("set firewall ipv4 name LAN-WAN rule 10 ipsec match-ipsec", "1.4"),
        ("set firewall ipv4 name LAN-WAN rule 10 ipsec match-ipsec-in", "1.5"),
        ("set firewall zone WAN from LAN firewall ipv6-name 'LAN-WAN'", "1.4 1.5"),
        ("set firewall zone LAN member interface 'eth1'", ""),
        ("set vpn ipsec ike-group IKE proposal 1 encryption 'aes256gcm128'", "1.4 1.5"),
        ("set vpn ipsec site-to-site peer HUB vti bind 'vti1'", "1.4 1.5"),
        ("set vpn ipsec site-to-site peer HUB vti traffic-selector local prefix '10.0.0.0/8'", ""),
        ("set vpn ipsec site-to-site peer a.b vti bind 'vti1'", ""),
        ("set interfaces wireguard wg0 peer hub allowed-ips '10.99.0.254/32'", "1.4 1.5"),
        ("set service webproxy cache-peer parent1 http-port '80'", ""),
        ("set service webproxy url-filtering squidguard local-block 'example.net'", "1.4 1.5"),
        ("set service dhcp-server shared-network-name LAN subnet 10.1.10.0/24 subnet-id '10'", "1.5"),
        (
            "set service dhcp-server shared-network-name LAN subnet 10.1.10.0/24 option default-router '10.1.10.1'",
            "1.5",
        ),
        ("set service dhcp-server shared-network-name LAN subnet 10.1.10.0/24 default-router '10.1.10.1'", "1.4"),
        ("set system syslog host 192.0.2.61 facility all level 'info'", "1.4 1.5"),
        ("set system syslog remote 192.0.2.61 facility all level 'info'", ""),
        ("set system config-management commit-confirm action 'reload'", "1.5"),
        ("set qos policy shaper OUT class 10 match VOICE ip dscp 'EF'", "1.4 1.5"),
        ("set qos policy shaper OUT class 1 bandwidth '30%'", ""),
        ("set system host-name 'x'", ""),
        ("set interfaces ethernet eth0 address '10.0.0.0/24'", ""),
        ("set protocols static route 10.0.0.1/8 blackhole", ""),
    ],
)
def test_a_line_is_known_to_these_releases(line: str, releases: str) -> None:
    """Both, one of them, or none."""
    assert [release for release in RELEASES if not refused(line, release)] == releases.split()


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("host", ["10.0.0.1/24", "10.0.0.0/31", "fd00::1/64"], ["10.0.0.0/24", "10.0.0.1", "x", "10.0.0.1/33"]),
        ("net", ["10.0.0.0/8", "fd00::/8", "0.0.0.0/0"], ["10.0.0.1/8", "10.0.0.0", "fd00::1/8"]),
        ("range4", ["10.0.0.1-10.0.0.9"], ["10.0.1.250-10.0.2.5", "10.0.0.9-10.0.0.1", "10.0.0.1"]),
        ("match4", ["!10.0.0.0/8", "10.0.0.1"], ["fd00::1", "10.0.0.1/8"]),
        ("ports", ["443", "80,443,8000-8010", "!22", "https"], ["0", "65536", "9-1", "80,"]),
        ("1-4094", ["1", "4094"], ["0", "4095", "01", "x", ""]),
        ("hostname", ["fw-001", "a.b"], ["a", "-a", "a_b", "x" * 64]),
        ("interface", ["eth0", "eth2.10", "vti1", "lo"], ["foo", "eth"]),
        ("protocol", ["tcp_udp", "!udp", "47"], ["nope", "300"]),
        ("crypt", ["*", "!", "$6$abc$AbC/1."], ["secret:users/x", "hunter2"]),
        ("base64", ["QUJD", "QUI="], ["secret:pki/x", "QUJ"]),
    ],
)
def test_a_kind_takes_and_refuses(kind: str, good: list[str], bad: list[str]) -> None:
    """As VyOS's validators do."""
    assert [text for text in good if not fits(kind, text)] == []
    assert [text for text in bad if fits(kind, text)] == []


@pytest.mark.parametrize("release", RELEASES)
def test_every_kind_in_the_data_exists(release: str) -> None:
    """A kind that is misspelt would only fail once somebody sets that path."""

    def walk(node: Def) -> None:
        for kind in node.kinds:
            fits(kind, "probe")
        for child in node.children.values():
            walk(child)

    walk(grammar(release))


def test_the_grammar_is_shared_and_large_enough() -> None:
    """One per release, whatever the number of appliances."""
    assert all(grammar(release) is grammar(release) for release in RELEASES)
    assert all(nodes(grammar(release)) > 1000 for release in RELEASES)
    assert DATA.suffix == ".txt"


def test_tags_are_named_with_stars() -> None:
    """As the configuration tree wants them."""
    found = tag_paths("1.5")
    assert ("firewall", "zone") in found
    assert ("firewall", "zone", "*", "from") in found
    assert ("system", "login") not in found
