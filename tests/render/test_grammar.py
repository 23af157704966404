"""Every command exists in the release that it is rendered for.

VyOS's own grammar, compiled, and the tool that reads it lie beside a checkout on the machines that develop and test
Lisière (`shared/tools/vyos_check.py`, or where `LISIERE_VYOS_CHECK` says). The shapes of all commands that they
accepted are kept in `golden/shapes-<release>.txt`; a new shape needs a review where the tool is at hand.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lisiere.model.vocabulary import RELEASES, Platform, Release
from lisiere.render.renderer import SECTIONS, render, template_folder
from tests.golden import Golden
from tests.render.cases import GOLDEN, resolved

ROOT = Path(__file__).resolve().parents[2]


def vyos_check() -> Path | None:
    """The tool that knows VyOS's grammar; None where it is not at hand."""
    said = os.environ.get("LISIERE_VYOS_CHECK")
    beside = (parent / "shared" / "tools" / "vyos_check.py" for parent in ROOT.parents)
    return next((path for path in ([Path(said)] if said else beside) if path.is_file()), None)


def complaints(texts: dict[str, str], release: Release, folder: Path) -> str:
    """What the tool says against texts; empty when all is right, or when the tool is not at hand."""
    tool = vyos_check()
    if tool is None:
        return ""
    paths = [folder / f"{name}.set" for name in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_text(text)
    definitions = tool.parents[1] / "data" / f"vyos-{release}-definitions.json.gz"
    command = [sys.executable, str(tool), "--compiled", str(definitions), "--strict", "--unchecked-is-error"]
    done = subprocess.run([*command, *map(str, paths)], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def shapes(texts: dict[str, str]) -> str:
    """The commands of texts with every value and name as `*`: a word is kept when a template writes it."""
    sources = (path.read_text() for section in SECTIONS for path in (template_folder() / section).glob("vyos/*.j2"))
    written = {word for text in sources for word in re.findall(r"[a-z][a-z0-9-]*", re.sub(r"(?s)\{#.*?#\}", "", text))}
    names = {"ipv4", "ipv6", "icmp", "icmpv6", "type", "type-name", "ethernet", "dummy", "vif"}
    found = {
        " ".join(word if word in written | names else "*" for word in re.sub("'[^']*'", "*", line).split(" "))
        for line in {line for text in texts.values() for line in text.splitlines()}
    }
    return "".join(f"{shape}\n" for shape in sorted(found))


@pytest.mark.parametrize("release", sorted(RELEASES[Platform.VYOS]))
def test_every_command_is_one_of_vyos(release: Release, golden: Golden, tmp_path: Path) -> None:
    """The small fleet, all on one release: no error, no warning, and no command of an unreviewed shape."""
    texts = {name: render(intent) for name, intent in resolved(release).items()}
    assert complaints(texts, release, tmp_path) == ""
    golden(GOLDEN / f"shapes-{release}.txt", shapes(texts))


@pytest.mark.parametrize("release", sorted(RELEASES[Platform.VYOS]))
def test_a_command_of_no_release_is_noticed(release: Release, tmp_path: Path) -> None:
    """A command that VyOS does not have is found: by the tool where it is at hand, by its shape everywhere."""
    texts = {"wrong": "set system host-name-of-old 'x'\n"}
    reviewed = (GOLDEN / f"shapes-{release}.txt").read_text().splitlines()
    assert shapes(texts).strip() not in reviewed
    assert vyos_check() is None or "1 errors" in complaints(texts, release, tmp_path)
