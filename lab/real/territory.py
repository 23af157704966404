"""A selection of sites as real appliances: the operator's core between them, clients behind them, the world around.

`up` writes a `lab.json` as the simulated lab does, so that every command with `--lab` works on it. `down` goes by what
the kernel shows, whoever died in between.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

from lab.errors import LabError
from lab.real import kernel, needs, outfit
from lab.real.appliance import Appliance
from lab.real.outfit import Outfit
from lab.real.site import LOGIN, Site, factory

CORE, WORLD = f"{kernel.PREFIX}core", f"{kernel.PREFIX}world"
HERE = "lisiere-lab0"
"""The device of this machine that the operator sits at."""
STATE, DISKS = "lab.json", Path("/run/lisiere-lab")
MANY = 250
"""From so many sites on the kernel's table of neighbours is too small."""
WIDE = {"ipv4": "0.0.0.0/0", "ipv6": "::/0"}
WORLD_LINK = ("192.88.99.1/30", "192.88.99.2", "fd80:ffff:ffff::1/126", "fd80:ffff:ffff::2")


def up(
    state_dir: Path,
    sites: Sequence[Site],
    *,
    releases: Mapping[str, str],
    operators: Sequence[str],
    outfit_of: Outfit,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, object]:
    """Start real appliances, and wait until all have booted.

    Args:
        state_dir: Where `lab.json` and the key are put.
        sites: What to play.
        releases: The release of each, by name.
        operators: The prefixes that the operator manages from; this machine gets an address out of each.
        outfit_of: What the appliances are given.
        progress: Told of each appliance that is up.

    Raises:
        LabError: This machine cannot, or a lab runs already.
    """
    if missing := needs.lacking():
        raise LabError("; ".join(missing))
    if kernel.namespaces():
        raise LabError("real appliances run here already; `lisiere lab real down` ends them")
    outfit.clear(DISKS)
    kernel.drop_device(HERE)
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = _key(state_dir)
    try:
        _lay(sites, operators)
        with ThreadPoolExecutor(2 * (os.cpu_count() or 1)) as pool:
            first = lambda site: _start(site, operators, outfit_of, key)  # noqa: E731
            appliances = {}
            for site, appliance in zip(sites, pool.map(first, sites), strict=True):
                appliances[site.name] = _entry(site, appliance, releases[site.name])
                progress(site.name)
    except BaseException:
        down(state_dir)
        raise
    state: dict[str, object] = {
        "kind": "real",
        "pid": 0,
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "username": LOGIN,
        "key_file": str(state_dir / "id_real"),
        "appliances": appliances,
    }
    (state_dir / STATE).write_text(json.dumps(state), encoding="utf-8")
    return state


def down(state_dir: Path) -> int:
    """End every real appliance of this machine and leave no trace; how many namespaces there were."""
    names = kernel.namespaces()
    kernel.drop_device(HERE)
    kernel.tear_down(names)
    outfit.clear(DISKS)
    path = state_dir / STATE
    if path.exists() and json.loads(path.read_text(encoding="utf-8")).get("kind") == "real":
        path.unlink()
    for name in ("id_real", "id_real.pub"):
        (state_dir / name).unlink(missing_ok=True)
    return len(names)


def status() -> dict[str, bool]:
    """The appliances that the kernel shows, and whether each runs."""
    reserved = {CORE, WORLD}
    names = [one for one in kernel.namespaces() if one not in reserved and not one.startswith(f"{kernel.PREFIX}at-")]
    return {one.removeprefix(kernel.PREFIX): any(kernel.processes([one])) for one in names}


def client(site: str, device: str) -> str:
    """The namespace of the client behind a device of a site."""
    return f"{kernel.PREFIX}at-{site}-{device}"


# ---- inside ----------------------------------------------------------------------------------------------------------


def _key(state_dir: Path) -> str:
    for name in ("id_real", "id_real.pub"):
        (state_dir / name).unlink(missing_ok=True)
    kernel.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", str(state_dir / "id_real"))
    return (state_dir / "id_real.pub").read_text(encoding="ascii").strip()


def _start(site: Site, operators: Sequence[str], given: Outfit, key: str) -> Appliance:
    appliance = Appliance(site.name, DISKS / site.name)
    appliance.prepare()
    outfit.dress(appliance, given, first=factory(site, operators, key), key=key)
    appliance.start()
    return appliance


def _entry(site: Site, appliance: Appliance, release: str) -> dict[str, str | int]:
    return {"hostname": str(site.loopbacks[0]), "port": 22, "host_key": appliance.host_key, "release": release}


def _lay(sites: Sequence[Site], operators: Sequence[str]) -> None:
    """Namespaces, cables and addresses, all of them in a few processes."""
    if len(sites) > MANY:
        for name, number in (("gc_thresh1", 8192), ("gc_thresh2", 32768), ("gc_thresh3", 65536)):
            for family in ("ipv4", "ipv6"):
                Path(f"/proc/sys/net/{family}/neigh/default/{name}").write_text(str(number), encoding="ascii")
    names = [CORE, WORLD]
    names += [f"{kernel.PREFIX}{site.name}" for site in sites]
    names += [client(site.name, lan.device) for site in sites for lan in site.lans]
    kernel.side_by_side(f"netns add {name}" for name in names)
    kernel.batch(_cables(sites))
    kernel.batch(_core(sites, operators), namespace=CORE)
    kernel.batch(_world(), namespace=WORLD)
    for site in sites:
        for lan in site.lans:
            kernel.batch(_client(lan.client_addresses(), lan.gateway), namespace=client(site.name, lan.device))
    kernel.batch(_here(sites, operators))
    for name in (CORE, WORLD):
        _forward(name)
    kernel.run("ip", "netns", "exec", WORLD, "nft", "-f", "-", data=ANSWERING)
    for family in ("-4", "-6"):
        anywhere = WIDE["ipv6" if family == "-6" else "ipv4"]
        lines = ("rule add iif core lookup 100", f"route add local {anywhere} dev lo table 100")
        kernel.batch(lines, namespace=WORLD, family=family)
    _people_the_world()


def _people_the_world() -> None:
    ready = DISKS / "world-is-ready"
    DISKS.mkdir(parents=True, exist_ok=True)
    subprocess.Popen(
        ["/usr/sbin/ip", "netns", "exec", WORLD, sys.executable, "-m", "lab.real.world", str(ready)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    until = time.monotonic() + 20.0
    while not ready.exists():
        if time.monotonic() > until:
            raise LabError("the world around the lab did not come to be")
        time.sleep(0.02)


def _cables(sites: Sequence[Site]) -> Iterator[str]:
    yield f"link add name {HERE} type veth peer name operator netns {CORE}"
    yield f"link add name world netns {CORE} type veth peer name core netns {WORLD}"
    for number, site in enumerate(sites):
        inside = f"{kernel.PREFIX}{site.name}"
        for wire, letter in ((site.uplink, "w"), (site.management, "m")):
            yield f"link add name {wire.device} netns {inside} type veth peer name {letter}{number} netns {CORE}"
        yield f"link add name trunk0 netns {inside} type veth peer name trunk-far netns {inside}"
        for lan in site.lans:
            there = client(site.name, lan.device)
            yield f"link add name {lan.device} netns {inside} type veth peer name lan0 netns {there}"


def _core(sites: Sequence[Site], operators: Sequence[str]) -> Iterator[str]:
    """The operator's routers: a leg to each site's two links, loopbacks behind the one, nothing of the LANs."""
    yield from ("link set lo up", "link set operator up", "link set world up")
    yield from (f"address add {_desk(prefix)[0]} dev operator{_nodad(prefix)}" for prefix in operators)
    yield from (f"address add {WORLD_LINK[0]} dev world", f"address add {WORLD_LINK[2]} dev world nodad")
    yield from (f"route add default via {WORLD_LINK[1]}", f"route add default via {WORLD_LINK[3]}")
    for number, site in enumerate(sites):
        for wire, letter in ((site.uplink, "w"), (site.management, "m")):
            yield f"link set {letter}{number} up"
            yield from (f"address add {one} dev {letter}{number}{_nodad(one)}" for one in wire.far_addresses())
        (address_4, address_6), (near_4, near_6) = site.loopbacks, site.management.near
        yield f"route add {address_4} via {near_4.ip}"
        yield f"route add {address_6} via {near_6.ip}"


def _world() -> Iterator[str]:
    """Everybody else: each address that is nobody's answers."""
    yield from ("link set lo up", "link set core up")
    yield from (f"address add {WORLD_LINK[1]}/30 dev core", f"address add {WORLD_LINK[3]}/126 dev core nodad")
    yield from (
        f"route add default via {WORLD_LINK[0].split('/')[0]}",
        f"route add default via {WORLD_LINK[2].split('/')[0]}",
    )


def _client(addresses: tuple[str, str], gateway: tuple[object, object]) -> Iterator[str]:
    yield from ("link set lo up", "link set lan0 up")
    for address, router in zip(addresses, gateway, strict=True):
        yield f"address add {address} dev lan0{_nodad(address)}"
        yield f"route add default via {str(router).split('/')[0]}"


def _here(sites: Sequence[Site], operators: Sequence[str]) -> Iterator[str]:
    """This machine at the operator's desk, with a route to each appliance and to nothing else."""
    yield f"link set {HERE} up"
    yield from (f"address add {_desk(prefix)[1]} dev {HERE}{_nodad(prefix)}" for prefix in operators)
    gateways = {":" in prefix: _desk(prefix)[0].split("/")[0] for prefix in operators}
    for site in sites:
        for address in site.loopbacks:
            if gateway := gateways.get(":" in str(address)):
                yield f"route add {address} via {gateway} dev {HERE}"


def _desk(prefix: str) -> tuple[str, str]:
    """Two addresses at the end of the operator's prefix: the router's and ours."""
    network = ip_network(prefix)
    last = network.broadcast_address
    return f"{last - 2}/{network.prefixlen}", f"{last - 1}/{network.prefixlen}"


def _nodad(address: str) -> str:
    return " nodad" if ":" in address else ""


def _forward(name: str) -> None:
    settings = {"net.ipv4.ip_forward": 1, "net.ipv6.conf.all.forwarding": 1, "net.ipv4.conf.all.rp_filter": 0}
    kernel.run("ip", "netns", "exec", name, "sysctl", "-qw", *(f"{key}={value}" for key, value in settings.items()))


ANSWERING = """flush ruleset
table inet world {
  chain prerouting { type nat hook prerouting priority dstnat;
    iifname "core" meta l4proto tcp redirect to :7
    iifname "core" meta l4proto udp redirect to :7
  }
}
"""
