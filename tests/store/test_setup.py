"""Opening the records: made when missing, brought up to date, and refused in plain words when they cannot be used."""

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lisiere.errors import RecordError
from lisiere.store.setup import connect
from tests.house.checkout import ROOT
from tests.store.samples import names, plan_for, text_of
from tests.store.tampering import asked, count, held_up, tampered

if TYPE_CHECKING:
    from lisiere.store.records import Records
    from tests.store.conftest import Opener


def run(code: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process of its own."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_nothing_of_django_is_loaded_before_the_records_are_wanted() -> None:
    """The half second is paid by commands that need records."""
    modules = ("store.setup", "workflow.plans", "workflow.runs", "workflow.drift", "workflow.status")
    done = run(f"import sys, {', '.join(f'lisiere.{one}' for one in modules)}; sys.exit('django' in sys.modules)")
    assert done.returncode == 0, done.stderr


def test_a_change_of_the_tables_has_its_migration(tmp_path: Path) -> None:
    """Models and migrations tell the same."""
    code = (
        "import sys; from pathlib import Path; from lisiere.store.setup import connect\n"
        "connect(path=Path(sys.argv[1]))\n"
        "from django.core.management import call_command\n"
        "call_command('makemigrations', 'lisiere', check=True, dry_run=True)\n"
    )
    done = run(code, tmp_path / "records.sqlite3")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_commit_is_on_the_disk_and_writers_wait_for_each_other(tmp_path: Path) -> None:
    """The settings of SQLite that the journal's promise rests on."""
    with connect(path=tmp_path / "records.sqlite3") as records:
        names_of_settings = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        found = [asked(records, f"PRAGMA {name}")[0] for name in names_of_settings]
    assert found == ["wal", 2, 1, 30000]


def test_the_tables_are_made_once_by_many_processes(tmp_path: Path) -> None:
    """Six processes meet at an empty folder; all of them get in, and the journal has one beginning."""
    path = tmp_path / "state" / "records.sqlite3"
    code = (
        "import sys; from pathlib import Path; from lisiere.store.setup import connect;"
        "connect(path=Path(sys.argv[1])).journal('run-1', 'host', 'load')"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    for one in started:
        _, said = one.communicate(timeout=120)
        assert one.returncode == 0, said
    with connect(path=path) as records:
        check = records.verify_journal()
        assert (check.entries, check.is_sound) == (6, True)
        assert count(records, "lisiere_journal_head") == 1


def test_records_of_a_newer_version_are_refused(opener: "Opener") -> None:
    """Their tables would be misread; the message tells which version wrote them."""
    records = opener()
    tampered(records, "UPDATE django_migrations SET name = '0999_future' WHERE app = 'lisiere'")
    with pytest.raises(RecordError, match=r"written by a newer Lisière \(0999_future\); use that version"):
        opener()


def test_a_migration_that_was_cut_short_left_nothing(tmp_path: Path) -> None:
    """Killed between two tables, the next start makes them all."""
    path = tmp_path / "records.sqlite3"
    code = (
        "import sys, os, signal; from pathlib import Path\n"
        "from django.db.backends.sqlite3.schema import DatabaseSchemaEditor as Editor\n"
        "create, made = Editor.create_model, []\n"
        "def cut_short(self, model):\n"
        "    made.append(model)\n"
        "    if len(made) == 6: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    create(self, model)\n"
        "Editor.create_model = cut_short\n"
        "from lisiere.store.setup import connect; connect(path=Path(sys.argv[1]))\n"
    )
    assert run(code, path).returncode == -9
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall() == []
    connection.close()
    with connect(path=path) as records:
        assert records.verify_journal().is_sound


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    """A slip in a setting destroys nothing."""
    path = tmp_path / "notes.txt"
    path.write_text("notes of the day\n" * 100)
    with pytest.raises(RecordError, match=r"notes\.txt: file is not a database; .* point to another place"):
        connect(path=path)
    assert path.read_text() == "notes of the day\n" * 100


def test_a_database_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    """Our tables do not go into a stranger's file."""
    path = tmp_path / "other.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE invoices (id)")
    with pytest.raises(RecordError, match=r"a database of something else \(it has a table invoices\)"):
        connect(path=path)
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("invoices",)]
    connection.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file stands where the folder would be."""
    (tmp_path / "state").write_text("")
    with pytest.raises(RecordError, match=r"state: .*; this folder would hold the records"):
        connect(path=tmp_path / "state" / "records.sqlite3")


def test_a_place_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    """A folder stands where the file would be."""
    with pytest.raises(
        RecordError, match=r"unable to open database file; the folder is missing or this account may not"
    ):
        connect(path=tmp_path)


@pytest.mark.parametrize(
    ("cause", "cure", "told"),
    [
        ("query_only = ON", "query_only = OFF", "this account may not write to it"),
        ("max_page_count = 1", "max_page_count = 4294967294", "make room and try again"),
    ],
)
def test_a_write_that_fails_leaves_the_old_state(cause: str, cure: str, told: str, tmp_path: Path) -> None:
    """Read-only or full: one clear line, nothing half written, and the next write works when the cause is gone."""
    plan = plan_for(names(300))
    with connect(path=tmp_path / "records.sqlite3") as records:
        tampered(records, f"PRAGMA {cause}")
        with pytest.raises(RecordError, match=f"records.sqlite3: .*; {told}$"):
            records.save_plan(plan, texts=map(text_of, names(300)))
        assert count(records, "lisiere_plan") == count(records, "lisiere_configuration") == 0
        asked(records, f"PRAGMA {cure}")
        records.save_plan(plan, texts=map(text_of, names(300)))
        assert records.load_plan("last") == plan


@pytest.mark.parametrize(
    "url",
    [
        "mysql://lisiere:Hunter2hunter@db/records",
        "postgresql://lisiere:Hunter2hunter@db",
        "postgresql://lisiere:Hunter2hunter@db:port/records",
        "postgresql://lisiere:Hunter2hunter@127.0.0.1:1/records?connect_timeout=2",
        "postgresql://lisiere:Hunter2hunter@127.0.0.1:1/records?colour=green",
    ],
)
def test_a_wrong_url_is_refused_without_its_password(url: str, tmp_path: Path) -> None:
    """One line, and nothing in it that should not be on a screen."""
    with pytest.raises(RecordError) as caught:
        connect(url, path=tmp_path / "unused.sqlite3")
    assert "Hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "unused.sqlite3").exists()


def test_closed_records_refuse_and_close_twice(records: "Records") -> None:
    """What comes too late is told so, not lost."""
    records.close()
    records.close()
    with pytest.raises(RecordError, match="is closed; nothing was recorded"):
        records.save_plan(plan_for(names(1)))


def test_one_failed_write_does_not_take_others_with_it(records: "Records") -> None:
    """Writes that happen to share a transaction share no fate."""
    from django.db import connections

    said: list[str] = []

    def bad() -> None:
        with connections[records._alias].cursor() as cursor:
            cursor.execute("INSERT INTO lisiere_journal_head (id, position, sha256) VALUES (1, 0, '')")

    def attempt() -> None:
        try:
            records._worker.write(bad)
        except RecordError as exc:
            said.append(str(exc))

    threads = [threading.Thread(target=records.journal, args=("run-1", f"h{n}", "load")) for n in range(4)]
    threads += [threading.Thread(target=attempt)]
    with held_up(records):
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join()
    assert len(said) == 1
    assert records.verify_journal().entries == 4


def test_a_server_that_went_away_is_met_again(postgresql_url: str, tmp_path: Path) -> None:
    """A connection that breaks costs one refused write; the next one works."""
    others = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    with connect(postgresql_url, path=tmp_path) as first, connect(postgresql_url, path=tmp_path) as second:
        first.journal("run-1", "h", "load")
        tampered(second, others)
        with pytest.raises(RecordError):
            first.journal("run-1", "h", "compare")
        first.journal("run-1", "h", "compare")
        assert first.verify_journal().entries == 2
