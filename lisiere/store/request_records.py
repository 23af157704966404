"""Users and requests as others see them; reached as `records.requests`."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from lisiere.model.request_case import Account, Binding, Case, Damaged, Decided, Kept, State, User
from lisiere.store import requests, users
from lisiere.store.process import this_process
from lisiere.store.requests import Decision
from lisiere.store.worker import Worker

Beside = Callable[[Case, bytes, tuple[Kept | Damaged, ...]], Decided]
"""Decides about a request beside others."""
Judge = Callable[[tuple[Case | Damaged, ...]], None]
"""Looks at all requests as they are now, and raises where something may not be done."""


class RequestRecords:
    """The part of the records that is about requests. Safe to share between threads; who may what is asked before."""

    def __init__(self, alias: str, worker: Worker, *, clock: Callable[[], datetime]) -> None:
        self._alias, self._worker, self._clock = alias, worker, clock

    # ---- users ---------------------------------------------------------------------------------------------------

    def invite(self, user: User, *, code_sha256: str, ends_at: datetime, judge: Judge) -> None:
        """Keep a user with a code, if requests as they are now allow it; the token from before is void at once."""
        at = self._clock()

        def job() -> None:
            judge(requests.everything(self._alias))
            users.invite(self._alias, user, code_sha256=code_sha256, ends_at=ends_at, at=at)

        self._worker.write(job)

    def invite_by_machine(self, user: User, *, code_sha256: str, ends_at: datetime) -> None:
        """The same as the owner of the machine; UsageError when there are no users yet."""
        at = self._clock()
        self._worker.write(
            lambda: users.invite_by_machine(self._alias, user, code_sha256=code_sha256, ends_at=ends_at, at=at)
        )

    def invite_first(self, user: User, *, code_sha256: str, ends_at: datetime, by: str) -> None:
        """Keep the first user; UsageError when somebody has signed in."""
        at = self._clock()
        self._worker.write(
            lambda: users.invite_first(self._alias, user, code_sha256=code_sha256, ends_at=ends_at, by=by, at=at)
        )

    def redeem(self, code_sha256: str, *, token_sha256: str, ends_at: datetime) -> User | None:
        """Take a code for a token; None when it is nobody's, was taken, or its time is over."""
        at = self._clock()
        return self._worker.write(
            lambda: users.redeem(self._alias, code_sha256, token_sha256=token_sha256, ends_at=ends_at, at=at)
        )

    def revoke(self, name: str, *, by: str) -> None:
        """Let somebody sign in no longer; UsageError for the last engineer."""
        at = self._clock()
        self._worker.write(lambda: users.revoke(self._alias, name, by=by, at=at))

    def confirm(self, name: str, login: str, *, by: str) -> None:
        """Note that this person signed in by this login; UsageError where that is not so, or not for `by` to say."""
        at = self._clock()
        self._worker.write(lambda: users.confirm(self._alias, name, login, by=by, at=at))

    def vouch(self, name: str, login: str, *, account: str) -> None:
        """Note the same as the owner of the machine says it."""
        at = self._clock()
        self._worker.write(lambda: users.vouch(self._alias, name, login, account=account, at=at))

    def sign_out(self, token_sha256: str) -> None:
        """Have a token be nobody's."""
        at = self._clock()
        self._worker.write(lambda: users.sign_out(self._alias, token_sha256, at=at))

    def user_of(self, token_sha256: str) -> User | None:
        """Whose token it is; None when it is nobody's."""
        at = self._clock()
        return self._worker.read(lambda: users.by_token(self._alias, token_sha256, at=at))

    def bind(self, binding: Binding, *, by: str) -> None:
        """Have users and requests here be for one inventory."""
        at = self._clock()
        self._worker.write(lambda: users.bind(self._alias, binding, by=by, at=at))

    def binding(self) -> Binding | None:
        """The inventory that users and requests here are for; None while nobody said so."""
        return self._worker.read(lambda: users.binding(self._alias))

    def accounts(self) -> tuple[Account, ...]:
        """All users, by name."""
        at = self._clock()
        return self._worker.read(lambda: users.accounts(self._alias, at=at))

    def now(self) -> datetime:
        """The time by the clock of the records."""
        return self._clock()

    # ---- requests ------------------------------------------------------------------------------------------------

    def create(self, case: Case, effect: bytes, *, by: User | None = None) -> Case:
        """Keep a new request with the bytes of its effect; with its number. `by` must still be who signed in."""

        def job() -> Case:
            self._check_still(by)
            return requests.create(self._alias, case, effect)

        return self._worker.write(job)

    def update(self, number: int, decide: Decision, *, by: User | None = None) -> Case | None:
        """Decide about a request as it is now, in one transaction that no other writer shares; None for no such one.

        Raises:
            ChangedLoginError: `by` is no longer who signed in.
            AlteredError: The request was altered on record.
        """

        def job() -> Case | None:
            self._check_still(by)
            return requests.update(self._alias, number, decide)

        return self._worker.write(job)

    def update_beside(
        self, number: int, decide: Beside, *, among: Collection[State], by: User | None = None
    ) -> Case | None:
        """The same, with a look at all requests in some states."""
        return self.update(number, lambda case, effect: decide(case, effect, requests.kept(self._alias, among)), by=by)

    def _check_still(self, by: User | None) -> None:
        if by is not None:
            users.check_still(self._alias, by)

    def claim(self, number: int, *, term: timedelta) -> bool:
        """Take a request to work on; False while another process that lives, or may live, has it."""
        at, process = self._clock(), this_process()
        return self._worker.write(lambda: requests.claim(self._alias, number, process, at=at, term=term))

    def is_held(self, number: int) -> bool:
        """Whether a process that lives, or may live, works on a request."""
        at = self._clock()
        return self._worker.read(lambda: requests.is_held(self._alias, number, at=at))

    def release(self, number: int) -> None:
        """Let a request go that this process took."""
        process = this_process()
        self._worker.write(lambda: requests.release(self._alias, number, process))

    def kept(self, states: Collection[State]) -> tuple[Kept | Damaged, ...]:
        """The requests in some states with the bytes of their effects."""
        return self._worker.read(lambda: requests.kept(self._alias, states))

    def get(self, number: int) -> tuple[Case, bytes] | Damaged | None:
        """A request and the bytes of its effect; None when there is none of that number."""
        return self._worker.read(lambda: requests.get(self._alias, number))

    def everything(self) -> tuple[Case | Damaged, ...]:
        """All requests, in the order of their numbers."""
        return self._worker.read(lambda: requests.everything(self._alias))
