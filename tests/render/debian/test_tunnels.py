"""Both ends of every tunnel agree, whatever their platforms: read back from what is rendered, not from the intent."""

from collections import Counter
from collections.abc import Mapping

import pytest

from lisiere.model.intent import SiteIntent
from lisiere.model.vocabulary import Release
from lisiere.render.renderer import render
from tests.render.cases import mixed, resolved
from tests.render.debian.tunnels import End, ends_of
from tests.render.fleet import HALL, SEAT


def disagreements(intents: Mapping[str, SiteIntent]) -> tuple[list[str], Counter[tuple[str, str]]]:
    """What the ends of tunnels disagree on, and how many tunnels there are between each pair of platforms."""
    ends = {name: ends_of(render(intent)) for name, intent in intents.items()}
    faults, pairs = [], Counter[tuple[str, str]]()
    for name, intent in intents.items():
        assert set(ends[name]) == {tunnel.name for tunnel in intent.tunnels}
        for tunnel in intent.tunnels:
            if tunnel.peer not in intents or tunnel.peer < name:
                continue
            other = ends[tunnel.peer][f"{tunnel.overlay}-{name}"]
            first, second = sorted((str(intent.platform), str(intents[tunnel.peer].platform)))
            pairs[first, second] += 1
            faults += [f"{name} and {tunnel.peer}: {one}" for one in ends[name][tunnel.name].faults(other)]
    return faults, pairs


@pytest.mark.parametrize("first", [0, 1])
def test_ends_agree_across_platforms(first: int) -> None:
    """Every other appliance is a Debian one: each tunnel has two ends that would come up."""
    faults, pairs = disagreements(mixed(first))
    assert faults == []
    assert pairs["debian", "vyos"] >= 5


@pytest.mark.parametrize("release", Release)
def test_ends_agree_on_one_platform(release: Release) -> None:
    """The same where all appliances are alike."""
    faults, pairs = disagreements(resolved(release))
    assert faults == []
    assert len(pairs) == 1


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("aes256gcm128-prfsha384-ecp384", "aes256gcm128-prfsha384-ecp256", "IKE"),
        ("esp_proposals = aes256gcm128-ecp384", "esp_proposals = aes256gcm128-ecp521", "ESP"),
        ("remote_ts = 10.16.8.0/24,", "remote_ts = 10.16.9.0/24,", "selectors"),
        (f"{HALL}.edge.", f"{HALL}s.edge.", "identities"),
        ("secret:overlay/intranet/", "secret:overlay/intranets/", "secret"),
        ("start_action = start", "start_action = none", "who begins"),
    ],
)
def test_a_disagreement_is_noticed(good: str, bad: str, said: str) -> None:
    """One changed word at one end is told by its name."""
    here = ends_of(render(resolved(Release.DEBIAN_12)[SEAT]))[f"intranet-{HALL}"]
    text = render(resolved(Release.DEBIAN_12)[HALL])
    assert good in text
    there: End = ends_of(text.replace(good, bad))[f"intranet-{SEAT}"]
    assert [fault.partition(":")[0] for fault in here.faults(there)] == [said]
