"""A workplace with a lab of real appliances: everything is done through the command line, as a person would."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.real.site import site_of
from lisiere.inventory.loader import load_fleet
from lisiere.model.fleet import Fleet
from lisiere.model.intent import SiteIntent
from lisiere.policy.site import resolve_sites
from tests.house.checkout import ROOT
from tests.proof.ground import Ground, Partner, lay_out

WINDOW = re.compile(r'window: "[0-9:]+-[0-9:]+"')
PATIENCE_S = 540


@dataclass(frozen=True)
class Bench:
    """A folder to work in, with an inventory of its own and the state of a lab.

    Args:
        folder: Where it is.
    """

    folder: Path

    def run(self, *words: str, status: int = 0, **variables: str) -> str:
        """What `lisiere` says to these words.

        Raises:
            LabError: It ended otherwise than it should, or with a traceback.
        """
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LISIERE_")}
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", *words],
            cwd=self.folder,
            env={**kept, "PYTHONPATH": str(ROOT), **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        if done.returncode != status or "Traceback" in done.stderr:
            said = (done.stdout[-600:] + done.stderr[-1800:]).strip()
            raise LabError(f"`lisiere {' '.join(words)}` ended with {done.returncode} instead of {status}: {said}")
        return done.stdout

    @cached_property
    def fleet(self) -> Fleet:
        """The fleet of the inventory here, those that the lab plays as Debian being Debian."""
        return load_fleet(self.folder / "inventory", as_of=datetime.now(UTC).date())

    @cached_property
    def state(self) -> dict[str, Any]:
        """What the lab tells of itself; `lab.real.world` says what it tells of the world."""
        found: dict[str, Any] = json.loads((self.folder / ".lisiere/lab/lab.json").read_text(encoding="utf-8"))
        return found

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The appliances of the lab."""
        return tuple(sorted(self.state["appliances"]))

    @cached_property
    def intents(self) -> dict[str, SiteIntent]:
        """What the appliances of the lab should be."""
        return resolve_sites(self.fleet, self.names)

    def ground(self) -> Ground:
        """The ground of the lab that is up."""
        sites = {name: site_of(self.fleet.appliances[name]) for name in self.names}
        partners = [
            Partner(one["name"], one["namespace"], ip_address(one["address"]), tuple(map(ip_address, one["addresses"])))
            for one in self.state["world"]["partners"]
            if one["vici"]
        ]
        return lay_out(sites, self.intents, partners)

    def up(self, *selection: str) -> None:
        """Start a lab."""
        self.run("lab", "real", "up", *selection)

    def down(self) -> None:
        """End it."""
        self.run("lab", "real", "down")

    def configure(self) -> None:
        """Bring every appliance of the lab to what the inventory says."""
        self.run("plan", "--lab")
        self.run("apply", "last", "--lab", "--yes")


def prepare(folder: Path) -> Bench:
    """A workplace: a copy of the inventory in which every other backup may run now, and secrets."""
    shutil.copytree(ROOT / "inventory", folder / "inventory")
    for path in sorted((folder / "inventory/hosts").iterdir()):
        path.write_text(with_moments(path.read_text(encoding="utf-8"), datetime.now(UTC)), encoding="utf-8")
    bench = Bench(folder)
    bench.run("secrets", "init")
    return bench


def with_moments(text: str, now: datetime) -> str:
    """The hosts of a file with windows that hold at a moment and such that do not, by turns: clocks cannot be set."""
    holds = f'window: "{now - timedelta(hours=2):%H:%M}-{now + timedelta(hours=2):%H:%M}"'
    does_not = f'window: "{now + timedelta(hours=4):%H:%M}-{now + timedelta(hours=8):%H:%M}"'
    turns = iter(range(1 << 20))
    return WINDOW.sub(lambda _: (holds, does_not)[next(turns) % 2], text)


@contextmanager
def lab(folder: Path, selection: Sequence[str]) -> Iterator[Bench]:
    """A workplace with a lab as it leaves the bench; whatever happens, nothing of it stays."""
    bench = prepare(folder)
    try:
        bench.up(*selection)
        yield bench
    finally:
        bench.down()
