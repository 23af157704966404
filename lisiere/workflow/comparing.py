"""Intended against running: the one comparison that planning, applying and verification share."""

import hashlib
from dataclasses import dataclass

from lisiere.configtree import difference, parse_set, without

OWN_LEAVES = (("interfaces", "ethernet", "*", "hw-id"),)
"""What an appliance writes into its configuration by itself; no intent speaks of it (VyOS: the MAC of each port)."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far a running configuration is from the intended one."""

    is_empty: bool
    deleted_share: float
    summary: str


def compare(*, running: str, intended: str) -> Comparison:
    """Compare two `set` texts as trees; what appliances write by themselves does not count."""
    if running == intended:
        return Comparison(is_empty=True, deleted_share=0.0, summary="")
    found = difference(without(parse_set(running), OWN_LEAVES), parse_set(intended))
    commands = found.commands()
    shown = "; ".join(commands[:3]) + ("; …" if len(commands) > 3 else "")
    return Comparison(is_empty=found.is_empty, deleted_share=found.deleted_share, summary=shown)


def sha256_of(text: str) -> str:
    """SHA-256 of a configuration text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
