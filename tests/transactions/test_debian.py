"""Transactions on real Debian appliances: the command that rotates a key is killed, and the next one settles it.

A lab of two sites takes a while, so these cells are for `make transactions` alone.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from lab.real import needs
from lisiere.store.setup import connect
from tests.faults.cells import Moment
from tests.lab.turn import turn
from tests.proof import bench, vpn
from tests.proof.bench import Bench
from tests.transactions.cells import DEBIAN_CELLS, DebianCell
from tests.transactions.killed import set_trap
from tests.transactions.summary import CELL

HUB, SPOKE = "80253-siege-01", "80316-mairie-01"
TRIES = 3
KEY = f"overlay/admin-territoire-nord-picardie/{HUB}--{SPOKE}"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A hub and a spoke with a tunnel that is up."""
    if missing := needs.lacking():
        pytest.skip("; ".join(missing))
    with turn(), bench.lab(tmp_path_factory.mktemp("pair"), ["--name", HUB, "--name", SPOKE, "--as-debian"]) as made:
        made.configure()
        wanted = vpn.ends(made, made.ground())
        vpn.wait_for(lambda: not vpn.missing(wanted), vpn.COMES_UP_S)
        yield made


@pytest.mark.parametrize("cell", DEBIAN_CELLS, ids=str)
def test_a_killed_rotation_is_settled_on_debian(
    cell: DebianCell, pair: Bench, record_property: Callable[[str, object], None]
) -> None:
    """Both appliances and the store have the same key, the tunnel is up, and nothing waits for a confirmation."""
    before = keys(pair)
    assert any(is_killed(pair, cell) for _ in range(TRIES))
    with connect(path=pair.folder / ".lisiere/lisiere.sqlite3") as records:
        left = [one.run_id for one in records.transactions.open_ones()]
    for run_id in left:
        pair.run("runs", "resolve", run_id, "--lab")
    after = keys(pair)
    with connect(path=pair.folder / ".lisiere/lisiere.sqlite3") as records:
        assert records.transactions.open_ones() == ()
        assert records.leases() == ()
    side = "old" if after == before else "new" if after.isdisjoint(before) and len(after) == 1 else "mixed"
    record_property(CELL, [f"Debian, kill {cell.moment}", cell.step, side, ""])
    assert side == cell.side
    vars(pair).pop("keeper", None)
    assert {pair.keeper.reveal(f"secret:{KEY}")} == after
    assert "before/" not in pair.run("secrets", "list")
    wanted = vpn.ends(pair, pair.ground())
    vpn.wait_for(lambda: not vpn.missing(wanted), vpn.COMES_UP_S)
    assert vpn.missing(wanted) == []


def is_killed(pair: Bench, cell: DebianCell) -> bool:
    """Rotate in a process that is killed; False when appliances of a busy machine refused, and all are old."""
    work = partial(rotate_and_die, pair.folder, cell.step, cell.moment, cell.occurrence)
    process = multiprocessing.get_context("spawn").Process(target=work)
    process.start()
    process.join(timeout=600)
    return process.exitcode == -signal.SIGKILL


def keys(pair: Bench) -> set[str]:
    """The key of the tunnel, as each appliance's own file has it; none of them waits for a confirmation."""
    found = set()
    for name in (HUB, SPOKE):
        assert '"pending": null' in vpn.appliance(name).tell("lisiere-edge", "status")
        text = vpn.appliance(name).tell("cat", "/etc/lisiere/current/swanctl/swanctl.conf")
        sections = [one for one in text.split("ike-") if HUB in one and SPOKE in one and "secret = " in one]
        found |= {line.split('"')[1] for one in sections for line in one.splitlines() if "secret = " in line}
    return found


def rotate_and_die(folder: Path, step: str, moment: Moment, occurrence: int) -> None:
    """Give the command that rotates the key, in this process, which dies at an entry of its journal."""
    import cli.records
    from cli.main import main

    os.chdir(folder)
    opened = cli.records.open_records

    def trapped(settings: object) -> object:
        records = opened(settings)  # type: ignore[arg-type]
        set_trap(records, step, moment, occurrence)
        return records

    cli.records.open_records = trapped  # type: ignore[assignment]
    sys.argv = ["lisiere", "secrets", "rotate", KEY, "--lab", "--yes"]
    main()
