"""The command line as a person uses it: `lisiere` in a folder, as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.house.checkout import ROOT


def lisiere(
    folder: Path, words: Sequence[str], variables: Mapping[str, str], *, timeout_s: float = 240
) -> subprocess.CompletedProcess[str]:
    """Run `lisiere` with these words, and with no setting of the surroundings but these variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LISIERE_")}
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *words],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
