"""Requests carried out: the texts that their visas were given for, on all of their appliances or on none.

The door gives the tools: it knows the settings, the secrets and the way to the appliances. What went wrong is written
into the time line of the request, and never more of it than who sees the request may know.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lisiere.errors import DataError, LisiereError
from lisiere.model.calendar import Span
from lisiere.model.fleet import Fleet
from lisiere.model.plan import Plan, Run, RunStatus
from lisiere.model.report import Language
from lisiere.model.request_case import Case, State
from lisiere.model.site import Appliance
from lisiere.model.words import SecretRef
from lisiere.workflow.requests.due import Due, WorkerDesk
from lisiere.workflow.requests.phrases import Phrase, RequestError
from lisiere.workflow.requests.readiness import bound_texts, concerned, days_of

Planned = Callable[[Sequence[Appliance], Mapping[str, str], str], Plan]
"""Asks appliances what texts would change on them: appliances, texts by name, and for what, in words."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What it takes to carry out a request.

    Args:
        fleet: The inventory as it is now.
        plan: Makes a plan.
        carry_out: Carries out a plan as one transaction.
        make_keys: Makes the keys of new tunnels, those that are missing.
        end_keys: Destroys the keys of tunnels that ended.
        rotate: Gives keys new values at all of their ends, by a plan that is made when these are rendered.
        is_there: Whether an appliance can be reached at all: one that is only planned takes the change when it comes.
        extra: The operator's own templates.
    """

    fleet: Callable[[], Fleet]
    plan: Planned
    carry_out: Callable[[Plan], Run]
    make_keys: Callable[[Sequence[SecretRef]], None]
    end_keys: Callable[[Sequence[SecretRef]], None]
    rotate: Callable[[Sequence[SecretRef], Callable[[], Plan]], Run]
    is_there: Callable[[Appliance], bool]
    extra: Path | None = None


@dataclass(frozen=True, slots=True)
class Worked:
    """What became of a request."""

    case: Case
    problem: str = ""


class _NotDoneError(LisiereError):
    """It could not be done now; the words are for all who see the request."""


def work(desk: WorkerDesk, tools: Tools) -> tuple[Worked, ...]:
    """Carry out what is due now, one request after the other; what another process has is left to it."""
    found = []
    for due in desk.missed():
        with desk.claimed(due.case) as is_ours:
            if is_ours and desk.now(due.case) == due.case:
                why = _told(Phrase.of("The window passed, and no worker came"))
                found.append(Worked(desk.failed(due, tools.fleet(), why), why))
    for due in desk.due():
        with desk.claimed(due.case) as is_ours:
            if is_ours and desk.now(due.case) == due.case:
                found.append(_worked(desk, tools, due))
    return tuple(found)


def _worked(desk: WorkerDesk, tools: Tools, due: Due) -> Worked:
    try:
        case = due.case
        if case.state is State.SCHEDULED:
            case = desk.applied(case, _apply(tools, due))
        _verify(tools, Due(case, due.effect))
        return Worked(desk.verified(case, _told(Phrase.of("A second look found all of it in place"))))
    except LisiereError as exc:
        problem = str(exc)
        told = _told(Phrase.of("The operator cannot do this now")) if isinstance(exc, DataError) else problem
        return Worked(desk.failed(Due(desk.now(due.case), due.effect), tools.fleet(), told), problem)


def _apply(tools: Tools, due: Due) -> str:
    """Bring the texts to their appliances; what to write down.

    Raises:
        LisiereError: All appliances are as they were, or that is still to be resolved.
    """
    fleet, effect = tools.fleet(), due.effect
    _refuse_closed(fleet, due)
    texts = bound_texts(fleet, effect, extra=tools.extra)
    there = [one for one in concerned(fleet, effect) if tools.is_there(one)]
    if not there:
        return _told(Phrase.of("No appliance of it is in service yet"))
    tools.make_keys(effect.keys_made)
    words = f"request {due.case.number}"
    run = (
        tools.rotate(effect.keys_replaced, lambda: _plan(tools, there, texts, words))
        if effect.keys_replaced
        else _carried_out(tools, _plan(tools, there, texts, words))
    )
    if run is not None and run.status is not RunStatus.SUCCEEDED:
        reasons = "; ".join(f"{one.host}: {one.detail}" for one in run.outcomes if one.detail)
        raise _NotDoneError(f"{run.id} {run.status}: {reasons}")
    tools.end_keys(effect.keys_ended)
    return _told(Phrase.of("All appliances have it already")) if run is None else f"{run.plan_id}, {run.id}"


def _refuse_closed(fleet: Fleet, due: Due) -> None:
    """See that nothing came into the way of the window since it was chosen.

    Raises:
        RequestError: Nothing is applied on its day.
    """
    case = due.case
    if case.starts_at is None or case.ends_at is None:
        return
    why = days_of(fleet, case, due.effect).why_closed(Span(starts_at=case.starts_at, ends_at=case.ends_at))
    if why is not None:
        raise RequestError(why)


def _carried_out(tools: Tools, plan: Plan) -> Run | None:
    """The run of a plan; None where there is nothing to do."""
    return tools.carry_out(plan) if plan.changes else None


def _plan(tools: Tools, there: Sequence[Appliance], texts: Mapping[str, str], words: str) -> Plan:
    """The plan of all appliances, none of which failed to answer.

    Raises:
        LisiereError: One did.
    """
    plan = tools.plan(there, {one.name: texts[one.name] for one in there}, words)
    if plan.failures:
        raise _NotDoneError(plan.failures[0].reason)
    return plan


def _verify(tools: Tools, due: Due) -> None:
    """Look at all appliances anew, over sessions of their own.

    Raises:
        LisiereError: One does not run what the visas were given for, or does not answer.
    """
    fleet = tools.fleet()
    texts = bound_texts(fleet, due.effect, extra=tools.extra)
    there = [one for one in concerned(fleet, due.effect) if tools.is_there(one)]
    plan = _plan(tools, there, texts, f"request {due.case.number}, verified") if there else None
    if plan is not None and plan.changes:
        names = ", ".join(one.host for one in plan.changes)
        raise _NotDoneError(_told(Phrase.of("{hosts} runs something else by now", hosts=names)))


def _told(phrase: Phrase) -> str:
    return phrase.told(Language.FR)
