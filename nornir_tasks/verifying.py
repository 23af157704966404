"""Verification of an appliance over a session of its own: what worked before a change must work after it."""

from dataclasses import dataclass

from nornir.core.inventory import Host

from lisiere.errors import VerificationError
from lisiere.workflow.comparing import compare
from nornir_tasks.fleet import open_driver


@dataclass(frozen=True, slots=True)
class Health:
    """What an appliance could do at one moment.

    Args:
        tunnels_up: Peers whose tunnel was up.
        reachable: Addresses, out of those probed, that answered the appliance's own ping.
    """

    tunnels_up: frozenset[str]
    reachable: frozenset[str]

    def lost_since(self, before: "Health") -> tuple[str, ...]:
        """What worked before and does not any more, in words."""
        tunnels = (f"tunnel to {peer} is down" for peer in sorted(before.tunnels_up - self.tunnels_up))
        targets = (f"{address} no longer answers" for address in sorted(before.reachable - self.reachable))
        return (*tunnels, *targets)


@dataclass(frozen=True, slots=True)
class Probes:
    """What to look at on one appliance: the tunnels that should stay, and addresses to ping from it (gateway, parent proxy)."""

    tunnels: frozenset[str]
    addresses: tuple[str, ...]


def measure(host: Host, probes: Probes) -> Health:
    """Ask an appliance what works; asks nothing that was not to be probed."""
    driver = open_driver(host)
    tunnels = frozenset(driver.get_tunnels_up()) & probes.tunnels if probes.tunnels else frozenset()
    answered = frozenset(address for address in probes.addresses if _answers(driver.ping(address, count=1, timeout=1)))
    return Health(tunnels_up=tunnels, reachable=answered)


def verify(host: Host, *, intended: str, before: Health) -> str:
    """Look at an appliance over the session that is open now; returns its running text.

    Raises:
        VerificationError: It does not run what was intended, or has lost something that worked before.
    """
    running: str = open_driver(host).get_config(retrieve="running")["running"]
    left = compare(running=running, intended=intended)
    if not left.is_empty:
        raise VerificationError(host.name, f"runs another configuration than intended: {left.summary}")
    probes = Probes(tunnels=before.tunnels_up, addresses=tuple(sorted(before.reachable)))
    lost = measure(host, probes).lost_since(before)
    if lost:
        raise VerificationError(host.name, "; ".join(lost))
    return running


def _answers(result: dict[str, dict[str, object]]) -> bool:
    """NAPALM's ping answer, as a claim."""
    success = result.get("success", {})
    sent, lost = success.get("probes_sent", 0), success.get("packet_loss", 0)
    return isinstance(sent, int) and isinstance(lost, int) and sent > lost
