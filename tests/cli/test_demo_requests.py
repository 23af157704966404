"""The story of two requests, told on simulated appliances: asked for, seen by two, applied, looked at again."""

import json
import subprocess
from pathlib import Path

from lab.daemon import status
from tests.cli.conftest import ROOT, Shell

DEMO = ("--inventory", str(ROOT / "inventory"), "demo", "--requests", "--folder", "demo", "--json")


def test_two_requests_go_their_way_and_a_second_territory_sees_nothing(tmp_path: Path) -> None:
    """The time line is printed and ends verified; the inventory has one commit for each; no lab is left."""
    done = Shell(tmp_path)(*DEMO)
    found = json.loads(done.stdout)
    for number in found["requests"]:
        assert f"    {number}: vérifiée" in done.stderr
        assert f"    Il n\u2019y a pas de demande {number}" in done.stderr
    for words in (
        "EPCI  bruno",
        "exploitant  marie",
        "appliquer  execution",
        "vérifier  execution",
    ):
        assert done.stderr.count(words) == len(found["requests"]) == 2
    log = subprocess.run(
        ["git", "-C", tmp_path / "demo" / "inventory", "log", "--format=%s"], capture_output=True, text=True, check=True
    )
    assert [line.partition(":")[0] for line in log.stdout.splitlines()[:2]] == [
        f"Request {number}" for number in reversed(found["requests"])
    ]
    assert status(tmp_path / "demo" / "lab") is None
