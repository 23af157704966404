"""Tunnels whose two ends change together, read from the differences: until both ends are done, such a tunnel is down.

Both ends come from one object, so the change of a tunnel shows on two appliances. A tunnel is in conflict while one end
has the new peer, selectors, secret or proposals and the other end still has the old ones.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lisiere import bundle
from lisiere.model.plan import Plan
from lisiere.policy.tunnels import tunnel_name
from lisiere.workflow.swan_sections import shared_sections

_PEER = re.compile(
    r"^(?:set|delete) vpn ipsec (?:site-to-site peer|authentication psk) (\S+)(?:$| (?!description ))", re.M
)
_ALL_PEERS = re.compile(r"^delete vpn(?: ipsec(?: (?:site-to-site|authentication))?)?$", re.M)
_GROUP = re.compile(
    r"^(?:set|delete) vpn ipsec (?:ike|esp)-group (\S+)(?:$| (?:proposal|pfs|mode|key-exchange)\b)",
    re.M,
)
_AUTHORITY = re.compile(r"^(?:set|delete) pki ca ", re.M)
_STANDING = re.compile(r"^set vpn ipsec site-to-site peer (\S+) ", re.M)
_USES = re.compile(r"^set vpn ipsec site-to-site peer (\S+) (?:ike-group|default-esp-group) '([^']+)'$", re.M)
_CERTIFIED = re.compile(r"^set vpn ipsec site-to-site peer (\S+) authentication mode 'x509'$", re.M)


@dataclass(frozen=True, slots=True)
class TunnelEnds:
    """One appliance's ends of tunnels, by their names there: those that a change touches, and those that stand now."""

    touched: frozenset[str]
    standing: frozenset[str]


@dataclass(frozen=True, slots=True, order=True)
class Pair:
    """Two appliances, by name, with a tunnel that changes at both; `overlays` are those that it belongs to."""

    one: str
    other: str
    overlays: tuple[str, ...]

    def ends(self) -> Iterator[tuple[str, str, str]]:
        """(appliance, name of the tunnel there, appliance at the far end), for both ends of each tunnel."""
        for overlay in self.overlays:
            yield self.one, tunnel_name(overlay, self.other), self.other
            yield self.other, tunnel_name(overlay, self.one), self.one


def tunnel_ends(*, difference: str, running: str, intended: str) -> TunnelEnds:
    """What a change of one appliance means for its ends of tunnels.

    What each end settles for itself does not count: titles, lifetimes, its own certificate.

    Args:
        difference: `set` and `delete` lines that would turn the running text into the intended one; not looked at when
            the intended text is a bundle.
        running: The text that runs.
        intended: The text that should run.
    """
    if intended.startswith(bundle.MARK):
        now, then = shared_sections(running), shared_sections(intended)
        changed = {name for name in now.keys() | then.keys() if now.get(name) != then.get(name)}
        return TunnelEnds(frozenset(changed), frozenset(now))
    if "vpn ipsec" not in difference and "pki ca " not in difference and "delete vpn" not in difference:
        return TunnelEnds(frozenset(), frozenset())
    standing = frozenset(_STANDING.findall(running))
    touched = set(_PEER.findall(difference))
    if _ALL_PEERS.search(difference):
        touched |= standing
    if groups := frozenset(_GROUP.findall(difference)):
        touched.update(name for name, group in _USES.findall(running + intended) if group in groups)
    if _AUTHORITY.search(difference):
        touched.update(_CERTIFIED.findall(running + intended))
    return TunnelEnds(frozenset(touched), standing)


def pairs_of(ends: Mapping[str, TunnelEnds]) -> tuple[Pair, ...]:
    """The pairs of appliances between which something stands now and changes at both ends, by name.

    A tunnel between appliances that had none before is no pair: nothing is lost until both ends have it.
    """
    standing = {host: frozenset(_far_ends(one.standing, ends)) for host, one in ends.items()}
    found: dict[tuple[str, str], set[str]] = {}
    for host, one in ends.items():
        for name in one.touched:
            for overlay, peer in _read(name):
                if peer not in ends or tunnel_name(overlay, host) not in ends[peer].touched:
                    continue
                if peer in standing[host] and host in standing[peer]:
                    found.setdefault((min(host, peer), max(host, peer)), set()).add(overlay)
    return tuple(Pair(*names, overlays=tuple(sorted(overlays))) for names, overlays in sorted(found.items()))


def unsettled_of(pairs: Iterable[Pair], wave_of: Mapping[str, int]) -> dict[str, tuple[str, ...]]:
    """The tunnels of each appliance that may be down once it has changed, until the far end has changed too.

    In one wave either end may be the first.
    """
    found: dict[str, list[str]] = {}
    for pair in pairs:
        for host, tunnel, far in pair.ends():
            if wave_of[host] <= wave_of[far]:
                found.setdefault(host, []).append(tunnel)
    return {host: tuple(sorted(tunnels)) for host, tunnels in found.items()}


def begun_between(ends: Mapping[str, TunnelEnds], *, wanted: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """The tunnels of each appliance that are new at both of their ends: once both have changed, they have to be up.

    Args:
        ends: What a change means for the appliances that change together.
        wanted: The tunnels that each of them should have afterwards.
    """
    found = {}
    for host, one in ends.items():
        new = (one.touched & wanted[host]) - one.standing
        found[host] = frozenset(
            name
            for name in new
            for overlay, peer in _read(name)
            if peer in ends and tunnel_name(overlay, host) in ends[peer].touched - ends[peer].standing
        )
    return found


def far_ends(plan: Plan) -> dict[str, dict[str, str]]:
    """For each appliance of a plan, its tunnels that change at both ends, and the appliance at the far end of each.

    Such a tunnel is expected up on an appliance once the far end has been applied too, and not before.
    """
    hosts = {change.host for change in plan.changes}
    found: dict[str, dict[str, str]] = {}
    for change in plan.changes:
        for tunnel in change.unsettled:
            overlay, far = next(((overlay, peer) for overlay, peer in _read(tunnel) if peer in hosts), ("", ""))
            if far:
                found.setdefault(change.host, {})[tunnel] = far
                found.setdefault(far, {})[tunnel_name(overlay, change.host)] = change.host
    return found


def _far_ends(tunnels: Iterable[str], hosts: Mapping[str, TunnelEnds]) -> Iterator[str]:
    return (peer for name in tunnels for _, peer in _read(name) if peer in hosts)


def _read(name: str) -> Iterator[tuple[str, str]]:
    """Every (overlay, peer) that a name may stand for; both hold hyphens. The longest peer comes first."""
    return ((name[:at], name[at + 1 :]) for at, letter in enumerate(name) if letter == "-")
