"""Checks of what was seen on an appliance: deviations from what is intended, and what it tells of its state."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from json import loads
from types import MappingProxyType

from pydantic import JsonValue

from lisiere.compliance.demands import complaint
from lisiere.compliance.subject import Compared, Setting, Subject
from lisiere.compliance.telling import NotEvaluatedError, Outcome, judged
from lisiere.compliance.topics import WAYS, Row, rows
from lisiere.model.days import day_of
from lisiere.model.finding import Evidence, Observation
from lisiere.model.phrases import Drifted, Glue, Part, Whole, joined
from lisiere.model.plan import Drift, DriftReason
from lisiere.model.rule_pack import DriftCheck, GettersCheck, StateCheck

MOST_TOLD = 3
LONGEST = 500
"""Characters of deviations that a reason spells out."""

_COUNTED = MappingProxyType({one: Drifted[one.name] for one in DriftReason})


def drifted(check: DriftCheck, subject: Subject, setting: Setting) -> Outcome:
    """Whether an appliance deviates from what is intended, or was not looked at for too long."""
    compared = subject.compared
    if compared is None:
        raise NotEvaluatedError(subject.missed or Whole.NEVER_COMPARED())
    evidence = Evidence(
        what="comparison", sha256=subject.running.sha256 if subject.running else "", seen_at=compared.read_at
    )
    if check.max_age_days is not None and _age(compared.read_at, setting) > timedelta(days=check.max_age_days):
        return judged(Whole.LAST_READ(day=day_of(compared.read_at)), evidence)
    if check.max_age_days is None:
        not_too_old(compared.read_at, setting)
    found = [one for one in compared.drift if one.reason in check.reasons]
    unread = [one for one in compared.drift if one.reason is DriftReason.UNPARSABLE]
    if check.reasons and unread and DriftReason.UNPARSABLE not in check.reasons:
        raise NotEvaluatedError(Whole.UNREADABLE())
    if found and _is_in_transition(check, compared, setting):
        outcome = judged("", evidence)
        return outcome._replace(reason=Whole.MOVED(day=day_of(compared.conformed_at or compared.read_at)))
    return judged(_drift_words(found, compared), evidence)


def _is_in_transition(check: DriftCheck, compared: Compared, setting: Setting) -> bool:
    """Whether what runs was as intended until not long ago: then the intent has moved, and not the appliance."""
    since = compared.conformed_at
    return since is not None and _age(since, setting) <= timedelta(days=check.transition_days)


def _drift_words(found: Sequence[Drift], compared: Compared) -> str:
    """The deviations, and when that was intended against which they are ones: nothing is rendered to judge them."""
    if not found:
        return ""
    counts = sorted(Counter(one.reason for one in found).items())
    drift = ", ".join(_COUNTED[reason](count=count) for reason, count in counts)
    paths = "; ".join(one.path for one in found[:MOST_TOLD])
    told = Glue.PLACES(drift=drift, paths=paths)[:LONGEST]
    return Glue.COMPARED(drift=told, day=day_of(compared.read_at))


def rows_told(check: StateCheck, subject: Subject, setting: Setting) -> Outcome | None:
    """Whether what an appliance tells of its state is as demanded; None where there is nothing to tell of."""
    platform = subject.appliance.platform
    if (check.topic, platform) not in WAYS:
        raise NotEvaluatedError(Whole.NOT_ASKED(platform=platform, topic=check.topic))
    if check.expects == "tunnels" and not subject.intent.tunnels and check.topic not in subject.states:
        return None
    told = _recent(subject.states.get(check.topic), check.topic, check.max_age_days, subject, setting)
    try:
        found = rows(check.topic, platform, told.answer)
    except ValueError as exc:
        raise NotEvaluatedError(Whole.MISPRINTED(topic=check.topic)) from exc
    kept = [row for row in found if all(fnmatchcase(row.get(name, ""), text) for name, text in check.where.items())]
    wrong = [*_row_complaints(check, kept, setting), *_lacking(check, kept, subject)]
    return judged(joined(Glue.NEXT, wrong[:MOST_TOLD]), _evidence(told))


def _row_complaints(check: StateCheck, found: Sequence[Row], setting: Setting) -> Iterator[str]:
    if len(found) < check.rows_at_least:
        yield Part.ROWS_TOO_FEW(topic=check.topic, count=len(found), limit=check.rows_at_least)
    for row in found:
        name = next(iter(row.values()), "")
        for one in check.each:
            if one.field not in row:
                raise NotEvaluatedError(Whole.NO_FIELD(topic=check.topic, field=one.field))
            if wrong := complaint(one, [row[one.field]], as_of=setting.as_of):
                yield Glue.BELOW(path=[name], told=Glue.OF_FIELD(field=one.field, told=wrong))


def _lacking(check: StateCheck, found: Sequence[Row], subject: Subject) -> Iterator[str]:
    """The tunnels of the intent of which an appliance says nothing."""
    if check.expects == "tunnels":
        there = {row.get("name") for row in found}
        yield from (
            Glue.BELOW(path=[one.name], told=Part.NOT_THERE())
            for one in subject.intent.tunnels
            if one.name not in there
        )


def getters_told(
    check: GettersCheck,
    expected: Sequence[Mapping[str, JsonValue]],
    subject: Subject,
    setting: Setting,
    *,
    compare: Callable[[str, JsonValue, JsonValue], str],
) -> Outcome:
    """Whether NAPALM's getters tell what a validation file expects."""
    wrong: list[str] = []
    told = None
    for one in expected:
        for getter, wanted in one.items():
            told = _recent(subject.getters.get(getter), getter, check.max_age_days, subject, setting)
            answer: JsonValue = loads(told.answer)
            if problem := compare(getter, wanted, answer):
                wrong.append(Glue.BELOW(path=[getter], told=problem))
    if told is None:
        raise NotEvaluatedError(Whole.NO_GETTER())
    return judged(joined(Glue.NEXT, wrong[:MOST_TOLD]), _evidence(told))


def _recent(told: Observation | None, what: str, max_age_days: int, subject: Subject, setting: Setting) -> Observation:
    if told is None:
        raise NotEvaluatedError(subject.missed or Whole.NEVER_ASKED(topic=what))
    if _age(told.seen_at, setting) > timedelta(days=min(max_age_days, setting.max_age_days)):
        raise NotEvaluatedError(Whole.LAST_TOLD(topic=what, day=day_of(told.seen_at)))
    return told


def _evidence(told: Observation) -> Evidence:
    return Evidence(what=told.topic, sha256=told.sha256, seen_at=told.seen_at)


def not_too_old(read_at: datetime, setting: Setting) -> None:
    """See that a reading still says something of what runs.

    Raises:
        NotEvaluatedError: It is too old.
    """
    if _age(read_at, setting) > timedelta(days=setting.max_age_days):
        raise NotEvaluatedError(Whole.TOO_OLD(day=day_of(read_at), count=setting.max_age_days))


def _age(at: datetime, setting: Setting) -> timedelta:
    return setting.at - at
