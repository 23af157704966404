"""How a rollout is paced: the sizes of its waves, and why each wave is what it is."""

from pydantic import Field

from lisiere.model.base import Model

CANARIES = 8
GROWTH = 4
TERRITORY_SHARE = 0.25


class Pacing(Model):
    """The sizes of waves. Both ends of a tunnel that change together come before every size but the canaries'.

    Args:
        canaries: Appliances of the first wave.
        growth: How many times larger a wave may be than the one before it; 1 keeps them all alike.
        max_wave: Appliances of the largest wave; None for no limit.
        max_territory: Appliances of one territory in one wave; None for `TERRITORY_SHARE` of those it has, rounded up.
    """

    canaries: int = Field(default=CANARIES, ge=1, le=1000)
    growth: int = Field(default=GROWTH, ge=1, le=100)
    max_wave: int | None = Field(default=None, ge=1)
    max_territory: int | None = Field(default=None, ge=1)


class WaveNote(Model):
    """Why a wave is what it is.

    Args:
        number: Position of the wave, from 1.
        appliances: How many it changes.
        territories: In how many territories.
        most_in_territory: How many in the one that has most of them.
        reason: In words.
        notes: What is particular: tunnels whose ends change together, limits that gave way, and to what.
    """

    number: int
    appliances: int
    territories: int
    most_in_territory: int
    reason: str
    notes: tuple[str, ...] = ()
