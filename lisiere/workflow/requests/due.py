"""The desk of the worker: what is due, taken by one process at a time, and what became of it, written back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lisiere.model.calendar import Span
from lisiere.model.days import paris_time
from lisiere.model.effect import Effect, thawed
from lisiere.model.fleet import Fleet
from lisiere.model.hashing import sha256_of
from lisiere.model.plan import Plan
from lisiere.model.report import Language
from lisiere.model.request_case import Act, Case, Damaged, Decided, Kept, State, User
from lisiere.model.transaction import Side, Transaction
from lisiere.workflow.requests.bounds import refuse_more
from lisiere.workflow.requests.incidents import noted
from lisiere.workflow.requests.lifecycle import Step, take
from lisiere.workflow.requests.permissions import require
from lisiere.workflow.requests.phrases import Phrase, RequestError, harmless
from lisiere.workflow.requests.readiness import days_of

if TYPE_CHECKING:
    from lisiere.store.records import Records

CLAIM_TERM = timedelta(hours=4)
"""For how long a request is left to a process of another machine that says no more."""
LONGEST_REASON = 900
WORKED = frozenset({State.SCHEDULED, State.APPLYING, State.APPLIED})
"""States in which a request is the worker's."""
LEAST_LEFT = timedelta(minutes=10)
"""How much of a window has to be left for a change to begin in it."""
MOST_TRIES = 3
"""In how many windows the same is tried before an engineer has to choose another one."""
MOST_SAID = 20
"""How often the time line says why a request stays where it is."""


@dataclass(frozen=True, slots=True)
class Due:
    """A request that is to be worked on now."""

    case: Case
    effect: Effect


class WorkerDesk:
    """What the worker does with requests; each act is refused to whom the table does not list."""

    def __init__(self, records: "Records", user: User, clock: Callable[[], datetime]) -> None:
        self._records, self._user, self._clock = records, user, clock

    # ---- what there is to do -------------------------------------------------------------------------------------

    def due(self) -> tuple[Due, ...]:
        """What is in its window now, what was begun, and what is applied and not verified; by when it was to begin."""
        now, found = self._clock(), []
        for one in self._whole():
            case = one.case
            require(self._user, Act.APPLY, case)
            is_open = bool(case.starts_at and case.ends_at and case.starts_at <= now <= case.ends_at - LEAST_LEFT)
            if case.state in {State.APPLYING, State.APPLIED} or (case.state is State.SCHEDULED and is_open):
                found.append(one)
        return tuple(sorted(found, key=lambda one: (one.case.starts_at or now, one.case.number)))

    def missed(self) -> tuple[Due, ...]:
        """What is scheduled for a window that is over."""
        now = self._clock()
        return tuple(
            one
            for one in self._whole()
            if one.case.state is State.SCHEDULED and one.case.ends_at is not None and one.case.ends_at <= now
        )

    def without_window(self) -> tuple[Due, ...]:
        """What is to be applied and has no window: there was none, or it waits for its appliances.

        What was tried too often is left to engineers, who choose a window.
        """
        return tuple(
            one
            for one in self._whole()
            if one.case.state is State.SCHEDULED and one.case.ends_at is None and _tries(one.case) < MOST_TRIES
        )

    def unreadable(self) -> tuple[Case, ...]:
        """What is to be worked on and cannot be: its effect is as it was kept, and this version cannot read it."""
        readable = {one.case.number for one in self._whole()}
        return tuple(one.case for one in self._unaltered() if one.case.number not in readable)

    @contextmanager
    def claimed(self, case: Case) -> Iterator[bool]:
        """Have a request for oneself; False where another process has it."""
        is_ours = self._records.requests.claim(case.number, term=CLAIM_TERM)
        try:
            yield is_ours
        finally:
            if is_ours:
                self._records.requests.release(case.number)

    def now(self, case: Case) -> Case | None:
        """The request as it is by now; None where it was altered on record."""
        found = self._records.requests.get(case.number)
        return None if found is None or isinstance(found, Damaged) else found[0]

    def texts(self, effect: Effect) -> dict[str, str]:
        """The texts that the visas were given for, as they were kept, whatever the inventory says by now.

        Raises:
            RecordError: One was not kept, or was altered.
        """
        found = self._records.get_configurations({one.after_sha256 for one in effect.appliances})
        return {one.host: found[one.after_sha256] for one in effect.appliances}

    def transaction_of(self, case: Case) -> Transaction | None:
        """The transaction of what was begun last; None when nothing was sent to any appliance."""
        begun = [one.detail for one in case.events if one.act is Act.BEGIN]
        return self._records.transactions.of_plan(begun[-1]) if begun and case.state is State.APPLYING else None

    def is_as_before(self, case: Case) -> bool:
        """Whether nothing of a request is on any appliance, as far as it is known."""
        now = self.now(case)
        left = None if now is None else self.transaction_of(now)
        return now is not None and (left is None or left.end is Side.OLD)

    # ---- what became of it ---------------------------------------------------------------------------------------

    def begun(self, due: Due, plan: Plan, *, takes: timedelta) -> Case:
        """Note that its appliances are about to be changed; until it is known how that ends nobody takes it back.

        Raises:
            PlanError: The plan holds more than was shown.
            RequestError: Somebody took it back or gave it another window meanwhile, or too little is left of this one.
        """
        hashes = {sha256 for one in plan.changes for sha256 in (one.running_sha256, one.intended_sha256)}
        refuse_more(due.effect, plan, self._records.get_configurations(hashes))
        case, now = due.case, self._clock()
        if case.ends_at is None or now + takes > case.ends_at:
            raise RequestError(Phrase.of("Too little is left of the window"))
        step = Step(Act.BEGIN, self._user, now, detail=plan.id)

        def decide(found: Case, frozen: bytes) -> Decided:
            is_same = (found.starts_at, found.ends_at, found.effect_sha256) == (
                case.starts_at,
                case.ends_at,
                case.effect_sha256,
            )
            if not is_same or sha256_of(frozen) != case.effect_sha256:
                raise RequestError(Phrase.of("Request {number} changed meanwhile", number=case.number))
            return Decided(take(found, step), frozen)

        return self._records.requests.update(case.number, decide, by=self._user) or case

    def applied(self, case: Case, detail: str) -> Case:
        """Note that all of its appliances have it."""
        return self._take(case, Step(Act.APPLY, self._user, self._clock(), detail=detail))

    def verified(self, case: Case, detail: str) -> Case:
        """Note that a second look found all of it in place."""
        return self._take(case, Step(Act.VERIFY, self._user, self._clock(), detail=detail))

    def failed(self, due: Due, fleet: Fleet | None, reason: str) -> Case:
        """Note why it could not be done.

        What is applied, or may be on some appliance, stays as it is. All else is tried again in the next window that is
        free; where none is found, or without `fleet`, it has none until there is one. After so many tries it has none
        until an engineer chooses one, and they are told.
        """
        case = due.case
        left = self.transaction_of(case)
        if case.state is State.APPLIED or (left is not None and left.end is not Side.OLD):
            return self._said(case, Act.FAIL if case.state is State.APPLIED else Act.HOLD, reason)
        return self._postponed(due, fleet, reason)

    def placed(self, due: Due, fleet: Fleet) -> Case | None:
        """Give it the next window that is free; None where there is none."""
        span = self._next(due, fleet)
        return None if span is None else self._take(due.case, self._at(span, _span_told(span), Act.HOLD))

    # ---- how -----------------------------------------------------------------------------------------------------

    def incident(self, text: str) -> str:
        """Keep for engineers what went wrong; its number."""
        return noted(self._records, text, at=self._clock())

    def _whole(self) -> Iterator[Due]:
        """The requests that are to be worked on now or later, and that nobody altered on record."""
        for one in self._unaltered():
            with suppress(ValueError):
                yield Due(one.case, thawed(one.effect))

    def _unaltered(self) -> Iterator[Kept]:
        for one in self._records.requests.kept(WORKED):
            if not isinstance(one, Damaged) and sha256_of(one.effect) == one.case.effect_sha256:
                yield one

    def _said(self, case: Case, act: Act, reason: str) -> Case:
        """Say why it stays where it is, each reason once, and not for ever."""
        detail = harmless(reason, longest=LONGEST_REASON)
        since = max((at for at, one in enumerate(case.events) if one.act in {Act.BEGIN, Act.APPLY}), default=0)
        said = [one.detail for one in case.events[since:] if one.act is act]
        if detail in said or len(said) >= MOST_SAID:
            return case
        return self._take(case, Step(act, self._user, self._clock(), detail=detail))

    def _postponed(self, due: Due, fleet: Fleet | None, reason: str) -> Case:
        detail = harmless(reason, longest=LONGEST_REASON)
        if _tries(due.case) + 1 >= MOST_TRIES:
            return self._left_to_engineers(due.case, detail)
        span = None if fleet is None else self._next(due, fleet)
        if span is None:
            return self._take(due.case, Step(Act.FAIL, self._user, self._clock(), detail=detail))
        return self._take(due.case, self._at(span, f"{detail}; {_span_told(span)}"))

    def _left_to_engineers(self, case: Case, reason: str) -> Case:
        """Take its window away; it is tried no more by itself."""
        tried = Phrase.of("tried {count} times; an engineer chooses another window", count=MOST_TRIES)
        now = self._clock()
        after = self._take(case, Step(Act.FAIL, self._user, now, detail=f"{reason}; {tried.told(Language.FR)}"))
        chosen = sum(one.act is Act.SCHEDULE for one in case.events)
        subject = f"demande {case.number}, fenêtre choisie {chosen}"
        self._records.compliance.notify([("incident", subject, after.events[-1].detail)], at=now)
        return after

    def _next(self, due: Due, fleet: Fleet) -> Span | None:
        now = self._clock()
        try:
            return days_of(fleet, due.case, due.effect).next_window(max(now, due.case.ends_at or now))
        except RequestError:
            return None

    def _at(self, span: Span, detail: str, act: Act = Act.FAIL) -> Step:
        starts_at, ends_at = span.starts_at, span.ends_at
        return Step(act, self._user, self._clock(), detail=detail, starts_at=starts_at, ends_at=ends_at)

    def _take(self, case: Case, step: Step) -> Case:
        found = self._records.requests.update(
            case.number, lambda found, frozen: Decided(take(found, step), frozen), by=self._user
        )
        return case if found is None else found


def _tries(case: Case) -> int:
    """How often it failed since somebody chose a window for it."""
    chosen = max((at for at, one in enumerate(case.events) if one.act is Act.SCHEDULE), default=0)
    return sum(one.act is Act.FAIL for one in case.events[chosen:])


def _span_told(span: Span) -> str:
    told = Phrase.of(
        "tried again from {start} to {stop}", start=paris_time(span.starts_at), stop=paris_time(span.ends_at)
    )
    return told.told(Language.FR)
