"""Which tunnels a change of a Debian appliance touches, read from the files themselves."""

import pytest

from lisiere.model.vocabulary import Release
from lisiere.render.renderer import render
from lisiere.workflow.pairing import TunnelEnds, tunnel_ends
from tests.render.cases import resolved
from tests.render.fleet import HALL, LIBRARY, LONE_HALL

FIRST, SECOND, PUBLISHER = "intranet-80021-epci-seat-01", "intranet-80021-epci-seat-02", "intranet-publisher"


def text_of(site: str) -> str:
    """The configuration of a site of the small fleet as a Debian appliance."""
    return render(resolved(Release.DEBIAN_12)[site])


def touched(site: str, good: str, bad: str) -> set[str]:
    """The tunnels that one change of a text touches; all that stood are told as standing."""
    running = text_of(site)
    assert good in running
    ends = tunnel_ends(difference="", running=running, intended=running.replace(good, bad))
    assert ends.standing == {tunnel.name for tunnel in resolved(Release.DEBIAN_12)[site].tunnels}
    return set(ends.touched)


@pytest.mark.parametrize(
    ("good", "bad", "names"),
    [
        ("life_time = 3600s", "life_time = 1800s", set[str]()),
        ("rekey_time = 28800s", "rekey_time = 14400s", set[str]()),
        ("dpd_delay = 30s", "dpd_delay = 15s", set[str]()),
        ("start_action = start", "start_action = none", set[str]()),
        ("udp dport { 53 }", "udp dport { 5353 }", set[str]()),
        ("remote_addrs = 203.0.113.20", "remote_addrs = 203.0.113.21", {PUBLISHER}),
        ("remote_ts = 10.16.8.0/24,", "remote_ts = 10.16.9.0/24,", {FIRST}),
        ("80021-epci-seat-02.edge", "80021-epci-seat-03.edge", {SECOND}),
        ("80001-town-hall-01--publisher", "80001-town-hall-01--publishers", {PUBLISHER}),
        ("esp_proposals = aes256gcm128-ecp384", "esp_proposals = aes256-sha256-ecp256", {FIRST, SECOND, PUBLISHER}),
    ],
)
def test_what_the_other_end_sees_touches_a_tunnel(good: str, bad: str, names: set[str]) -> None:
    """Peers, identities, selectors, proposals and keys do; what an end settles for itself does not."""
    assert touched(HALL, good, bad) == names


def test_an_authority_is_shared_by_all_who_are_certified() -> None:
    """Another authority touches every tunnel with certificates; a certificate of one's own touches none."""
    tunnels = {tunnel.name for tunnel in resolved(Release.DEBIAN_12)[LIBRARY].tunnels}
    assert touched(LIBRARY, "secret:pki/authority/certificate", "secret:pki/next/certificate") == tunnels
    assert touched(LIBRARY, f"secret:pki/{LIBRARY}/certificate", f"secret:pki/{LIBRARY}/next") == set()


def test_a_tunnel_that_comes_or_goes_is_touched() -> None:
    """Also on an appliance that runs what it left the bench with, and on one whose last tunnel goes."""
    text, bare = text_of(HALL), "@@ file system.conf 0644\nhostname=fresh\n"
    fresh = tunnel_ends(difference="", running=bare, intended=text)
    assert fresh == TunnelEnds(frozenset({FIRST, SECOND, PUBLISHER}), frozenset())
    gone = tunnel_ends(difference="", running=text, intended=bare)
    assert gone == TunnelEnds(frozenset({FIRST, SECOND, PUBLISHER}), frozenset({FIRST, SECOND, PUBLISHER}))
    strange = tunnel_ends(difference="", running="no bundle", intended=text_of(LONE_HALL))
    assert strange.standing == frozenset()
