"""Whatever is done to an inventory, it is loaded and resolved, or refused in words: never anything else."""

import random
import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from lisiere.errors import InventoryError
from lisiere.inventory.loader import load_fleet
from lisiere.policy.site import resolve_fleet
from tests.inventory.casebook import GOOD

AS_OF = date(2026, 11, 24)
VALUES = (
    "null",
    "[]",
    "{}",
    "-1",
    "true",
    "'x y'",
    "[[1]]",
    "{a: 1}",
    "1.5",
    "''",
    "0x10",
    "any",
    "9" * 30,
    "2026-13-01",
)
ENTRY = re.compile(r"(?P<key>\s*(?:- )?[\w\"-]+:)( .*)?")
FILES = sorted(path.relative_to(GOOD) for path in GOOD.rglob("*.yaml"))


def damaged(text: str, seed: str) -> Iterator[str]:
    """A text with one line left out, or one value replaced; the same ones in every run."""
    chance = random.Random(seed)
    lines = text.split("\n")
    for number in chance.sample(range(1, len(lines)), k=min(20, len(lines) - 1)):
        before, line, after = lines[:number], lines[number], lines[number + 1 :]
        entry = ENTRY.fullmatch(line)
        if entry is None or chance.random() < 0.3:
            yield "\n".join(before + after)
        else:
            yield "\n".join([*before, f"{entry['key']} {chance.choice(VALUES)}", *after])


@pytest.mark.parametrize("file", FILES, ids=str)
def test_damage_is_refused_in_words(file: Path, tmp_path: Path) -> None:
    """Each mistake has a file that exists, a line that exists, and no word of the validator."""
    root = tmp_path / "inventory"
    shutil.copytree(GOOD, root)
    for text in damaged((GOOD / file).read_text(encoding="utf-8"), seed=str(file)):
        (root / file).write_text(text, encoding="utf-8")
        refusal = refusal_of(root)
        if refusal is not None:
            assert_in_words(refusal)


def refusal_of(root: Path) -> InventoryError | None:
    """Why an inventory is refused; None when it can be loaded and resolved."""
    try:
        list(resolve_fleet(load_fleet(root, as_of=AS_OF)))
    except InventoryError as exc:
        return exc
    return None


def assert_in_words(refusal: InventoryError) -> None:
    """At least one mistake; each at a line that exists."""
    assert refusal.mistakes
    for mistake in refusal.mistakes:
        lines = Path(mistake.file).read_text(encoding="utf-8").count("\n") + 1
        assert 0 <= mistake.line <= lines, mistake
        assert "Input" not in mistake.message, mistake
        assert "what is expected" not in mistake.message, mistake
