"""The thread of the records: what waits for company gets it, and nothing overtakes that must not."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path

import pytest

from lisiere.store import setup, worker
from lisiere.store.databases import sqlite
from lisiere.store.worker import ENOUGH, Turn, Worker

Calls = list[tuple[str, list[int]]]


class Desk:
    """A worker on a SQLite file, and a list of what it was asked to do, call by call."""

    def __init__(self, path: Path) -> None:
        database = sqlite(path)
        setup.connect(path=path).close()  # tells Django of the file
        self.calls: Calls = []
        self.worker = Worker(database.alias, place=database.place, lock=lambda: None)

    def results(self, items: Sequence[int]) -> None:
        """What may wait for company."""
        self.calls.append(("results", list(items)))

    def entries(self, items: Sequence[int]) -> None:
        """What others wait for."""
        self.calls.append(("entries", list(items)))

    def later(self, number: int) -> "Future[None]":
        """Ask for something that may wait."""
        return self.worker.write_soon(self.results, number, turn=Turn.WAITING)

    def ahead(self, number: int) -> "Future[None]":
        """Ask for something that goes before it."""
        return self.worker.write_soon(self.entries, number, turn=Turn.AHEAD)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk at which a job waits for minutes unless something ends its wait."""
    monkeypatch.setattr(worker, "QUIET_S", 600.0)
    monkeypatch.setattr(worker, "LONGEST_S", 600.0)
    desk = Desk(tmp_path / "records.sqlite3")
    yield desk
    desk.worker.close()


def test_enough_of_those_that_wait_are_done_in_one_call(desk: Desk) -> None:
    """However far apart they come."""
    answers = []
    for number in range(ENOUGH):
        answers.append(desk.later(number))
        desk.ahead(number).result()
    for answer in answers:
        answer.result()
    assert [items for name, items in desk.calls if name == "results"] == [list(range(ENOUGH))]
    assert [items for name, items in desk.calls if name == "entries"] == [[number] for number in range(ENOUGH)]


def test_what_goes_ahead_does_not_wait_with_them(desk: Desk) -> None:
    """An entry of the journal is durable while a result still waits."""
    waiting = desk.later(1)
    desk.ahead(2).result()
    assert not waiting.done()
    assert desk.calls == [("entries", [2])]


@pytest.mark.parametrize("is_write", [True, False])
def test_everything_else_comes_after_those_that_wait(desk: Desk, *, is_write: bool) -> None:
    """Who reads, or writes anything else, finds done what was asked for before."""
    waiting = [desk.later(1), desk.later(2)]
    ask = desk.worker.write if is_write else desk.worker.read
    assert ask(lambda: list(desk.calls)) == [("results", [1, 2])]
    assert all(one.done() for one in waiting)


def test_closing_ends_the_wait(desk: Desk) -> None:
    """Nothing that was asked for is lost."""
    waiting = desk.later(1)
    desk.worker.close()
    waiting.result()
    assert desk.calls == [("results", [1])]


def test_nobody_waits_when_no_company_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A moment of quiet ends the wait, however long it could have been."""
    monkeypatch.setattr(worker, "LONGEST_S", 600.0)
    desk = Desk(tmp_path / "records.sqlite3")
    desk.later(1).result(timeout=60)
    desk.worker.close()
    assert desk.calls == [("results", [1])]


def test_company_that_keeps_coming_ends_the_wait_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait has an end of its own."""
    monkeypatch.setattr(worker, "QUIET_S", 600.0)
    monkeypatch.setattr(worker, "LONGEST_S", 0.05)
    desk = Desk(tmp_path / "records.sqlite3")
    waiting, done = desk.later(1), threading.Event()
    waiting.add_done_callback(lambda _: done.set())
    for number in range(100_000):
        desk.ahead(number).result()
        if done.is_set():
            break
    assert done.is_set()
    desk.worker.close()
