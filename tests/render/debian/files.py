"""Configurations of the platform `debian` as files of a folder, as the programs that read them find them."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from lisiere import bundle
from lisiere.model.intent import SiteIntent
from lisiere.model.vocabulary import Release
from lisiere.render.renderer import render
from lisiere.secrets import references
from tests.render.cases import resolved

CURRENT = "/etc/lisiere/current/"
LISTS = "/var/lib/lisiere/lists/"
"""Where a configuration lies on an appliance, and where the operator's lists of categories do."""


def intents() -> dict[str, SiteIntent]:
    """The small fleet, all of it as Debian appliances."""
    return resolved(Release.DEBIAN_12)


@cache
def text_of(site: str) -> str:
    """The configuration of a site of the small fleet."""
    return render(intents()[site])


def files_of(text: str) -> dict[str, str]:
    """What each file of a configuration holds, by path."""
    return {one.path: one.text for one in bundle.parse(text)}


def unpack(text: str, folder: Path, *, value_of: Callable[[str], str] = lambda _: "not-a-secret") -> Path:
    """Lay a configuration out below a folder, which stands for its place on an appliance, secrets with their values."""
    lists = folder.parent / f"{folder.name}-lists"
    lists.mkdir(parents=True, exist_ok=True)
    for one in bundle.parse(text):
        path = folder / one.path
        path.parent.mkdir(parents=True, exist_ok=True)
        body = references.replace(one.text, value_of)
        path.write_text(body.replace(CURRENT, f"{folder}/").replace(LISTS, f"{lists}/"))
        path.chmod(int(one.mode, 8))
    for category in ("adult", "malware", *_categories(text)):
        (lists / category).write_text(f".category-{category}.invalid\n")
    return folder


def _categories(text: str) -> list[str]:
    return [part.partition('"')[0] for part in text.split(LISTS)[1:]]
