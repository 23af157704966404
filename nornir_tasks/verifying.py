"""Verification of an appliance over a session of its own: what worked before a change must work after it."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from nornir.core.inventory import Host

from lisiere.drivers.base import TunnelFault
from lisiere.errors import VerificationError
from lisiere.workflow.comparing import compare
from nornir_tasks.fleet import open_driver
from nornir_tasks.sessions import wait
from nornir_tasks.tunnel_words import down, faults_in, tunnels_up

PATIENCE_S = 20.0
"""How long an appliance may take to bring its tunnels back after a commit that restarted them."""
PAUSE_S = 2.0


@dataclass(frozen=True, slots=True)
class Health:
    """What an appliance could do at one moment.

    Args:
        tunnels_up: Peers whose tunnel was up.
        reachable: Addresses, out of those probed, that answered the appliance's own ping.
    """

    tunnels_up: frozenset[str]
    reachable: frozenset[str]

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in it."""
        return not self.tunnels_up and not self.reachable

    def without(self, tunnels: Iterable[str]) -> "Health":
        """The same but for some tunnels."""
        return Health(self.tunnels_up.difference(tunnels), self.reachable)


@dataclass(frozen=True, slots=True)
class Probes:
    """What to look at on one appliance: tunnels that should stay, and addresses to ping from it (gateways, a proxy).

    `titles` is what people call the other ends, by tunnel.
    """

    tunnels: frozenset[str]
    addresses: tuple[str, ...]
    titles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Lost:
    """What worked before and does not any more, and why as far as appliances said."""

    missing: Health
    faults: Mapping[str, TunnelFault] = field(default_factory=dict)

    def words(self, titles: Mapping[str, str]) -> str:
        """For people; empty when nothing is lost."""
        tunnels = (
            down(name, title=titles.get(name, ""), fault=self.faults.get(name))
            for name in sorted(self.missing.tunnels_up)
        )
        addresses = (f"{address} no longer answers" for address in sorted(self.missing.reachable))
        return "; ".join((*tunnels, *addresses))


@dataclass(frozen=True, slots=True)
class Checked:
    """What a verification saw.

    Args:
        running: The text that runs.
        complaint: What is not as it should be, in words; empty when all is.
        missing: What worked before and does not any more.
        retries: How often it had to look again before it was content, or gave up.
    """

    running: str
    complaint: str
    missing: Health
    retries: int


def measure(host: Host, probes: Probes) -> Health:
    """Ask an appliance what works; asks nothing that was not to be probed."""
    driver = open_driver(host)
    commands = [driver.show_tunnels] if probes.tunnels else []
    seen = driver.look(commands, probes.addresses)
    up = tunnels_up(seen.answers[driver.show_tunnels]) & probes.tunnels if commands else frozenset()
    return Health(tunnels_up=up, reachable=seen.reachable)


def verify(
    host: Host,
    *,
    intended: str,
    before: Health,
    patience_s: float = PATIENCE_S,
    titles: Mapping[str, str] | None = None,
) -> str:
    """Look at an appliance over the session that is open now; returns its running text.

    Args:
        host: The appliance.
        intended: What it should run.
        before: What worked before the change.
        patience_s: How long what worked before may take to come back.
        titles: What people call the other ends of its tunnels.

    Raises:
        VerificationError: It does not run what was intended, or has lost something that worked before.
    """
    seen = check(host, intended=intended, before=before, patience_s=patience_s, titles=titles)
    if seen.complaint:
        raise VerificationError(host.name, seen.complaint)
    return seen.running


def check(
    host: Host,
    *,
    intended: str,
    before: Health,
    patience_s: float = PATIENCE_S,
    titles: Mapping[str, str] | None = None,
) -> Checked:
    """The same without a judgement: what was seen, and what there is to complain of."""
    running: str = open_driver(host).get_config(retrieve="running")["running"]
    left = compare(running=running, intended=intended)
    if not left.is_empty:
        return Checked(running, f"runs another configuration than intended: {left.summary}", missing=before, retries=0)
    lost, retries = _missing(host, before, until=time.monotonic() + patience_s)
    return Checked(running, lost.words(titles or {}), missing=lost.missing, retries=retries)


def _missing(host: Host, before: Health, *, until: float) -> tuple[_Lost, int]:
    """What does not work any more when the patience ends, and how often it was asked for again.

    Tunnels are proven: one that lives from before the change says nothing of it. A person who asks for a stop ends the
    patience: there is one more look.
    """
    missing, retries = before, 0
    while True:
        now, faults = _proven(host, missing)
        missing = Health(missing.tunnels_up - now.tunnels_up, missing.reachable - now.reachable)
        if missing.is_empty or time.monotonic() >= until:
            return _Lost(missing, faults), retries
        retries += 1
        if wait(host, PAUSE_S):
            until = 0.0


def _proven(host: Host, wanted: Health) -> tuple[Health, Mapping[str, TunnelFault]]:
    """What works of what is wanted, tunnels begun anew where they have to be, and why others do not come up."""
    driver = open_driver(host)
    tunnels = sorted(wanted.tunnels_up)
    seen = driver.look([driver.show_tunnels] if tunnels else [], sorted(wanted.reachable), prove=tunnels)
    told = seen.answers.get(driver.show_tunnels, "")
    return Health(tunnels_up(told) & wanted.tunnels_up, seen.reachable), faults_in(told)
