"""The proof on a small lab: a seat that is a hub, a town hall and a school; `make lab-proof` does it on a territory."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from lab.real import needs
from tests.lab.turn import turn
from tests.proof import bench, packets
from tests.proof.asking import Fate
from tests.proof.bench import Bench

SITES = ("80253-siege-01", "80316-mairie-01", "80070-ecole-01")
MOST = 500
"""Packets at each site."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A lab of three sites, configured; there is one of its kind on a machine, so labs wait for each other."""
    if missing := needs.lacking():
        pytest.skip("; ".join(missing))
    with turn():
        chosen = [word for name in SITES for word in ("--name", name)]
        with bench.lab(tmp_path_factory.mktemp("proof"), chosen) as made:
            made.configure()
            yield made


def test_the_proof_holds_on_a_small_lab(small: Bench) -> None:
    """Packets, of which each run takes others: what the intents allow arrives, and nothing else does."""
    seed = random.SystemRandom().randrange(1, 1 << 16)
    found = packets.prove(small.ground(), small.names, seed=seed, most=MOST)
    assert found.disagreements == [], f"seed {seed}: " + "\n".join(map(str, found.disagreements))
    assert found.allowed > 50
    assert found.denied > 500


def test_windows_hold_and_do_not_by_turns() -> None:
    """At whatever moment a run is."""
    text = 'window: "01:00-05:00"\nwindow: "22:00-04:00"\n'
    late = bench.with_moments(text, datetime(2026, 11, 26, 23, 30, tzinfo=UTC))
    assert late == 'window: "21:30-01:30"\nwindow: "03:30-07:30"\n'


def test_what_is_wrong_is_told_with_a_command_that_shows_it(small: Bench) -> None:
    """A fate that nobody gives a packet is a disagreement, whichever way round."""
    ground = small.ground()
    name = SITES[2]
    asked = [one for one in packets.questions(ground, [name], seed=1) if one[0].why == "by-pass"][:2]
    turned = [(one, Fate(f"{name}:uplink", "turned round")) for one, _ in asked]
    found = packets.run(ground, turned, seed=2, rounds=1)
    assert len(found.disagreements) == 2
    assert f"lisiere explain --from {name}:" in str(found.disagreements[0])
