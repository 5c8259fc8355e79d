"""What is written is there, whoever dies; what cannot be used is said in one sentence."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from data.checksums import Damaged
from data.errors import InputError
from leitmotif.store.database import NAME, Database

STEPS = ["CREATE TABLE note (n INTEGER PRIMARY KEY, text TEXT NOT NULL);"]


@pytest.fixture
def database(tmp_path: Path) -> Database:
    database = Database(tmp_path / "资料")
    database.tables("notes", STEPS)
    return database


def notes(database: Database) -> list[str]:
    with database.read() as connection:
        return [row["text"] for row in connection.execute("SELECT text FROM note ORDER BY n")]


def add(database: Database, text: str) -> None:
    with database.write() as connection:
        connection.execute("INSERT INTO note (text) VALUES (?)", [text])


def program(*lines: str) -> subprocess.Popen[bytes]:
    """Another process with a database in `database`, whose folder is its argument."""
    begin = (
        "import sys, time; from pathlib import Path",
        "from leitmotif.store.database import Database",
        "database = Database(Path(sys.argv[1]))",
    )
    *lines, folder = lines
    return subprocess.Popen(
        [sys.executable, "-c", "\n".join([*begin, *lines]), folder], stdout=subprocess.PIPE
    )


def test_a_write_is_kept_whole_or_not_at_all(database):
    add(database, "first")
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        connection.execute("INSERT INTO note (text) VALUES ('half')")
        _ = 1 / 0
    assert notes(database) == ["first"]


def test_a_reader_sees_one_state_while_another_writes(database):
    add(database, "before")
    with database.read() as connection:
        assert connection.execute("SELECT count(*) FROM note").fetchone()[0] == 1
        add(database, "meanwhile")
        assert connection.execute("SELECT count(*) FROM note").fetchone()[0] == 1
    assert notes(database) == ["before", "meanwhile"]


def test_threads_and_processes_write_at_once_and_nothing_is_lost(database):
    folder = database.file.parent
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add, [database] * 40, map(str, range(40))))
    write = (
        "for i in range(25):",
        "    with database.write() as connection:",
        "        connection.execute('INSERT INTO note (text) VALUES (?)', [f'{NAME}{i}'])",
    )
    workers = [program(f"NAME = {name!r}", *write, str(folder)) for name in "ab"]
    assert [worker.wait() for worker in workers] == [0, 0]
    for worker in workers:
        worker.stdout.close()
    assert len(set(notes(database))) == 90


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_what_was_written_outlives_a_kill_and_a_half_write_does_not(database):
    worker = program(
        "for text in ('done', 'half'):",
        "    with database.write() as connection:",
        "        connection.execute('INSERT INTO note (text) VALUES (?)', [text])",
        "        if text == 'half': print('now', flush=True); time.sleep(60)",
        str(database.file.parent),
    )
    assert worker.stdout.readline().strip() == b"now"
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    worker.stdout.close()
    assert notes(database) == ["done"]
    add(database, "next")
    assert notes(database) == ["done", "next"]


def test_every_step_is_taken_once_and_a_failing_one_leaves_no_trace(database):
    add(database, "kept")
    further = [
        *STEPS,
        "ALTER TABLE note ADD stars INTEGER NOT NULL DEFAULT 3;\nCREATE TABLE a (b);",
    ]
    database.tables("notes", further)
    database.tables("notes", further)
    with database.read() as connection:
        assert connection.execute("SELECT text, stars FROM note").fetchone()["stars"] == 3
    with pytest.raises(sqlite3.OperationalError):
        database.tables("notes", [*further, "CREATE TABLE c (d); CREATE TABLE a (b);"])
    with database.read() as connection:
        tables = {r[0] for r in connection.execute("SELECT name FROM sqlite_master")}
    assert "c" not in tables


def test_a_file_of_a_newer_leitmotif_is_refused_and_left_as_it_is(database):
    database.tables("notes", [*STEPS, "CREATE TABLE later (x);"])
    with pytest.raises(Damaged, match=r"another version.*as new as"):
        database.tables("notes", STEPS)


@pytest.mark.parametrize("content", [b"no database" * 400, b"SQLite format 3\0" + b"\xff" * 5000])
def test_damage_is_one_sentence_and_a_new_file_can_begin(tmp_path, content):
    (tmp_path / NAME).write_bytes(content)
    database = Database(tmp_path)
    with pytest.raises(Damaged, match=NAME):
        database.tables("notes", STEPS)
    aside = database.set_aside()
    assert aside.read_bytes() == content
    database.tables("notes", STEPS)
    assert notes(database) == []


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        Database(tmp_path / "file" / "folder")


def test_a_file_that_another_program_holds_is_waited_for(database, monkeypatch):
    monkeypatch.setattr("leitmotif.store.database._BUSY_S", 0.2)
    other = sqlite3.connect(database.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with pytest.raises(InputError, match="half a minute"):
        add(database, "late")
    assert time.monotonic() - began > 0.1
    other.execute("COMMIT")
    other.close()
    add(database, "then")
    assert notes(database) == ["then"]
