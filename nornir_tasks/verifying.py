"""Verification of an appliance over a session of its own: what worked before a change must work after it."""

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass

from nornir.core.inventory import Host

from lisiere.errors import VerificationError
from lisiere.workflow.comparing import compare
from nornir_tasks.fleet import open_driver
from nornir_tasks.sessions import wait

PATIENCE_S = 20.0
"""How long an appliance may take to bring its tunnels back after a commit that restarted them."""
PAUSE_S = 2.0
_SUFFIX = re.compile(r"-(?:vti|tunnel-\d+)$")


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

    def lost_since(self, before: "Health") -> tuple[str, ...]:
        """What worked before and does not any more, in words."""
        tunnels = (f"tunnel to {peer} is down" for peer in sorted(before.tunnels_up - self.tunnels_up))
        targets = (f"{address} no longer answers" for address in sorted(before.reachable - self.reachable))
        return (*tunnels, *targets)


@dataclass(frozen=True, slots=True)
class Probes:
    """What to look at on one appliance: tunnels that should stay, and addresses to ping from it (gateways, a proxy)."""

    tunnels: frozenset[str]
    addresses: tuple[str, ...]


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


def verify(host: Host, *, intended: str, before: Health, patience_s: float = PATIENCE_S) -> str:
    """Look at an appliance over the session that is open now; returns its running text.

    Args:
        host: The appliance.
        intended: What it should run.
        before: What worked before the change.
        patience_s: How long what worked before may take to come back.

    Raises:
        VerificationError: It does not run what was intended, or has lost something that worked before.
    """
    seen = check(host, intended=intended, before=before, patience_s=patience_s)
    if seen.complaint:
        raise VerificationError(host.name, seen.complaint)
    return seen.running


def check(host: Host, *, intended: str, before: Health, patience_s: float = PATIENCE_S) -> Checked:
    """The same without a judgement: what was seen, and what there is to complain of."""
    running: str = open_driver(host).get_config(retrieve="running")["running"]
    left = compare(running=running, intended=intended)
    if not left.is_empty:
        return Checked(running, f"runs another configuration than intended: {left.summary}", missing=before, retries=0)
    missing, retries = _missing(host, before, until=time.monotonic() + patience_s)
    lost = Health(frozenset(), frozenset()).lost_since(missing)
    return Checked(running, "; ".join(lost), missing=missing, retries=retries)


def tunnels_up(answer: str) -> frozenset[str]:
    """The peers with a tunnel that is up, from what a driver's command for them prints: a name and its state first."""
    rows = (line.split() for line in answer.splitlines())
    return frozenset(_SUFFIX.sub("", row[0]) for row in rows if len(row) > 1 and row[1] == "up")


def _missing(host: Host, before: Health, *, until: float) -> tuple[Health, int]:
    """What does not work any more when the patience ends, and how often it was asked for again.

    A person who asks for a stop ends the patience: there is one more look.
    """
    missing, retries = before, 0
    while True:
        now = measure(host, Probes(missing.tunnels_up, tuple(sorted(missing.reachable))))
        missing = Health(missing.tunnels_up - now.tunnels_up, missing.reachable - now.reachable)
        if missing.is_empty or time.monotonic() >= until:
            return missing, retries
        retries += 1
        if wait(host, PAUSE_S):
            until = 0.0
