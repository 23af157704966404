"""Two hubs: the appliance of the first is killed, and what went by it goes by the second."""

import time as clock
from dataclasses import dataclass

from lab.real import kernel
from lab.real.probing import Prober, Spot
from lab.real.wire import Kind, Probe
from tests.proof import vpn
from tests.proof.asking import Try
from tests.proof.bench import Bench
from tests.proof.ground import Ground
from tests.proof.packets import TOKENS

DEVICE, MOVES_S = "ipsec0", 150.0


@dataclass(frozen=True, slots=True)
class Moved:
    """A packet between two spokes, before and after the first hub was killed: the hubs that it went by."""

    one: Try
    before: frozenset[str]
    after: frozenset[str]
    took_s: float


def journey(bench: Bench, ground: Ground) -> tuple[Try, tuple[str, str]] | None:
    """A packet from a spoke to another one that an overlay of two hubs lets pass, and the hubs; None without one."""
    for name, overlay in bench.fleet.overlays.items():
        if len(overlay.hubs) != 2 or not {*overlay.hubs} <= ground.sites.keys():
            continue
        for one, fate in vpn.questions(bench, ground):
            site = fate.arrives_at.partition(":")[0]
            if (
                one.about == name
                and fate.arrives_at
                and not {one.site, site} & {*overlay.hubs}
                and "self" not in one.at
            ):
                return one, (overlay.hubs[0], overlay.hubs[1])
    return None


def kill_the_first(bench: Bench, ground: Ground, one: Try, hubs: tuple[str, str]) -> Moved:
    """Kill the appliance of the first hub, wait until the packet goes by the second, and start the first again.

    IPsec in userland takes the newest of two tunnels that select the same, so those to the first hub are begun anew.
    """
    far = next(name for (name, _, _), address in ground.clients.items() if address == one.destination)
    wanted = [end for end in vpn.ends(bench, ground) if end.site in (one.site, far) and end.tunnel.peer == hubs[0]]
    vpn.begin_tunnels(wanted)
    vpn.wait_for(lambda: not vpn.missing(wanted), vpn.COMES_UP_S)
    before, _ = _sent(ground, one, hubs)
    first = vpn.appliance(hubs[0])
    first.stop()
    began, after, arrives = clock.monotonic(), frozenset[str](), False
    try:
        while not arrives and clock.monotonic() - began < MOVES_S:
            clock.sleep(1.0)
            after, arrives = _sent(ground, one, hubs[1:])
        took_s = clock.monotonic() - began
    finally:
        first.start()
    return Moved(one, before, after if arrives else frozenset(), took_s)


def _sent(ground: Ground, one: Try, hubs: tuple[str, ...]) -> tuple[frozenset[str], bool]:
    """The hubs that a packet goes by, and whether it arrives."""
    spots = [Spot(hub, f"{kernel.PREFIX}{hub}", DEVICE) for hub in hubs]
    far = next(name for (name, _, _), address in ground.clients.items() if address == one.destination)
    there = [spot for name, spot in ground.spots.items() if name.startswith(f"{far}:") and spot.device == "lan0"]
    probe = Probe(next(TOKENS) & 0xFFFFFFFF, one.source, one.destination, one.protocol, one.number)
    with Prober((*spots, ground.spots[one.at], *there)) as prober:
        prober.send([(one.at, probe)])
        names = {spot.name for spot in there}

        def has_arrived() -> bool:
            return any(place in names and kind is Kind.PROBE for place, kind in prober.outcome.of(probe.token))

        prober.look(2.0, until=has_arrived)
        seen = frozenset(place for place, kind in prober.outcome.of(probe.token) if kind is Kind.PROBE)
        return seen & {*hubs}, has_arrived()
