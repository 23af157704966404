"""Cases of rendering: a folder each under `golden`, with a site of the small fleet and perhaps another release."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from lisiere.model.fleet import Fleet
from lisiere.model.intent import SiteIntent
from lisiere.model.words import Release
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


def _moved(fleet: Fleet, release: Release) -> Fleet:
    appliances = {
        name: one.model_copy(update={"data": one.data.model_copy(update={"release": release})})
        for name, one in fleet.appliances.items()
    }
    return fleet.model_copy(update={"appliances": appliances})
