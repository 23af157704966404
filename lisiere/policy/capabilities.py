"""What a platform's release cannot do: an intent that asks for it is refused before anything is rendered."""

from dataclasses import dataclass

from lisiere.model.fleet import Fleet
from lisiere.model.words import Platform


@dataclass(frozen=True, slots=True)
class Refusal:
    """An appliance that cannot do what its inventory asks; `place` is where, below the host's `data`."""

    host: str
    place: tuple[str, ...]
    message: str
    advice: str


WINDOWS_IN_UTC = frozenset({Platform.VYOS})
"""Platforms whose rules keep hours only when the appliance's clock is UTC: VyOS hands local hours to nft, which
converts them when it loads the rules, so that a window is off after a clock change and wrong around midnight."""


def refusals(fleet: Fleet) -> tuple[Refusal, ...]:
    """Every place where the intent exceeds what an appliance's platform and release can do."""
    if fleet.operator.time_zone == "UTC":
        return ()
    return tuple(
        Refusal(
            host=one.name,
            place=("backup", "window"),
            message=f"{one.platform} keeps a daily window only when its clock is UTC, not {fleet.operator.time_zone}",
            advice="set time_zone: UTC in operator.yaml and write the windows in UTC",
        )
        for one in fleet.in_service()
        if one.platform in WINDOWS_IN_UTC and one.data.backup is not None
    )
