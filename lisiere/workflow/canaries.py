"""Canaries: the few appliances that a rollout begins with, as different from each other as can be had."""

from collections.abc import Callable, Sequence

from lisiere.model.site import Appliance

Fits = Callable[[str, Sequence[str]], bool]
"""`fits(name, chosen)`: whether an appliance may join those chosen already; one that may not, never may later."""


def canary_names(
    appliances: Sequence[Appliance],
    *,
    count: int,
    first: frozenset[str] = frozenset(),
    fits: Fits = lambda name, chosen: True,
) -> tuple[str, ...]:
    """The appliances that together show most of what the fleet has: each next one adds most that was not seen yet.

    Fewer than `count` when no other fits. Pure and deterministic; about `count` times the appliances in steps.

    Args:
        appliances: Those to choose from.
        count: How many.
        first: Some of them, one of which comes before all others.
        fits: Which may stand together.
    """
    traits = {one.name: _traits(one) for one in sorted(appliances, key=lambda one: one.name)}
    seen: set[tuple[str, str]] = set()
    chosen: list[str] = []
    while traits and len(chosen) < count:
        preferred = traits if chosen or not first else {name: traits[name] for name in traits if name in first}
        best = max(preferred, key=lambda name: len(traits[name] - seen))  # the first of equals
        seen |= traits.pop(best)
        chosen.append(best)
        traits = {name: those for name, those in traits.items() if fits(name, chosen)}
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
