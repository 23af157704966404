"""A plan in words: what it would do, wave by wave, why in that order, and what it would take to stop it."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

import typer

from cli.output import local_time, note, shown

if TYPE_CHECKING:
    from lisiere.model.pacing import Pacing, WaveNote
    from lisiere.model.plan import Plan, PlannedChange
    from lisiere.workflow.reach_changes import ReachChange


def document(plan: "Plan") -> dict[str, object]:
    """A plan as JSON; it holds references to secrets, never values."""
    return {**plan.model_dump(mode="json"), "is_empty": not plan.changes}


def print_summary(plan: "Plan") -> None:
    """Say what a plan would do, wave by wave, what would hold it, and what could not be planned."""
    typer.echo(f"{plan.id}  sha256 {plan.sha256}")
    typer.echo(f"selection: {plan.selection}; made {local_time(plan.created_at)} by {plan.created_by}")
    if is_preview(plan):
        typer.echo("a preview made from records: no appliance was asked, and it cannot be applied")
    typer.echo(
        f"{len(plan.changes)} to change, {len(plan.unchanged)} as intended, {len(plan.failures)} could not be compared"
    )
    if plan.changes:
        _print_waves(plan)
        typer.echo(_budgets())
    _warn(plan)
    for failure in plan.failures:
        note(f"not planned: {shown(failure.reason)}")
    if plan.changes:
        note("to carry it out: make a plan without --from-records" if is_preview(plan) else _carry_out(plan))


def print_reach(reach: "Mapping[str, ReachChange]") -> None:
    """Say what a plan opens and closes, each line once, with the number of appliances."""
    kinds: dict[str, Counter[str]] = {
        "newly reachable": Counter(line for one in reach.values() for line in one.opened),
        "no longer reachable": Counter(line for one in reach.values() for line in one.closed),
        "reachability not known": Counter(one.unknown for one in reach.values() if one.unknown),
    }
    for title, counts in kinds.items():
        if counts:
            typer.echo(f"{title}:")
        for line, count in sorted(counts.items()):
            typer.echo(f"  {count:>4} appliance(s)  {shown(line)}")
    if reach and not any(kinds.values()):
        typer.echo("reachability: the same as before on every appliance")


def print_change(change: "PlannedChange", reach: "ReachChange") -> None:
    """Show what a plan would do to one appliance: what it opens and closes, and the text as the appliance put it."""
    typer.echo(f"\n{change.host} (wave {change.wave})")
    for mark, lines in (("+", reach.opened), ("-", reach.closed)):
        for line in lines:
            typer.echo(f"  {mark} reach {shown(line)}")
    if reach.unknown:
        typer.echo(f"  ? reach not known: {shown(reach.unknown)}")
    if change.unsettled:
        typer.echo(f"  down until the other end is changed too: {', '.join(change.unsettled)}")
    commands = change.difference.removesuffix("\n").split("\n") if change.difference else []
    typer.echo("".join(f"  {shown(line)}\n" for line in commands), nl=False)


def is_preview(plan: "Plan") -> bool:
    """Whether no appliance was asked."""
    from lisiere.model.plan import Basis

    return plan.basis is Basis.RECORDS


def _print_waves(plan: "Plan") -> None:
    if plan.pacing is not None:
        typer.echo(f"waves: {_pace(plan.pacing)}")
    for wave in plan.waves or _older_notes(plan):
        spread = f" in {wave.territories} territories, at most {wave.most_in_territory} of one"
        where = "" if not wave.territories else " in 1 territory" if wave.territories == 1 else spread
        typer.echo(f"  wave {wave.number}: {wave.appliances:>4} appliance(s){where}  {wave.reason}")
        for words in wave.notes:
            typer.echo(f"          {words}")


def _pace(pacing: "Pacing") -> str:
    """How large the waves may be."""
    from lisiere.model.pacing import TERRITORY_SHARE

    growth = f"each up to {pacing.growth} times the one before" if pacing.growth > 1 else "none larger than the first"
    most = f", {pacing.max_wave} at most" if pacing.max_wave is not None else ""
    share = f"{TERRITORY_SHARE:.0%} of the appliances" if pacing.max_territory is None else f"{pacing.max_territory}"
    return f"{pacing.canaries} canaries, then {growth}{most}; at most {share} of a territory at once"


def _budgets() -> str:
    """What holds an apply unless it is told otherwise."""
    from lisiere.workflow.budgets import MAX_DELETED_SHARE
    from nornir_tasks.brake import MAX_FAILURE_SHARE, MAX_FAILURES
    from nornir_tasks.health import HealthLimits

    limits = HealthLimits()
    failures = f"over {MAX_FAILURES} failures, or {MAX_FAILURE_SHARE:.0%} of a wave"
    tunnels = f"a wave that loses over {limits.tunnels_lost:.0%} of its tunnels"
    return (
        f"held by: a canary that fails; {failures}; {tunnels}; deletions of over {MAX_DELETED_SHARE:.0%} of what runs"
    )


def _warn(plan: "Plan") -> None:
    """Say what would be deleted beyond what is borne."""
    from lisiere.workflow.budgets import MAX_DELETED_SHARE, destructive, percent

    deleting = destructive(plan)
    if deleting:
        note(f"warning: {len(deleting)} appliance(s) lose over {percent(MAX_DELETED_SHARE)} of their lines;")
        note(f"         most of all {deleting[0].host}: {percent(deleting[0].deleted_share)}")


def _carry_out(plan: "Plan") -> str:
    """The command that applies a plan."""
    from lisiere.workflow.budgets import destructive, needed_percent

    deleting = destructive(plan)
    allowing = f" --allow-deletions {needed_percent(deleting)}" if deleting else ""
    return f"to carry it out: lisiere apply {plan.id}{allowing}"


def _older_notes(plan: "Plan") -> list["WaveNote"]:
    """The waves of a plan that was kept before plans said why."""
    from lisiere.model.pacing import WaveNote

    counts = Counter(change.wave for change in plan.changes)
    last = max(counts)
    return [
        WaveNote(
            number=number,
            appliances=count,
            territories=0,
            most_in_territory=0,
            reason="canaries" if number == 1 < last else "the only one" if last == 1 else "the next ones",
        )
        for number, count in sorted(counts.items())
    ]
