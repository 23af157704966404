"""The journal is durable before a step is taken, written by many at once, and shows every tampering."""

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lisiere.store.setup import connect
from tests.store.samples import NOON, names
from tests.store.tampering import held_up, tampered

if TYPE_CHECKING:
    from lisiere.store.records import Records
    from tests.store.conftest import Opener

FORGED = (
    "INSERT INTO lisiere_journal (position, at, run_id, host, step, detail, sha256) "
    "SELECT 11, at, run_id, host, step, detail, sha256 FROM lisiere_journal WHERE position = 10"
)


def ten_entries(records: "Records") -> None:
    """Write ten entries."""
    for number in range(10):
        records.journal("run-1", f"host-{number % 3}", "load", f"é {number}", at=NOON)


def test_an_untouched_journal_is_sound(records: "Records") -> None:
    """Nothing in it, and ten entries: both hold."""
    assert records.verify_journal().is_sound
    ten_entries(records)
    check = records.verify_journal()
    assert (check.entries, check.broken_at, check.is_sound) == (10, 0, True)
    assert check.sha256 == records.journal_entries("run-1")[-1].sha256


@pytest.mark.parametrize(
    ("statement", "broken_at"),
    [
        ("UPDATE lisiere_journal SET detail = 'x' WHERE position = 4", 4),
        ("UPDATE lisiere_journal SET host = 'host-9' WHERE position = 1", 1),
        ("UPDATE lisiere_journal SET at = '2026-11-24 13:00:00+00:00' WHERE position = 10", 10),
        ("DELETE FROM lisiere_journal WHERE position = 5", 5),
        ("DELETE FROM lisiere_journal WHERE position < 3", 1),
        ("DELETE FROM lisiere_journal WHERE position > 8", 9),
        ("DELETE FROM lisiere_journal", 1),
        (FORGED, 11),
    ],
)
def test_tampering_is_found_where_it_begins(statement: str, broken_at: int, records: "Records") -> None:
    """Changed, missing, added, cut off at the end: the first position that does not fit is named."""
    ten_entries(records)
    tampered(records, statement)
    check = records.verify_journal()
    assert not check.is_sound
    assert check.broken_at == broken_at
    assert check.reason


def test_fifty_threads_write_one_chain(opener: "Opener") -> None:
    """All entries are there, chained, each thread's in its order; a second reader sees them at once."""
    records, reader = opener(), opener()
    hosts = names(50)

    def work(host: str) -> None:
        for step in range(8):
            records.journal("run-1", host, f"step-{step}", at=NOON)
            assert reader.journal_entries("run-1", host=host)[-1].step == f"step-{step}"

    threads = [threading.Thread(target=work, args=(host,)) for host in hosts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert records.verify_journal().entries == 400
    for host in hosts:
        assert [one.step for one in records.journal_entries("run-1", host=host)] == [f"step-{n}" for n in range(8)]
    assert [(one.host, one.step) for one in records.last_steps("run-1")] == [(host, "step-7") for host in hosts]


def test_two_writers_keep_one_chain(opener: "Opener") -> None:
    """Two processes' worth of connections write at once; neither forks the chain."""
    writers = [opener(), opener()]
    threads = [threading.Thread(target=ten_entries, args=(writer,)) for writer in writers for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check = writers[0].verify_journal()
    assert (check.entries, check.is_sound) == (60, True)


def test_entries_that_wait_share_one_commit(tmp_path: Path) -> None:
    """Fifty sessions do not queue for fifty writes to the disk: what waits while one is under way is the next one."""
    with connect(path=tmp_path / "records.sqlite3") as records:
        commits: list[None] = []
        records._worker._lock = lambda: commits.append(None)
        threads = [threading.Thread(target=records.journal, args=("run-1", host, "load")) for host in names(50)]
        with held_up(records):
            for thread in threads:
                thread.start()
            deadline = time.monotonic() + 10
            while records._worker._jobs.qsize() < 50 and time.monotonic() < deadline:
                time.sleep(0.01)
            commits_before = len(commits)
        for thread in threads:
            thread.join()
        assert commits_before == 0
        assert len(commits) == 1
        assert records.verify_journal().entries == 50


def test_what_a_device_says_is_written_whatever_it_is(records: "Records") -> None:
    """A NUL or half a character in its words stops no run, and the chain holds."""
    records.journal("run-1", "host", "load", "said \x00 and \udce9", at=NOON)
    (entry,) = records.journal_entries("run-1")
    assert entry.detail == "said \ufffd and ?"
    assert records.verify_journal().is_sound
