"""What an earlier transaction left: how long a command waits for it, and that it hears a stop meanwhile."""

from pathlib import Path
from typing import NoReturn

import pytest

from cli import transactions
from lisiere.model.plan import RunStatus
from lisiere.model.transaction import Terms
from lisiere.settings import Settings
from nornir_tasks.stopping import StoppedError
from tests.records import empty_records
from tests.store.samples import plan_for


def test_only_ends_near_by_are_waited_for(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the plan, and those at the far ends of its tunnels; others are looked at once."""
    settings = Settings(inventory=small, state=tmp_path / "state")
    hub, spoke, stranger = _neighbours(settings)
    waited: dict[str, bool] = {}

    def noted(records: object, run_id: str, *, waits: bool, **rest: object) -> None:
        waited[run_id] = waits

    monkeypatch.setattr(transactions, "resolve_one", noted)
    with empty_records(tmp_path / "records.sqlite3") as records:
        left = {}
        for ends in ((hub,), (stranger,)):
            records.save_plan(plan := plan_for(ends))
            run = records.transactions.begin(plan.id, Terms(window_s=600), started_by="camille@poste")
            records.finish_run(run.id, status=RunStatus.FAILED)
            left[ends[0]] = run.id
        transactions.resolve_left(records, {spoke}, settings=settings, is_lab=False)
        assert waited == {left[hub]: True, left[stranger]: False}


def test_a_stop_ends_the_command(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is begun by it any more: what is left is said for other errors, and gone on from."""

    def stopped(*words: object, **rest: object) -> NoReturn:
        raise StoppedError("stopped by a person")

    monkeypatch.setattr(transactions, "resolve_one", stopped)
    with empty_records(tmp_path / "records.sqlite3") as records:
        records.save_plan(plan := plan_for(["80021-mairie-000"]))
        run = records.transactions.begin(plan.id, Terms(window_s=600), started_by="camille@poste")
        records.finish_run(run.id, status=RunStatus.FAILED)
        settings = Settings(inventory=small, state=tmp_path / "state")
        with pytest.raises(StoppedError):
            transactions.resolve_left(records, (), settings=settings, is_lab=False)


def _neighbours(settings: Settings) -> tuple[str, str, str]:
    """An appliance with a tunnel to another one, that other one, and one without a tunnel to either."""
    from cli.workplace import open_fleet
    from lisiere.policy.site import resolve_sites

    fleet = open_fleet(settings, lab=False)
    intents = resolve_sites(fleet, [one.name for one in fleet.in_service()])
    peers = {host: {tunnel.peer for tunnel in intent.tunnels} for host, intent in intents.items()}
    spoke = next(host for host, found in sorted(peers.items()) if found & intents.keys())
    hub = min(peers[spoke] & intents.keys())
    return hub, spoke, next(host for host in sorted(intents) if host != spoke and host not in peers[spoke])
