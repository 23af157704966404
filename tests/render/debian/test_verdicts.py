"""Every packet that matters meets the fate that the intent wants, in the rule set that the kernel holds.

And so that this proves something: a fault sown into the text is found, whichever of these it is.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.render.debian import programs
from tests.render.debian.files import intents, text_of, unpack
from tests.render.debian.held import Held, Packet
from tests.render.debian.wanted import UNPLACED, Wanted, packets
from tests.render.fleet import HALL, PARENT, SITES

# Where a slip is sown, what it replaces, and by what; the first place counts.
FAULTS: dict[str, tuple[str, str, str]] = {
    "a dropped deny": (HALL, r"(admin-wan no-clear-text-out drop: \"\n)\t\t.*\n", r"\1"),
    "a deny that accepts": (PARENT, r"(counter )drop( comment \"\d+ web-access no-direct-web)", r"\1accept\2"),
    "a dropped allow": (HALL, r"\t\t.*management-ssh.*\n", ""),
    "a port": (HALL, r"tcp dport \{ 25, 587, 993 \}", "tcp dport { 25, 587 }"),
    "a range of ports": (HALL, r"10000-20000", "10000-20001"),
    "a protocol": (PARENT, r"tcp dport \{ 80, 443 \}", "udp dport { 80, 443 }"),
    "a swapped end": (HALL, r"ip daddr (@ipv4-fleet-sites counter drop)", r"ip saddr \1"),
    "a widened set": (HALL, r"10\.16\.24\.0/24", "10.16.24.0/23"),
    "another set": (HALL, r"(set ipv4-op-management (?:.*\n)*?.*elements = )\{.*\}", r"\1{ 192.0.2.9 }"),
    "a swapped zone": (HALL, r'"lan-phones" : goto voice-self-ipv4', '"lan-phones" : goto admin-self-ipv4'),
    "an open pair": (HALL, r'("lan-guests" \. "lan-offices" :) goto guest-admin-ipv4', r"\1 accept"),
    "a forgotten pair": (HALL, r'\t\t\t"lan-offices" \. "wan0" : goto admin-wan-ipv4,\n', ""),
    "a pair the wrong way": (HALL, r'("ipsec0" \. "lan-offices" :) goto vpn-admin', r"\1 goto admin-vpn"),
    "one family only": (HALL, r"meta nfproto ipv6 iifname vmap", "meta nfproto ipv4 iifname vmap"),
    "an open policy": (HALL, r"(hook forward .* policy) drop;((?:.*\n)*?)\t\tcounter drop\n", r"\1 accept;\2"),
    "an open end": (HALL, r'(guest-wan default drop: "\n\t\tcounter )drop', r"\1accept"),
    "no check of sources": (HALL, r'(?:\t\tiifname "lan-offices" ip saddr != .*\n){2}', ""),
    "another segment's sources": (
        HALL,
        r'(iifname "lan-phones" ip saddr != \{ 10\.16)\.25(.* counter drop)',
        r"\1.24\2",
    ),
    "an hour": (HALL, r'meta hour "22:00:00"-"23:59:59"', 'meta hour "10:00:00"-"23:59:59"'),
    "no hour": (HALL, r'meta hour "22:00:00"-"23:59:59" ', ""),
    "an ICMP type": (HALL, r"icmpv6 type \{ 133, 134, 135, 136, ", "icmpv6 type { 133, 134, 135, "),
    "an order": (
        HALL,
        r"(\t\t.*admin-wan no-clear-text-out.*\n\t\t.*\n)((?:\t\t.*\n)*?)(\t\tcounter drop\n)",
        r"\2\1\3",
    ),
}


def disagreements(site: str, folder: Path, asked: list[Packet]) -> Iterator[Packet]:
    """The packets, of those asked about, on whose fate the kernel's rule set and the intent differ."""
    held, wanted = Held(programs.listed(folder)), Wanted(intents()[site])
    return (one for one in asked if held.verdict(one) != wanted.verdict(one))


@cache
def asked_of(site: str) -> list[Packet]:
    """The packets to ask about at a site."""
    return [*packets(Wanted(intents()[site])), *(UNPLACED if site == HALL else ())]


@pytest.mark.parametrize("site", SITES)
def test_every_packet_meets_its_fate(site: str, tmp_path: Path) -> None:
    """Each rule's own packets and their near misses, on every pair of interfaces."""
    programs.need("nft")
    assert list(disagreements(site, unpack(text_of(site), tmp_path / site), asked_of(site))) == []
    assert len(asked_of(site)) > 500


@pytest.mark.parametrize("fault", FAULTS)
def test_a_sown_fault_is_found(fault: str, tmp_path: Path) -> None:
    """One slip of a template, as it would look in a rule set that nft accepts."""
    programs.need("nft")
    site, pattern, slip = FAULTS[fault]
    folder = unpack(text_of(site), tmp_path / site)
    file = folder / "nftables.conf"
    text = file.read_text()
    changed = re.sub(pattern, slip, text, count=1)
    assert changed != text
    file.write_text(changed)
    assert programs.nft(folder) == ""
    assert next(disagreements(site, folder, asked_of(site)), None) is not None
