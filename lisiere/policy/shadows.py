"""Rules that can never match, and rules that could go without any change."""

from functools import lru_cache
from typing import NamedTuple

from lisiere.policy.frozen import Chain


class Shadowed(NamedTuple):
    """A rule that no packet reaches: earlier ones match all that it would.

    Args:
        position: Where it stands in its chain.
        by: The earlier rules that take its packets: one that takes all of them, or as many as it needs.
        contrary: Those of them that do the contrary.
    """

    position: int
    by: tuple[int, ...]
    contrary: tuple[int, ...]

    @property
    def is_contrary(self) -> bool:
        """Whether all of them do the contrary: then nothing of the rule's purpose is served."""
        return self.by == self.contrary != ()


class Redundant(NamedTuple):
    """A rule that decides, and without which the same would be decided.

    Args:
        position: Where it stands in its chain.
        by: The later rules that would decide instead.
        by_default: Whether the default would decide about some of it: then the rule, which denies, keeps what may
            come between closed, and is no mistake.
    """

    position: int
    by: tuple[int, ...]
    by_default: bool


Actions = tuple[bool, ...]
Regions = tuple[int, ...]


def shadowed(chain: Chain) -> tuple[Shadowed, ...]:
    """The rules of a chain that can never match."""
    return _shadowed(_actions(chain), chain.regions)


def redundant(chain: Chain) -> tuple[Redundant, ...]:
    """The rules of a chain that match, each of which could go alone without any change."""
    return _redundant(_actions(chain), chain.regions)


def _actions(chain: Chain) -> Actions:
    return tuple(term.allows for term in chain.terms)


@lru_cache(maxsize=1 << 14)
def _shadowed(actions: Actions, regions: Regions) -> tuple[Shadowed, ...]:
    found = []
    before = 0
    for position, region in enumerate(regions):
        if not region & ~before:
            by = _takers(position, regions)
            found.append(Shadowed(position, by, tuple(one for one in by if actions[one] != actions[position])))
        before |= region
    return tuple(found)


def _takers(position: int, regions: Regions) -> tuple[int, ...]:
    """The earlier rules that match what a rule would: those that decide about its packets."""
    left, found = regions[position], []
    for earlier in range(position):
        if left & regions[earlier]:
            found.append(earlier)
            left &= ~regions[earlier]
    return tuple(found)


@lru_cache(maxsize=1 << 14)
def _redundant(actions: Actions, regions: Regions) -> tuple[Redundant, ...]:
    found = []
    before = 0
    for position, region in enumerate(regions):
        own = region & ~before
        before |= region
        one = _spared(position, own, actions, regions) if own else None
        if one is not None:
            found.append(one)
    return tuple(found)


def _spared(position: int, own: int, actions: Actions, regions: Regions) -> Redundant | None:
    """What would decide the packets of a rule without it, when that is the same; else None."""
    by = []
    for later in range(position + 1, len(regions)):
        if own & regions[later]:
            if actions[later] != actions[position]:
                return None
            by.append(later)
            own &= ~regions[later]
    return None if own and actions[position] else Redundant(position, tuple(by), bool(own))
