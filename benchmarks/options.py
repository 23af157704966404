"""What a run of the benchmarks is to do."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path("build/bench")
INVENTORY = Path("inventory")
RESULTS = Path("benchmarks/results.json")
PAGE = Path("docs/performance.md")
PICTURES = Path("docs/pictures")
LARGEST_WITH_ALL_ROUNDS = 600
ROUNDS_BEYOND = 2
PROFILED = 100
"""Appliances in a profile."""


@dataclass(frozen=True, slots=True)
class Options:
    """How much is measured, and where it goes.

    Args:
        rounds: How often each contender works under each condition.
        sizes: Appliances in the device work of Lisière and raw paramiko.
        rtts_ms: Simulated round trips.
        peers: Appliances for the slow peers; 0 leaves these out.
        scale: Sizes of fleet for the work without devices.
        folder: Where inventories, environments and the lab are.
        results: Where the results go.
        publishes: Whether the page and the pictures are written too: only from the results that are kept.
        profile: Whether Lisière is profiled after the rounds.
        only_publishes: Whether nothing is measured, and the page is written from the results that are there.
        inventory: The reference inventory, or one in its place.
        compliance: Whether audits, reports and three years of records are measured.
    """

    rounds: int = 5
    sizes: tuple[int, ...] = (60, 600)
    rtts_ms: tuple[float, ...] = (0.0, 40.0)
    peers: int = 30
    scale: tuple[int, ...] = (60, 600, 6000)
    folder: Path = FOLDER
    results: Path = RESULTS
    publishes: bool = True
    profile: bool = False
    only_publishes: bool = False
    inventory: Path = INVENTORY
    compliance: bool = True

    def worked_on(self) -> tuple[int, ...]:
        """Numbers of appliances that work on devices is about."""
        profiled = PROFILED if self.may_profile else 0
        return tuple(size for size in (*self.sizes, self.peers, profiled) if size)

    @property
    def may_profile(self) -> bool:
        """Whether there may be a profile: it was asked for, or an aim may be missed in a run that is published."""
        return self.profile or self.publishes

    def rounds_at(self, size: int) -> int:
        """How often the work without devices is done: less often where it takes long."""
        return self.rounds if size <= LARGEST_WITH_ALL_ROUNDS else min(self.rounds, ROUNDS_BEYOND)


def read(arguments: Sequence[str]) -> Options:
    """The options of a command line."""
    parser = argparse.ArgumentParser(prog="make bench", description="Measure Lisière beside other ways, on the lab.")
    parser.add_argument("--quick", action="store_true", help="one round, 30 appliances, 0 ms, no slow peers")
    parser.add_argument("--rounds", type=_positive, help="rounds (5)")
    parser.add_argument("--sizes", type=_numbers, help="appliances in device work (60,600)")
    parser.add_argument("--rtts", type=_numbers, help="simulated round trips in ms (0,40)")
    parser.add_argument("--peers", type=int, help="appliances for netmiko and Ansible (30); 0 leaves them out")
    parser.add_argument("--scale", type=_numbers, help="sizes of fleet for work without devices (60,600,6000)")
    parser.add_argument("--folder", type=Path, help=f"folder to work in ({FOLDER})")
    parser.add_argument("--results", type=Path, help=f"file of the results ({RESULTS}; quick: in the folder)")
    parser.add_argument(
        "--inventory",
        type=Path,
        help="a small inventory, all of it VyOS, to try the benchmarks: figures keep their names",
    )
    parser.add_argument("--profile", action="store_true", help="profile Lisière after the rounds")
    parser.add_argument("--publish", action="store_true", help="measure nothing; write page and pictures from results")
    given = parser.parse_args(arguments)
    folder: Path = given.folder or FOLDER
    quick = {"rounds": 1, "sizes": (30,), "rtts_ms": (0.0,), "peers": 0, "scale": (60,), "compliance": False}
    chosen: dict[str, object] = {**quick, "results": folder / "quick.json"} if given.quick else {}
    if given.inventory is not None:
        chosen.setdefault("results", folder / "trial.json")  # The kept results are those of the reference inventory.
    named = {
        "rounds": given.rounds,
        "sizes": given.sizes,
        "rtts_ms": None if given.rtts is None else tuple(map(float, given.rtts)),
        "peers": given.peers,
        "scale": given.scale,
        "results": given.results,
        "inventory": given.inventory,
    }
    chosen |= {name: value for name, value in named.items() if value is not None}
    chosen["publishes"] = chosen.get("results", RESULTS) == RESULTS and given.inventory is None
    return Options(folder=folder, profile=given.profile, only_publishes=given.publish, **chosen)  # type: ignore[arg-type]


def _numbers(words: str) -> tuple[int, ...]:
    return tuple(_positive(word) if word != "0" else 0 for word in words.split(","))


def _positive(word: str) -> int:
    number = int(word)
    if number < 1:
        raise ValueError(word)
    return number
