"""Cases of rendering: a folder each under `golden`, with a site of the small fleet and perhaps another release."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from lisiere.model.fleet import Fleet
from lisiere.model.intent import SiteIntent
from lisiere.model.vocabulary import RELEASES, Release
from lisiere.policy.site import resolve_fleet
from lisiere.render.renderer import render
from tests.render.fleet import small_fleet

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.parent for path in GOLDEN.glob("*/case.yaml"))


@dataclass(frozen=True, slots=True)
class Case:
    """What `case.yaml` says."""

    title: str
    site: str
    release: Release | None = None

    @property
    def expected(self) -> str:
        """The file that holds the reviewed text."""
        return "expected.bundle" if self.release is Release.DEBIAN_12 else "expected.set"


def read_case(folder: Path) -> Case:
    """The case of a folder."""
    written = yaml.safe_load((folder / "case.yaml").read_text())
    release = written.get("release")
    return Case(title=written["title"], site=written["site"], release=Release(release) if release else None)


def intent_of(case: Case) -> SiteIntent:
    """The intent that a case renders."""
    return resolved(case.release)[case.site]


def rendered(folder: Path) -> str:
    """The text of a case."""
    return render(intent_of(read_case(folder)))


@cache
def resolved(release: Release | None = None) -> dict[str, SiteIntent]:
    """Every intent of the small fleet; with a release, as if all appliances ran it."""
    fleet = small_fleet() if release is None else _moved(small_fleet(), release)
    return {intent.name: intent for intent in resolve_fleet(fleet)}


@cache
def mixed(first: int) -> dict[str, SiteIntent]:
    """Every intent of the small fleet, every other appliance (from the first or the second on) as a Debian one."""
    names = sorted(small_fleet().appliances)[first::2]
    fleet = _moved(small_fleet(), Release.DEBIAN_12, names)
    return {intent.name: intent for intent in resolve_fleet(fleet)}


def _moved(fleet: Fleet, release: Release, names: Collection[str] | None = None) -> Fleet:
    platform = next(one for one, releases in RELEASES.items() if release in releases)
    appliances = {
        name: one.model_copy(update={"platform": platform, "data": one.data.model_copy(update={"release": release})})
        if names is None or name in names
        else one
        for name, one in fleet.appliances.items()
    }
    return fleet.model_copy(update={"appliances": appliances})
