"""The desk of the worker: what is due, taken by one process at a time, and what became of it, written back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lisiere.model.days import paris_time
from lisiere.model.effect import Effect, sha256_of, thawed
from lisiere.model.fleet import Fleet
from lisiere.model.report import Language
from lisiere.model.request_case import Act, Case, Damaged, Decided, State, User
from lisiere.workflow.requests.lifecycle import Step, take
from lisiere.workflow.requests.permissions import require
from lisiere.workflow.requests.phrases import Phrase, harmless
from lisiere.workflow.requests.readiness import days_of

if TYPE_CHECKING:
    from lisiere.store.records import Records

CLAIM_TERM = timedelta(hours=4)
"""For how long a request is left to a process of another machine that says no more."""
LONGEST_REASON = 900
LEAST_LEFT = timedelta(minutes=10)
"""How much of a window has to be left for a change to begin in it."""


@dataclass(frozen=True, slots=True)
class Due:
    """A request that is to be worked on now."""

    case: Case
    effect: Effect


class WorkerDesk:
    """What the worker does with requests; each act is refused to whom the table does not list."""

    def __init__(self, records: "Records", user: User, clock: Callable[[], datetime]) -> None:
        self._records, self._user, self._clock = records, user, clock

    def due(self) -> tuple[Due, ...]:
        """What is in its window now, and what was applied and is not verified yet; by when it was to begin."""
        now, found = self._clock(), []
        for one in self._records.requests.kept():
            if isinstance(one, Damaged) or sha256_of(one.effect) != one.case.effect_sha256:
                continue
            case = one.case
            require(self._user, Act.APPLY, case)
            is_open = bool(case.starts_at and case.ends_at and case.starts_at <= now <= case.ends_at - LEAST_LEFT)
            if case.state is State.APPLIED or (case.state is State.SCHEDULED and is_open):
                found.append(Due(case, thawed(one.effect)))
        return tuple(sorted(found, key=lambda one: (one.case.starts_at or now, one.case.number)))

    def missed(self) -> tuple[Due, ...]:
        """What is scheduled for a window that is over."""
        now = self._clock()
        return tuple(
            Due(one.case, thawed(one.effect))
            for one in self._records.requests.kept()
            if not isinstance(one, Damaged)
            and sha256_of(one.effect) == one.case.effect_sha256
            and one.case.state is State.SCHEDULED
            and one.case.ends_at is not None
            and one.case.ends_at <= now
        )

    @contextmanager
    def claimed(self, case: Case) -> Iterator[bool]:
        """Have a request for oneself; False where another process has it."""
        is_ours = self._records.requests.claim(case.number, term=CLAIM_TERM)
        try:
            yield is_ours
        finally:
            if is_ours:
                self._records.requests.release(case.number)

    def now(self, case: Case) -> Case:
        """The request as it is by now."""
        found = self._records.requests.get(case.number)
        return case if found is None or isinstance(found, Damaged) else found[0]

    def applied(self, case: Case, detail: str) -> Case:
        """Note that all of its appliances have it."""
        return self._take(case, Step(Act.APPLY, self._user, self._clock(), detail=detail))

    def verified(self, case: Case, detail: str) -> Case:
        """Note that a second look found all of it in place."""
        return self._take(case, Step(Act.VERIFY, self._user, self._clock(), detail=detail))

    def failed(self, due: Due, fleet: Fleet, reason: str) -> Case:
        """Note why it could not be done; what is not applied is tried again in the next window that is free."""
        case, now = due.case, self._clock()
        step = Step(Act.FAIL, self._user, now, detail=harmless(reason, longest=LONGEST_REASON))
        if case.state is State.APPLIED and (case.events[-1].act, case.events[-1].detail) == (Act.FAIL, step.detail):
            return case  # said already, and nothing is different
        if case.state is State.SCHEDULED:
            after = max(now, case.ends_at or now)
            span = days_of(fleet, case, due.effect).next_window(after)
            told = Phrase.of(
                "tried again from {start} to {stop}",
                start=paris_time(span.starts_at),
                stop=paris_time(span.ends_at),
            ).told(Language.FR)
            detail = f"{step.detail}; {told}"
            step = Step(Act.FAIL, self._user, now, detail=detail, starts_at=span.starts_at, ends_at=span.ends_at)
        return self._take(case, step)

    def _take(self, case: Case, step: Step) -> Case:
        found = self._records.requests.update(case.number, lambda found, frozen: Decided(take(found, step), frozen))
        return case if found is None else found
