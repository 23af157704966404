"""What a platform's release cannot do: an intent that asks for it is refused before anything is rendered."""

from dataclasses import dataclass

from lisiere.model.fleet import Fleet
from lisiere.model.site import WebAccessKind
from lisiere.model.words import Platform


@dataclass(frozen=True, slots=True)
class Refusal:
    """A choice of the operator that an appliance's platform cannot carry out; `place` is where, below `operator`."""

    place: tuple[str, ...]
    message: str
    advice: str


WINDOWS_IN_UTC = frozenset({Platform.VYOS, Platform.DEBIAN})
"""Platforms whose rules keep hours only when the appliance's clock is UTC: nft, to which VyOS too hands local hours,
converts them when it loads the rules, so that a window is off after a clock change and wrong around midnight."""

LEAST_PARENT_PORT = {Platform.VYOS: 1025}
"""The smallest port of a parent proxy that a platform's own proxy can be given (VyOS: `cache-peer … http-port`)."""

SERVES_PAC = frozenset({Platform.DEBIAN})
"""Platforms that serve a PAC file of their own proxy."""


def refusals(fleet: Fleet) -> tuple[Refusal, ...]:
    """Every choice of the operator that exceeds what the platforms can do, with how many sites it concerns."""
    return (*_windows(fleet), *_parent_ports(fleet))


def _windows(fleet: Fleet) -> tuple[Refusal, ...]:
    zone = fleet.operator.time_zone
    concerned = [one for one in fleet.in_service() if one.platform in WINDOWS_IN_UTC and one.data.backup is not None]
    if zone == "UTC" or not concerned:
        return ()
    platforms = " and ".join(sorted({one.platform for one in concerned}))
    message = f"a daily window of {platforms} needs a clock in UTC, not {zone} ({_count(len(concerned))})"
    return (Refusal(("time_zone",), message, "set time_zone: UTC and write the windows in UTC"),)


def _parent_ports(fleet: Fleet) -> tuple[Refusal, ...]:
    operator = fleet.operator
    parents = (
        (WebAccessKind.PARENT_PROXY, operator.academie.proxy.port, ("academie", "proxy", "port")),
        (WebAccessKind.EXPLICIT, operator.proxy.port, ("proxy", "port")),
    )
    found = []
    for kind, port, place in parents:
        sites = [one for one in fleet.in_service() if one.data.web_access.kind is kind]
        refused = [one for one in sites if port < LEAST_PARENT_PORT.get(one.platform, 0)]
        if refused:
            least = LEAST_PARENT_PORT[refused[0].platform]
            message = f"{refused[0].platform} reaches a parent proxy on ports from {least} on, not {port}"
            found.append(Refusal(place, f"{message} ({_count(len(refused))})", "let the parent listen on another port"))
    return tuple(found)


def _count(number: int) -> str:
    return "1 site" if number == 1 else f"{number} sites"
