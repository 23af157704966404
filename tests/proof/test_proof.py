"""The proof on a small lab: a hub, a town hall, a school and a library; `make lab-proof` does it on a territory."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache

import pytest

from lab.real import needs
from lisiere.inventory.loader import load_fleet
from lisiere.model.intent import SiteIntent
from lisiere.policy.site import resolve_sites
from lisiere.render.renderer import render
from lisiere.workflow.requests.warnings import LONGEST_PAUSE_S
from tests.house.checkout import ROOT
from tests.lab.turn import turn
from tests.proof import bench, mutations, office, packets, requests, rotation, school, vpn
from tests.proof.asking import Fate
from tests.proof.bench import Bench
from tests.proof.faults import SLIPS, Role, Slip
from tests.proof.foretold import Passage
from tests.proof.options import TERRITORY
from tests.proof.reached import Compared
from tests.proof.table import Table

SITES = ("80253-siege-01", "80316-mairie-01", "80070-ecole-01", "80071-mediatheque-01")
MOST, AT_A_TIME = 500, 1
"""Packets at each site, and slips sown in one run."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A lab of four sites, configured; there is one of its kind on a machine, so labs wait for each other."""
    if missing := needs.lacking():
        pytest.skip("; ".join(missing))
    with turn():
        chosen = [word for name in SITES for word in ("--name", name)]
        with bench.lab(tmp_path_factory.mktemp("proof"), chosen, starts=False) as made:
            with ThreadPoolExecutor(len(SITES)) as pool:
                list(pool.map(lambda name: made.put(name, render(made.intents[name])), SITES))
            wanted = vpn.ends(made, made.ground())
            vpn.wait_for(lambda: not vpn.missing(wanted), vpn.COMES_UP_S)
            yield made


def test_the_proof_holds_on_a_small_lab(small: Bench) -> None:
    """Packets, of which each run takes others: what the intents allow arrives, and nothing else does."""
    seed = random.SystemRandom().randrange(1, 1 << 16)
    found = packets.prove(small.ground(), small.names, seed=seed, most=MOST)
    assert found.disagreements == [], f"seed {seed}: " + "\n".join(map(str, found.disagreements))
    assert found.allowed > 50
    assert found.denied > 500


def test_tunnels_and_the_school_are_as_intended(small: Bench) -> None:
    """The hub and its spoke have a tunnel and only its traffic in it; pupils reach the web in the school's way."""
    ground = small.ground()
    wanted = vpn.ends(small, ground)
    assert wanted
    vpn.wait_for(lambda: not vpn.missing(wanted), vpn.COMES_UP_S)
    assert vpn.missing(wanted) == []
    asked = vpn.questions(small, ground)
    found = packets.run(ground, asked)
    assert found.disagreements == [], "\n".join(map(str, found.disagreements))
    assert found.allowed > 0
    assert vpn.control_seen(ground, asked[0][0])
    (one, *_) = school.classes(ground)
    assert school.wrong_with(one, small) == ""
    assert school.wrong_with_lease(one, ground) == ""
    assert school.bypasses(one, small)[1] == []


def test_slips_of_templates_are_caught(small: Bench) -> None:
    """One of them, each day another; `make lab-proof` sows them all."""
    ground = small.ground()
    roles = {role for role, _ in mutations.players(ground)}
    day = datetime.now(UTC).date()
    slips = random.Random(day.toordinal()).sample([one for one in SLIPS if one.role in roles], AT_A_TIME)
    print(f"{day}: {', '.join(one.what for one in slips)}")  # noqa: T201 - pytest shows it when one is not caught
    assert mutations.control(small, ground, slips, seed=1) == []
    found = list(mutations.sow_all(small, ground, slips, seed=1))
    assert [one.slip.what for one in found if not one.by] == []
    assert len(found) == AT_A_TIME


def test_keys_are_rotated_under_a_running_transfer(small: Bench) -> None:
    """The connection goes on to its end; the new key is in use, the old one opens nothing and lies nowhere."""
    ground = small.ground()
    wanted = vpn.ends(small, ground)
    vpn.wait_for(lambda: not vpn.missing(wanted), vpn.COMES_UP_S)
    pair = rotation.between_members(small, ground)
    assert pair is not None
    own = rotation.own_ends(wanted, pair[0].about)
    found = rotation.rotate(small, ground, pair, own, rotation.by_command(small, "--overlay", pair[0].about))
    print(found)  # noqa: T201 - pytest shows it when it does not hold
    assert found.holds
    assert vpn.missing(wanted) == []


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.what)
def test_every_slip_fits_what_it_is_sown_into(slip: Slip) -> None:
    """A template that was rewritten does not leave a slip behind that sows nothing."""
    intent = intents()[slip.role]
    assert mutations.slipped(slip, intent) != render(intent)


@cache
def intents() -> dict[Role, SiteIntent]:
    """The sites that show slips, in a territory of the reference inventory."""
    fleet = load_fleet(ROOT / "inventory", as_of=datetime.now(UTC).date())
    names = [one.name for one in fleet.in_service() if one.territory == TERRITORY]
    found = resolve_sites(fleet, names)
    roles = {
        role: next((one for one in found.values() if is_one(one)), None) for role, is_one in mutations.ROLES.items()
    }
    roles[Role.CLOSED] = next(one for one in found.values() if one.backup is not None)
    return {role: intent for role, intent in roles.items() if intent is not None}


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
    found = packets.run(ground, turned, rounds=1)
    assert len(found.disagreements) == 2
    assert f"lisiere explain --from {name}:" in str(found.disagreements[0])


def test_a_request_does_what_its_preview_says(small: Bench) -> None:
    """A site joins an overlay by a request: packets that pass afterwards are those that the preview told of."""
    overlay = office.overlay_of(small)
    assert overlay is not None
    joins = office.newcomer(small, overlay)
    assert joins is not None
    text = next(requests.requests(overlay, *joins))
    found = office.Office(small, overlay).carry_out(text, *joins, language="fr")
    print(found.compared.overlooked, found.compared.untrue, found.unlike)  # noqa: T201 - shown when it does not hold
    assert found.stands == office.VERIFIED
    assert (found.disagreements, found.overlooked) == (0, 0)
    assert len(found.compared.began) > 20
    assert found.compared.stayed > 500
    assert found.is_shown, found.idle
    assert found.pause is not None
    assert found.pause.is_told, found.pause
    assert found.pause.transfer.is_whole, found.pause


@pytest.mark.parametrize(
    ("longest_s", "error", "anew", "holds"),
    [
        (LONGEST_PAUSE_S - 0.1, "", (), True),
        (LONGEST_PAUSE_S + 0.1, "", (), False),
        (0.1, "Connection reset by peer", (), False),
        (LONGEST_PAUSE_S + 0.1, "", (SITES[0],), True),
    ],
)
def test_no_pause_is_longer_than_the_preview_says(
    longest_s: float, error: str, anew: tuple[str, ...], *, holds: bool
) -> None:
    """Nor does the connection end; of an appliance whose daemon had to be started anew nothing is asked."""
    transfer = rotation.Transfer(512, 512, longest_s, error)
    found, table = changed(transfer, anew=anew), Table()
    requests.tell("add-member", found, "fr", table)
    assert (not table.wrong) is holds, table.wrong


@pytest.mark.parametrize(("to_zone", "is_shown"), [("vpn", True), ("dmz", False)])
def test_a_line_that_no_packet_shows_is_about_what_goes_over_a_hub(to_zone: str, *, is_shown: bool) -> None:
    """Such a line may stand in for another way; any other one has to be noticed."""
    idle = Passage(SITES[0], True, "vpn", to_zone, "10.1.0.0/26", "10.2.0.0/26", "tcp/443", "IPv4")
    assert changed(rotation.Transfer(512, 512, 0.1, ""), idle=(str(idle),)).is_shown is is_shown


def changed(transfer: rotation.Transfer, *, idle: tuple[str, ...] = (), anew: tuple[str, ...] = ()) -> office.Changed:
    """A change of which all else is as was said."""
    return office.Changed(
        packets=0,
        compared=Compared((), (), 0, (), (), ()),
        needed=1,
        idle=idle,
        tunnels=0,
        unlike=(),
        overlooked=0,
        stands=office.VERIFIED,
        pause=office.Pause(frozenset(SITES[:2]), is_told=True, transfer=transfer),
        anew=anew,
    )
