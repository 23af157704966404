"""The whole fleet of the inventory is rendered, and nothing in it is foreign to VyOS or cannot be committed."""

import time
from datetime import date
from pathlib import Path

import pytest

from lisiere.inventory.loader import load_fleet
from lisiere.model.intent import SiteIntent
from lisiere.model.vocabulary import RELEASES, Platform, Release
from lisiere.policy.site import resolve_fleet
from lisiere.render.renderer import render
from lisiere.secrets import references
from tests.render.cases import GOLDEN
from tests.render.committed import mistakes
from tests.render.test_grammar import complaints, shapes

INVENTORY = Path(__file__).resolve().parents[2] / "inventory"
AS_OF = date(2026, 11, 24)
ALLOWED_S = 3.0


@pytest.fixture(scope="module")
def intents() -> list[SiteIntent]:
    """Every site in service."""
    return list(resolve_fleet(load_fleet(INVENTORY, as_of=AS_OF)))


@pytest.fixture(scope="module")
def texts(intents: list[SiteIntent]) -> dict[Release, dict[str, str]]:
    """Every configuration, by release and name."""
    found: dict[Release, dict[str, str]] = {release: {} for release in Release}
    for intent in intents:
        found[intent.release][intent.name] = render(intent)
    return found


@pytest.mark.parametrize("release", sorted(RELEASES[Platform.VYOS]))
def test_every_command_of_the_fleet_is_one_of_vyos(
    texts: dict[Release, dict[str, str]], release: Release, tmp_path: Path
) -> None:
    """No error, no warning, no value left unchecked, and no command of an unreviewed shape."""
    reviewed = set((GOLDEN / f"shapes-{release}.txt").read_text().splitlines())
    assert len(texts[release]) > 50
    assert set(shapes(texts[release]).splitlines()) <= reviewed
    assert complaints(each_line_once(texts[release]), release, tmp_path) == ""


def each_line_once(texts: dict[str, str]) -> dict[str, str]:
    """Texts without the lines that an earlier one has as well: a command is right or wrong whoever gives it."""
    seen: set[str] = set()
    found: dict[str, str] = {}
    for name, text in texts.items():
        new = [line for line in text.splitlines() if line not in seen]
        seen.update(new)
        found[name] = "".join(f"{line}\n" for line in new)
    return found


def test_the_fleet_can_be_committed(texts: dict[Release, dict[str, str]]) -> None:
    """What VyOS asks at commit holds for every site."""
    wrong = {
        name: found
        for release in RELEASES[Platform.VYOS]
        for name, text in texts[release].items()
        if (found := mistakes(text))
    }
    assert wrong == {}


def test_the_fleet_refers_to_the_secrets_it_names(
    intents: list[SiteIntent], texts: dict[Release, dict[str, str]]
) -> None:
    """No site refers to a secret that its intent does not name, none forgets one."""
    for intent in intents:
        named = {reference.removeprefix("secret:") for reference in intent.secrets()}
        assert set(references.find(texts[intent.release][intent.name])) == named


@pytest.mark.bench
def test_the_fleet_renders_in_a_couple_of_seconds(intents: list[SiteIntent]) -> None:
    """600 sites take less than three seconds of one core."""
    begun_s = time.process_time()
    for intent in intents:
        render(intent)
    assert time.process_time() - begun_s < ALLOWED_S
