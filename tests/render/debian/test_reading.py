"""The firewall of rendered Debian texts read back: it means what the intent means, or it is said to be unread."""

import re
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lisiere.policy.frozen import Policy, policy_of
from lisiere.policy.reach import difference, reachability
from lisiere.render.nft_reading import NftReader
from lisiere.render.vyos_reading import Unread
from tests.render.debian.files import files_of, intents, text_of
from tests.render.debian.test_verdicts import FAULTS
from tests.render.fleet import HALL, SITES


@cache
def rules(site: str) -> str:
    """The rule set of a site of the small fleet."""
    return files_of(text_of(site))["nftables.conf"]


@cache
def policy(site: str) -> Policy:
    """The policy of a site of the small fleet, as its text says it."""
    return read(rules(site))


def read(text: str) -> Policy:
    """A text as a policy."""
    found = NftReader().read(text)
    assert isinstance(found, Policy), found
    return found


@pytest.mark.parametrize("site", SITES)
def test_what_templates_write_means_what_the_intent_means(site: str) -> None:
    """Every profile and kind of web access: not one packet passes on one side only."""
    meant = policy_of(intents()[site])
    assert len(reachability(meant)) > 20
    assert difference(meant, policy(site)).is_empty
    assert policy(site).zones == meant.zones


BESIDE = {"no check of sources", "another segment's sources"}
"""Faults outside what a policy says; `tests/workflow/test_reach_bundles.py` has them."""


@pytest.mark.parametrize("fault", sorted(FAULTS.keys() - BESIDE))
def test_a_sown_fault_is_a_difference_or_unread(fault: str) -> None:
    """Whatever the proof by packets finds in a rule set, the reading shows or refuses; never the same policy."""
    site, pattern, slip = FAULTS[fault]
    changed = re.sub(pattern, slip, rules(site), count=1)
    assert changed != rules(site)
    found = NftReader().read(changed)
    assert isinstance(found, Unread) or not difference(policy(site), found).is_empty


@cache
def weighty() -> list[str]:
    """The rules of the town hall without which another policy is left: those that no other one makes needless."""
    lines = [line for line in rules(HALL).splitlines() if re.search(r"counter .*(accept|drop) comment", line)]
    found = []
    for line in lines:
        less = read(rules(HALL).replace(f"{line}\n", "", 1))
        found += [] if difference(policy(HALL), less).is_empty else [line]
    assert len(found) > 30
    return found


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_a_changed_rule_is_a_difference_in_its_own_pair(data: st.DataObject) -> None:
    """Dropped, turned round, or with another port: what changes is told, and nothing of another pair is."""
    line = data.draw(st.sampled_from(weighty()))
    turned = (
        line.replace("accept comment", "DROP").replace("drop comment", "accept comment").replace("DROP", "drop comment")
    )
    ported = re.sub(r"dport \{ [^}]* \}", f"dport {{ {data.draw(st.integers(60000, 65000))} }}", line)
    other = data.draw(st.sampled_from(["", f"{turned}\n", *([f"{ported}\n"] if ported != line else [])]))
    before, _, after = rules(HALL).partition(f"{line}\n")
    found = difference(policy(HALL), read(f"{before}{other}{after}"))
    chain = re.findall(r"\tchain (\S+) \{", before)[-1]
    pairs = {f"{one.from_zone}-{one.to_zone}-{one.family}" for one in (*found.opened, *found.closed)}
    assert pairs <= {chain}
    assert pairs or other != ""


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("flush ruleset\n", "", "not all in one table"),
        ("\n}\n", "\n}\ntable ip other {\n}\n", "not understood at"),
        ("tcp dport {", "tcp sport {", "match that is not understood"),
        ("tcp dport { 22 }", "tcp dport ssh", "match that is not understood"),
        ("counter accept comment", "counter jump elsewhere comment", "rule that is not understood"),
        ("ct state established,related accept", "ct state established accept", "way of packets through input"),
        ("elements = { ", "elements = { example.org, ", "no prefix"),
        ("type ipv4_addr\n\t\tflags interval", "type ipv4_addr", "set ipv4-"),
        ("\tchain sources {", "\tchain elsewhere {", "no pair of zones"),
        ("\t\tcounter drop\n\t}\n", "\t}\n", "does not end as ours do"),
        ("meta hour", "meta day", "match that is not understood"),
    ],
)
def test_what_is_not_understood_is_said_to_be_unread(old: str, new: str, reason: str) -> None:
    """A reading is exact, or there is none."""
    assert old in rules(HALL)
    found = NftReader().read(rules(HALL).replace(old, new, 1))
    assert isinstance(found, Unread)
    assert reason in found.reason


PORT = 'meta nfproto ipv4 iifname . tcp dport vmap {\n"wan0" . 22 : accept,\n}\n'
HOOK = "\tchain wan-wan-ipv4 {\ntype nat hook prerouting priority dstnat; policy accept;\n\t}\n"
OPEN = 'iifname "wan0";accept;oifname "x" tcp flags syn tcp option maxseg size set rt mtu\n'
LIMIT = 'tcp dport vmap { 22 : accept } limit rate 10/second burst 20 packets log prefix "x: "\n'


@pytest.mark.parametrize(
    ("place", "added"),
    [
        (r"(chain input \{\n(?:.*\n)*?)(?=\t\tlimit)", PORT),
        (r"(chain wan-self-ipv4 \{\n)", LIMIT),
        (r"(chain wan-self-ipv4 \{\n(?:.*\n)*?)(?=\t\tlimit.*default drop)", LIMIT),
        (r"(chain classes \{\n)", "type nat hook prerouting priority dstnat; policy accept;\n"),
        (r"(chain classes \{\n.*\n)", 'iifname "wan0" tcp dport 22 dnat ip to 10.16.24.10\n'),
        (r"(chain forward \{\n.*\n)", OPEN),
        (r"(?=\tchain sources)", HOOK),
    ],
)
def test_no_line_that_opens_something_goes_unread(place: str, added: str) -> None:
    """A map that leads elsewhere, a log line that decides, a chain that hooks itself in: wherever it stands."""
    shown = "".join(line if line.startswith("\t") else f"\t\t{line}" for line in added.splitlines(keepends=True))
    changed = re.sub(place, lambda found: f"{found[0]}{shown}", rules(HALL), count=1)
    assert changed != rules(HALL)
    assert isinstance(NftReader().read(changed), Unread)


def test_rules_that_are_not_ours_are_unread() -> None:
    """Of the bench, of somebody else, of nobody."""
    for text in ("", "flush ruleset\n", "flush ruleset\ntable inet lisiere {\n\tchain input {\n\t}\n}\n"):
        assert isinstance(NftReader().read(text), Unread)
