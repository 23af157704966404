"""The VPN proof: tunnels of both ends, who reaches whom through them, and that nothing of it is ever seen in clear."""

import re
import time as clock
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from lab.real import kernel, territory
from lab.real.appliance import Appliance
from lab.real.places import CORE
from lab.real.probing import Prober, Spot, hardware
from lab.real.site import WAN
from lab.real.wire import Kind, Probe
from lisiere.model.intent import Family, Tunnel
from tests.proof.asking import Fate, Try, fate_of
from tests.proof.bench import Bench
from tests.proof.ground import Ground, segment_of
from tests.proof.speakers import ECHO, TCP, UDP

SWANCTL = "/usr/sbin/swanctl"
INSTALLED = re.compile(r"^  (\S+): #\d+, reqid \d+, INSTALLED", re.MULTILINE)
NUMBERED = re.compile(r"^  (\S+): #\d+, reqid (\d+), INSTALLED", re.MULTILINE)
SERVICES = ((TCP, 443), (TCP, 445), (TCP, 22), (TCP, 80), (UDP, 53), (UDP, 443))
COMES_UP_S, MOVES_S, ROUNDS = 60.0, 150.0, 3
WALL = """table inet lisiere_proof {
  chain forward { type filter hook forward priority 0;
    udp dport { 500, 4500 } drop
    meta l4proto esp drop
  }
}
"""
"""Rules of the core that let no tunnel through."""


@dataclass(frozen=True, slots=True)
class End:
    """One end of a tunnel."""

    site: str
    tunnel: Tunnel

    def __str__(self) -> str:
        """As people say it."""
        return f"{self.site} to {self.tunnel.peer}"


def appliance(name: str) -> Appliance:
    """An appliance of the lab that is up."""
    return Appliance(name, territory.DISKS / name)


def ends(bench: Bench, ground: Ground) -> list[End]:
    """Both ends of every tunnel of which the lab has both; of a partner's tunnel ours."""
    return [
        End(name, tunnel)
        for name, intent in bench.intents.items()
        for tunnel in intent.tunnels
        if tunnel.peer in bench.intents or f"partner:{tunnel.peer}" in ground.spots
    ]


def up_at(name: str) -> set[str]:
    """The tunnels that an appliance itself holds to be up."""
    status, said = appliance(name).call(SWANCTL, "--list-sas")
    return set() if status else set(INSTALLED.findall(said))


def partners_up(bench: Bench) -> dict[str, set[str]]:
    """The tunnels that partners hold to be up."""
    found = {}
    for one in bench.state["world"]["partners"]:
        said = kernel.run(SWANCTL, "--list-sas", "--uri", f"unix://{one['vici']}") if one["vici"] else ""
        found[str(one["name"])] = set(INSTALLED.findall(said))
    return found


def missing(wanted: Sequence[End]) -> list[End]:
    """The ends that are not up."""
    up = {name: up_at(name) for name in {one.site for one in wanted}}
    return [one for one in wanted if one.tunnel.name not in up[one.site]]


def wait_for(holds: Callable[[], bool], patience_s: float) -> float:
    """Wait until something holds: how long it took; patience when it does not."""
    began = clock.monotonic()
    while not holds():
        if clock.monotonic() - began > patience_s:
            return patience_s
        clock.sleep(1.0)
    return clock.monotonic() - began


# ---- who reaches whom --------------------------------------------------------------------------------------------


def questions(bench: Bench, ground: Ground, *, most_pairs: int = 60) -> list[tuple[Try, Fate]]:
    """From every member of an overlay to every other one, directly or over a hub, and between partners and members."""
    at, found = datetime.now(UTC).time(), []
    for one in _pairs(bench, ground, most_pairs):
        for protocol, number in (*SERVICES, ECHO[Family.IPV4 if one.source.version == 4 else Family.IPV6]):
            asked = Try("flow", one.site, one.zone, one.at, one.source, one.destination, protocol, number, one.about)
            fate = fate_of(asked, ground, at)
            if fate is not None:
                found.append((asked, fate))
    return found


def _pairs(bench: Bench, ground: Ground, most: int) -> Iterator[Try]:
    for name, overlay in bench.fleet.overlays.items():
        members = [one for one in overlay.members if one.site in ground.sites]
        pairs = [(a, b) for a in members for b in members if a.site != b.site]
        near = [pair for pair in pairs if {one.site for one in pair} & set(overlay.hubs)]
        for a, b in (*near, *[pair for pair in pairs if pair not in near][:most]):
            for family in Family:
                for source in a.segments:
                    for destination in b.segments:
                        yield _between(a.site, source, b.site, destination, family, ground, name)


def _between(site: str, source: str, other: str, destination: str, family: Family, ground: Ground, about: str) -> Try:
    near = next(one for one in ground.segments(site) if segment_of(one) == source)
    far = next(one for one in ground.segments(other) if segment_of(one) == destination)
    ends_ = ground.client(site, near, family), ground.client(other, far, family)
    return Try("flow", site, near.zone, f"{site}:{source}", *ends_, TCP, 443, about)


# ---- what the core sees ------------------------------------------------------------------------------------------


def control_seen(ground: Ground, one: Try) -> bool:
    """Whether the core would see a packet between protected prefixes in clear: put on the uplink on purpose."""
    core = ground.spots[f"{one.site}:uplink"]
    spot = Spot("control", f"{kernel.PREFIX}{one.site}", WAN, hardware(CORE, core.device))
    with Prober((core, spot)) as prober:
        probe = Probe(0x70000001, one.source, one.destination, one.protocol, one.number)
        prober.send([("control", probe)])
        prober.look(1.0, until=lambda: bool(prober.outcome.of(probe.token)))
        return (core.name, Kind.PROBE) in prober.outcome.of(probe.token)


@contextmanager
def no_tunnels() -> Iterator[None]:
    """The core lets no tunnel through for a while."""
    inside = ("ip", "netns", "exec", CORE, "nft")
    kernel.run(*inside, "-f", "-", data=WALL)
    try:
        yield
    finally:
        kernel.run(*inside, "delete", "table", "inet", "lisiere_proof")


def end_tunnels(wanted: Sequence[End]) -> None:
    """End tunnels at both ends, at once, without a word to each other."""
    for one in wanted:
        appliance(one.site).call(SWANCTL, "--terminate", "--force", "--timeout", "1", "--ike", one.tunnel.name)


def begin_tunnels(wanted: Sequence[End]) -> None:
    """Have their initiators try again now, rather than when their patience with a lost packet ends."""
    for one in wanted:
        if one.tunnel.initiates:
            end_tunnels([one])
            appliance(one.site).call(SWANCTL, "--initiate", "--timeout", "5", "--child", one.tunnel.name)


def untangle(wanted: Sequence[End]) -> list[str]:
    """Start appliances anew whose daemon has given one number to two tunnels; which these were.

    strongSwan before 5.9.12 may do so after tunnels were lost (its issue 1855). The kernel's IPsec tells tunnels by
    their far ends as well; that in userland, which the lab has, goes by the number alone, and takes the newest.
    """
    found: list[str] = []
    for _ in range(ROUNDS):
        tangled = [name for name in sorted({one.site for one in wanted}) if is_tangled(name)]
        if not tangled:
            break
        found += tangled
        for name in tangled:
            appliance(name).stop()
            appliance(name).start()
        begin_tunnels([one for one in wanted if {one.site, one.tunnel.peer} & {*tangled}])
        wait_for(lambda: not missing(wanted), COMES_UP_S)
    return found


def is_tangled(name: str) -> bool:
    """Whether two tunnels of an appliance have one number."""
    status, said = appliance(name).call(SWANCTL, "--list-sas")
    by_number: dict[str, set[str]] = {}
    for tunnel, number in NUMBERED.findall(said if not status else ""):
        by_number.setdefault(number, set()).add(tunnel)
    return any(len(tunnels) > 1 for tunnels in by_number.values())


def of_overlay(wanted: list[End], name: str) -> list[End]:
    """The ends of one overlay's tunnels."""
    return [one for one in wanted if one.tunnel.overlay == name]
