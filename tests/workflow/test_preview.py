"""Previews: what a plan would hold, from the last readings on record, without an appliance."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lisiere.model.fleet import Fleet
from lisiere.model.hashing import sha256_of
from lisiere.model.plan import Basis, Plan
from lisiere.model.record import Reading
from lisiere.model.site import Appliance
from lisiere.workflow.plans import Origin
from lisiere.workflow.preview import make_preview
from lisiere.workflow.terrain import terrain_of
from tests.records import empty_records
from tests.store.samples import NOON, minutes

if TYPE_CHECKING:
    from lisiere.store.records import Records

HW_ID = "set interfaces ethernet eth0 hw-id '52:54:00:00:00:01'\n"
INTENDED = "set service ntp server a\nset service ssh port '22'\nset system host-name '{}'\n"


@pytest.fixture
def records(tmp_path: Path) -> Iterator["Records"]:
    """Fresh records."""
    with empty_records(tmp_path / "records.sqlite3") as opened:
        yield opened


@pytest.fixture
def chosen(fleet: Fleet) -> list[Appliance]:
    """A few appliances."""
    return sorted(fleet.in_service(), key=lambda one: one.name)[:6]


def intended(chosen: list[Appliance]) -> dict[str, str]:
    """What each should run."""
    return {one.name: INTENDED.format(one.name) for one in chosen}


def read(records: "Records", name: str, running: str, *, at: datetime = NOON) -> None:
    """Put a reading on record, with its text."""
    sha256 = records.put_configuration(running)
    assert sha256 == sha256_of(running)
    one = Reading(host=name, read_at=at, intended_sha256="i" * 64, running_sha256=sha256, deviations=())
    records.record_readings([one])


def preview(records: "Records", fleet: Fleet, chosen: list[Appliance]) -> Plan:
    """The preview for a few appliances."""
    return make_preview(
        chosen,
        intended(chosen),
        records=records,
        origin=Origin("all (from records)", "camille", NOON, Basis.RECORDS),
        terrain=terrain_of(fleet, fleet.in_service()),
    )


def test_a_preview_compares_the_last_readings_with_what_is_intended(
    records: "Records", fleet: Fleet, chosen: list[Appliance]
) -> None:
    """The same text, the same statements, a change, an answer that is no configuration, and one never read."""
    texts = intended(chosen)
    same, moved, changed, broken, later, never = (one.name for one in chosen)
    read(records, same, texts[same])
    read(records, moved, HW_ID + "".join(sorted(texts[moved].splitlines(keepends=True), reverse=True)))
    read(records, changed, HW_ID + texts[changed].replace("'22'", "'2022'") + "set service lldp\n")
    read(records, broken, "set service\nTimed out\n")
    read(records, later, "set a\n")
    read(records, later, texts[later], at=minutes(5))
    plan = preview(records, fleet, chosen)
    assert plan.unchanged == tuple(sorted((same, moved, later)))
    reasons = {one.host: one.reason for one in plan.failures}
    assert set(reasons) == {broken, never}
    assert "cannot be understood: configuration:2: not a set command: 'Timed out'" in reasons[broken]
    assert reasons[never].startswith(f"{never}: never read")
    (change,) = plan.changes
    assert change.host == changed
    assert change.difference.splitlines() == [
        "delete service lldp",
        "delete service ssh port '2022'",
        "set service ssh port '22'",
    ]
    assert change.deleted_share == pytest.approx(2 / 4)
    assert change.running_sha256 == records.last_running([changed])[changed]


def test_a_preview_is_on_record_as_such(records: "Records", fleet: Fleet, chosen: list[Appliance]) -> None:
    """Loaded again, it is the same, with its basis under the hash."""
    read(records, chosen[0].name, "set system host-name 'other'\n")
    plan = preview(records, fleet, chosen)
    assert plan.basis is Basis.RECORDS
    assert records.load_plan("last") == plan
    assert records.load_plan("last").is_intact()


def test_a_preview_of_nobody_that_was_read_is_all_failures(
    records: "Records", fleet: Fleet, chosen: list[Appliance]
) -> None:
    """Nothing is guessed."""
    plan = preview(records, fleet, chosen)
    assert (plan.changes, plan.unchanged, plan.waves) == ((), (), ())
    assert len(plan.failures) == len(chosen)
