"""Leases for a run: free ones are taken, abandoned ones once their appliances were looked at, held ones never."""

from collections.abc import Callable, Collection, Sequence

from lisiere.errors import PlanError
from lisiere.model.record import Lease
from lisiere.workflow.runs import OpenRun
from nornir_tasks.fleet import FleetRunner
from nornir_tasks.reading import read_fleet
from nornir_tasks.stopping import StoppedError


def lock(run: OpenRun, hosts: Collection[str], *, runner: FleetRunner, on_note: Callable[[str], None]) -> None:
    """Take the leases; those that a dead run left are taken over once their appliances were looked at.

    Raises:
        PlanError: Somebody works on one of the appliances, or something is armed there; nothing was sent.
        StoppedError: A person stopped it; nothing was sent.
    """
    refused = run.lock(hosts).refused
    if living := [lease for lease in refused if not lease.is_abandoned]:
        raise PlanError(_refusal(living))
    if not refused:
        return
    on_note(f"looking at {len(refused)} appliance(s) that another run left")
    answers = read_fleet(runner, hosts=[lease.host for lease in refused])
    for lease in refused:
        answer = answers.get(lease.host)
        if answer is None:
            run.is_stopped = True
            raise StoppedError(f"stopped by a person before {lease.host} was looked at; nothing was sent")
        if answer.error is not None:
            advice = f"`lisiere apply --resume {lease.run_id}` or `lisiere runs cancel {lease.run_id}` ends that"
            raise PlanError(_refusal([lease], f"{answer.error}; {advice}"))
    if refused := run.lock(hosts, looked_at=answers).refused:
        raise PlanError(_refusal(refused))


def _refusal(refused: Sequence[Lease], reason: str = "nothing was sent to any appliance") -> str:
    """Who works on appliances of ours, and since when."""
    more = f", and {len(refused) - 1} more" if len(refused) > 1 else ""
    return f"{refused[0]}{more}; {reason}"
