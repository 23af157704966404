"""The command line as a person uses it: `lisiere` in a folder, as a process of its own."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.forks import FORKS, carry_out
from tests.house.checkout import ROOT

READ_AT_THE_START = "PYTHONHASHSEED"
"""What Python itself reads of the surroundings when it starts."""


def lisiere(
    folder: Path, words: Sequence[str], variables: Mapping[str, str], *, timeout_s: float = 600, starts: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run `lisiere` with these words, and with no setting of the surroundings but these variables.

    It is forked with all imports behind it, unless it is to start as a person starts it, or there is something that
    Python itself reads when it starts.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LISIERE_")}
    environment = {**kept, "PYTHONPATH": str(ROOT), **variables}
    if starts or READ_AT_THE_START in variables:
        return subprocess.run(
            [sys.executable, "-m", "cli.main", *words],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    with tempfile.TemporaryDirectory() as said:
        process = FORKS.Process(target=carry_out, args=(tuple(words), str(folder), environment, said))
        process.start()
        process.join(timeout_s)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(["lisiere", *words], timeout_s)
        out, err = (Path(said, stream).read_text(encoding="utf-8") for stream in ("out", "err"))
        return subprocess.CompletedProcess(["lisiere", *words], process.exitcode, out, err)
