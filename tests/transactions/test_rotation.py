"""Keys rotated at both ends of a tunnel or at none, over real SSH; and one value left in the end."""

import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lab.faults import Fault, Kind
from lab.fleet import LabAppliance, running_lab
from lisiere.errors import PlanError, UsageError
from lisiere.model.plan import Plan, RunStatus
from lisiere.model.transaction import Side, Terms
from lisiere.secrets import staging
from lisiere.secrets.agefile import AgeFileStore
from nornir_tasks.rotating import elsewhere, refuse_elsewhere, settle_left
from nornir_tasks.transaction import resolve
from tests.faults.stage import OLD, SECRET, Stage
from tests.forks import FORKS
from tests.transactions.cells import ROTATION_CELLS, RotationCell
from tests.transactions.killed import rotate_and_die
from tests.transactions.stage import Group, handles, passing_time, rotate_key
from tests.transactions.summary import CELL
from tests.transactions.test_matrix import Report

if TYPE_CHECKING:
    from lisiere.store.records import Records

NAMES = ("80001-stage-15-000", "80001-stage-15-001")


@pytest.fixture
def rotated(tmp_path: Path) -> Iterator[tuple[Stage, Group]]:
    """Two ends of one key, with a store of their own."""
    folder = tmp_path / "rotated"
    folder.mkdir()
    store = AgeFileStore.create(folder / "secrets.age", identity=folder / "identity.txt")
    store.generate_missing([SECRET])
    wanted = [LabAppliance(name, "1.5", factory=OLD.format(name=name, secret=store.get(SECRET))) for name in NAMES]
    with running_lab(wanted, state_dir=folder / "lab", minute_s=3600.0, reboot_s=0.05) as lab:
        stage = Stage(lab, store, folder)
        yield stage, Group(tuple(stage.way(name, "1.5") for name in NAMES))


def carry_out(group: Group, store: AgeFileStore, records: "Records") -> RunStatus:
    """Rotate the key of both ends."""
    return rotate_key(group, store, records).status


def keys(stage: Stage, group: Group) -> set[str]:
    """The keys that the ends run."""
    lines = [line for one in handles(stage, group) for line in one.running_set().splitlines() if " secret '" in line]
    return {line.split("'")[1] for line in lines}


def test_a_key_is_rotated_at_both_ends(rotated: tuple[Stage, Group], records: "Records") -> None:
    """Both have the new one; the old one is nowhere, and none of the two is in the records."""
    stage, group = rotated
    before = stage.store.get(SECRET)
    assert carry_out(group, stage.store, records) is RunStatus.SUCCEEDED
    after = stage.store.get(SECRET)
    assert keys(stage, group) == {after}
    assert after != before
    assert sorted(stage.store.names()) == [SECRET]
    texts = records.get_configurations(
        sha256 for one in records.load_plan("last").changes for sha256 in (one.running_sha256, one.intended_sha256)
    )
    assert not [text for text in texts.values() if before in text or after in text]
    assert carry_out(group, stage.store, records) is RunStatus.SUCCEEDED
    assert keys(stage, group).isdisjoint({before, after})


def test_a_rotation_that_fails_leaves_the_old_key(rotated: tuple[Stage, Group], records: "Records") -> None:
    """At both ends and in the store; another difference on an appliance is not carried along."""
    stage, group = rotated
    before = stage.store.get(SECRET)
    handles(stage, group)[1].inject(Fault(Kind.REFUSE_COMMIT))
    assert carry_out(group, stage.store, records) is RunStatus.FAILED
    assert (keys(stage, group), stage.store.get(SECRET), len(stage.store.names())) == ({before}, before, 1)
    handles(stage, group)[0].drift("set system domain-name 'theirs.example'")
    with pytest.raises(PlanError, match="would change in more than its keys"):
        carry_out(group, stage.store, records)
    assert (keys(stage, group), stage.store.get(SECRET), len(stage.store.names())) == ({before}, before, 1)


def test_a_person_is_asked_once_nothing_speaks_against_it(rotated: tuple[Stage, Group], records: "Records") -> None:
    """Who says no leaves the old key; what would be refused is not asked about."""
    stage, group = rotated
    before, asked = stage.store.get(SECRET), []

    def disagree(plan: Plan) -> None:
        asked.append(plan.id)
        raise UsageError("not today")

    with pytest.raises(UsageError, match="not today"):
        rotate_key(group, stage.store, records, agreed=disagree)
    handles(stage, group)[0].drift("set system domain-name 'theirs.example'")
    with pytest.raises(PlanError, match="would change in more than its keys"):
        rotate_key(group, stage.store, records, agreed=disagree)
    assert len(asked) == 1
    assert (keys(stage, group), stage.store.get(SECRET), len(stage.store.names())) == ({before}, before, 1)
    assert records.list_runs() == ()


def test_a_rotation_of_another_store_is_left_alone(
    rotated: tuple[Stage, Group], records: "Records", tmp_path: Path
) -> None:
    """Two workplaces with one database: what one rotates is no word about the keys of the other."""
    stage, group = rotated
    theirs = AgeFileStore.create(tmp_path / "theirs.age", identity=tmp_path / "theirs.txt")
    theirs.generate_missing([SECRET])
    staging.stage(theirs, [SECRET])
    values = {name: theirs.get(name) for name in theirs.names()}
    plan = group.plan(records)
    terms = Terms(window_s=600, secrets=(SECRET,), secret_store=theirs.id)
    run = records.transactions.begin(plan.id, terms, started_by="somebody@else")
    records.transactions.end(run.id, Side.NEW, detail="all ends were verified")
    staging.stage(stage.store, [SECRET])
    before = stage.store.get(f"before/{SECRET}")
    with staging.rotating(stage.store.path):
        pass
    settle_left(stage.store, records)
    assert (stage.store.get(SECRET), sorted(stage.store.names())) == (before, [SECRET])
    (found,) = records.transactions.open_ones()
    assert (found.secrets, elsewhere(stage.store, records)) == ((SECRET,), (run.id,))
    with pytest.raises(PlanError, match=f"another store of secrets .{theirs.id}."):
        refuse_elsewhere(stage.store, found)
    assert {name: theirs.get(name) for name in theirs.names()} == values
    with staging.rotating(theirs.path):
        pass
    settle_left(theirs, records)
    assert (theirs.get(SECRET), sorted(theirs.names())) == (values[SECRET], [SECRET])
    assert records.transactions.open_ones() == ()


@pytest.mark.parametrize("cell", ROTATION_CELLS, ids=str)
def test_a_killed_rotation_leaves_one_key(
    cell: RotationCell, rotated: tuple[Stage, Group], records: "Records", tmp_path: Path, record_property: Report
) -> None:
    """The next process brings both ends and the store to the same value, old or new."""
    stage, group = rotated
    before = stage.store.get(SECRET)
    process = FORKS.Process(
        target=partial(rotate_and_die, group, str(tmp_path / "records.sqlite3"), step=cell.step, moment=cell.moment)
    )
    process.start()
    process.join(timeout=240)
    assert process.exitcode == -signal.SIGKILL
    store = AgeFileStore(stage.store.path, identity=stage.store.identity)
    for one in records.transactions.open_ones():
        plan = records.load_plan(one.plan_id)
        resolve(group.rollout(plan, records, watch=passing_time(stage, group), resume=one.run_id))
    settle_left(store, records)
    after = keys(stage, group)
    side = "old" if after == {before} else "new" if len(after) == 1 and before not in after else "mixed"
    record_property(CELL, [f"kill of a rotation, {cell.moment}", cell.step, side, ""])
    assert side == cell.side
    assert sorted(store.names()) == [SECRET]
    assert after == {store.get(SECRET)}
    assert records.transactions.open_ones() == ()
