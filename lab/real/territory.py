"""A selection of sites as real appliances: the operator's core between them, clients behind them, the world around.

`up` writes a `lab.json` as the simulated lab does, so that every command with `--lab` works on it; `lab.real.world`
tells what it says of the world. `down` goes by what the kernel shows, whoever died in between.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from lab.errors import LabError
from lab.real import cabling, daemons, kernel, needs, outfit, rootless, world
from lab.real.appliance import Appliance, make_skeleton
from lab.real.outfit import Outfit
from lab.real.places import CORE, places_of
from lab.real.site import LOGIN, Site, factory
from lab.real.surroundings import Surroundings

STATE, DISKS, LOCK = "lab.json", Path("/run/lisiere-lab"), Path("/run/lisiere-lab-up.lock")
WORLD, KERNEL, TEMPLATE = "world", "kernel.json", "template"
"""Of the disks: the world's, the one that others are copies of; and what of the kernel's settings was changed."""


def up(
    state_dir: Path,
    sites: Sequence[Site],
    *,
    releases: Mapping[str, str],
    around: Surroundings,
    outfit_of: Outfit,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, object]:
    """Start real appliances, and wait until all have booted.

    Args:
        state_dir: Where `lab.json` and the key are put.
        sites: What to play.
        releases: The release of each, by name.
        around: What stands around them.
        outfit_of: What the appliances are given.
        progress: Told of each appliance that is up.

    Raises:
        LabError: This machine cannot, or a lab runs already or is just being started.
    """
    if missing := needs.lacking():
        raise LabError("; ".join(missing))
    with _no_other_starts():
        if kernel.inhabited(kernel.namespaces()):
            raise LabError("real appliances run here already; `lisiere lab real down` ends them")
        if not rootless.inside():
            refuse_beside_another(state_dir)
        down(state_dir)
        return _up(state_dir, sites, releases, around, outfit_of, progress)


def left_behind() -> int:
    """How many namespaces are here of a lab that nothing of runs any more: its commands and programs were killed."""
    names = kernel.namespaces()
    return 0 if kernel.inhabited(names) else len(names)


@contextmanager
def _no_other_starts() -> Iterator[None]:
    """While namespaces are made that nobody lives in yet, nobody else takes them for left behind."""
    with LOCK.open("w", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LabError("another command is just starting real appliances here") from None
        yield


def _up(
    state_dir: Path,
    sites: Sequence[Site],
    releases: Mapping[str, str],
    around: Surroundings,
    outfit_of: Outfit,
    progress: Callable[[str], None],
) -> dict[str, object]:
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        key = _key(state_dir)
        outfit.make_room(DISKS)
        (DISKS / KERNEL).write_text(json.dumps(cabling.widen_neighbours(len(sites))), encoding="utf-8")
        places = places_of(around)
        cabling.lay(sites, places, around.operators)
        told = world.start(places, around, sites, DISKS / WORLD)
        make_skeleton(DISKS)
        outfit.dressed_disk(DISKS / TEMPLATE, outfit_of, key=key)
        with ThreadPoolExecutor(2 * (os.cpu_count() or 1)) as pool:
            first = lambda site: _start(site, around.operators, key)  # noqa: E731
            appliances = {}
            for site, appliance in zip(sites, pool.map(first, sites), strict=True):
                appliances[site.name] = _entry(site, appliance, releases[site.name])
                progress(site.name)
        world.settle(DISKS / WORLD)
    except BaseException:
        down(state_dir)
        raise
    return _tell(state_dir, appliances=appliances, world=told)


def _tell(state_dir: Path, **found: object) -> dict[str, object]:
    """Write what commands have to know of the lab, whole or not at all."""
    state: dict[str, object] = {
        "kind": "real",
        "pid": 0,
        **rootless.told(),
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "username": LOGIN,
        "key_file": str(state_dir / "id_real"),
        **found,
    }
    scratch = state_dir / f".{STATE}"
    scratch.write_text(json.dumps(state), encoding="utf-8")
    scratch.replace(state_dir / STATE)
    return state


def refuse_beside_another(state_dir: Path) -> None:
    """Leave a simulated lab that runs in a folder alone: there is one lab in it.

    Raises:
        LabError: One runs.
    """
    from lab.daemon import status as simulated

    if (running := simulated(state_dir)) is not None:
        raise LabError(f"a lab of {len(running.appliances)} simulated appliances runs here; `lisiere lab down` ends it")


def down(state_dir: Path) -> int:
    """End every real appliance of this machine and leave no trace; how many namespaces there were.

    For who is not root these are the appliances of the lab of this folder.
    """
    ended = 0
    if (holder := rootless.holder_of(state_dir / STATE)) is not None and holder != rootless.inside():
        ended += rootless.end(holder)
    if os.geteuid() == 0:
        ended += _clear()
    path = state_dir / STATE
    if path.exists() and json.loads(path.read_text(encoding="utf-8")).get("kind") == "real":
        path.unlink()
    for name in ("id_real", "id_real.pub", f".{STATE}"):
        (state_dir / name).unlink(missing_ok=True)
    return ended


def _clear() -> int:
    ended = 0
    while names := kernel.namespaces():  # A command that was killed may have left others behind that go on for a while.
        kernel.tear_down(names)
        ended += len(names)
    kernel.drop_device(cabling.HERE)
    changed = DISKS / KERNEL
    if changed.exists():
        cabling.restore(json.loads(changed.read_text(encoding="utf-8") or "{}"))
    outfit.clear(DISKS)
    return ended


def status() -> dict[str, bool]:
    """The appliances that the kernel shows, and whether each runs."""
    begins = (CORE, *(f"{kernel.PREFIX}{word}" for word in ("internet", "academie", "datacentre", "partner-", "at-")))
    names = [one for one in kernel.namespaces() if not one.startswith(begins)]
    living = kernel.inhabited(names)
    return {one.removeprefix(kernel.PREFIX): one in living for one in names}


def ended() -> tuple[str, ...]:
    """The programs around the appliances that run no longer though they should; empty where no lab is."""
    return daemons.ended(DISKS / WORLD)


# ---- inside ----------------------------------------------------------------------------------------------------------


def _key(state_dir: Path) -> str:
    kernel.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", str(state_dir / "id_real"))
    return (state_dir / "id_real.pub").read_text(encoding="ascii").strip()


def _start(site: Site, operators: Sequence[str], key: str) -> Appliance:
    appliance = Appliance(site.name, DISKS / site.name)
    appliance.prepare(template=DISKS / TEMPLATE)
    outfit.configure(appliance, factory(site, operators, key))
    if lines := site.transit_batch():
        (appliance.etc / "lab-transit").write_text(lines, encoding="ascii")
    appliance.start()
    return appliance


def _entry(site: Site, appliance: Appliance, release: str) -> dict[str, str | int]:
    return {
        "hostname": str(site.loopbacks[0]),
        "port": 22,
        "host_key": appliance.host_key,
        "release": release,
        "platform": "debian",
    }
