"""What every driver promises and takes, whatever the platform."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

FINGERPRINT = re.compile(r"masked:[0-9a-f]{12}")
"""What stands in texts for a secret without a name. It cannot be revealed, so a text that holds one is never sent."""


@dataclass(frozen=True, slots=True)
class Guarantees:
    """What a platform's release does by itself, and what the driver has to make good."""

    atomic_replace: bool
    """A commit applies all of a candidate or nothing of it."""
    native_timed_revert: bool
    """A commit can be armed to revert by itself, without us, unless it is confirmed."""
    revert_reboots: bool
    """The timed revert restarts the appliance: an interruption of minutes, not of seconds."""
    restart_reverts: bool
    """A restart between commit and confirmation comes back with the old configuration."""
    shortest_revert_s: int
    """The shortest timed revert; shorter ones are lengthened to it."""


class TunnelFault(StrEnum):
    """Why a tunnel does not come up, as far as the end that began it was told; stands behind its state `down`."""

    KEY = "key"
    CERTIFICATE = "certificate"
    PROPOSAL = "proposal"
    SELECTORS = "selectors"
    SILENCE = "silence"
    REFUSED = "refused"
    UNPROVEN = "unproven"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Sight:
    """What an appliance tells at one moment.

    `answers` are those to operational commands, by command; `reachable` the addresses that answered its ping.
    """

    answers: Mapping[str, str]
    reachable: frozenset[str]


class Concealer(Protocol):
    """What a driver needs of the keeper of secrets."""

    def reveal(self, text: str) -> str:
        """The text with every reference replaced by its value."""
        ...

    def conceal(self, value: str, *, shape: Literal["plain", "base64"] = "plain") -> str:
        """The reference or keyed fingerprint that stands for a value; `shape` is how the leaf writes references."""
        ...
