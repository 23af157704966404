"""The Debian appliances of the reference fleet: their programs accept them, and their tunnels have two equal ends."""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from lisiere.inventory.loader import load_fleet
from lisiere.model.intent import SiteIntent
from lisiere.model.words import Platform
from lisiere.policy.site import resolve_fleet
from lisiere.render.renderer import render
from tests.fleets import AS_OF
from tests.house.checkout import ROOT
from tests.render.debian import programs
from tests.render.debian.files import unpack
from tests.render.debian.test_tunnels import disagreements

SAMPLE = 6
"""Every so many appliances are shown to all programs; with `DEBIAN_FLEET=all` every one is."""


@cache
def intents() -> dict[str, SiteIntent]:
    """Every site in service."""
    return {intent.name: intent for intent in resolve_fleet(load_fleet(ROOT / "inventory", as_of=AS_OF))}


def debian() -> Iterator[SiteIntent]:
    """Those that run Debian."""
    return (intent for intent in intents().values() if intent.platform is Platform.DEBIAN)


def test_the_kernel_accepts_every_rule_set(tmp_path: Path) -> None:
    """All rule sets of the fleet, each in a network of its own."""
    programs.need("nft")
    said = {intent.name: programs.nft(unpack(render(intent), tmp_path / intent.name)) for intent in debian()}
    assert len(said) == 70
    assert {name: words for name, words in said.items() if words} == {}


def test_every_program_accepts_a_sample(tmp_path: Path) -> None:
    """The other programs, on a part of the fleet."""
    asked = (programs.dnsmasq, programs.chronyd, programs.rsyslogd, programs.sshd)
    programs.need("dnsmasq", "chronyd", "rsyslogd", "sshd", "squid")
    said = {}
    for intent in list(debian())[:: 1 if os.environ.get("DEBIAN_FLEET") == "all" else SAMPLE]:
        folder = unpack(render(intent), tmp_path / intent.name)
        words = [ask(folder) for ask in asked]
        if intent.web.proxy is not None:
            words.append(programs.squid(folder))
        said[intent.name] = "".join(words)
    assert len(said) >= 10
    assert {name: words for name, words in said.items() if words} == {}


def test_the_ike_daemon_takes_the_largest_hubs(tmp_path: Path) -> None:
    """Hubs have the longest files: every connection is loaded, none is left out."""
    programs.need("swanctl", "charon-systemd")
    hubs = sorted(debian(), key=lambda intent: -len(intent.tunnels))[:2]
    for intent in hubs:
        with programs.charon(unpack(render(intent), tmp_path / intent.name)) as environment:
            loaded = programs.swanctl(environment, "--load-all", "--noprompt").stdout
        assert f"successfully loaded {len(intent.tunnels)} connections, 0 unloaded" in loaded
    assert len(hubs[0].tunnels) > 15


def test_both_ends_of_every_tunnel_agree() -> None:
    """Proposals, identities, selectors and the reference of the secret, between all platforms that meet."""
    faults, pairs = disagreements(intents())
    assert faults == []
    assert pairs.keys() == {("debian", "debian"), ("debian", "vyos"), ("vyos", "vyos")}
    assert pairs["debian", "vyos"] >= 16


@pytest.mark.parametrize("kind", ["selectors", "names", "log prefixes"])
def test_nothing_is_longer_than_a_program_takes(kind: str) -> None:
    """IKEv2 counts the selectors of a child in one octet; the kernel ends names of interfaces and log prefixes."""
    found = {
        "selectors": (
            255,
            [len(side) for one in debian() for t in one.tunnels for side in (t.local_prefixes, t.remote_prefixes)],
        ),
        "names": (15, [len(word) for one in debian() for word in _between(render(one), 'iifname "', '"')]),
        "log prefixes": (127, [len(word) for one in debian() for word in _between(render(one), 'log prefix "', '"')]),
    }
    longest, lengths = found[kind]
    assert lengths
    assert max(lengths) <= longest


def _between(text: str, start: str, end: str) -> list[str]:
    return [part.partition(end)[0] for part in text.split(start)[1:]]
