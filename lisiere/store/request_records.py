"""Users and requests as others see them; reached as `records.requests`."""

from collections.abc import Callable
from datetime import datetime

from lisiere.model.request_case import Case, User
from lisiere.store import requests, users
from lisiere.store.requests import Decision
from lisiere.store.worker import Worker


class RequestRecords:
    """The part of the records that is about requests. Safe to share between threads; who may what is asked before."""

    def __init__(self, alias: str, worker: Worker, *, clock: Callable[[], datetime]) -> None:
        self._alias, self._worker, self._clock = alias, worker, clock

    def add_user(self, user: User, *, token_sha256: str, by: str) -> None:
        """Keep a user, or grant one something else; only the last token is taken."""
        at = self._clock()
        self._worker.write(lambda: users.add(self._alias, user, token_sha256=token_sha256, by=by, at=at))

    def add_first_user(self, user: User, *, token_sha256: str, by: str) -> None:
        """Keep the first user; UsageError when there is one."""
        at = self._clock()
        self._worker.write(lambda: users.add_first(self._alias, user, token_sha256=token_sha256, by=by, at=at))

    def user_of(self, token_sha256: str) -> User | None:
        """Whose token it is; None when it is nobody's."""
        return self._worker.read(lambda: users.by_token(self._alias, token_sha256))

    def users(self) -> tuple[User, ...]:
        """All users, by name."""
        return self._worker.read(lambda: users.everybody(self._alias))

    def create(self, case: Case, effect: bytes) -> Case:
        """Keep a new request with the bytes of its effect; with its number."""
        return self._worker.write(lambda: requests.create(self._alias, case, effect))

    def update(self, number: int, decide: Decision) -> Case | None:
        """Decide about a request as it is now, in one transaction that no other writer shares; None for no such one."""
        return self._worker.write(lambda: requests.update(self._alias, number, decide))

    def get(self, number: int) -> tuple[Case, bytes] | None:
        """A request and the bytes of its effect; None when there is none of that number."""
        return self._worker.read(lambda: requests.get(self._alias, number))

    def everything(self) -> tuple[Case, ...]:
        """All requests, in the order of their numbers."""
        return self._worker.read(lambda: requests.everything(self._alias))
