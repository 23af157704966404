"""Waivers: asked for by one, approved by another, over at the end of a day in Paris; then the finding is open again.

Only what was found is on record. What a waiver makes of it is worked out when somebody looks, so that its end needs
neither an audit nor a clock of ours to take effect, and "since when" is right to the second.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta

from lisiere.errors import UsageError
from lisiere.model.compliance_words import ScopeKind, State
from lisiere.model.days import PARIS
from lisiere.model.finding import FLEET, Finding, Scope, Waiver
from lisiere.model.fleet import Fleet

AHEAD = timedelta(days=30)
"""How long before its end a waiver is announced, by the clocks of Paris."""
LONGEST_DAYS = 1096
"""Three years: what is accepted for longer is no exception."""


def end_of_day(day: date) -> datetime:
    """The instant at which a day has ended in Paris, also in the nights in which clocks change."""
    return datetime.combine(day + timedelta(days=1), time(), PARIS)


def last_moment(day: date) -> datetime:
    """The last instant of a day in Paris: what ends or begins at midnight is of the next day."""
    return end_of_day(day) - timedelta(microseconds=1)


def new_waiver(
    rule: str,
    scope: Scope,
    *,
    reason: str,
    measure: str,
    asked_by: str,
    until: date,
    at: datetime,
    fleet: Fleet,
    asked_login: str = "",
) -> Waiver:
    """A waiver to be asked for.

    Raises:
        UsageError: Its scope is not in the inventory, or its end has passed or is too far away.
    """
    if scope.kind is ScopeKind.TERRITORY and scope.name not in fleet.territories:
        raise UsageError(f"unknown territory {scope.name}")
    if scope.kind is ScopeKind.SITE and scope.name not in fleet.appliances:
        raise UsageError(f"unknown appliance {scope.name}")
    ends_at = end_of_day(until)
    if ends_at <= at:
        raise UsageError(f"{until} has passed; a waiver ends in the future")
    if ends_at > at + timedelta(days=LONGEST_DAYS):
        raise UsageError(f"{until} is more than three years away; a waiver is no way to stop asking")
    return Waiver(
        number=0,
        rule=rule,
        scope=scope,
        reason=reason,
        measure=measure,
        asked_by=asked_by,
        asked_at=at,
        asked_login=asked_login,
        until=until,
        ends_at=ends_at,
    )


def with_waivers(
    findings: Iterable[Finding], waivers: Iterable[Waiver], *, at: datetime, territories: Mapping[str, str]
) -> tuple[Finding, ...]:
    """Findings as they stand at an instant, waivers counted.

    Args:
        findings: What was found.
        waivers: All waivers, those that have ended too: their end is when a finding was open again.
        at: The instant.
        territories: The territory of each appliance.
    """
    by_rule: dict[str, list[Waiver]] = defaultdict(list)
    for one in waivers:
        if one.approved_at is not None:
            by_rule[one.rule].append(one)
    return tuple(_seen(one, by_rule.get(one.rule, ()), at=at, territories=territories) for one in findings)


def covers(waiver: Waiver, host: str, territory: str) -> bool:
    """Whether an appliance is in the scope of a waiver; the fleet as a whole is in that of the fleet alone."""
    scope = waiver.scope
    if scope.kind is ScopeKind.FLEET:
        return True
    if host == FLEET:
        return False
    return scope.name == (territory if scope.kind is ScopeKind.TERRITORY else host)


def _seen(one: Finding, waivers: Sequence[Waiver], *, at: datetime, territories: Mapping[str, str]) -> Finding:
    if one.state is not State.FAILED or not waivers:
        return one
    fitting = [waiver for waiver in waivers if covers(waiver, one.host, territories.get(one.host, ""))]
    in_force = [waiver for waiver in fitting if waiver.is_in_force(at)]
    if in_force:
        chosen = max(in_force, key=lambda waiver: (waiver.stop_at, waiver.number))
        since = max(one.entered_at, _covered_since(chosen, fitting))
        return one.model_copy(update={"state": State.WAIVED, "entered_at": since, "waiver": chosen.number})
    ended = [waiver.stop_at for waiver in fitting if one.entered_at < waiver.stop_at <= at and _was_in_force(waiver)]
    return one.model_copy(update={"entered_at": max(ended)}) if ended else one


def _was_in_force(waiver: Waiver) -> bool:
    return waiver.approved_at is not None and waiver.approved_at < waiver.stop_at


def _covered_since(waiver: Waiver, fitting: Sequence[Waiver]) -> datetime:
    """Since when one waiver after the other covers it without a gap."""
    since = waiver.approved_at or waiver.asked_at
    for other in sorted(fitting, key=lambda one: one.stop_at, reverse=True):
        if other.approved_at is not None and other.approved_at < since <= other.stop_at:
            since = other.approved_at
    return since


def due_notices(waivers: Iterable[Waiver], *, at: datetime) -> list[tuple[str, str, str]]:
    """What is to be told of waivers that end within thirty days: kind, subject, text. Told again, it is the same."""
    return [
        (
            "waiver ends",
            f"waiver {one.number} until {one.until}",
            _words(one),
        )
        for one in waivers
        if one.is_in_force(at) and one.stop_at.astimezone(PARIS) - AHEAD <= at
    ]


def _words(one: Waiver) -> str:
    return (
        f"Waiver {one.number} for {one.rule} ({one.scope}) ends on {one.until}; then its findings are open again. "
        f"Reason: {one.reason}. Approved by {one.approved_by}."
    )
