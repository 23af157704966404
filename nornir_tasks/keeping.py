"""What came of an appliance, put on record with what it runs and how far that is from its intent."""

from concurrent.futures import Future

from lisiere.model.plan import HostOutcome
from lisiere.model.record import Result
from lisiere.workflow.runs import OpenRun
from nornir_tasks.evaluating import readings_of
from nornir_tasks.undertaking import Rollout


class Keeping:
    """Records appliances of one run; those that are recorded at the same time share one commit."""

    def __init__(self, rollout: Rollout, run: OpenRun, intended: dict[str, str]) -> None:
        self._rollout, self._run, self._intended = rollout, run, intended

    def __call__(self, outcome: HostOutcome, running: str) -> Future[None]:
        """Record one appliance; `running` is the text as last read, "" when it was not read."""
        return self._run.record_soon([self.result(outcome, running)])

    def result(self, outcome: HostOutcome, running: str) -> Result:
        """All that is kept of one appliance."""
        reading = None
        if running:
            intended = self._rollout.reference.get(outcome.host) or self._intended[outcome.host]
            (reading,) = readings_of({outcome.host: running}, intended={outcome.host: intended}, at=outcome.ended_at)
        return Result(outcome=outcome, running=running, reading=reading)
