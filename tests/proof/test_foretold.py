"""Previews of requests read as people read them."""

from ipaddress import ip_address

import pytest

from tests.proof.foretold import Foretold, Passage, UnreadError, read

OPENED = (
    "de « réseaux privés » vers « serveurs » : 10.1.0.0/26, les membres que nomme files vers toute adresse sauf nos"
    " réseaux dans own, par tcp/443,8000-8010 udp esp (IPv4 et IPv6)"
)
CLOSED = "de l\u2019équipement vers « réseaux privés » : toute adresse vers toute adresse, par icmpv6/128 (IPv6)"
UNKNOWN = "newly open: from the zone edu to the zone dmz: any address to any address, by tcp/1 (IPv4)"
PREVIEW = f"""Effet de la demande
  kind: add-member
À noter
  ! Le tunnel de A (80001-a) à B (80002-b) est rétabli : coupure de 15 s au plus
L\u2019inventaire change : overlays/a.yaml
  +      - site: 80003-c
Équipements qui changent : 3
  Mairie A (80001-a)
  Mairie B : annexe (80002-b)
    ~ tunnels: Siège (80003-c)
  Siège (80003-c)
    + devient joignable: {OPENED}
    - n\u2019est plus joignable: {CLOSED}
    + tunnels: Mairie A (80001-a)
    - tunnels: Mairie B : annexe (80002-b)
Empreinte de cet effet, à laquelle les visas sont liés : 00
"""


WORDS = (
    ("devient joignable", "newly reachable"),
    ("n\u2019est plus joignable", "no longer reachable"),
    ("de « réseaux privés » vers « serveurs » :", "from the private networks to the zone dmz:"),
    ("de l\u2019équipement vers « réseaux privés » :", "from the appliance itself to the private networks:"),
    ("les membres que nomme files vers", "the members that files names to"),
    ("toute adresse sauf nos réseaux dans", "any address but the own networks in"),
    ("toute adresse vers toute adresse", "any address to any address"),
    (", par ", ", by "),
    ("IPv4 et IPv6", "IPv4 and IPv6"),
)


def holds(name: str, address: object) -> bool:
    """Whether a set of these tests holds an address."""
    return str(address) in {"files-from": {"10.2.0.1", "fd00::1"}, "own-dmz": {"10.3.0.1"}}[name]


def test_what_a_preview_says_is_read_in_both_languages() -> None:
    """A group's lines are said of each of its appliances; signs and words tell what begins and what ends."""
    found = read(PREVIEW)
    assert found.anew == {("80001-a", "80003-c"), ("80002-b", "80003-c")}
    assert found.begun == {("80003-c", "80001-a")}
    assert found.ended == {("80003-c", "80002-b")}
    assert [one.begins for one in found.passages] == [True, False]
    assert found.sites == {"80001-a", "80002-b", "80003-c"}
    english = PREVIEW.replace("Équipements qui changent :", "Appliances that change:")
    for french, other in WORDS:
        english = english.replace(french, other)
    told = read(english)
    assert [one.begins for one in told.passages] == [True, False]
    assert (told.anew, told.begun, told.ended) == (found.anew, found.begun, found.ended)
    for line, one in zip(told.passages, found.passages, strict=True):
        assert (line.from_zone, line.to_zone, line.services) == (one.from_zone, one.to_zone, one.services)
        for source, destination in (("10.2.0.1", "10.9.0.1"), ("10.2.0.1", "10.3.0.1"), ("fd00::1", "fd00::2")):
            packet = ip_address(source), ip_address(destination), 6, 443, holds
            assert line.is_about(*packet) is one.is_about(*packet)
    assert read("Effect of the request\nNo appliance changes\n") == Foretold((), *[frozenset()] * 4)


@pytest.mark.parametrize(
    ("source", "destination", "protocol", "number", "is_about"),
    [
        ("10.1.0.9", "10.9.0.1", 6, 443, True),
        ("10.1.0.9", "10.9.0.1", 6, 8005, True),
        ("10.1.0.9", "10.9.0.1", 17, 53, True),
        ("10.1.0.9", "10.9.0.1", 50, 0, True),
        ("10.2.0.1", "10.9.0.1", 6, 443, True),
        ("fd00::1", "fd00::2", 6, 443, True),
        ("10.1.0.9", "10.9.0.1", 6, 8011, False),
        ("10.1.0.9", "10.9.0.1", 1, 8, False),
        ("10.1.0.9", "10.3.0.1", 6, 443, False),
        ("10.1.0.64", "10.9.0.1", 6, 443, False),
    ],
)
def test_a_line_is_about_the_packets_that_it_names(
    source: str, destination: str, protocol: int, number: int, *, is_about: bool
) -> None:
    """Addresses, names of sets, what is left out, ports and their spans."""
    line = read(PREVIEW).passages[0]
    assert line.is_about(ip_address(source), ip_address(destination), protocol, number, holds) is is_about


@pytest.mark.parametrize(
    "line",
    [
        f"    + {UNKNOWN}",
        "    + tunnels: Siège",
        "    what",
    ],
)
def test_a_line_that_is_not_understood_is_no_line_to_pass_over(line: str) -> None:
    """What cannot be read would be missing from what is compared."""
    with pytest.raises(UnreadError):
        read(f"Appliances that change: 1\n  A (80001-a)\n{line}\n")


def test_words_that_leave_prefixes_out_foretell_nothing() -> None:
    """A preview that counts prefixes instead of naming them is one nobody can check."""
    line = Passage("a", True, "vpn", "dmz", "10.0.0.0/8 and 3 more networks", "any address", "tcp/1", "IPv4")
    with pytest.raises(UnreadError):
        line.is_about(ip_address("10.0.0.1"), ip_address("10.0.0.2"), 6, 1, holds)
