"""Namespaces, cables and addresses of a lab: the operator's core, the sites' links, clients, this machine's desk."""

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_network
from pathlib import Path

from lab.errors import LabError
from lab.real import kernel, rootless, world
from lab.real.places import CORE, INSIDE, Place, at_the_core, at_the_place, cables, way_back
from lab.real.site import SPARE, Site

HERE = "lisiere-lab0"
"""The device of this machine that the operator sits at."""
MANY = 250
"""From so many sites on the kernel's table of neighbours is too small."""
NEIGHBOURS = {"gc_thresh1": 8192, "gc_thresh2": 32768, "gc_thresh3": 65536}
FORWARDING = {"net.ipv4.ip_forward": 1, "net.ipv6.conf.all.forwarding": 1, "net.ipv4.conf.all.rp_filter": 0}


def lay(sites: Sequence[Site], places: Sequence[Place], operators: Sequence[str]) -> None:
    """Lay everything but what is behind the sites, each namespace in one process at most."""
    names = [CORE, *(one.namespace for one in places)]
    names += [f"{kernel.PREFIX}{site.name}" for site in sites]
    names += [world.client(site.name, lan.device) for site in sites for lan in site.lans]
    kernel.side_by_side(f"netns add {name}" for name in names)
    kernel.batch((*cables(places), *_cables(sites)))
    for name in (CORE, *(one.namespace for one in places)):
        kernel.run(
            "ip", "netns", "exec", name, "sysctl", "-qw", *(f"{key}={value}" for key, value in FORWARDING.items())
        )
    kernel.batch((*_core(sites, operators), *at_the_core(places)), namespace=CORE)
    for family in ("-4", "-6"):
        kernel.batch(way_back(places), namespace=CORE, family=family)
    for one in places:
        kernel.batch(at_the_place(one), namespace=one.namespace)
    world.prepare(places)
    kernel.batch(_here(sites, operators))


def widen_neighbours(sites: int) -> dict[str, str]:
    """Make room for the neighbours of many sites; what to write back when they are gone, by file."""
    if sites <= MANY:
        return {}
    files = {
        str(Path("/proc/sys/net", family, "neigh/default", name)): str(number)
        for family in ("ipv4", "ipv6")
        for name, number in NEIGHBOURS.items()
    }
    if not all(Path(name).exists() for name in files):
        return _have_room()
    before = {name: Path(name).read_text(encoding="ascii").strip() for name in files}
    restore(files)
    return before


def _have_room() -> dict[str, str]:
    """See that there is room already, where it belongs to the machine and the lab to a user.

    Raises:
        LabError: There is none.
    """
    if rootless.neighbours() < NEIGHBOURS["gc_thresh3"]:
        words = " ".join(
            f"net.{family}.neigh.default.{name}={number}"
            for family in ("ipv4", "ipv6")
            for name, number in NEIGHBOURS.items()
        )
        raise LabError(f"over {MANY} appliances need more room for neighbours; as root: sysctl {words}")
    return {}


def restore(settings: dict[str, str]) -> None:
    """Write settings of the kernel."""
    for name, value in settings.items():
        Path(name).write_text(value, encoding="ascii")


# ---- lines of ip -----------------------------------------------------------------------------------------------------


def _cables(sites: Sequence[Site]) -> Iterator[str]:
    yield f"link add name {HERE} type veth peer name operator netns {CORE}"
    for number, site in enumerate(sites):
        inside = f"{kernel.PREFIX}{site.name}"
        for wire, letter in ((site.uplink, "w"), (site.management, "m")):
            yield f"link add name {wire.device} netns {inside} type veth peer name {letter}{number} netns {CORE}"
        yield f"link add name trunk0 netns {inside} type veth peer name {SPARE} netns {inside}"
        for lan in site.lans:
            there = world.client(site.name, lan.device)
            yield f"link add name {lan.device} netns {inside} type veth peer name lan0 netns {there}"


def _core(sites: Sequence[Site], operators: Sequence[str]) -> Iterator[str]:
    """The operator's routers: a leg to each site's two links, loopbacks behind one; of LANs only the way back."""
    yield from ("link set lo up", "link set operator up")
    yield from (f"address add {_desk(prefix)[0]} dev operator{_nodad(prefix)}" for prefix in operators)
    for number, site in enumerate(sites):
        for wire, letter in ((site.uplink, "w"), (site.management, "m")):
            yield f"link set {letter}{number} up"
            yield from (f"address add {one} dev {letter}{number}{_nodad(one)}" for one in wire.far_addresses())
        (address_4, address_6), (near_4, near_6) = site.loopbacks, site.management.near
        yield f"route add {address_4} via {near_4.ip}"
        yield f"route add {address_6} via {near_6.ip}"
        for lan in site.lans:
            yield f"route add {lan.gateway[1].network} via {site.uplink.near[1].ip} table {INSIDE}"


def _here(sites: Sequence[Site], operators: Iterable[str]) -> Iterator[str]:
    """This machine at the operator's desk, with a route to each appliance and to nothing else."""
    desks = [(prefix, *_desk(prefix)) for prefix in operators]
    yield f"link set {HERE} up"
    yield from (f"address add {here} dev {HERE}{_nodad(prefix)}" for prefix, _, here in desks)
    gateways = {":" in prefix: router.split("/")[0] for prefix, router, _ in desks}
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
