"""The hash of a plan: older plans keep theirs, and every newer word of a plan is under it."""

from datetime import UTC, datetime

import pytest

from lisiere.model.pacing import Pacing, WaveNote
from lisiere.model.plan import Basis, Plan, PlanFailure, PlannedChange, digest, freeze

BEFORE_PACING = "baf455271760993b501a6887dfa9a74a70bf5c7b83b096e6bda13c8598fdfb7e"
"""The hash that `plan()` had when plans said nothing of pacing, basis, notes and unsettled tunnels."""


def change() -> PlannedChange:
    """What a plan would do to one appliance."""
    return PlannedChange(
        host="80021-mairie-01",
        wave=1,
        intended_sha256="a" * 64,
        running_sha256="b" * 64,
        difference="set system host-name 'é'",
        deleted_share=0.25,
    )


def plan() -> Plan:
    """A plan as one was frozen before it could say more."""
    return freeze(
        id="plan-20261124-120000-abcdef",
        created_at=datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC),
        created_by="camille@poste",
        selection="all",
        changes=[change()],
        unchanged=["80021-ecole-01"],
        failures=[PlanFailure(host="80021-ecole-02", reason="no SSH answer in 30 s")],
    )


def test_an_older_plan_keeps_its_hash() -> None:
    """What it could not say is not hashed."""
    assert plan().sha256 == BEFORE_PACING
    assert plan().is_intact()


@pytest.mark.parametrize(
    "update",
    [
        {"basis": Basis.RECORDS},
        {"pacing": Pacing()},
        {"waves": (WaveNote(number=1, appliances=1, territories=1, most_in_territory=1, reason="the only one"),)},
        {"changes": (change().model_copy(update={"is_fresh": True}),)},
        {"changes": (change().model_copy(update={"unsettled": ("admin-80021-siege-01",)}),)},
    ],
    ids=lambda update: next(iter(update)),
)
def test_each_newer_word_is_under_the_hash(update: dict[str, object]) -> None:
    """Altered after it was frozen, a plan is not intact; taken back, it is."""
    altered = plan().model_copy(update=update)
    assert not altered.is_intact()
    assert digest(altered) != BEFORE_PACING
    assert altered.model_copy(update={name: getattr(plan(), name) for name in update}).is_intact()
