"""What one run of the proof is told."""

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TERRITORY = "200070951"
"""CC du Territoire Nord Picardie: schools of every kind, two hubs, partners."""
PARTS = ("packets", "vpn", "job", "school", "mutations", "script", "policies", "request")


@dataclass(frozen=True, slots=True)
class Options:
    """What one run is told.

    Args:
        territory: Which one is proven.
        everything: The whole fleet instead.
        seed: Of every order and sample; it is printed.
        parts: Which parts are run.
        names: Some sites only.
        most: Packets tried at each site at most; None for all.
        folder: A workplace whose lab is up; it is used and left up.
    """

    territory: str
    everything: bool
    seed: int
    parts: tuple[str, ...]
    names: tuple[str, ...]
    most: int | None
    folder: Path | None

    @property
    def selection(self) -> tuple[str, ...]:
        """The same for `lisiere lab real up`."""
        if self.everything:
            return ("--all", "--as-debian")
        named = tuple(word for name in self.names for word in ("--name", name))
        return ("--as-debian", *(named or ("--territory", self.territory)))


def read(words: Sequence[str]) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="make lab-proof", description=__doc__)
    parser.add_argument("--territory", default=TERRITORY, help=f"SIREN number of a territory ({TERRITORY})")
    parser.add_argument("--all", action="store_true", dest="everything", help="the whole fleet, more shallowly")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1, 1 << 16))
    parser.add_argument("--part", action="append", choices=PARTS, dest="parts", help="this part only (repeatable)")
    parser.add_argument("--name", action="append", default=[], dest="names", help="this site only (repeatable)")
    parser.add_argument("--most", type=int, help="packets at each site at most")
    parser.add_argument("--in", type=Path, dest="folder", help="a workplace whose lab is up: use it")
    found = parser.parse_args(words)
    return Options(
        territory=found.territory,
        everything=found.everything,
        seed=found.seed,
        parts=tuple(found.parts or PARTS),
        names=tuple(found.names),
        most=found.most,
        folder=found.folder,
    )
