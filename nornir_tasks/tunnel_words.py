"""Tunnels in words: what a driver's command for them prints, and why one does not come up, for people."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from lisiere.drivers.base import TunnelFault

WHY: Mapping[TunnelFault, str] = MappingProxyType(
    {
        TunnelFault.KEY: "the pre-shared key at the two ends differs, or the name that one of them goes by",
        TunnelFault.CERTIFICATE: "one end does not accept the certificate of the other",
        TunnelFault.PROPOSAL: "the two ends agree on no encryption, or the other end does not know the tunnel",
        TunnelFault.SELECTORS: "the two ends name other networks for it",
        TunnelFault.SILENCE: "the other end does not answer",
        TunnelFault.REFUSED: "the other end refused it",
        TunnelFault.UNPROVEN: "it lives by its old key, and its daemon begins none beside it: restart charon",
        TunnelFault.LATE: "it was not begun anew, for others took too long to answer",
    }
)
UNTOLD = frozenset({TunnelFault.UNPROVEN, TunnelFault.LATE})
"""What says nothing of a tunnel itself."""
_SUFFIX = re.compile(r"-(?:vti|tunnel-\d+)$")


def tunnels_up(answer: str) -> frozenset[str]:
    """The peers with a tunnel that is up, from what a driver's command for them prints: a name and its state first."""
    rows = (line.split() for line in answer.splitlines())
    return frozenset(_SUFFIX.sub("", row[0]) for row in rows if len(row) > 1 and row[1] == "up")


def faults_in(answer: str) -> Mapping[str, TunnelFault]:
    """What is wrong with tunnels that are down, from the same; one without a known fault is left out."""
    known = {str(one) for one in TunnelFault}
    rows = (line.split() for line in answer.splitlines())
    return {row[0]: TunnelFault(row[2]) for row in rows if len(row) == 3 and row[1] == "down" and row[2] in known}


def down(tunnel: str, *, title: str = "", fault: TunnelFault | None = None) -> str:
    """`tunnel to NAME (TITLE) is down: WHY`, as far as it is known."""
    named = f"{tunnel} ({title})" if title else tunnel
    state = "is not proven" if fault in UNTOLD else "is down"
    return f"tunnel to {named} {state}" + (f": {WHY[fault]}" if fault else "")
