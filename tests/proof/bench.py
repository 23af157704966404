"""A workplace with a lab of real appliances: everything is done through the command line, as a person would."""

import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import yaml

from lab.errors import LabError
from lab.real.probing import mute
from lab.real.site import site_of
from lisiere.drivers.debian.driver import DebianDriver
from lisiere.inventory.loader import load_fleet
from lisiere.model.fleet import Fleet
from lisiere.model.intent import SiteIntent
from lisiere.model.words import Platform
from lisiere.policy.site import resolve_sites
from lisiere.secrets.agefile import AgeFileStore
from lisiere.secrets.keeper import SecretKeeper
from lisiere.workflow.recast import recast
from tests.command_line import lisiere
from tests.house.checkout import ROOT
from tests.proof.ground import Ground, Partner, lay_out

NOT_TOUCHED = re.compile(r"^\d+ +\S+ +(?:applied|skipped)\b")
"""In the table that a run prints: those of whom there is nothing to tell when another one failed."""
WINDOW = re.compile(r'window: "[0-9:]+-[0-9:]+"')
PATIENCE_S, ANSWERS_S = 3600, 60
SESSIONS_PER_CORE, USUAL_SESSIONS = 6, 50
"""Sessions kept open at once: appliances and those who talk to them share the cores of this machine."""


@dataclass(frozen=True)
class Bench:
    """A folder to work in, with an inventory of its own and the state of a lab.

    Args:
        folder: Where it is.
        starts: Whether each command starts as a person starts it; otherwise with all imports behind it.
    """

    folder: Path
    starts: bool = True

    def run(self, *words: str, status: int = 0, **variables: str) -> str:
        """What `lisiere` says to these words.

        Raises:
            LabError: It ended otherwise than it should, or with a traceback.
        """
        sessions = min(USUAL_SESSIONS, SESSIONS_PER_CORE * (os.cpu_count() or 1))
        done = lisiere(
            self.folder, words, {"LISIERE_WORKERS": str(sessions)} | variables, timeout_s=PATIENCE_S, starts=self.starts
        )
        if done.returncode != status or "Traceback" in done.stderr:
            told = [one for one in done.stdout.splitlines() if not NOT_TOUCHED.search(one)]
            said = ("\n".join(told)[-1800:] + done.stderr[-1800:]).strip()
            raise LabError(f"`lisiere {' '.join(words)}` ended with {done.returncode} instead of {status}: {said}")
        return done.stdout

    @cached_property
    def fleet(self) -> Fleet:
        """The fleet of the inventory here, those that the lab plays as Debian being Debian."""
        found = load_fleet(self.folder / "inventory", as_of=datetime.now(UTC).date())
        return recast(found, self.names, Platform.DEBIAN)

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

    @cached_property
    def keeper(self) -> SecretKeeper:
        """The keeper of the secrets here."""
        store = AgeFileStore(self.folder / ".lisiere/secrets.age", identity=self.folder / ".lisiere/identity.txt")
        return SecretKeeper(store, fingerprint_key=store.fingerprint_key)

    def put(self, name: str, text: str) -> None:
        """Give an appliance a configuration, by its driver."""
        found = self.state["appliances"][name]
        options: Any = {
            "key_file": str(self.folder / self.state["key_file"]),
            "host_key": found["host_key"],
            "secrets": self.keeper,
            "name": name,
        }
        driver = DebianDriver(found["hostname"], self.state["username"], "", ANSWERS_S, optional_args=options)
        with driver as opened:
            opened.load_replace_candidate(config=text)
            opened.commit_config()

    def up(self, *selection: str) -> None:
        """Start a lab."""
        self.run("lab", "real", "up", *selection)
        world = self.state["world"]
        mute(
            one["namespace"]
            for one in (*world["partners"], *(found for at in world["clients"].values() for found in at))
        )

    def down(self) -> None:
        """End it."""
        self.run("lab", "real", "down")

    def configure(self) -> None:
        """Bring every appliance of the lab to what the inventory says."""
        self.run("plan", "--lab")
        self.run("apply", "last", "--lab", "--yes")


def prepare(folder: Path, *, starts: bool = True) -> Bench:
    """A workplace: a copy of the inventory in which every other backup may run now, and secrets."""
    shutil.copytree(ROOT / "inventory", folder / "inventory")
    for path in sorted((folder / "inventory/hosts").iterdir()):
        path.write_text(with_moments(path.read_text(encoding="utf-8"), datetime.now(UTC)), encoding="utf-8")
    for path in sorted((folder / "inventory/overlays").iterdir()):
        path.write_text(with_server(path.read_text(encoding="utf-8")), encoding="utf-8")
    bench = Bench(folder, starts)
    bench.run("secrets", "init")
    return bench


def with_moments(text: str, now: datetime) -> str:
    """The hosts of a file with windows that hold at a moment and such that do not, by turns: clocks cannot be set."""
    holds = f'window: "{now - timedelta(hours=2):%H:%M}-{now + timedelta(hours=2):%H:%M}"'
    does_not = f'window: "{now + timedelta(hours=4):%H:%M}-{now + timedelta(hours=8):%H:%M}"'
    turns = iter(range(1 << 20))
    return WINDOW.sub(lambda _: (holds, does_not)[next(turns) % 2], text)


def with_server(text: str) -> str:
    """The overlays of a file; where there are two hubs a spoke serves as well, so that spokes talk over a hub."""
    found = yaml.safe_load(text)
    for overlay in found["overlays"]:
        spokes = [one["site"] for one in overlay["members"] if one["site"] not in overlay.get("hubs", ())]
        for flow in overlay.get("flows", ()) if len(overlay.get("hubs", ())) == 2 else ():
            flow["to"] = [flow["to"], spokes[0]] if isinstance(flow["to"], str) else [*flow["to"], spokes[0]]
    return "---\n" + yaml.safe_dump(found, allow_unicode=True, sort_keys=False)


@contextmanager
def lab(folder: Path, selection: Sequence[str], *, starts: bool = True) -> Iterator[Bench]:
    """A workplace with a lab as it leaves the bench; whatever happens, nothing of it stays."""
    bench = prepare(folder, starts=starts)
    try:
        bench.up(*selection)
        yield bench
    finally:
        bench.down()
