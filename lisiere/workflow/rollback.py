"""Rollback: the recorded configurations from before a run, as texts that can be planned and applied again.

Secrets are not rolled back: a reference in a recorded text stands for the value that it has today.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lisiere.drivers.base import FINGERPRINT
from lisiere.errors import UnknownError, UsageError
from lisiere.model.plan import Outcome, PlanFailure, Run
from lisiere.workflow.comparing import without_own

if TYPE_CHECKING:
    from lisiere.store.records import Records

CHANGED = frozenset({Outcome.APPLIED, Outcome.UNSAVED, Outcome.UNKNOWN})
"""Outcomes after which an appliance may run what the run brought."""


@dataclass(frozen=True, slots=True)
class Before:
    """What ran before a run.

    Args:
        texts: The `set` text of each appliance.
        failures: Appliances whose text cannot be sent again, and why.
        changed_since: Later runs that changed an appliance again, by appliance.
    """

    texts: dict[str, str]
    failures: tuple[PlanFailure, ...]
    changed_since: dict[str, str]


def configurations_before(records: "Records", run: Run, *, hosts: Sequence[str] = ()) -> Before:
    """The configurations that a run replaced, of all appliances that it changed or of some of them.

    Raises:
        UnknownError: The run did not change one of the appliances asked for.
        UsageError: The run changed nothing.
        RecordError: A text is not on record, or was altered.
    """
    plan = records.load_plan(run.plan_id)
    wanted = _wanted(run, hosts)
    before = {change.host: change.running_sha256 for change in plan.changes if change.host in wanted}
    texts = records.get_configurations(before.values())
    found = {host: without_own(texts[sha256]) for host, sha256 in before.items()}
    masked = {host for host, text in found.items() if FINGERPRINT.search(text)}
    return Before(
        texts={host: text for host, text in found.items() if host not in masked},
        failures=tuple(PlanFailure(host=host, reason=_unnamed(host)) for host in sorted(masked)),
        changed_since=_changed_since(records, run, wanted),
    )


def _wanted(run: Run, hosts: Sequence[str]) -> frozenset[str]:
    changed = frozenset(one.host for one in run.outcomes if one.outcome in CHANGED)
    if strangers := sorted(set(hosts) - changed):
        raise UnknownError(
            f"{', '.join(strangers)}: not changed by {run.id}; `lisiere runs show {run.id}` shows who was"
        )
    if not changed:
        raise UsageError(f"{run.id} changed no appliance: there is nothing to roll back")
    return frozenset(hosts) or changed


def _unnamed(host: str) -> str:
    return (
        f"{host}: its configuration before held secrets that have no name in the inventory (masked:… on record);"
        " they are not known here and cannot be sent"
    )


def _changed_since(records: "Records", run: Run, wanted: frozenset[str]) -> dict[str, str]:
    """Which of the appliances had another last run since."""
    return {one.host: one.last_run for one in records.status(wanted) if one.last_run not in ("", run.id)}
