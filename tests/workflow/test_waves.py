"""The order of a rollout: diverse canaries, growing waves, no whole territory, both ends of a tunnel close together."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations
from random import Random

import pytest

from lisiere.model.fleet import Fleet
from lisiere.model.pacing import Pacing
from lisiere.model.site import Appliance
from lisiere.policy.tunnels import view_overlays
from lisiere.workflow.pairing import Pair
from lisiere.workflow.terrain import Terrain, terrain_of, territory_caps
from lisiere.workflow.waves import Schedule, schedule

AMIENS, HAUTE_SOMME = "248000531", "200037059"


@pytest.fixture(scope="session")
def everyone(fleet: Fleet) -> tuple[Appliance, ...]:
    """Every appliance in service."""
    return tuple(fleet.in_service())


@pytest.fixture(scope="session")
def terrain(fleet: Fleet, everyone: tuple[Appliance, ...]) -> Terrain:
    """What surrounds them."""
    return terrain_of(fleet, everyone)


@pytest.fixture(scope="session")
def every_pair(fleet: Fleet) -> tuple[Pair, ...]:
    """A change that touches every tunnel of every overlay."""
    return tuple(
        Pair(one, other, (name,)) for name, view in view_overlays(fleet).items() for one, other in sorted(view.pairs)
    )


def of(everyone: Iterable[Appliance], territory: str) -> tuple[Appliance, ...]:
    """Those of one territory."""
    return tuple(one for one in everyone if one.territory == territory)


def members(made: Schedule, wave: int) -> list[str]:
    """Who is in a wave, by name."""
    return sorted(name for name, number in made.wave_of.items() if number == wave)


def sizes(made: Schedule) -> list[int]:
    """How many appliances each wave has."""
    counts = Counter(made.wave_of.values())
    return [counts[number] for number in sorted(counts)]


def star(names: Sequence[str], *, overlay: str = "admin") -> tuple[Pair, ...]:
    """Tunnels between the first and each other one."""
    return tuple(Pair(min(names[0], other), max(names[0], other), (overlay,)) for other in names[1:])


def test_waves_grow_and_hold_every_appliance_once(everyone: tuple[Appliance, ...], terrain: Terrain) -> None:
    """Eight canaries, thirty-two, and then as many as a quarter of each territory allows."""
    made = schedule(everyone, terrain=terrain)
    assert set(made.wave_of) == {one.name for one in everyone}
    assert sizes(made)[:3] == [8, 32, 128]
    assert len(sizes(made)) == 6
    assert [note.number for note in made.notes] == list(range(1, len(sizes(made)) + 1))
    assert [note.appliances for note in made.notes] == sizes(made)


def test_canaries_are_as_different_as_can_be(everyone: tuple[Appliance, ...], terrain: Terrain) -> None:
    """Eight appliances of seven territories, with every profile and every release."""
    chosen = members(schedule(everyone, terrain=terrain), 1)
    canaries = [one for one in everyone if one.name in chosen]
    assert len(canaries) == 8
    assert len({one.territory for one in canaries}) == 7
    assert {one.profile for one in canaries} == {one.profile for one in everyone}
    assert {one.data.release for one in canaries} == {one.data.release for one in everyone}


def test_the_order_does_not_depend_on_the_order_of_what_is_given(
    everyone: tuple[Appliance, ...], terrain: Terrain, every_pair: tuple[Pair, ...]
) -> None:
    """Shuffled, the same plan has the same waves and the same words."""
    made = schedule(everyone, terrain=terrain, pairs=every_pair)
    appliances, pairs = list(everyone), list(every_pair)
    for seed in range(3):
        Random(seed).shuffle(appliances)
        Random(seed).shuffle(pairs)
        assert schedule(appliances, terrain=terrain, pairs=pairs) == made


def test_no_wave_has_more_than_a_quarter_of_a_territory(everyone: tuple[Appliance, ...], terrain: Terrain) -> None:
    """Rounded up, so that a small territory has one; a territory of one is changed as a whole."""
    made = schedule(everyone, terrain=terrain)
    counts = Counter((made.wave_of[one.name], one.territory) for one in everyone)
    assert all(4 * (count - 1) < terrain.territories[territory] for (_, territory), count in counts.items())


def test_a_plan_of_one_territory_ends_after_few_waves(everyone: tuple[Appliance, ...], terrain: Terrain) -> None:
    """Its canaries keep to the limit too."""
    chosen = of(everyone, HAUTE_SOMME)
    made = schedule(chosen, terrain=terrain)
    assert len(sizes(made)) <= 5
    assert max(sizes(made)) <= -(-len(chosen) // 4)


def test_the_limit_counts_the_whole_territory_and_not_only_what_changes(
    everyone: tuple[Appliance, ...], terrain: Terrain
) -> None:
    """Four of a large territory are no danger to it: a canary pair, then the rest at once."""
    assert sizes(schedule(of(everyone, AMIENS)[:4], terrain=terrain)) == [2, 2]
    alone = Terrain(territories={})
    assert sizes(schedule(of(everyone, AMIENS)[:4], terrain=alone)) == [1, 1, 1, 1]


def test_sizes_can_be_asked_for(everyone: tuple[Appliance, ...], terrain: Terrain) -> None:
    """The first wave, the growth, the largest wave and the largest part of a territory."""
    pacing = Pacing(canaries=3, growth=2, max_wave=10)
    assert sizes(schedule(everyone[:60], terrain=terrain, pacing=pacing))[:3] == [3, 6, 10]
    one_each = schedule(everyone[:60], terrain=terrain, pacing=Pacing(max_territory=1))
    counts = Counter((one_each.wave_of[one.name], one.territory) for one in everyone[:60])
    assert set(counts.values()) == {1}
    steady = sizes(schedule(everyone, terrain=terrain, pacing=Pacing(canaries=50, growth=1)))
    assert set(steady[:-1]) == {50}


def test_a_territory_is_never_changed_as_a_whole(everyone: tuple[Appliance, ...], terrain: Terrain) -> None:
    """Not even when a larger limit is asked for."""
    chosen = of(everyone, HAUTE_SOMME)
    caps = territory_caps(terrain, chosen, Pacing(max_territory=1000))
    assert caps == {HAUTE_SOMME: len(chosen) - 1}


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_small_plans(count: int, everyone: tuple[Appliance, ...], terrain: Terrain) -> None:
    """Nothing at all, one appliance, and one before the others."""
    made = schedule(everyone[:count], terrain=terrain)
    assert sizes(made) == [[], [1], [1, 1], [1, 2]][count]
    assert [note.reason for note in made.notes] == [
        [],
        ["the only one"],
        ["canaries, chosen for diversity: none may fail", "the rest"],
        ["canaries, chosen for diversity: none may fail", "the rest"],
    ][count]


def test_both_ends_of_every_tunnel_change_in_one_wave_or_the_next(
    everyone: tuple[Appliance, ...], terrain: Terrain, every_pair: tuple[Pair, ...]
) -> None:
    """For every overlay of the fleet at once; and only what the tunnels demand goes over a limit, and is told."""
    made = schedule(everyone, terrain=terrain, pairs=every_pair)
    assert set(made.wave_of) == {one.name for one in everyone}
    assert not any("hubs" in words for note in made.notes for words in note.notes)
    assert max(abs(made.wave_of[pair.one] - made.wave_of[pair.other]) for pair in every_pair) == 1
    caps = territory_caps(terrain, everyone, Pacing())
    counts = Counter((made.wave_of[one.name], one.territory) for one in everyone)
    told = {
        (note.number, words.split()[1].strip(":")) for note in made.notes for words in note.notes if "limit" in words
    }
    assert told == {key for key, count in counts.items() if count > caps[key[1]]}
    assert all(count < terrain.territories[territory] for (_, territory), count in counts.items())


@pytest.mark.parametrize("seed", range(40))
def test_any_web_of_tunnels_keeps_its_ends_together(
    seed: int, everyone: tuple[Appliance, ...], terrain: Terrain
) -> None:
    """Chains, rings, stars and tangles, whatever the limits: all are placed, and no pair is further than a wave."""
    dice = Random(seed)
    chosen = dice.sample(everyone, 60)
    names = sorted(one.name for one in chosen)
    links = {tuple(sorted(dice.sample(names, 2))) for _ in range(dice.choice((5, 30, 90)))}
    pairs = [Pair(one, other, ("admin",)) for one, other in sorted(links)]
    pacing = Pacing(
        canaries=dice.choice((1, 8)),
        growth=dice.choice((1, 4)),
        max_wave=dice.choice((None, 1, 10)),
        max_territory=dice.choice((None, 1)),
    )
    made = schedule(chosen, terrain=terrain, pairs=pairs, pacing=pacing)
    assert sorted(made.wave_of) == names
    assert sorted(set(made.wave_of.values())) == list(range(1, max(made.wave_of.values()) + 1))
    assert all(abs(made.wave_of[pair.one] - made.wave_of[pair.other]) <= 1 for pair in pairs)


def test_a_hub_changes_in_the_middle_of_its_spokes(everyone: tuple[Appliance, ...], terrain: Terrain) -> None:
    """A few spokes are the canaries; the hub is none, and follows in the second wave; the notes say so in words."""
    names = [one.name for one in of(everyone, HAUTE_SOMME)]
    hub = next(name for name in names if name in terrain.all_hubs())
    chosen = [one for one in everyone if one.name in (hub, *[name for name in names if name != hub][:11])]
    pairs = star([hub, *[one.name for one in chosen if one.name != hub]])
    made = schedule(chosen, terrain=terrain, pairs=pairs)
    assert made.wave_of[hub] == 2
    assert hub not in members(made, 1)
    first = len(members(made, 1))
    assert made.notes[0].notes == (f"{first} spokes have tunnels that change with hub {hub} in wave 2",)
    assert made.notes[1].notes[0].startswith(f"hub {hub} and {len(members(made, 2)) - 1} spokes: the tunnels")


def test_hubs_that_stand_in_for_each_other_change_in_different_waves(
    everyone: tuple[Appliance, ...], fleet: Fleet
) -> None:
    """Whether or not their tunnels change: one of them stays."""
    chosen = of(everyone, AMIENS)[:30]
    hubs = frozenset(one.name for one in chosen[:2])
    terrain = Terrain({AMIENS: 200}, (hubs,))
    spokes = [one.name for one in chosen[2:]]
    both = [*star([sorted(hubs)[0], *spokes]), *star([sorted(hubs)[1], *spokes]), *star(sorted(hubs))]
    pairs = {frozenset((one.one, one.other)): one for one in both}.values()
    for given in ((), tuple(pairs)):
        made = schedule(chosen, terrain=terrain, pairs=given)
        assert len({made.wave_of[name] for name in hubs}) == 2
        assert all(abs(made.wave_of[pair.one] - made.wave_of[pair.other]) <= 1 for pair in given)


def test_a_mesh_changes_in_two_waves_that_follow_each_other(everyone: tuple[Appliance, ...], terrain: Terrain) -> None:
    """Every member has a tunnel with every other one."""
    chosen = of(everyone, AMIENS)[:9]
    pairs = [Pair(one, other, ("lecture",)) for one, other in combinations(sorted(one.name for one in chosen), 2)]
    made = schedule(chosen, terrain=terrain, pairs=pairs)
    assert len(sizes(made)) == 2
    assert any("the tunnels between them change" in words for note in made.notes for words in note.notes)


def test_a_limit_that_gives_way_to_tunnels_is_told(everyone: tuple[Appliance, ...], terrain: Terrain) -> None:
    """The note names the territory, its limit and the reason."""
    chosen = of(everyone, HAUTE_SOMME)
    names = [one.name for one in chosen]
    made = schedule(chosen, terrain=terrain, pairs=star(names), pacing=Pacing(max_territory=2, max_wave=5))
    told = [words for note in made.notes for words in note.notes]
    assert any(
        words.startswith(f"territory {HAUTE_SOMME}: ") and "over its limit of 2, since both ends" in words
        for words in told
    )
    assert any(words.startswith("over the limit of 5 appliances") for words in told)
    assert len(sizes(made)) == 3
