"""What all rounds need: the fleet, its texts in two variants, secrets, inventories of several sizes."""

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import texts
from benchmarks.errors import BenchError
from benchmarks.jobs import text_file
from benchmarks.options import INVENTORY
from cli.secrets import fill
from lab import daemon
from lisiere.inventory.loader import load_fleet
from lisiere.secrets.agefile import AgeFileStore
from lisiere.workflow.intended import render_sites

USERNAME = "lisiere"
"""The account that the reference fleet has on every appliance."""
REFERENCE_SIZE = 600
LAB = "lab"


@dataclass(frozen=True, slots=True)
class Stage:
    """What device work needs: the names of the whole fleet, the releases and texts of those that are worked on.

    `reference` is the reference inventory, `played` the same with VyOS on every appliance: the lab plays nothing else.
    """

    folder: Path
    state: Path
    reference: Path
    played: Path
    first: Path
    second: Path
    fleet: tuple[str, ...]
    releases: Mapping[str, str]
    lines: int
    changed: int

    @property
    def lab(self) -> Path:
        """Where the lab keeps its state, as the command line expects it."""
        return self.state / LAB


def set_up(folder: Path, sizes: Sequence[int], *, reference: Path = INVENTORY) -> Stage:
    """Render what is needed of the reference fleet, cut the texts to size, and make the secrets that Lisière asks for.

    Args:
        folder: Where all that is written goes.
        sizes: Numbers of appliances that will be worked on.
        reference: The reference inventory; another one, all of it VyOS, to try the benchmarks.
    """
    played = reference if reference != INVENTORY else _played(folder)
    fleet = load_fleet(played, as_of=datetime.now(UTC).date())
    known = sorted(one.name for one in fleet.in_service())
    names = sorted({name for size in sizes for name in spread(known, size)})
    state, first, second = folder / "state", folder / "texts-a", folder / "texts-b"
    daemon.stop(state / LAB)
    for one in (state, first, second):
        fresh(one)
    fill(AgeFileStore.create(state / "secrets.age", identity=state / "identity.txt"), fleet)
    lines, changed = [], []
    for name, rendered in render_sites(fleet, names).items():
        before = texts.condense(rendered)
        after = texts.vary(before)
        text_file(first, name).write_text(before, "utf-8")
        text_file(second, name).write_text(after, "utf-8")
        lines.append(before.count("\n"))
        changed.append(len(texts.changes(before, after)))
    releases = {name: str(fleet.appliances[name].data.release) for name in names}
    return Stage(
        folder, state, reference, played, first, second, tuple(known), releases, _middle(lines), _middle(changed)
    )


def _played(folder: Path) -> Path:
    place = fresh(folder / "inventory-played")
    command = [lisiere(), "inventory", "generate", "--platform", "vyos", "--output", str(place)]
    subprocess.run(command, capture_output=True, check=True)
    return place


def inventory_of(size: int, folder: Path) -> Path:
    """An inventory of that many appliances in service; of more and equal bodies where the real ones hold no more.

    Raises:
        BenchError: None can be made; says why.
    """
    if size == REFERENCE_SIZE:
        return INVENTORY
    place = fresh(folder / f"inventory-{size}")
    command = [lisiere(), "inventory", "generate", "--count", str(size), "--output", str(place)]
    reasons = []
    for more in ((), ("--for-measuring",)):
        done = subprocess.run([*command, *more], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return place
        reasons += [line.removeprefix("lisiere: ") for line in done.stderr.splitlines() if line.startswith("lisiere: ")]
    raise BenchError(reasons[0] if reasons else "the generator said nothing")


def lisiere() -> str:
    """The command `lisiere` of this environment."""
    return str(Path(sys.executable).parent / "lisiere")


def fresh(folder: Path) -> Path:
    """An empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def spread(items: Sequence[str], count: int) -> list[str]:
    """`count` of the items, evenly over all of them."""
    count = min(count, len(items))
    return [items[number * len(items) // count] for number in range(count)]


def _middle(numbers: Sequence[int]) -> int:
    return sorted(numbers)[len(numbers) // 2]
