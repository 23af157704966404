"""The command line on real appliances: any site as Debian, from start to end."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from lab.real import needs
from lab.real.appliance import Appliance
from lab.real.territory import DISKS
from tests.cli.conftest import ROOT, Shell
from tests.lab.turn import turn

HUB = "80126-siege-01"
SPOKES = ("80120-mairie-01", "80126-mairie-01")
PATIENCE_S = 120.0


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """An overlay whose sites all run VyOS, played on Debian."""
    if missing := needs.lacking():
        pytest.skip("; ".join(missing))
    folder = tmp_path_factory.mktemp("real")
    (folder / "inventory").symlink_to(ROOT / "inventory")
    shell = Shell(folder)
    shell("secrets", "init")
    with turn():
        names = [word for name in (HUB, *SPOKES) for word in ("--name", name)]
        assert "--as-debian" in shell("lab", "real", "up", *names, status=2).stderr
        shell("lab", "real", "up", *names, "--as-debian")
        yield shell
        shell("lab", "real", "down")


def appliance(name: str) -> Appliance:
    """One of those that run."""
    return Appliance(name, DISKS / name)


def test_an_overlay_of_another_platform_comes_up_on_debian(played: Shell) -> None:
    """Commands take its sites for Debian while the lab is up: plan, apply, drift; then every tunnel carries traffic."""
    state: dict[str, Any] = json.loads((played.folder / ".lisiere/lab/lab.json").read_text(encoding="utf-8"))
    assert {one["platform"] for one in state["appliances"].values()} == {"debian"}
    plan = played.json("plan", "--lab")
    assert isinstance(plan, dict)
    assert isinstance(plan["changes"], list)
    assert len(plan["changes"]) == 1 + len(SPOKES)
    run = played.json("apply", str(plan["id"]), "--lab", "--yes")
    assert isinstance(run, dict)
    assert run["status"] == "succeeded"
    until = time.monotonic() + PATIENCE_S
    while (installed := appliance(HUB).tell("swanctl", "--list-sas").count("INSTALLED")) < len(SPOKES):
        assert time.monotonic() < until, f"{installed} tunnels are up"
        time.sleep(0.2)
    assert played.json("drift", "--refresh", "--lab", "--name", HUB) == []
    assert "debian" in played("show", HUB, LISIERE_LAB="1").stdout
    assert "vyos" in played("show", HUB).stdout
    found = appliance(HUB).tell("ip", "-br", "address", "show", "dev", "trunk-far")
    assert "/128" in found
