"""A preview: what a plan would hold, worked out from the last readings on record; no appliance is asked."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from lisiere.configtree import ConfigSyntaxError
from lisiere.model.hashing import sha256_of
from lisiere.model.pacing import Pacing
from lisiere.model.plan import Plan
from lisiere.model.site import Appliance
from lisiere.workflow.comparing import changes
from lisiere.workflow.plans import Found, Origin, found_on, freeze_plan
from lisiere.workflow.terrain import Terrain

if TYPE_CHECKING:
    from lisiere.store.records import Records

CHUNK = 500
NEVER_READ = "never read; `lisiere status --refresh` reads it"


def make_preview(
    appliances: Sequence[Appliance],
    intended: Mapping[str, str],
    *,
    records: "Records",
    origin: Origin,
    terrain: Terrain,
    pacing: Pacing | None = None,
) -> Plan:
    """Compare what appliances ran when they were last read with what is intended; freeze and keep the plan.

    Intended texts are not kept with it, since a preview is never applied.

    Args:
        appliances: Those that the plan is about.
        intended: Their intended `set` texts, secrets as references.
        records: Where the readings are, and the plan is kept.
        origin: What was asked for, by whom, when; its basis is the records.
        terrain: What surrounds the appliances.
        pacing: How large the waves are.

    Returns:
        The plan; appliances that were never read, or whose text cannot be understood, are its failures.
    """
    names = [one.name for one in appliances]
    last = records.last_running(names)
    unchanged = [name for name, sha256 in last.items() if sha256_of(intended[name]) == sha256]
    failures = {name: f"{name}: {NEVER_READ}" for name in names if name not in last}
    found: dict[str, Found] = {}
    for name, running in _texts(records, last, set(last).difference(unchanged)):
        try:
            one = compare_texts(running=running, intended=intended[name])
        except ConfigSyntaxError as exc:
            failures[name] = f"{name}: what ran at its last reading cannot be understood: {exc}"
            continue
        if one is None:
            unchanged.append(name)
        else:
            found[name] = one
    plan = freeze_plan(
        appliances, found, unchanged=unchanged, failures=failures, origin=origin, terrain=terrain, pacing=pacing
    )
    records.save_plan(plan)
    return plan


def compare_texts(*, running: str, intended: str) -> Found | None:
    """What would turn a running text into the intended one; None when they say the same.

    Raises:
        ConfigSyntaxError: A line that differs is no `set` command.
    """
    found = changes(running=running, intended=intended)
    if found is None or found.is_empty:
        return None
    return found_on(
        running=running,
        intended=intended,
        difference="\n".join(found.commands()),
        deleted_share=found.deleted_share,
    )


def _texts(records: "Records", last: Mapping[str, str], names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(appliance, its last running text), fetched so many at a time."""
    ordered = sorted(names)
    for start in range(0, len(ordered), CHUNK):
        some = ordered[start : start + CHUNK]
        texts = records.get_configurations({last[name] for name in some})
        yield from ((name, texts[last[name]]) for name in some)
