"""How the database is opened, and what its failures are called."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from auralarchive.ports.errors import NoSpace
from auralarchive.store.database import Database, open_database
from auralarchive.store.errors import DatabaseBusy, DatabaseRefused, DatabaseUnavailable
from auralarchive.store.schema import settings


def _value(database: Database, statement: str) -> object:
    with database.read() as connection:
        return connection.scalar(text(statement))


def test_sqlite_is_durable_and_strict(database: Database, tmp_path: Path) -> None:
    """A commit is on the disk, keys are checked, views run nothing, and the files are ours alone."""
    pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "trusted_schema")
    assert [_value(database, f"PRAGMA {name}") for name in pragmas] == ["wal", 2, 1, 10_000, 0]
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("unit.sqlite3*")} == {0o600}


def test_a_failed_write_leaves_nothing(database: Database) -> None:
    """Whatever is raised inside, the transaction is undone and the next one gets in."""
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(text("INSERT INTO settings VALUES ('s', 'k', '1'), ('s', 'l', '1'), ('s', 'k', '2')"))
    with database.write() as connection:
        assert connection.scalar(text("SELECT count(*) FROM settings")) == 0


def test_a_reader_does_not_wait_for_a_writer(database: Database) -> None:
    """Pages load while something is being written, and see what was there before."""
    with database.write() as connection:
        connection.execute(text("INSERT INTO settings VALUES ('s', 'k', '1')"))
        seen: list[object] = []
        reader = threading.Thread(target=lambda: seen.append(_value(database, "SELECT count(*) FROM settings")))
        reader.start()
        reader.join(5)
        assert seen == [0]


def test_a_stranger_who_holds_the_lock_is_a_passing_trouble(database: Database, tmp_path: Path) -> None:
    """Another program's long transaction is "not now", not a bug."""
    with sqlite3.connect(tmp_path / "unit.sqlite3", isolation_level=None) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout=10")
        with pytest.raises(DatabaseUnavailable, match="does not answer"), database.write():
            pass
        stranger.execute("ROLLBACK")
    stranger.close()


def test_a_wrong_statement_is_a_bug(database: Database) -> None:
    """What cannot work later either is not called a passing trouble, or it would be tried for ever."""
    with pytest.raises(OperationalError, match="no such table"):
        _value(database, "SELECT 1 FROM nowhere")


def test_a_full_disk_is_called_so(database: Database) -> None:
    """SQLite's own limit stands in for the disk's end."""
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1")
    with pytest.raises(NoSpace, match="Free some space"), database.write() as writer:
        writer.execute(text("INSERT INTO settings VALUES ('s', 'k', :big)"), {"big": "x" * 10_000_000})


def test_a_second_instance_is_refused(tmp_path: Path) -> None:
    """The lock is the data folder's, wherever the database file is."""
    url, folder = f"sqlite:///{tmp_path / 'db' / 'a.sqlite3'}", tmp_path / "data"
    folder.mkdir()
    first = open_database(url, data_dir=folder)
    with pytest.raises(DatabaseBusy):
        open_database(f"sqlite:///{tmp_path / 'other.sqlite3'}", data_dir=folder)
    open_database(url, data_dir=folder, sole_instance=False).close()
    first.close()
    open_database(url, data_dir=folder).close()


def test_the_folder_is_locked_over_postgresql_too(tmp_path: Path) -> None:
    """The embedded client's torrents lie in it; but other folders' processes may be at work on the same database."""
    url = "postgres://me:x@127.0.0.1:1/none"
    first = open_database(url, data_dir=tmp_path)
    assert not first.alone
    with pytest.raises(DatabaseBusy):
        open_database(url, data_dir=tmp_path)
    first.close()
    open_database(url, data_dir=tmp_path).close()


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://host/db", "sqlite://", "sqlite:///:memory:"])
def test_other_databases_are_refused(url: str) -> None:
    """A wrong address says which ones are right, and does not repeat a password that may be in it."""
    with pytest.raises(DatabaseRefused, match=r"sqlite:///FILE or postgresql://"):
        open_database(url)


def test_postgresql_that_is_not_there() -> None:
    """Nobody at the address: the error is a passing one, and hides the password."""
    database = open_database("postgres://me:CANARY@127.0.0.1:1/none")
    with pytest.raises(DatabaseUnavailable) as caught, database.read():
        pass
    assert "CANARY" not in str(caught.value)
    database.close()


def test_upsert_replaces_by_key(database: Database) -> None:
    """The second value of a key is the one that stays."""
    for value in (1, 2):
        with database.write() as connection:
            database.upsert(connection, settings, {"section": "s", "key": "k", "value": value})
    assert _value(database, "SELECT value FROM settings") == 2
