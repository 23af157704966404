"""Rendering every appliance from its intent, with every value checked on its way into a command."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from zlib import crc32

from benchmarks.jobs import Extra, Job, Work
from lisiere.inventory.loader import load_fleet
from lisiere.model.intent import SiteIntent
from lisiere.policy.site import resolve_sites
from lisiere.render.renderer import render


def prepare(job: Job) -> Work:
    """Resolve the intents."""
    return partial(_work, intents_of(job))


def intents_of(job: Job) -> Mapping[str, SiteIntent]:
    """The intents of every appliance in service."""
    fleet = load_fleet(Path(job.inventory), as_of=datetime.now(UTC).date())
    return resolve_sites(fleet, sorted(one.name for one in fleet.in_service()))


def _work(intents: Mapping[str, SiteIntent]) -> Extra:
    return told({name: render(intent) for name, intent in intents.items()})


def told(texts: Mapping[str, str]) -> Extra:
    """How many texts there are, and a sum by which two renderings can be compared."""
    total = 0
    for name in sorted(texts):
        total = crc32(texts[name].encode(), total)
    return {"texts": len(texts), "lines": sum(text.count("\n") for text in texts.values()), "crc32": total}
