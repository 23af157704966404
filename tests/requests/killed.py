"""A worker that is a process of its own and is killed at one step; what its appliances run then stands in a file."""

import json
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from lisiere.model.plan import Plan, Run
from lisiere.model.site import Appliance
from lisiere.model.transaction import Side, Terms
from lisiere.store.setup import connect
from tests.requests.office import Clock, Office
from tests.requests.rack import Rack

RUNNING = "running.json"


class Moment(StrEnum):
    """After which step the process dies."""

    ASKED = "asked"
    BEGUN = "begun"
    OPENED = "opened"
    SENT = "sent"
    DECIDED = "decided"


@dataclass
class Dying(Rack):
    """Appliances whose worker dies."""

    moment: Moment = Moment.ASKED

    def plan(self, appliances: Sequence[Appliance], texts: Mapping[str, str], words: str) -> Plan:
        """Compare what runs with what should."""
        found = super().plan(appliances, texts, words)
        self._die(Moment.ASKED)
        return found

    def carry_out(self, plan: Plan) -> Run:
        """Let all of them run what was planned."""
        self._die(Moment.BEGUN)
        run = self.office.records.transactions.begin(plan.id, Terms(window_s=60), started_by="tests")
        self._die(Moment.OPENED)
        texts = self.office.records.get_configurations(change.intended_sha256 for change in plan.changes)
        self.running |= {change.host: texts[change.intended_sha256] for change in plan.changes}
        self._die(Moment.SENT)
        self.resolve(run.id, Side.NEW)
        self._die(Moment.DECIDED)
        return self.office.records.load_run(run.id)

    def _die(self, moment: Moment) -> None:
        if moment is self.moment:
            (self.office.folder / RUNNING).write_text(json.dumps(self.running), encoding="utf-8")
            os.kill(os.getpid(), signal.SIGKILL)


def work_and_die(folder: str, now: str, running: Mapping[str, str], moment: Moment) -> None:
    """Be the worker of an office."""
    clock = Clock(datetime.fromisoformat(now))
    with connect(path=Path(folder) / "records.sqlite3", clock=clock) as records:
        Dying(Office(Path(folder), records, clock), running=dict(running), moment=moment).worked()
