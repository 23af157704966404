"""The order of a rollout: few and different appliances first, then more at a time."""

from collections.abc import Iterator, Sequence

from lisiere.model.site import Appliance

CANARIES = 8
GROWTH = 4
"""How many times larger a wave is than the one before it."""


def waves(appliances: Sequence[Appliance], *, canaries: int = CANARIES, growth: int = GROWTH) -> dict[str, int]:
    """The wave of each appliance, from 1. The first is chosen for diversity, the others spread territories evenly.

    Pure and deterministic; about `canaries` times the number of appliances in steps.
    """
    first = canary_names(appliances, count=min(canaries, max(1, len(appliances) // 2)))
    found = dict.fromkeys(first, 1)
    rest = list(_interleaved([one for one in appliances if one.name not in found]))
    size, wave = max(1, len(first)) * growth, 2
    while rest:
        found.update(dict.fromkeys((one.name for one in rest[:size]), wave))
        rest, size, wave = rest[size:], size * growth, wave + 1
    return found


def canary_names(appliances: Sequence[Appliance], *, count: int) -> tuple[str, ...]:
    """The appliances that together show most of what the fleet has: each next one adds most that was not seen yet."""
    traits = {one.name: _traits(one) for one in sorted(appliances, key=lambda one: one.name)}
    seen: set[tuple[str, str]] = set()
    chosen: list[str] = []
    while traits and len(chosen) < count:
        best = max(traits, key=lambda name: (len(traits[name] - seen), _negated(name)))
        seen |= traits.pop(best)
        chosen.append(best)
    return tuple(chosen)


def _traits(one: Appliance) -> frozenset[tuple[str, str]]:
    """What makes an appliance different from another, as far as a change could care."""
    return frozenset(
        {
            ("release", f"{one.platform} {one.data.release}"),
            ("profile", one.profile),
            ("profile on release", f"{one.profile} {one.platform} {one.data.release}"),
            ("territory", one.territory),
            ("web access", one.data.web_access.kind),
        },
    )


def _negated(name: str) -> tuple[int, ...]:
    """A key under which `max` prefers the first name."""
    return tuple(-ord(letter) for letter in name)


def _interleaved(appliances: Sequence[Appliance]) -> Iterator[Appliance]:
    """One of each territory in turn, so that no wave takes a whole territory down."""
    queues: dict[str, list[Appliance]] = {}
    for one in sorted(appliances, key=lambda one: one.name):
        queues.setdefault(one.territory, []).append(one)
    ranked = [(rank, territory, one) for territory, queue in queues.items() for rank, one in enumerate(queue)]
    yield from (one for _, _, one in sorted(ranked, key=lambda item: (item[0], item[1])))
