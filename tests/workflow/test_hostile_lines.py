"""No line of a rule set goes unread: what could open something is told wherever it stands, or the text is unread."""

import re
from collections.abc import Iterator
from functools import cache

import pytest

from lisiere import bundle
from lisiere.bundle import File
from lisiere.policy.frozen import Policy
from lisiere.policy.reach import difference
from lisiere.render.nft_reading import NftReader
from lisiere.render.vyos_reading import Unread
from lisiere.workflow import reach_bundles
from tests.render.debian.files import text_of
from tests.render.fleet import HALL

RULES = "nftables.conf"
OWN = {"input", "output", "forward", "sources", "translation", "classes"}
"""Chains that are no chain of a pair of zones."""
HOSTILE = (
    "accept",
    'counter accept log prefix "x: "',
    "type nat hook prerouting priority dstnat; policy accept;",
    'iifname "wan0" tcp dport 22 dnat ip to 10.16.24.10',
    'iifname vmap { "wan0" : accept }',
    'tcp dport vmap { 22 : accept } limit rate 10/second burst 20 packets log prefix "x: "',
    'meta nfproto ipv4 iifname . tcp dport vmap {\n\t\t\t"wan0" . 22 : accept,\n\t\t}',
    'meta nfproto ipv4 iifname vmap {\n\t\t\t"wan0" : goto admin-self-ipv4,\n\t\t}',
    '\t\t\t"wan0" . 22 : accept,',
    '\t\t\t"wan0" : accept,',
    "ip protocol tcp notrack",
    "meta priority set 1:10 accept",
    "jump management-self-ipv4",
    "\t}\n\tchain extra-wan-ipv4 {\n\t\ttype nat hook prerouting priority dstnat; policy accept;",
    "\tchain wan-wan-ipv4 {\n\t\ttype nat hook prerouting priority dstnat; policy accept;\n\t}",
    "\tchain classes {\n\t\ttype nat hook prerouting priority dstnat; policy accept;\n\t}",
    'include "/etc/nftables.conf"',
    'counter drop comment "x"; accept',
    'oifname "wan0" ip daddr 192.0.2.1 counter accept',
)
"""Lines that open, lead elsewhere or hide; some of them blocks of their own."""


@cache
def whole() -> str:
    """The town hall's configuration."""
    return text_of(HALL)


@cache
def sound() -> Policy:
    """Its policy."""
    found = NftReader().read(reach_bundles.rules(whole()))
    assert isinstance(found, Policy)
    return found


def is_seen(rules: str) -> bool:
    """Whether a change of the rules is told in any way."""
    found = NftReader().read(rules)
    if isinstance(found, Unread) or not difference(sound(), found).is_empty:
        return True
    running = bundle.write([File(one.path, one.mode, rules) if one.path == RULES else one for one in parts()])
    return reach_bundles.differing_parts(running, whole()) != ()


@cache
def parts() -> tuple[File, ...]:
    """The files of the configuration."""
    return bundle.parse(whole())


def places() -> Iterator[int]:
    """Where a line may be put: each kind of place once, by the block it is in and the lines beside it."""
    lines = reach_bundles.rules(whole()).split("\n")
    block, seen = "", set()
    for number, line in enumerate(lines[1:], start=1):
        kinds = (block, shape(lines[number - 1]), shape(line))
        if kinds not in seen:
            seen.add(kinds)
            yield number
        if line.startswith(("\tset ", "\tchain ")):
            name = line.split()[1]
            block = name if name in OWN else line.split()[0]


def shape(line: str) -> str:
    """What kind of line it is: its depth and first word."""
    return re.sub(r'[^\t]*"|[^\t a-z].*', "", line.partition(" ")[0])


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_line_is_seen_wherever_it_stands(hostile: str) -> None:
    """A difference, a part by name, or unread; never the same."""
    lines = reach_bundles.rules(whole()).split("\n")
    placed = hostile if hostile.startswith("\t") else f"\t\t{hostile}"
    texts = {number: "\n".join([*lines[:number], placed, *lines[number:]]) for number in places()}
    assert len(texts) > 40
    unseen = [(number, lines[number - 1]) for number, text in texts.items() if not is_seen(text)]
    assert unseen == []
