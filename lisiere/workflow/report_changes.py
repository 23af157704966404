"""What is not what it was between two dates, and by which plan. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from lisiere.model.compliance_words import State
from lisiere.model.finding import Change, Finding
from lisiere.model.report import ChangeLine, Comparison, Move
from lisiere.workflow.report_parts import counts_of
from lisiere.workflow.reporting import in_view
from lisiere.workflow.scene import Scene

Key = tuple[str, str]


def compare(
    scene: Scene,
    before: Sequence[Finding],
    after: Sequence[Finding],
    *,
    days: tuple[date, date],
    changes: Iterable[Change],
    plans: Mapping[str, str],
) -> Comparison:
    """Compare what held at the ends of two days.

    Args:
        scene: What the report is about.
        before: What held at the end of the first day, waivers counted.
        after: What held at the end of the second.
        days: The two days.
        changes: The states that were entered between the two, to know which run brought the last one.
        plans: The plan of each run.
    """
    old = {(one.host, one.rule): one for one in in_view(scene, before)}
    new = {(one.host, one.rule): one for one in in_view(scene, after)}
    last = {(one.host, one.rule): one for one in changes}
    found = (_line(scene, key, old.get(key), new.get(key), last.get(key), plans) for key in old.keys() | new.keys())
    lines = sorted((one for one in found if one is not None), key=lambda one: (one.move, one.rule, one.host))
    return Comparison(
        since=days[0],
        until=days[1],
        counts_before=counts_of(_counted(old.values())),
        counts_after=counts_of(_counted(new.values())),
        changes=tuple(lines),
    )


def _counted(findings: Iterable[Finding]) -> dict[State, int]:
    found = dict.fromkeys(State, 0)
    for one in findings:
        found[one.state] += 1
    return found


def _line(
    scene: Scene,
    key: Key,
    old: Finding | None,
    new: Finding | None,
    change: Change | None,
    plans: Mapping[str, str],
) -> ChangeLine | None:
    move = _move(None if old is None else old.state, None if new is None else new.state)
    if move is None:
        return None
    (host, name), rule = key, scene.packs.rules[key[1]].rule
    site = scene.fleet.appliances.get(host)
    run, reason = _run(change, new), _reason(old, new)
    return ChangeLine(
        host=host,
        site=site.data.site if site else "",
        territory=site.territory if site else "",
        rule=name,
        title=scene.words(rule.title),
        severity=rule.severity,
        move=move,
        reason=scene.reasons.recorded(reason),
        reason_fr=scene.reasons.translated(reason),
        at=_at(old, new, change, scene.at),
        run=run,
        plan=plans.get(run, ""),
    )


def _run(change: Change | None, new: Finding | None) -> str:
    """The run that brought the state of now; a state that only a waiver changed came with none."""
    if change is None or new is None or change.entered_at != new.entered_at:
        return ""
    return change.run_id


def _reason(old: Finding | None, new: Finding | None) -> str:
    if new is not None and new.reason:
        return new.reason
    return old.reason if old is not None else ""


def _at(old: Finding | None, new: Finding | None, change: Change | None, scene_at: datetime) -> datetime:
    if new is not None:
        return new.entered_at
    if change is not None and change.left_at is not None:
        return change.left_at
    return scene_at if old is None else old.seen_at


def _move(old: State | None, new: State | None) -> Move | None:
    """What a pair of states means to a reader; nothing for a result that stayed, or that was kept from its begin."""
    if old == new or {old, new} <= {State.PASSED, None}:
        return None
    if new is None:
        return Move.CLOSED
    if new is State.FAILED:
        return Move.REOPENED if old is State.WAIVED else Move.APPEARED
    if new is State.PASSED:
        return Move.SEEN if old is State.NOT_EVALUATED else Move.MENDED
    return Move.WAIVED if new is State.WAIVED else Move.UNSEEN
