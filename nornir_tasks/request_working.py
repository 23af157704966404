"""Requests carried out: the texts that their visas were given for, on all of their appliances or on none.

The door gives the tools: it knows the settings, the secrets and the way to the appliances. What went wrong is written
into the time line of the request, and never more of it than who sees the request may know.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from lisiere.errors import LisiereError, PlanError
from lisiere.model.calendar import Span
from lisiere.model.effect import Effect
from lisiere.model.fleet import Fleet
from lisiere.model.plan import Plan, Run, RunStatus
from lisiere.model.request_case import Case, State
from lisiere.model.site import Appliance
from lisiere.model.transaction import Side
from lisiere.model.words import SecretRef
from lisiere.workflow.requests.due import LEAST_LEFT, Due, WorkerDesk
from lisiere.workflow.requests.phrases import Phrase, RequestError
from lisiere.workflow.requests.readiness import bound_texts, concerned, days_of
from nornir_tasks.request_telling import reason_of, told, worded

Planned = Callable[[Sequence[Appliance], Mapping[str, str], str], Plan]
"""Asks appliances what texts would change on them: appliances, texts by name, and for what, in words."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What it takes to carry out a request.

    Args:
        fleet: The inventory as it is now.
        plan: Makes a plan.
        carry_out: Carries out a plan as one transaction.
        make_keys: Makes the keys of new tunnels, those that are missing; which it made.
        end_keys: Destroys the keys of tunnels that ended.
        rotate: Gives keys new values at all of their ends that are there, so many of each, by a plan that is made when
            these are rendered.
        is_there: Whether an appliance can be reached at all: one that is only planned takes the change when it comes.
        takes: How long it may take until so many appliances are on one side.
        extra: The operator's own templates.
    """

    fleet: Callable[[], Fleet]
    plan: Planned
    carry_out: Callable[[Plan], Run]
    make_keys: Callable[[Sequence[SecretRef]], Sequence[SecretRef]]
    end_keys: Callable[[Sequence[SecretRef]], None]
    rotate: Callable[[Mapping[SecretRef, int], Callable[[], Plan]], Run]
    is_there: Callable[[Appliance], bool]
    takes: Callable[[int], timedelta] = lambda _: LEAST_LEFT
    extra: Path | None = None


UNREADABLE = "its effect cannot be read"


@dataclass(frozen=True, slots=True)
class Worked:
    """What became of a request."""

    case: Case
    problem: str = ""


class _WaitsError(RequestError):
    """None of its appliances stands at its site yet; it has no window until one does."""


def work(desk: WorkerDesk, tools: Tools) -> tuple[Worked, ...]:
    """Carry out what is due now, one request after the other; what another process has is left to it.

    What goes wrong with one of them, foreseen or not, stops no other.
    """
    parts: tuple[tuple[Sequence[Due], _Job], ...] = (
        (desk.missed(), _missed),
        (desk.without_window(), _placed),
        (desk.due(), _worked),
    )
    found = [one for dues, job in parts for due in dues if (one := _alone(desk, tools, due, job)) is not None]
    return *(Worked(one, UNREADABLE) for one in desk.unreadable()), *found


_Job = Callable[[WorkerDesk, Tools, Due], Worked | None]


def _alone(desk: WorkerDesk, tools: Tools, due: Due, job: _Job) -> Worked | None:
    """Work on a request that is as it was and that no other process has; None where there was nothing to do."""
    try:
        with desk.claimed(due.case) as is_ours:
            return job(desk, tools, due) if is_ours and desk.now(due.case) == due.case else None
    except Exception as exc:  # noqa: BLE001 - the others have their windows too
        return Worked(due.case, worded(exc))


def _missed(desk: WorkerDesk, tools: Tools, due: Due) -> Worked:
    why = told(Phrase.of("The window passed before it was begun"))
    return Worked(desk.failed(due, _fleet(tools), why), why)


def _placed(desk: WorkerDesk, tools: Tools, due: Due) -> Worked | None:
    fleet = _fleet(tools)
    if fleet is None or not any(tools.is_there(one) for one in concerned(fleet, due.effect)):
        return None
    case = desk.placed(due, fleet)
    return None if case is None else Worked(case)


def _worked(desk: WorkerDesk, tools: Tools, due: Due) -> Worked:
    try:
        case = due.case
        if case.state is not State.APPLIED:
            case = desk.applied(case, _apply(desk, tools, due))
        return Worked(desk.verified(case, _verified(desk, tools, due)))
    except LisiereError as exc:
        case = desk.now(due.case) or due.case
        fleet = None if isinstance(exc, _WaitsError) else _fleet(tools)
        return Worked(desk.failed(Due(case, due.effect), fleet, reason_of(desk, exc)), str(exc))


def _apply(desk: WorkerDesk, tools: Tools, due: Due) -> str:
    """Bring the texts to their appliances; what to write down.

    Raises:
        LisiereError: All appliances are as they were, or that is still to be resolved.
    """
    done = _found_done(desk, due)
    if done is None:
        done = _carried_out(desk, tools, due)
    tools.end_keys(due.effect.keys_ended)
    return done


def _found_done(desk: WorkerDesk, due: Due) -> str | None:
    """What a worker that was cut short has done; None where it had sent nothing.

    Raises:
        RequestError: All appliances are as they were, or that is still to be resolved.
    """
    left = desk.transaction_of(due.case)
    if left is None:
        return None
    if left.end is Side.NEW:
        return f"{left.plan_id}, {left.run_id}"
    if left.end is Side.OLD:
        raise RequestError(Phrase.of("It was cut short; all appliances are as they were before"))
    raise RequestError(Phrase.of("It was cut short; its appliances are still to be brought to one side"))


def _carried_out(desk: WorkerDesk, tools: Tools, due: Due) -> str:
    fleet, effect = tools.fleet(), due.effect
    _refuse_closed(fleet, due)
    texts = bound_texts(fleet, effect, extra=tools.extra)
    there = _there(tools, fleet, effect)
    made = tools.make_keys(effect.keys_made)
    try:
        return _sent(desk, tools, due, there, texts)
    except LisiereError:
        if desk.is_as_before(due.case):
            tools.end_keys(made)
        raise


def _sent(desk: WorkerDesk, tools: Tools, due: Due, there: Sequence[Appliance], texts: Mapping[str, str]) -> str:
    effect = due.effect

    def planned() -> Plan:
        plan = _plan(tools, there, texts, f"request {due.case.number}")
        desk.begun(due, plan, takes=tools.takes(len(plan.changes)))
        return plan

    if effect.keys_replaced:
        run = tools.rotate(_ends_there(effect, there), planned)
    else:
        plan = planned()
        if not plan.changes:
            return told(Phrase.of("All appliances have it already"))
        run = tools.carry_out(plan)
    if run.status is not RunStatus.SUCCEEDED:
        reasons = "; ".join(f"{one.host}: {one.detail}" for one in run.outcomes if one.detail)
        raise PlanError(f"{run.id} {run.status}: {reasons}")
    return f"{run.plan_id}, {run.id}"


def _ends_there(effect: Effect, there: Sequence[Appliance]) -> dict[SecretRef, int]:
    """Each key to replace, with the number of its ends that are there: a partner, or a site to come, has it later."""
    names = {one.name for one in there}
    return {key: len(names.intersection(key.rpartition("/")[2].split("--"))) for key in effect.keys_replaced}


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


def _there(tools: Tools, fleet: Fleet, effect: Effect) -> tuple[Appliance, ...]:
    """The appliances of an effect that stand at their sites; the others take the change when they come.

    Raises:
        RequestError: None does, or one left the inventory.
    """
    found = tuple(one for one in concerned(fleet, effect) if tools.is_there(one))
    if not found:
        raise _WaitsError(Phrase.of("No appliance of it is in service yet"))
    return found


def _plan(tools: Tools, there: Sequence[Appliance], texts: Mapping[str, str], words: str) -> Plan:
    """The plan of all appliances, none of which failed to answer.

    Raises:
        LisiereError: One did.
    """
    plan = tools.plan(there, {one.name: texts[one.name] for one in there}, words)
    if plan.failures:
        raise PlanError(plan.failures[0].reason)
    return plan


def _verified(desk: WorkerDesk, tools: Tools, due: Due) -> str:
    """Look at all appliances anew, over sessions of their own, for what was applied; what to write down.

    Raises:
        LisiereError: One does not run what the visas were given for, or does not answer.
    """
    there = _there(tools, tools.fleet(), due.effect)
    plan = _plan(tools, there, desk.texts(due.effect), f"request {due.case.number}, verified")
    if plan.changes:
        names = ", ".join(one.host for one in plan.changes)
        raise RequestError(Phrase.of("{hosts} runs something else by now", hosts=names))
    found = Phrase.of("A second look found all of it in place")
    absent = sorted({one.host for one in due.effect.appliances} - {one.name for one in there})
    later = Phrase.of("not in service yet, to take it when they are: {hosts}", hosts=", ".join(absent))
    return f"{told(found)}; {told(later)}" if absent else told(found)


def _fleet(tools: Tools) -> Fleet | None:
    """The inventory as it is now; None where it cannot be read."""
    try:
        return tools.fleet()
    except LisiereError:
        return None
